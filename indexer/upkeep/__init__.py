"""Looks after a data folder: check, repair, back up, restore.

Its face: `check.check`, `repair.repair`, `backup.back_up` and `backup.restore`.
"""

__all__ = ["backup", "check", "repair"]
