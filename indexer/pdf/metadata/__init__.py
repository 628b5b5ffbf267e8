"""Title, author and dates of a document: what it says of itself, in either way, and what is to be doubted."""

__all__ = ["read_metadata", "title"]
