"""Writes the catalogue: only one process may do so, and each method is one transaction.

Its face: `publisher.Publisher`; `lock` and `turns`, which keep other indexers out; `migrate`.
"""

__all__ = ["document_rows", "lock", "migrate", "publisher", "turns"]
