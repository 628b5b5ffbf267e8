"""Moves a library, and is killed in the middle, for each line of standard input: `WAY CATALOG URL EVENTS`.

WAY is "there" or "back". A fork does it, because starting Python takes longer; it kills itself when so many
things have happened: a row was taken in hand, or progress was told. It is printed how many rows were there
before, and how the fork ended.
"""

import os
import signal
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from indexer.upkeep.moving.copy_rows import copy_rows
from indexer.upkeep.moving.postgres_side import PostgresSide
from indexer.upkeep.moving.sqlite_side import SqliteSide
from indexer.upkeep.moving.tables import Mark, Row, Table

left = 0


def happen() -> None:
    """Something happens."""
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)


def taken(rows: Iterable[Row]) -> Iterator[Row]:
    """These rows, each of which happens."""
    for row in rows:
        happen()
        yield row


class MortalDatabase(PostgresSide):
    """A database, but for that."""

    def add(self, table: Table, rows: Iterable[Row], mark: Mark) -> None:
        super().add(table, taken(rows), mark)


class MortalFolder(SqliteSide):
    """A data folder, but for that."""

    def add(self, table: Table, rows: Iterable[Row], mark: Mark) -> None:
        super().add(table, taken(rows), mark)


def move(way: str, catalog: Path, url: str) -> None:
    """Moves."""

    def tell(stage: str, done: int, of: int) -> None:
        happen()

    if way == "there":
        with SqliteSide(catalog) as folder, MortalDatabase(url, create=True) as database:
            report(sum(database.counts().values()))
            copy_rows(folder, database, tell)
    else:
        with PostgresSide(url) as database, MortalFolder(catalog, create=True) as folder:
            report(sum(folder.counts().values()))
            copy_rows(database, folder, tell)


def report(number: int) -> None:
    """Prints a number."""
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    for line in sys.stdin:
        fork = os.fork()
        if not fork:
            way, catalog, url, events = line.rstrip("\n").split("\t")
            left = int(events)
            move(way, Path(catalog), url)
            os._exit(0)
        report(os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1]))
