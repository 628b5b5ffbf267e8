"""A page of a document: its text as it is handed out, the parts it is fetched in, the mark of a passage, its
picture.

Other packages may import every module but `picture_process`, which runs as a program of its own.
"""

__all__ = [
    "alignment",
    "attached_file",
    "foreign_text",
    "mark",
    "open_pdf",
    "own_marks",
    "parts",
    "table_rows",
    "text",
    "visible_text",
    "word_boxes",
]
