"""A run of the indexer, and watching: the write path.

Its face: `indexer.Indexer`, `summary.Summary`, `watch.watch` and `workers`. `cluster` does the work elsewhere.
"""

__all__ = ["indexer", "summary", "watch", "workers"]
