"""A folder of PDFs: which files are in it, which of them count, what has changed, and when to look again.

Its face: `copies.Copies` of files in buckets, `compare.compare`, `leave_out.Rules` and `listen.Listener`.
"""

__all__ = ["compare", "copies", "leave_out", "listen"]
