"""Moves a library between a data folder and a database. The store that it is moved from stays as it was."""

from contextlib import closing
from dataclasses import dataclass

from indexer.passages.writers import follow_nearest, words_writer
from indexer.upkeep.check import Report, check
from indexer.upkeep.moving.copy_rows import Copied, Tell, copy_rows
from indexer.upkeep.moving.postgres_side import PostgresSide
from indexer.upkeep.moving.sqlite_side import SqliteSide
from stackroom.catalog.catalog import Catalog
from stackroom.common.settings import Settings


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved.

    Attributes:
        source, target: where from and where to, for a person.
        documents, passages: how many there are.
        was_there: whether all rows had been copied before.
    """

    source: str
    target: str
    documents: int
    passages: int
    was_there: bool


def to_database(settings: Settings, url: str, tell: Tell = lambda stage, done, of: None) -> Moved:
    """Copies the library of the data folder into an empty database. No indexer may be at work in either.

    Raises:
        CatalogMissing: there is no library.
        UsageError: the database holds another one.
        CatalogError: one of the two can't be read or written. The same call goes on, as it does after it was
            killed.
    """
    with SqliteSide(settings.catalog) as source, PostgresSide(url, create=True) as target:
        return _moved(source.shown, target.shown, copy_rows(source, target, tell))


def to_folder(url: str, settings: Settings, tell: Tell = lambda stage, done, of: None) -> Moved:
    """Copies the library of a database into the data folder of these settings, which has none. No indexer may
    be at work in either.

    Raises as `to_database` does.
    """
    with PostgresSide(url) as source, SqliteSide(settings.catalog, create=True) as target:
        return _moved(source.shown, target.shown, copy_rows(source, target, tell))


def complete(settings: Settings, tell: Tell = lambda stage, done, of: None) -> Report:
    """Makes what is derived of a library that was moved, and checks it all.

    Args:
        settings: of the place that it was moved to.
        tell: as above.
    """
    tell("words", 0, 1)
    with Catalog(settings.truth) as catalog, closing(words_writer(settings)) as writer:
        writer.follow(catalog)
        writer.join()
        tell("nearest", 0, 1)
        follow_nearest(settings, catalog)
    return check(settings, tell)


def _moved(source: str, target: str, copied: Copied) -> Moved:
    rows = copied.rows
    return Moved(source, target, rows["documents"], rows["passages"], copied.was_there)
