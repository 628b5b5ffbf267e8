"""Writes the catalogue: only one process may do so, and each method is one transaction.

Its face: `publisher.Publisher`, and `attachment_publisher` for what is attached to documents; `lock` and
`turns`, which keep other indexers out; `migrate`; `shrink`.
"""

__all__ = [
    "attachment_publisher",
    "document_rows",
    "holding",
    "lock",
    "migrate",
    "publisher",
    "shrink",
    "turns",
]
