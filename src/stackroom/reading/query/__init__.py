"""Reads a query string: words, operators, phrases and filters. Pure functions.

Begin with `parse.parse`, which makes a `query.Query` of a text.
"""

__all__ = ["filters", "folded_text", "parse", "query", "quotation_marks"]
