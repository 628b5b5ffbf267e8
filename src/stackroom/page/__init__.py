"""A page of a document: its text as it is handed out, its parts, its marks, its picture.

Its face: everything but `picture_process`, a program that nobody loads.
"""

__all__ = ["alignment", "foreign_text", "mark", "open_pdf", "parts", "text", "visible_text", "word_boxes"]
