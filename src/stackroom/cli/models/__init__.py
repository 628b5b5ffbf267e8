"""The embedding models that are on this machine, how fast they are here, and which can be recommended.

Its face: `present`, `recommended`, `speed`, and `report`, which writes them for people and programs.
"""

__all__ = ["present", "recommended", "report", "speed"]
