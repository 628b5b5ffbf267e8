"""`stackroom doctor`: plays the clients before the owner goes live. Sees a server from outside, over HTTP.

Its face: `report.doctor`.
"""

__all__ = ["report"]
