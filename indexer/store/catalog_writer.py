"""A writer's connection to the catalogue: gives transactions, and notices if the file is gone."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stackroom.catalog.schema import open_catalog
from stackroom.catalog.text_blocks import TextReader
from stackroom.common.errors import CatalogUnusable
from stackroom.common.sqlite_file import identity


class CatalogWriter:
    """The connection that `Publisher` writes with. Not thread-safe; a second thread opens a second one."""

    def __init__(self, path: Path, *, compact: bool = False, create: bool = True) -> None:
        """Opens the catalogue at `path`. Raises as `open_catalog` does.

        Args:
            path: of the SQLite file.
            compact: whether to make published texts as small as possible.
            create: whether to make the file if it is missing.
        """
        self._compact = compact
        self._path = path
        self._connection = open_catalog(path, create=create)
        self._file = identity(path)
        self._texts = TextReader(self._rows)

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def is_there(self) -> bool:
        """Whether the file at the path is still the one that we have open."""
        try:
            return self._file is not None and identity(self._path) == self._file
        except OSError:
            return False

    def _rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise CatalogUnusable(f"The catalogue {self._path} cannot be read: {error}.") from error

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """Everything read inside the block is the state of one moment."""
        self._rows("BEGIN")
        try:
            yield
        finally:
            self._connection.rollback()  # SQLite may have ended it already, when a drive was gone

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
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
