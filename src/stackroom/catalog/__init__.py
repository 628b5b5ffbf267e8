"""The truth: one SQLite file with documents, texts, passages and vectors, read here.

`indexer.store` writes it.

Its face: everything but `connection`, the open file that `catalog` is made of.
"""

__all__ = [
    "catalog",
    "entries",
    "folder_notes",
    "passage_ranges",
    "schema",
    "status",
    "text_blocks",
    "vector_codes",
]
