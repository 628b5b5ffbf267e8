"""The catalogue in a data folder, as what a library is moved from or into."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from indexer.upkeep.moving.tables import NUMBERED, ORDER, Mark, Row, Table
from stackroom.catalog.schema import open_catalog
from stackroom.common.data_folder import MOVED
from stackroom.common.errors import CatalogUnusable, reason_of
from stackroom.common.postgres.address import MOVING
from stackroom.common.sqlite_file import identity, put


class SqliteSide:
    """See `Side`. What is moved into it lies beside its place until it is complete."""

    def __init__(self, catalog: Path, *, create: bool = False) -> None:
        """Opens it. Raises as `open_catalog` does.

        Args:
            catalog: path of the file.
            create: whether something is to be moved there.
        """
        self.shown = str(catalog)
        self._place = catalog
        self._is_new = create and identity(catalog) is None
        self._file = catalog.with_name(MOVED) if self._is_new else catalog
        self._db = open_catalog(self._file, create=self._is_new)
        self._db.execute("PRAGMA foreign_keys = OFF")  # rows are compared at the end
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # so that the file itself tells its state

    def __enter__(self) -> "SqliteSide":
        return self

    def __exit__(self, *error: object) -> None:
        self._db.close()

    def stored(self, row: Row) -> Row:
        """See `Side`."""
        return row

    def state(self) -> tuple[str, str]:
        """See `Side`."""
        found = self._file.stat()
        return str(self._one("PRAGMA application_id")), f"{found.st_mtime_ns} {found.st_size}"

    @contextmanager
    def reading(self) -> Iterator[None]:
        """See `Side`."""
        with self._errors("read"):
            self._db.execute("BEGIN")
            try:
                yield
            finally:
                self._db.rollback()

    def counts(self) -> dict[str, int]:
        """See `Side`."""
        return {name: self._one(f"SELECT count(*) FROM {name}") for name in ORDER}  # noqa: S608

    def batches(self, table: Table, after: Row = ()) -> Iterator[list[Row]]:
        """See `Side`."""
        with self._errors("read"):
            cursor = self._db.execute(table.select(after=bool(after)), after)
        while rows := self._next(cursor, table.rows):
            yield rows

    def numbers(self) -> dict[str, int]:
        """See `Side`."""
        given = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = '{}'), 0)"
        there = "SELECT coalesce(max({}), 0) FROM {}"
        return {
            name: max(self._one(given.format(name)), self._one(there.format(column, name)))
            for name, column in NUMBERED.items()
        }

    def mark(self) -> Mark | None:
        """See `Side`."""
        if not self._one(f"SELECT count(*) FROM sqlite_master WHERE name = '{MOVING}'"):  # noqa: S608
            return None
        note = json.loads(str(self._db.execute(f"SELECT note FROM {MOVING}").fetchone()[0]))  # noqa: S608
        return Mark(**{**note, "after": tuple(note["after"])})

    def begin(self, mark: Mark) -> None:
        """See `Side`."""
        with self._writing() as db:
            for name in reversed(ORDER):
                db.execute(f"DELETE FROM {name}")  # noqa: S608
            db.execute(f"DROP TABLE IF EXISTS {MOVING}")
            db.execute(f"CREATE TABLE {MOVING} (note TEXT NOT NULL) STRICT")
            db.execute(f"INSERT INTO {MOVING} VALUES (?)", (json.dumps(asdict(mark)),))  # noqa: S608

    def add(self, table: Table, rows: Iterable[Row], mark: Mark) -> None:
        """See `Side`."""
        marks = ", ".join("?" * len(table.columns))
        into = f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks})"  # noqa: S608
        with self._writing() as db:
            db.executemany(into, rows)
            db.execute(f"UPDATE {MOVING} SET note = ?", (json.dumps(asdict(mark)),))  # noqa: S608

    def finish(self, numbers: Mapping[str, int]) -> None:
        """See `Side`. The file is put in its place.

        Raises:
            CatalogUnusable: another one was put there meanwhile.
        """
        with self._writing() as db:
            known = {name for (name,) in db.execute("SELECT name FROM sqlite_sequence")}
            automatic = {
                name
                for name, sql in db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
                if "AUTOINCREMENT" in (sql or "")
            }
            for name in automatic & numbers.keys():
                sql = "UPDATE sqlite_sequence SET seq = ?2 WHERE name = ?1"
                if name not in known:
                    sql = "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)"
                db.execute(sql, (name, numbers[name]))
            db.execute(f"DROP TABLE {MOVING}")
        with self._errors("written"):
            self._db.execute("PRAGMA journal_mode = DELETE")  # all in one file
            self._db.close()
            put(self._file, self._place)
            self._file, self._is_new = self._place, False
            self._db = open_catalog(self._place, create=False)

    def _next(self, cursor: sqlite3.Cursor, most: int) -> list[Row]:
        with self._errors("read"):
            return cursor.fetchmany(most)

    def _one(self, sql: str) -> int:
        with self._errors("read"):
            return int(self._db.execute(sql).fetchone()[0])

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._errors("written"):
            self._db.execute("BEGIN IMMEDIATE")
            with self._db:
                yield self._db

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise CatalogUnusable(
                f"The catalogue {self._file} cannot be {what}: {reason_of(error)}. What was moved is kept, "
                "and the same command goes on."
            ) from error
