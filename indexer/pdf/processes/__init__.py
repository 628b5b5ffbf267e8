"""Reads PDFs in other processes, so that none can harm the others; and what such a process does."""

__all__ = ["extract_all", "inbox", "task"]
