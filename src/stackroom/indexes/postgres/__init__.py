"""The indexes of a store in PostgreSQL. Its face: `words`; `postings`, which the writing wing writes."""

__all__ = ["postings", "words"]
