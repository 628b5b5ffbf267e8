"""PDF bytes become a Document, in processes apart from ours: text, structure, language.

Its face: `processes.extract_all`, and `pdfium.extract`, which is what runs in such a process. The rooms, from
the bottom: `text` and `ink` (what a page says and draws), `annotations` and `metadata`, `letters` and
`scripts` (repairs of a line), `lines`, `tables`.
"""

__all__ = ["ink", "metadata", "page_reader", "pdfium", "processes", "text"]
