"""The catalogue's file, open for reading: snapshots, and noticing that it has changed or is another one."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from stackroom.catalog.schema import open_to_read
from stackroom.catalog.text_blocks import TextReader
from stackroom.common.errors import CatalogUnusable
from stackroom.common.sqlite_file import state

# What SQLite says when the drive has gone from under the file.
_OF_DRIVES = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_READONLY)


class CatalogFile:
    """A reader's connection, a context manager. Not thread-safe: its owner takes turns.

    Every method raises CatalogUnusable if SQLite can't answer.

    Attributes:
        path: of the file.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """Opens the catalogue at `path`. Raises as `open_catalog` does.

        Args:
            path: of the SQLite file.
            create: make an empty one now if there is none. When it is gone later, none is made: another
                than the indexer can't know whether it is to begin anew, or a drive is away.
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
            self.rows("COMMIT")

    def follow_file(self) -> None:
        """Opens the file that is at the path now, if the one that was opened has been deleted or replaced.

        Raises as `open_catalog` does, also CatalogMissing: then nothing can be read until there is a
        catalogue again, which the next call finds.
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
        """How often the file was opened anew, and a number that changes with each commit to it; cheap.

        If the first number has changed, nothing that was read before is of this catalogue.
        """
        return self._opened, int(self.rows("PRAGMA data_version")[0][0])

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All that a query gives."""
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
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return CatalogUnusable(f"The catalogue {self.path} cannot be read: {why}.")
