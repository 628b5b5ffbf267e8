"""From ranked passages to what is shown of them: whole sentences, and where the query's words are in them.

Its face: `hits.shown` and the `hits.Answer` it is part of; `snippets` has the lengths of what is shown.
"""

__all__ = ["hits", "snippets"]
