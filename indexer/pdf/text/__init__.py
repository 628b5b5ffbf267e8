"""A document's text, whatever library read it: clean characters, lines, headings, language."""

__all__ = ["clean_text", "headings", "language", "page_lines", "repair", "utf16"]
