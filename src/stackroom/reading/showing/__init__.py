"""From ranked passages to what is shown of them: sentences, and where the query's words are.

Its face: `hits.shown`.
"""

__all__ = ["hits", "snippets"]
