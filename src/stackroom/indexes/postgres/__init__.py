"""The indexes of a store in PostgreSQL, in tables of its database."""

__all__ = ["nearest"]
