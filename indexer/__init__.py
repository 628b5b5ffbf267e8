"""Writing: from PDF bytes to documents that can be found.

`run.indexer.Indexer` is the write path on one page. The import law in pyproject.toml says who may use whom.
"""
