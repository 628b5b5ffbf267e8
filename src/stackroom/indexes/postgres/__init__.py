"""The indexes of a store in PostgreSQL, in tables of its database.

Its face: `nearest`, `words`; `postings`, which the writing wing writes.
"""

__all__ = ["nearest", "postings", "words"]
