"""A folder of PDFs: which files are in it, which of them count, what has changed, and when to look again.

Its face: `compare.compare`, `leave_out.Rules` and `listen.Listener`.
"""

__all__ = ["compare", "leave_out", "listen"]
