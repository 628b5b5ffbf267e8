"""The catalogue's file, open for reading: snapshots, and noticing that it has changed or is another one."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from stackroom.errors import CatalogUnusable
from stackroom.schema import open_catalog
from stackroom.texts import TextReader


class CatalogFile:
    """A reader's connection, a context manager. Not thread-safe: its owner takes turns.

    Every method raises CatalogUnusable if SQLite can't answer.

    Attributes:
        path: of the file.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """Opens the catalogue at `path`. Raises as `open_catalog` does."""
        self.path = path
        self._create = create
        self._opened = 0
        self._open()

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
        """Opens the file that is at the path now, if the one that was opened has been deleted or replaced."""
        try:
            there = self.path.stat()
        except FileNotFoundError:
            pass
        else:
            if (there.st_dev, there.st_ino) == self._file:
                return
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
            raise CatalogUnusable(f"The catalogue {self.path} cannot be read: {error}.") from error

    def _open(self) -> None:
        self._connection = open_catalog(self.path, create=self._create)
        self.rows("PRAGMA query_only = ON")
        opened = self.path.stat()
        self._file = (opened.st_dev, opened.st_ino)
        self._opened += 1
        self._texts = TextReader(self.rows)
