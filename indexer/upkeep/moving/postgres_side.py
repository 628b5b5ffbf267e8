"""A store in PostgreSQL, as what a library is moved from or into."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict

from indexer.upkeep.moving.tables import NUMBERED, ORDER, Mark, Row, Table
from stackroom.common.postgres.address import MOVING
from stackroom.common.postgres.database import Database
from stackroom.common.postgres.dialect import storable
from stackroom.common.postgres.migrate import migrate, require_current


class PostgresSide:
    """See `Side`."""

    def __init__(self, url: str, *, create: bool = False) -> None:
        """Connects.

        Args:
            url: of the database.
            create: whether something is to be moved there; makes the tables.

        Raises:
            StoreAway: the database can't be reached.
            CatalogError: it can't be used, or there is nothing in it.
        """
        database = Database(url)
        self.shown = database.shown
        if create:
            migrate(database, moving=True)
        self._session = database.connect()
        self._types: dict[str, list[int]] = {}
        with ExitStack() as failed:
            failed.callback(self._session.raw.close)
            if not create:
                require_current(self._session, self.shown)
            failed.pop_all()

    def __enter__(self) -> "PostgresSide":
        return self

    def __exit__(self, *error: object) -> None:
        self._session.raw.close()

    def stored(self, row: Row) -> Row:
        """See `Side`. Texts can't hold the character NUL there."""
        return tuple(map(storable, row))

    def state(self) -> tuple[str, str]:
        """See `Side`."""
        return str(self._one("SELECT id FROM store")), str(self._one("SELECT commits FROM store"))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """See `Side`."""
        with self._session.snapshot():
            yield

    def counts(self) -> dict[str, int]:
        """See `Side`."""
        return {name: self._one(f"SELECT count(*) FROM {name}") for name in ORDER}  # noqa: S608

    def batches(self, table: Table, after: Row = ()) -> Iterator[list[Row]]:
        """See `Side`. Only within `reading`."""
        sql = table.select(after=bool(after)).replace("?", "%s")
        with self._session.errors(), self._session.raw.cursor("moved", binary=True) as cursor:
            cursor.itersize = table.rows
            cursor.execute(sql.encode(), after)
            while rows := cursor.fetchmany(table.rows):
                yield rows

    def numbers(self) -> dict[str, int]:
        """See `Side`."""
        found = {"passages": self._one("SELECT last_passage FROM store")}
        for name, column in NUMBERED.items():
            if name not in found:
                given = "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence(?, ?)), 0)"
                found[name] = self._one(given, name, column)
        return found

    def mark(self) -> Mark | None:
        """See `Side`."""
        if not self._one("SELECT count(to_regclass(?))", MOVING):
            return None
        note = json.loads(self._session.execute(f"SELECT note FROM {MOVING}").fetchone()[0])  # noqa: S608
        return Mark(**{**note, "after": tuple(note["after"])})

    def begin(self, mark: Mark) -> None:
        """See `Side`."""
        with self._session.writing() as session:
            session.execute(f"TRUNCATE {', '.join(ORDER)} CASCADE")
            session.execute(f"DROP TABLE IF EXISTS {MOVING}")
            session.execute(f"CREATE TABLE {MOVING} (note text NOT NULL)")
            session.execute(f"INSERT INTO {MOVING} VALUES (?)", (json.dumps(asdict(mark)),))  # noqa: S608

    def add(self, table: Table, rows: Iterable[Row], mark: Mark) -> None:
        """See `Side`."""
        raw = self._session.raw
        types = self._types.get(table.name) or self._types_of(table)
        into = f"COPY {table.name} ({', '.join(table.columns)}) FROM STDIN (FORMAT BINARY)"
        with self._session.errors(), raw.transaction(), raw.cursor() as cursor:
            with cursor.copy(into.encode()) as copy:
                copy.set_types(types)
                for row in rows:
                    copy.write_row(self.stored(row))
            self._session.execute(f"UPDATE {MOVING} SET note = ?", (json.dumps(asdict(mark)),))  # noqa: S608

    def finish(self, numbers: Mapping[str, int]) -> None:
        """See `Side`."""
        with self._session.writing() as session:
            for name, number in numbers.items():
                if name == "passages":
                    session.execute("UPDATE store SET last_passage = ?", (number,))
                    continue
                session.execute(
                    "SELECT setval(pg_get_serial_sequence(?1, ?2), greatest(?3, 1), ?3 > 0)",
                    (name, NUMBERED[name], number),
                )
            # Whatever somebody has derived of the store before is not of this library.
            session.execute("UPDATE store SET id = floor(random() * 2147483647)")
            session.execute(f"DROP TABLE {MOVING}")
        # What the planner has to know, and what spares readers a look at each row.
        session.execute(f"VACUUM (ANALYZE) {', '.join(ORDER)}")

    def _types_of(self, table: Table) -> list[int]:
        raw = self._session.raw
        with self._session.errors(), raw.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(table.columns)} FROM {table.name} LIMIT 0".encode())  # noqa: S608
            self._types[table.name] = [column.type_code for column in cursor.description or ()]
        return self._types[table.name]

    def _one(self, sql: str, *values: object) -> int:
        return int(self._session.execute(sql, values).fetchone()[0])
