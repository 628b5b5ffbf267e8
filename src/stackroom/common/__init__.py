"""What everybody knows: the nouns, the errors, the settings, and what happens to files and processes.

Its face is all of it.
"""

__all__ = ["documents", "errors", "events", "owner_only", "programs", "running", "settings", "sqlite_file"]
