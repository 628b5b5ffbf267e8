"""An open catalogue file: reading at one moment, and noticing that the file has changed or was replaced."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from stackroom.catalog.schema import open_to_read
from stackroom.catalog.text_blocks import TextReader
from stackroom.common.errors import CatalogUnusable, reason_of
from stackroom.common.sqlite_file import state

# SQLite's errors when a drive was disconnected while the file was open.
_OF_DRIVES = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_READONLY)


class CatalogFile:
    """A connection that only reads; a context manager. Not thread-safe: one thread at a time may use it.

    Every method raises CatalogUnusable if SQLite can't answer.

    Attributes:
        path: of the file.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """Opens the catalogue at `path`. Raises as `open_catalog` does.

        Args:
            path: of the SQLite file.
            create: make an empty one now if there is none. If it disappears later, none is made: only the
                indexer can tell whether to begin anew, or whether a drive is away.
        """
        self.path = path
        self._opened = 0
        self._file: tuple[object, ...] | None = None
        self._open(create=create)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything read inside the block is of one moment."""
        self.rows("BEGIN")
        try:
            yield
        finally:
            self._connection.rollback()  # SQLite may have ended it already, when a drive was gone

    def follow_file(self) -> None:
        """Opens the file that is at the path now if the one that was opened has been deleted or replaced.

        Raises as `open_catalog` does. After CatalogMissing, nothing can be read until a catalogue is there
        again; then the next call opens it.
        """
        try:
            if self._file is not None and self._looks() == self._file:
                return
        except FileNotFoundError:
            pass
        except OSError as error:
            self._file = None
            raise self._unreadable(error) from error
        self._file = None
        self._connection.close()
        self._open()

    def version(self) -> tuple[int, int]:
        """How often the file was opened, and a number that changes with each commit to it; cheap.

        If the first number has changed, everything read before came from another file.
        """
        return self._opened, int(self.rows("PRAGMA data_version")[0][0])

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows that a query gives."""
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _OF_DRIVES:
                self._file = None  # one that was away has its files under the same numbers again
            raise self._unreadable(error) from error

    def _open(self, *, create: bool = False) -> None:
        self._connection, self._is_fixed = open_to_read(self.path, create=create)
        try:
            self._file = self._looks()
        except OSError as error:  # deleted this very moment
            self._connection.close()
            raise self._unreadable(error) from error
        self._opened += 1
        self._texts = TextReader(self.rows)

    def _looks(self) -> tuple[object, ...]:
        """What tells that the file at the path is the one that was opened. Raises OSError if it can't."""
        found = self.path.stat()
        return found.st_dev, found.st_ino, *(state(self.path) if self._is_fixed else ())

    def _unreadable(self, error: OSError | sqlite3.Error) -> CatalogUnusable:
        return CatalogUnusable(f"The catalogue {self.path} cannot be read: {reason_of(error)}.")
