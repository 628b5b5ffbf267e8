"""What every package uses: the nouns, errors and settings, names and ranges, and work with files and
processes.

Other packages may import every module of it.
"""

__all__ = [
    "data_folder",
    "documents",
    "errors",
    "events",
    "invisible",
    "languages",
    "owner_only",
    "programs",
    "punctuation",
    "running",
    "scripts",
    "settings",
    "sqlite_file",
]
