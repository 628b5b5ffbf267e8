"""A folder of PDFs: what is in it, what of that counts, what has changed, and when to look again.

Its face: `compare.compare`, `leave_out.Rules` and `listen.Listener`.
"""

__all__ = ["compare", "leave_out", "listen"]
