"""What writes the derived indexes of a library: beside its files, or in its database."""

from indexer.passages.follow_vectors import follow_vectors
from indexer.passages.words_writer import WordsWriter
from stackroom.catalog.catalog import Catalog
from stackroom.common.settings import Settings


def words_writer(settings: Settings) -> WordsWriter:
    """What brings the index of words up to date. Raises as `WordsWriter` does."""
    return WordsWriter(settings.words)


def follow_nearest(settings: Settings, catalog: Catalog) -> None:
    """Brings up to date what finds the nearest passages; see `follow_vectors`."""
    follow_vectors(catalog, settings.vector_lists)
