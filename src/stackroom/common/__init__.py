"""What every package uses: the nouns, errors and settings, work with files and processes, `characters`, and
`postgres`.

Its face is all of it.
"""

__all__ = [
    "amounts",
    "compression",
    "data_folder",
    "documents",
    "errors",
    "events",
    "owner_only",
    "postgres",
    "programs",
    "roots",
    "running",
    "service_manager",
    "settings",
    "settings_sources",
    "sources",
    "sql",
    "sqlite_file",
]
