"""`stackroom doctor`: checks a running server from outside, over HTTP, by calling it as the clients do.

Its face: `report.doctor`.
"""

__all__ = ["report"]
