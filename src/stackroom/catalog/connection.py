"""A catalogue that is open for reading: a file of SQLite, or a database of PostgreSQL.

Reads at one moment, and notices that the catalogue has changed or was replaced.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from stackroom.catalog.schema import open_to_read
from stackroom.common.errors import CatalogMissing, CatalogUnusable, reason_of
from stackroom.common.postgres.address import StoreAddress
from stackroom.common.sqlite_file import state

if TYPE_CHECKING:
    from stackroom.common.postgres.database import Session

# SQLite's errors when a drive was disconnected while the file was open.
_OF_DRIVES = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_READONLY)

_SIZE = """
SELECT sum(pg_total_relation_size(oid)) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'stackroom'::regnamespace
"""


class Connection(Protocol):
    """What `Catalog` reads by; it says what the methods do, which have the same names there."""

    def close(self) -> None:
        """See `Catalog`."""

    def snapshot(self) -> AbstractContextManager[None]:
        """See `Catalog`."""

    def follow_file(self) -> bool:
        """See `Catalog`. Returns whether another file was opened."""

    def id(self) -> int:
        """See `Catalog`."""

    def version(self) -> tuple[int, int]:
        """See `Catalog`."""

    def size(self) -> int:
        """See `Catalog`."""

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """See `Catalog`."""


def connected(where: Path | StoreAddress, *, create: bool) -> Connection:
    """A connection to a catalogue; for `create` and what is raised see `Catalog`."""
    return (
        StoreConnection(where, create=create)
        if isinstance(where, StoreAddress)
        else FileConnection(where, create=create)
    )


class FileConnection:
    """A connection to a file of SQLite."""

    def __init__(self, path: Path, *, create: bool) -> None:
        """Opens the file."""
        self._path = path
        self._opened = 0
        self._file: tuple[object, ...] | None = None
        self._open(create=create)

    def close(self) -> None:
        """See `Catalog`."""
        self._connection.close()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """See `Catalog`."""
        self.rows("BEGIN")
        try:
            yield
        finally:
            self._connection.rollback()  # SQLite may have ended it already, when a drive was gone

    def follow_file(self) -> bool:
        """See `Catalog`."""
        try:
            if self._file is not None and self._looks() == self._file:
                return False
        except FileNotFoundError:
            pass
        except OSError as error:
            self._file = None
            raise self._unreadable(error) from error
        self._file = None
        self._connection.close()
        self._open(create=False)
        return True

    def id(self) -> int:
        """See `Catalog`."""
        return int(self.rows("PRAGMA application_id")[0][0])

    def version(self) -> tuple[int, int]:
        """See `Catalog`."""
        return self._opened, int(self.rows("PRAGMA data_version")[0][0])

    def size(self) -> int:
        """See `Catalog`."""
        total = 0
        for file in self._path.parent.rglob("*"):
            with suppress(FileNotFoundError):  # a note or a journal, gone since it was listed
                total += file.stat().st_size if file.is_file() else 0
        return total

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """See `Catalog`."""
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _OF_DRIVES:
                self._file = None  # one that was away has its files under the same numbers again
            raise self._unreadable(error) from error

    def _open(self, *, create: bool) -> None:
        self._connection, self._is_fixed = open_to_read(self._path, create=create)
        try:
            self._file = self._looks()
        except OSError as error:  # deleted this very moment
            self._connection.close()
            raise self._unreadable(error) from error
        self._opened += 1

    def _looks(self) -> tuple[object, ...]:
        """What tells that the file at the path is the one that was opened. Raises OSError if it can't."""
        found = self._path.stat()
        return found.st_dev, found.st_ino, *(state(self._path) if self._is_fixed else ())

    def _unreadable(self, error: OSError | sqlite3.Error) -> CatalogUnusable:
        return CatalogUnusable(f"The catalogue {self._path} cannot be read: {reason_of(error)}.")


class StoreConnection:
    """Connections to a database of PostgreSQL, one of a pool whenever something is read."""

    def __init__(self, address: StoreAddress, *, create: bool) -> None:
        """Connects to nothing yet: the database may be away when a server starts."""
        # Only for this kind of store, because not everybody has psycopg.
        from stackroom.common.postgres.database import database

        self._database = database(address.replica or address.url)
        self._primary = database(address.url)
        self._create = create
        self._session: Session | None = None
        self._is_known = False
        self._opened = 1
        self._id: int | None = None
        self._commits = 0

    def close(self) -> None:
        """See `Catalog`. The pool stays: others in this process use it."""

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """See `Catalog`."""
        with self._database.session() as session:
            self._require_current(session)
            with session.snapshot():
                self._session = session
                try:
                    yield
                finally:
                    self._session = None

    def follow_file(self) -> bool:
        """See `Catalog`."""
        return False

    def id(self) -> int:
        """See `Catalog`."""
        return int(self.rows("SELECT id FROM store")[0][0])

    def version(self) -> tuple[int, int]:
        """See `Catalog`."""
        ((id_, commits),) = self.rows("SELECT id, commits FROM store")
        # Another replica may be behind the one that was read before, and a backup may have been restored.
        if id_ != self._id or commits < self._commits:
            self._opened += self._id is not None
        self._id, self._commits = id_, int(commits)
        return self._opened, self._commits

    def size(self) -> int:
        """See `Catalog`."""
        return int(self.rows(_SIZE)[0][0])

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """See `Catalog`."""
        if self._session is not None:
            return self._session.execute(sql, parameters).fetchall()
        with self._database.session() as session:
            self._require_current(session)
            return session.execute(sql, parameters).fetchall()

    def _require_current(self, session: "Session") -> None:
        if not self._is_known:
            from stackroom.common.postgres.migrate import migrate, require_current

            try:
                require_current(session, self._database.shown)
            except CatalogMissing:
                if not self._create:
                    raise
                migrate(self._primary)
                require_current(session, self._database.shown)  # a replica has them a moment later
            self._is_known = True
