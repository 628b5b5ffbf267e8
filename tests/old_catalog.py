"""Makes a catalogue look as an older Stackroom has left it."""

import sqlite3

from stackroom.catalog.vector_codes import code_length
from stackroom.catalog.vector_packs import unpack

_PACKS = "SELECT first, pack, dimensions FROM vectors JOIN models ON current = 1"


def as_version_6(db: sqlite3.Connection) -> None:
    """Takes away what versions 7 and 8 have changed."""
    rows = [
        row
        for first, pack, dimensions in db.execute(_PACKS)
        for row in zip(*unpack(first, pack, code_length(dimensions)), strict=True)
    ]
    for statement in (
        "DROP TABLE vectors",
        "CREATE TABLE vectors (passage INTEGER PRIMARY KEY, code BLOB NOT NULL) STRICT",
        "CREATE INDEX illegible_passages ON vectors (passage) WHERE length(code) = 0",
        "INSERT INTO vectors SELECT id, x'' FROM passages WHERE hash = 0",
        "UPDATE passages SET hash = id WHERE hash = 0",
        "DROP INDEX passages_by_hash",
        "CREATE INDEX passages_by_hash ON passages (hash)",
        "ALTER TABLE splits DROP COLUMN illegible",
        "ALTER TABLE documents DROP COLUMN indexed",
    ):
        db.execute(statement)
    db.executemany("INSERT INTO vectors VALUES (?, ?)", rows)
    db.execute("PRAGMA user_version = 6")


def as_version_4(db: sqlite3.Connection) -> None:
    """Takes away what versions 5 to 8 have added."""
    as_version_6(db)
    for what in ("VIEW holders", "TABLE attachments", "TABLE unread"):
        db.execute(f"DROP {what}")
    db.execute("PRAGMA user_version = 4")
