"""What writes the derived indexes of a library: beside its files, or in its database."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from indexer.passages.follow_vectors import follow_vectors
from indexer.passages.words_writer import WordsWriter
from stackroom.catalog.catalog import Catalog
from stackroom.common.settings import Settings

# Seconds between two looks for new vectors.
_SECONDS = 2.0


class FollowsWords(Protocol):
    """Brings an index of words up to date with the catalogue. There may be one of them at a time.

    Every method raises CatalogUnusable if the index can't be written, StoreAway if its database can't be
    reached.
    """

    def close(self) -> None:
        """Waits for what is still being written."""

    def is_rewriting(self) -> bool:
        """Whether the index is being written anew, of which the next calls of `follow` do some more."""

    def join(self) -> None:
        """Puts together what is in many small parts. For the end of a run."""

    def follow(self, catalog: Catalog) -> bool:
        """Takes in everything that was committed since the last time. Returns whether there was anything.

        After a kill at any moment, the next call goes on from the last commit.
        """


def words_writer(settings: Settings) -> FollowsWords:
    """What brings the index of words up to date. Raises as `WordsWriter` does."""
    if settings.store:
        # Only for this kind of store, because not everybody has psycopg.
        from indexer.passages.postgres_words import PostgresWordsWriter
        from stackroom.common.postgres.database import database

        return PostgresWordsWriter(database(settings.store))
    return WordsWriter(settings.words)


def follow_nearest(settings: Settings, catalog: Catalog) -> None:
    """Brings up to date what finds the nearest passages; see `follow_vectors` and `postgres_nearest`."""
    if settings.store:
        # Only for this kind of store, because not everybody has psycopg.
        from indexer.passages.postgres_nearest import PostgresNearestWriter
        from stackroom.common.postgres.database import database

        PostgresNearestWriter(database(settings.store)).follow(catalog, is_last=True)
    else:
        follow_vectors(catalog, settings.vector_lists)


def forget_nearest(settings: Settings) -> None:
    """Has `follow_nearest` make all anew."""
    if settings.store:
        from indexer.passages.postgres_nearest import forget_all
        from stackroom.common.postgres.database import database

        with database(settings.store).session() as session, session.writing() as store:
            forget_all(store)
    else:
        settings.vector_lists.unlink(missing_ok=True)


@contextmanager
def nearest_followed(settings: Settings) -> Iterator[Callable[[], None]]:
    """Gives what to call after each commit of vectors, so that they are found soon in a store, and all of
    them after the block. Servers of a library in files follow by themselves.
    """
    if not settings.store:
        yield lambda: None
        return
    from indexer.passages.postgres_nearest import PostgresNearestWriter
    from stackroom.common.postgres.database import database

    with Catalog(settings.truth) as catalog:
        writer = PostgresNearestWriter(database(settings.store))
        due = 0.0

        def follow() -> None:
            nonlocal due
            if time.monotonic() >= due:
                writer.follow(catalog)
                due = time.monotonic() + _SECONDS

        yield follow
        writer.follow(catalog, is_last=True)
