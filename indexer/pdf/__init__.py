"""PDF bytes become a Document, in a process for each file: text, structure, language.

Its face: `processes.extract_all`, and `pdfium.extract`, which is what runs in such a process.
"""

__all__ = [
    "clean_text",
    "headings",
    "inbox",
    "language",
    "layers",
    "page_lines",
    "page_objects",
    "page_reader",
    "pdfium",
    "processes",
    "scanned_pages",
    "task",
    "unmapped_text",
    "unread_ink",
]
