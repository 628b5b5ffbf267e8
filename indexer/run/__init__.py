"""A run of the indexer, and watching: the write path.

Its face: `indexer.Indexer`, `summary.Summary` and `watch.watch`.
"""

__all__ = ["indexer", "summary", "watch"]
