"""The tables of a page: found by rules or gaps, checked, and written as Markdown rows."""

__all__ = ["continued", "page_tables"]
