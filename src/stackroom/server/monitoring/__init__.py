"""What the owner sees of a server: the ledger of its calls, its figures, and whether it is well.

Its face is all of it; `routes` has /healthz and /metrics.
"""

__all__ = ["ledger", "metrics", "routes"]
