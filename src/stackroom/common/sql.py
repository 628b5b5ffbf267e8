"""What our statements are run on: a connection of SQLite, or of PostgreSQL. Both satisfy these protocols."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol


class Cursor(Protocol):
    """What a statement gives."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed or removed."""

    def fetchone(self) -> Any:
        """The next row; None if there is none."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Any]:
        """The rows, one by one."""


class Sql(Protocol):
    """An open connection. Statements are SQLite's, within what `common.postgres.dialect` translates."""

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Cursor:
        """Runs a statement, with "?" or "?1" where parameters belong."""

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> object:
        """Runs a statement once for each of these rows."""
