"""Connections to a store in PostgreSQL: a pool, sessions, and what its errors mean."""

import atexit
import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from stackroom.common.errors import CatalogMissing, CatalogUnusable, ExtraMissing, StoreAway

try:
    import psycopg
    from psycopg import IsolationLevel
    from psycopg import errors as pg
    from psycopg.types.numeric import IntLoader
    from psycopg_pool import ConnectionPool, PoolTimeout
except ModuleNotFoundError as error:
    raise ExtraMissing(
        "A library in PostgreSQL needs the package psycopg. In the environment that Stackroom runs in, run "
        "`pip install 'stackroom[postgres]'`, or in a checkout `pip install -e '.[postgres]'`."
    ) from error
from stackroom.common.postgres.address import shown_url
from stackroom.common.postgres.binary import teach
from stackroom.common.postgres.dialect import arguments, translated
from stackroom.common.postgres.outage import Outage, first_line, is_away, patient_conninfo, store_away
from stackroom.common.postgres.patience import Patience
from stackroom.common.sql import Cursor

SCHEMA = "stackroom"
"""The schema of all our tables."""

# Whoever asks is told within seconds that the database is away: after so many without a free connection; and
# after a connection was lost, so many are for trying again.
_WAIT_SECONDS = 2.0
_AGAIN_SECONDS = 1.0
_NO_END = 10.0**9

_MOST_CONNECTIONS = 16

# The key of the lock that lets one transaction at a time write: a number that nobody else is likely to use.
_WRITERS = 0x57AC4
# Held for as long as a process indexes; see `Database.held`.
INDEXER = 0x57AC5
SIGN_IN = 0x57AC6
"""The lock of the one transaction that changes who has access."""
NEAREST, WORDS = 0x57AC7, 0x57AC8
"""The locks of whoever brings the derived indexes up to date."""

# Milliseconds that one waits for such a lock, and that its holder may leave a transaction idle: a machine
# that stops in the middle of one does not stop all others.
_LOCK_WAIT, _IDLE = 5000, 10_000


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
    def alone(self, lock: int) -> Iterator["Session"]:
        """One transaction, the only one with this lock at this moment: others wait, for five seconds at most.

        Not for what is in the catalogue: nobody would see that it has changed.
        """
        with self.errors(), self.raw.transaction():
            self.raw.execute(
                "SELECT set_config('lock_timeout', %s, true),"
                " set_config('idle_in_transaction_session_timeout', %s, true), pg_advisory_xact_lock(%s)",
                (str(_LOCK_WAIT), str(_IDLE), lock),
            )
            yield self

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
    """The connections of a process to one database. May be used from any thread.

    Attributes:
        shown: names it in messages.
        outage: knows whether it is away.
        patience_seconds: how long a session may take; then its connection is ended.
    """

    def __init__(self, url: str) -> None:
        """Connects to nothing yet. `url` is one that libpq takes."""
        self.shown = shown_url(url)
        self.outage = Outage(self._try, lambda: self._renew(self._pool), self.shown)
        self._conninfo = patient_conninfo(url, SCHEMA)
        self.patience_seconds = _NO_END
        self._patience = Patience()
        self._pool = self._new_pool()
        self._lock = threading.Lock()
        # It warns of each connection that fails; `Outage` tells that once.
        logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A connection of the pool, while the block runs.

        Raises:
            StoreAway: the database can't be reached, or all connections are in use for two seconds. Of a
                database that was away a moment ago that is said at once.
        """
        pool, connection = self._connection()
        try:
            with self._patience.at_most(connection, self.patience_seconds):
                yield Session(connection, self.shown)
        except StoreAway:
            self.outage.doubt()
            raise
        finally:
            pool.putconn(connection)

    def connect(self) -> Session:
        """A connection of its own, outside the pool, for whoever holds one for long; close its `raw`."""
        try:
            connection = psycopg.connect(self._conninfo, autocommit=True)
            _configure(connection)
            return Session(connection, self.shown)
        except psycopg.Error as error:
            raise store_away(error, self.shown) from error

    def close(self) -> None:
        """Closes all connections of the pool."""
        self._pool.close()

    def _connection(self) -> tuple[ConnectionPool, "psycopg.Connection[Any]"]:
        """A connection that works a moment ago, and the pool that it is of."""
        until = time.monotonic() + _AGAIN_SECONDS
        while True:
            self.outage.check()
            pool, connection = self._pool, None
            try:
                pool.open()
                connection = pool.getconn()
                with self._patience.at_most(connection, _WAIT_SECONDS):
                    connection.execute("")
                return pool, connection
            except PoolTimeout as error:
                self.outage.doubt()
                raise StoreAway(
                    f"The database {self.shown} has no connection free for this process within "
                    f"{_WAIT_SECONDS:g} seconds: there is too much to do. Try again."
                ) from error
            except psycopg.Error as error:
                self.outage.doubt()
                if connection is not None:  # lost, and perhaps with it all others
                    pool.putconn(connection)
                    self._renew(pool)
                # The database may only have been started anew.
                if time.monotonic() > until:
                    raise store_away(error, self.shown) from error

    def _try(self) -> None:
        psycopg.connect(self._conninfo).close()

    def _new_pool(self) -> ConnectionPool:
        return ConnectionPool(
            self._conninfo,
            kwargs={"autocommit": True},
            configure=_configure,
            min_size=0,
            max_size=_MOST_CONNECTIONS,
            timeout=_WAIT_SECONDS,
            max_idle=60,
            open=False,
            name="stackroom",
        )

    def _renew(self, pool: ConnectionPool) -> None:
        """Leaves a pool whose connections are lost: it would try to have them again for minutes."""
        with self._lock:
            if self._pool is not pool:
                return
            self._pool = self._new_pool()
        threading.Thread(target=pool.close, name="old connections", daemon=True).start()


@cache
def database(url: str) -> Database:
    """The one pool of this process for a database."""
    made = Database(url)
    atexit.register(made.close)
    return made


def _configure(connection: "psycopg.Connection[Any]") -> None:
    # Sums of whole numbers are whole numbers too, and not decimals.
    connection.adapters.register_loader("numeric", IntLoader)
    teach(connection)


def _ours(error: psycopg.Error, shown: str) -> CatalogUnusable:
    if is_away(error):
        return store_away(error, shown)
    return CatalogUnusable(f"The database {shown} refuses: {first_line(error)}.")
