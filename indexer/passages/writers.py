"""What writes the derived indexes of a library: beside its files, or in its database."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from indexer.passages.follow_vectors import follow_vectors
from indexer.passages.words_writer import WordsWriter
from stackroom.catalog.catalog import Catalog
from stackroom.common.settings import Settings

# Seconds between two looks for new vectors.
_SECONDS = 2.0


def words_writer(settings: Settings) -> WordsWriter:
    """What brings the index of words up to date. Raises as `WordsWriter` does."""
    return WordsWriter(settings.words)


def follow_nearest(settings: Settings, catalog: Catalog) -> None:
    """Brings up to date what finds the nearest passages; see `follow_vectors` and `postgres_nearest`."""
    if settings.store:
        # Only for this kind of store, because not everybody has psycopg.
        from indexer.passages.postgres_nearest import PostgresNearestWriter
        from stackroom.common.postgres.database import database

        PostgresNearestWriter(database(settings.store)).follow(catalog)
    else:
        follow_vectors(catalog, settings.vector_lists)


@contextmanager
def nearest_followed(settings: Settings) -> Iterator[Callable[[], None]]:
    """Gives what to call after each commit of vectors, so that they are found soon in a store, and all of
    them after the block. Servers of a library in files follow by themselves.
    """
    if not settings.store:
        yield lambda: None
        return
    with Catalog(settings.truth) as catalog:
        due = 0.0

        def follow() -> None:
            nonlocal due
            if time.monotonic() >= due:
                follow_nearest(settings, catalog)
                due = time.monotonic() + _SECONDS

        yield follow
        follow_nearest(settings, catalog)
