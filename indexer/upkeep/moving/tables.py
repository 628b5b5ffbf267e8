"""The tables that are moved, in an order in which no row comes before one that it refers to."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from typing import Any, Protocol

from stackroom.catalog.schema import create_tables

Row = tuple[Any, ...]

ORDER = (
    "models",
    "libraries",
    "documents",
    "pages",
    "sections",
    "texts",
    "locations",
    "successors",
    "splits",
    "passages",
    "pending",
    "vectors",
    "changes",
    "scans",
    "attachments",
    "unread",
)
"""All tables of the truth."""

NUMBERED = {"models": "id", "libraries": "id", "documents": "key", "passages": "id", "changes": "seq"}
"""Tables whose rows are numbered, with that column: no number may be given twice."""

# So many rows are in memory at once, and in one transaction; some tables have large ones.
_ROWS = 5000
_LARGE_ROWS = {"texts": 200, "vectors": 200, "scans": 200, "documents": 500}


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        columns: all of them.
        key: those that tell its rows apart, and put them in order.
        rows: how many are taken at once.
    """

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    rows: int = _ROWS

    def key_of(self, row: Row) -> Row:
        """The values of the key in a row."""
        return tuple(row[self.columns.index(name)] for name in self.key)

    def select(self, *, after: bool) -> str:
        """The query for all rows in the order of the key; `after` a key that it takes, or all."""
        key = ", ".join(self.key)
        begin = f" WHERE ({key}) > ({', '.join('?' * len(self.key))})" if after else ""
        return f"SELECT {', '.join(self.columns)} FROM {self.name}{begin} ORDER BY {key}"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a move has come.

    Attributes:
        source: identifies the store that is moved.
        state: how that looked when the move began; another one, and it begins anew.
        table, after: the table that came last, and the key of its last row.
    """

    source: str
    state: str
    table: str = ""
    after: tuple[Any, ...] = ()


class Side(Protocol):
    """A store that a library is moved from, or into.

    Every method raises CatalogUnusable if the store can't be read or written.

    Attributes:
        shown: what it is, for a person.
    """

    shown: str

    def stored(self, row: Row) -> Row:
        """What becomes of a row when it is stored here."""

    def state(self) -> tuple[str, str]:
        """What identifies the store, and what is another text once anything in it has changed."""

    def reading(self) -> AbstractContextManager[object]:
        """While the block runs, everything is read as it was at one moment, and nothing is written."""

    def counts(self) -> Mapping[str, int]:
        """Table → how many rows it has."""

    def batches(self, table: Table, after: Row = ()) -> Iterator[list[Row]]:
        """The rows of a table after a key, `table.rows` at a time, in the order of the key."""

    def numbers(self) -> Mapping[str, int]:
        """Table of `NUMBERED` → the greatest number that a row of it ever had; 0 if there was none."""

    def mark(self) -> Mark | None:
        """How far a move into this store has come; None if there is none under way."""

    def begin(self, mark: Mark) -> None:
        """Empties all tables, and notes that a move has begun."""

    def add(self, table: Table, rows: Iterable[Row], mark: Mark) -> None:
        """Adds rows and notes how far the move is, in one transaction."""

    def finish(self, numbers: Mapping[str, int]) -> None:
        """Ends the move: from now on the store is one like any other, and goes on after these numbers."""


def tables() -> list[Table]:
    """All tables, with their columns and keys as SQLite has them."""
    with closing(sqlite3.connect(":memory:")) as db:
        create_tables(db)
        return [_table(db, name) for name in ORDER]


def _table(db: sqlite3.Connection, name: str) -> Table:
    about = db.execute(f"PRAGMA table_info({name})").fetchall()
    columns = tuple(row[1] for row in about)
    keyed = sorted((row[5], row[1]) for row in about if row[5])
    key = tuple(column for _, column in keyed) or ("document", "start")  # the texts have no other
    return Table(name, columns, key, _LARGE_ROWS.get(name, _ROWS))
