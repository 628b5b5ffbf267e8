"""A run of the indexer, and watching: the write path.

Its face: `indexer.Indexer`, `summary.Summary`, `watch.watch`, `workers`. `cluster` works elsewhere.
"""

__all__ = ["indexer", "summary", "watch", "workers"]
