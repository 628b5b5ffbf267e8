"""Opens the indexes of a library: those beside its files, or those in its database."""

from collections.abc import Callable
from functools import partial

from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import Model
from stackroom.common.settings import Settings
from stackroom.indexes.matching import MatchingWords
from stackroom.indexes.nearest import NearestPassages
from stackroom.indexes.words import WordIndex


def matching_words(settings: Settings) -> MatchingWords:
    """The index of words. Reads nothing yet."""
    if not settings.store:
        return WordIndex(settings.words)
    # Only for this kind of store, because not everybody has psycopg.
    from stackroom.common.postgres.database import database
    from stackroom.indexes.postgres.words import PostgresWords

    return PostgresWords(database(settings.store_replica or settings.store))


def nearest_in_store(settings: Settings, catalog: Catalog) -> Callable[[Model], NearestPassages] | None:
    """Gives what finds the nearest passages of a model; None if their vectors are to be loaded instead."""
    if not settings.store:
        return None
    from stackroom.indexes.postgres.nearest import PostgresNearest

    return partial(PostgresNearest, catalog.rows)
