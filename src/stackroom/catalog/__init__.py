"""Reads the catalogue, the one truth: a SQLite file with documents, texts, passages and vectors.

`indexer.store` writes it. Other packages may import every module but `connection`, on which `catalog` is
built.
"""

__all__ = [
    "catalog",
    "document_lines",
    "entries",
    "folder_notes",
    "library_state",
    "passage_ranges",
    "paths",
    "schema",
    "status",
    "text_blocks",
    "vector_codes",
    "vector_packs",
]
