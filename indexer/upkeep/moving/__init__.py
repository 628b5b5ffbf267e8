"""Moves a library from the data folder into a database, or back, row by row.

Its face: `move.to_database` and `move.to_folder`.
"""

__all__ = ["move"]
