"""Removes what was derived from another catalogue, or from this one at a later time."""

import shutil
from pathlib import Path

from indexer.passages.words_writer import followed_by
from stackroom.catalog.catalog import Catalog
from stackroom.common.errors import CatalogUnusable
from stackroom.indexes.vector_lists import read_lists
from stackroom.indexes.words import DOCUMENTS, PAGES, PASSAGES


def remove(catalog: Catalog, words: Path, vector_lists: Path) -> None:
    """Removes indexes that know of changes which the catalogue does not have; they are made anew later.

    Somebody has put an older copy of the catalogue back by hand. Its next changes get the numbers of those
    that the indexes have followed already: so this must be called before anything is written.

    Args:
        catalog: as it is before a run.
        words: folder of the indexes of words.
        vector_lists: the file of `stackroom.indexes.vector_lists`.

    Raises:
        CatalogUnusable: the catalogue can't be read, or something can't be removed.
    """
    with catalog.snapshot():
        own, change, model = catalog.id(), catalog.last_change(), catalog.model()
    try:
        for name in (PASSAGES, PAGES, DOCUMENTS):
            followed = followed_by(words / name)
            if followed and (followed[0] != own or followed[1] > change):
                shutil.rmtree(words / name)
        if model is None or read_lists(vector_lists, own, model.fingerprint.digest, change) is None:
            vector_lists.unlink(missing_ok=True)
    except OSError as error:
        raise CatalogUnusable(
            f"{error.filename or words} is of another time than the catalogue and cannot be removed: "
            f"{error.strerror or error}. Delete it, and run the command again."
        ) from error
