"""Connections to a store in PostgreSQL: a pool, sessions, and what its errors mean."""

import atexit
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import psycopg
from psycopg import IsolationLevel
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.types.numeric import IntLoader
from psycopg_pool import ConnectionPool, PoolTimeout

from stackroom.common.errors import CatalogMissing, CatalogUnusable, StoreAway
from stackroom.common.postgres.address import shown_url
from stackroom.common.postgres.dialect import arguments, translated
from stackroom.common.sql import Cursor

SCHEMA = "stackroom"
"""The schema of all our tables."""

# Whoever asks is told within seconds that the database is away.
_CONNECT_SECONDS = 3
_WAIT_SECONDS = 2.0

_MOST_CONNECTIONS = 16

# The key of the lock that lets one transaction at a time write: a number that nobody else is likely to use.
_WRITERS = 0x57AC4
# Held for as long as a process indexes; see `Database.held`.
INDEXER = 0x57AC5


class Session:
    """A connection, for one thread at a time. Each statement is a transaction of its own, unless `writing` or
    `snapshot` says otherwise. Statements are those of SQLite: see `dialect`.

    Every method raises StoreAway if the database can't be reached, and CatalogUnusable if it refuses.
    """

    def __init__(self, connection: "psycopg.Connection[Any]", shown: str) -> None:
        """For `Database.session`. `shown` names the database in messages."""
        self.raw = connection
        """Psycopg's own connection, for what only PostgreSQL has. Use it within `errors`."""
        self._shown = shown

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Cursor:
        """Runs a statement."""
        statement, named = translated(sql)
        with self.errors():
            return self.raw.execute(statement, arguments(parameters, named=named))

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> None:
        """Runs a statement for each of these rows, all sent together."""
        statement, named = translated(sql)
        with self.errors(), self.raw.cursor() as cursor:
            cursor.executemany(statement, [arguments(row, named=named) for row in rows])

    @contextmanager
    def writing(self) -> Iterator["Session"]:
        """One transaction, the only one that writes at this moment: all others wait.

        So numbers that it gives ascend in the order in which transactions are committed.
        """
        with self.errors(), self.raw.transaction():
            self.raw.execute("SELECT pg_advisory_xact_lock(%s)", (_WRITERS,))
            yield self
            self.raw.execute("UPDATE store SET commits = commits + 1")

    @contextmanager
    def snapshot(self) -> Iterator["Session"]:
        """Everything read in the block is of one moment, and nothing can be written."""
        # So that one statement begins the transaction. Neither asks the server anything.
        self.raw.isolation_level, self.raw.read_only = IsolationLevel.REPEATABLE_READ, True
        try:
            with self.errors(), self.raw.transaction():
                yield self
        finally:
            if not self.raw.closed:
                self.raw.isolation_level = self.raw.read_only = None

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turns the errors of psycopg into ours."""
        try:
            yield
        except pg.UndefinedTable as error:
            raise CatalogMissing(
                f"Nothing has been indexed in {self._shown} yet. Run `stackroom index FOLDER` first."
            ) from error
        except psycopg.Error as error:
            raise _ours(error, self._shown) from error


class Database:
    """The connections of a process to one database. May be used from any thread."""

    def __init__(self, url: str) -> None:
        """Connects to nothing yet. `url` is one that libpq takes."""
        self.shown = shown_url(url)
        own = conninfo_to_dict(url)
        options = f"{own.get('options') or ''} -c search_path={SCHEMA},public".strip()
        self._conninfo = make_conninfo(
            url,
            options=options,
            connect_timeout=own.get("connect_timeout") or _CONNECT_SECONDS,
            application_name=own.get("application_name") or "stackroom",
        )
        self._pool = ConnectionPool(
            self._conninfo,
            kwargs={"autocommit": True},
            configure=_configure,
            min_size=0,
            max_size=_MOST_CONNECTIONS,
            timeout=_WAIT_SECONDS,
            max_idle=60,
            check=ConnectionPool.check_connection,
            open=False,
            name="stackroom",
        )

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A connection of the pool, while the block runs."""
        try:
            self._pool.open()
            connection = self._pool.getconn()
        except (PoolTimeout, psycopg.Error) as error:
            raise _away(error, self.shown) from error
        try:
            yield Session(connection, self.shown)
        finally:
            self._pool.putconn(connection)

    def connect(self) -> Session:
        """A connection of its own, outside the pool, for whoever holds one for long; close its `raw`."""
        try:
            connection = psycopg.connect(self._conninfo, autocommit=True)
            _configure(connection)
            return Session(connection, self.shown)
        except psycopg.Error as error:
            raise _away(error, self.shown) from error

    def close(self) -> None:
        """Closes all connections of the pool."""
        self._pool.close()


@cache
def database(url: str) -> Database:
    """The one pool of this process for a database."""
    made = Database(url)
    atexit.register(made.close)
    return made


def _configure(connection: "psycopg.Connection[Any]") -> None:
    # Sums of whole numbers are whole numbers too, and not decimals.
    connection.adapters.register_loader("numeric", IntLoader)


def _away(error: Exception, shown: str) -> StoreAway:
    return StoreAway(
        f"The database {shown} cannot be reached: {_first_line(error)}. Work goes on by itself once it is "
        "there again."
    )


def _ours(error: psycopg.Error, shown: str) -> CatalogUnusable:
    if error.sqlstate is None or error.sqlstate[:2] in ("08", "57"):
        return _away(error, shown)
    return CatalogUnusable(f"The database {shown} refuses: {_first_line(error)}.")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
