"""Rows into the catalogue and out of it, by the one writer: each method is one transaction.

Its face: `publisher.Publisher`; `lock` and `turns`, which keep others out; `migrate`.
"""

__all__ = ["document_rows", "lock", "migrate", "publisher", "turns"]
