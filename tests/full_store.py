"""A catalogue with rows in all tables, and whatever a store holds, to be compared."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from stackroom.catalog.schema import open_catalog

Content = dict[str, list[tuple[Any, ...]]]

_LEAST, _MOST = -(2**63), 2**63 - 1

_ROWS: Content = {
    "models": [(1, "einfach", "d", 384, 190, 1), (3, "다른", "", 1024, 500, -1)],
    "libraries": [(1, "/home/ä/Papers"), (7, "C:\\Papers")],
    "documents": [
        (1, "a" * 24, "Otters\0and NUL", "", "", "", "en", "[]", "1", 2, 10, "2026-01-01T00:00:00Z"),
        (2, "b" * 24, "\U0001f9a6 \\N \t\n'\"", "Ada", "", "", "", '[["a", 1, 0]]', "", 0, 0, ""),
        (9, "c" * 24, "", "", "", "", "", "[]", "1", 1, _MOST, ""),
    ],
    "pages": [(1, 1, "i", 0), (1, 2, "", 5), (9, 1, "", 0)],
    "sections": [(1, 0, "Über allem"), (9, 3, "")],
    "texts": [(1, 0, bytes(range(256)) * 300), (9, 0, b"")],
    "locations": [
        (1, "A.pdf", 10, _MOST, 1, None, None),
        (1, "a.pdf", 10, 0, 2, None, None),
        (7, "é/b.pdf", 10, 0, None, "damaged", "it is\0damaged"),
    ],
    "successors": [("e" * 24, "a" * 24), ("E" * 24, "b" * 24)],
    "splits": [(1, 2, 1, 1, 1), (3, 4, 3, 9, 0)],
    "passages": [(1, 1, 0, 5, 0), (2, 2, 5, 10, _LEAST), (3, 1, 0, 5, _MOST), (4, 1, 5, 6, -1)],
    "pending": [(3, "Otters > ", None), (4, "", b"\0\1")],
    "vectors": [(1, b"\0" * 70_000)],
    "changes": [(5, "published", 1, 2), (6, "removed", 8, 12)],
    "scans": [(1, 1, "read", "text\0", 90, "", b"w"), (9, 1, "failed", "", None, "no", None)],
    "attachments": [
        (1, 0, 1, "x\0.pdf", "read", 2, None, None),
        (1, 2, 3, "y", "other", None, "not a pdf", ""),
    ],
    "unread": [(1, 0, "xfa"), (1, 2, "ink")],
}
NUMBERS = {"documents": 11, "passages": 12, "changes": 6}
"""The greatest number that a row ever had: rows with higher ones than those above were removed."""


def fill(catalog: Path, copies: int = 1) -> None:
    """Makes a catalogue with these rows, and more passages."""
    with closing(open_catalog(catalog, create=True)) as db:
        db.execute("BEGIN")
        for table, rows in _ROWS.items():
            marks = ", ".join("?" * len(rows[0]))
            db.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608
        more = [(number, number, 0, 1, number) for number in range(100, 100 + copies)]
        db.executemany("INSERT INTO passages VALUES (?, ?, ?, ?, ?)", more if copies > 1 else [])
        for table, number in NUMBERS.items():
            db.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (number, table))
        db.execute("COMMIT")


def content(catalog: Path) -> Content:
    """All rows of a catalogue, and the numbers that are given next."""
    with closing(sqlite3.connect(catalog)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        found = {name: sorted(db.execute(f"SELECT * FROM {name}"), key=repr) for name in _ROWS}  # noqa: S608
        found["numbers"] = sorted(db.execute("SELECT name, seq FROM sqlite_sequence"))
        return found


def content_of_database(url: str) -> Content:
    """The same of a store in PostgreSQL."""
    with psycopg.connect(url, options="-c search_path=stackroom,public") as db:

        def rows(sql: str) -> list[tuple[Any, ...]]:
            return sorted(db.execute(sql.encode()).fetchall(), key=repr)

        found = {name: rows(f"SELECT * FROM {name}") for name in _ROWS}  # noqa: S608
        found["numbers"] = rows(
            "SELECT 'passages', last_passage FROM store UNION SELECT split_part(sequencename, '_', 1),"
            " coalesce(last_value, 0) FROM pg_sequences"
            " WHERE sequencename IN ('documents_key_seq', 'changes_seq_seq')"
        )
        return found


def without_nul(found: Content) -> Content:
    """What PostgreSQL makes of the rows of a catalogue."""
    return {
        name: sorted(
            (tuple(v.replace("\0", "\ufffd") if isinstance(v, str) else v for v in row) for row in rows),
            key=repr,
        )
        for name, rows in found.items()
    }
