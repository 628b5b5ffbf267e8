"""Makes a catalogue look as an older Stackroom has left it."""

import sqlite3


def as_version_4(db: sqlite3.Connection) -> None:
    """Takes away what version 5 has added."""
    for what in ("VIEW holders", "TABLE attachments", "TABLE unread"):
        db.execute(f"DROP {what}")
    db.execute("PRAGMA user_version = 4")
