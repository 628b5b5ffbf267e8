"""Looks after a data folder: check, repair, back up, restore.

Its face: `check.check`, `repair.repair`, `backup.back_up`, `backup.restore` and
`kept_backups.back_up_into`.
"""

__all__ = ["backup", "check", "kept_backups", "repair"]
