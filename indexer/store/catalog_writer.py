"""A writer's connection to the catalogue: gives transactions, and notices if the catalogue is gone."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from stackroom.catalog.schema import open_catalog
from stackroom.catalog.text_blocks import TextReader
from stackroom.common.errors import CatalogUnusable, StoreAway
from stackroom.common.postgres.address import StoreAddress
from stackroom.common.sql import Sql
from stackroom.common.sqlite_file import identity

if TYPE_CHECKING:
    from stackroom.common.postgres.database import Session


class Connection(Protocol):
    """What `CatalogWriter` writes by; it says what the methods do."""

    def close(self) -> None:
        """See `CatalogWriter`."""

    def is_there(self) -> bool:
        """See `CatalogWriter`."""

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Everything read inside the block is the state of one moment."""

    def transaction(self) -> AbstractContextManager[Sql]:
        """One transaction, in which nobody else writes; rolled back after an exception."""


class CatalogWriter:
    """The connection that `Publisher` writes with. Not thread-safe; a second thread opens a second one."""

    def __init__(self, where: Path | StoreAddress, *, compact: bool = False, create: bool = True) -> None:
        """Opens the catalogue. Raises as `open_catalog` does, or StoreAway.

        Args:
            where: a file of SQLite, or a database.
            compact: whether to make published texts as small as possible.
            create: whether to make the catalogue if it is missing.
        """
        self._compact = compact
        self._connection = _connected(where, create=create)
        self._rows = self._connection.rows
        self._snapshot = self._connection.snapshot
        self._transaction = self._connection.transaction
        self._texts = TextReader(self._rows)

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def is_there(self) -> bool:
        """Whether the catalogue is still the one that we have open."""
        return self._connection.is_there()


def _connected(where: Path | StoreAddress, *, create: bool) -> Connection:
    return _Store(where, create=create) if isinstance(where, StoreAddress) else _File(where, create=create)


class _File:
    def __init__(self, path: Path, *, create: bool) -> None:
        self._path = path
        self._connection = open_catalog(path, create=create)
        self._file = identity(path)

    def close(self) -> None:
        self._connection.close()

    def is_there(self) -> bool:
        try:
            return self._file is not None and identity(self._path) == self._file
        except OSError:
            return False

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise CatalogUnusable(f"The catalogue {self._path} cannot be read: {error}.") from error

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        self.rows("BEGIN")
        try:
            yield
        finally:
            self._connection.rollback()  # SQLite may have ended it already, when a drive was gone

    @contextmanager
    def transaction(self) -> Iterator[Sql]:
        db = self._connection
        if not self.is_there():  # SQLite would go on writing into the deleted file
            raise CatalogUnusable(
                f"The catalogue {self._path} was deleted or replaced while it was written, or its drive is "
                "away. Run the command again: it goes on with what is there then."
            )
        try:
            db.execute("BEGIN IMMEDIATE")
            with db:  # commits, or rolls back after an exception
                yield db
        except sqlite3.Error as error:
            raise CatalogUnusable(
                f"The catalogue {self._path} cannot be written: {error}. If the disk is full, make room and "
                "run the command again: what was committed is safe."
            ) from error


class _Store:
    """A connection that is kept, and made again after the database was away."""

    def __init__(self, address: StoreAddress, *, create: bool) -> None:
        from stackroom.common.postgres.database import database
        from stackroom.common.postgres.migrate import migrate, require_current

        self._database = database(address.url)
        if create:
            migrate(self._database)
        self._session = self._database.connect()
        require_current(self._session, self._database.shown)
        self._id = self._id_now()

    def close(self) -> None:
        self._session.raw.close()

    def is_there(self) -> bool:
        try:
            return self._id_now() == self._id
        except StoreAway:
            return False

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return self._open().execute(sql, parameters).fetchall()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        with self._open().snapshot():
            yield

    @contextmanager
    def transaction(self) -> Iterator[Sql]:
        with self._open().writing() as db:
            yield db

    def _id_now(self) -> int:
        return int(self.rows("SELECT id FROM store")[0][0])

    def _open(self) -> "Session":
        if self._session.raw.closed:
            self._session = self._database.connect()
        return self._session
