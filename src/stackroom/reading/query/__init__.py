"""The query string, as it is meant: words, operators, phrases, filters. Pure.

Its face: `parse.parse`, which makes a `query.Query` of a line.
"""

__all__ = ["filters", "folded_text", "parse", "query"]
