"""A run of the indexer, and watching: the write path.

Its face: `indexer.Indexer`, `account.Summary` and `watch.watch`.
"""

__all__ = ["account", "indexer", "watch"]
