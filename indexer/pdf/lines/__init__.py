"""The lines of a page: PDFium's text divided, repaired, and put together as it is printed."""

__all__ = ["line_reader", "printed_lines", "turned_page"]
