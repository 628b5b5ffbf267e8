"""How complete the index is: what of the library can't be found yet, in a few figures."""

from dataclasses import dataclass

from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import pending_count
from stackroom.catalog.status import legibility
from stackroom.common.data_folder import INDEXER_LOCK
from stackroom.common.running import holder


@dataclass(frozen=True, slots=True)
class Contents:
    """What the catalogue holds, and what waits.

    Attributes:
        documents: how many.
        embedded: percent of the passages that have their vectors, rounded down; of those that the model can
            read. 100 if there are none.
        scans_waiting: pages that wait for OCR.
        locked_files: files that need a password which nobody has given.
    """

    documents: int = 0
    embedded: int = 100
    scans_waiting: int = 0
    locked_files: int = 0


@dataclass(frozen=True, slots=True)
class LibraryState:
    """How complete the index is.

    Attributes:
        contents: of the catalogue.
        is_indexing: whether an indexer is at work at this moment.
        files_waiting: how many files it has still to read, as far as it has said.
    """

    contents: Contents = Contents()
    is_indexing: bool = False
    files_waiting: int = 0


def read_contents(catalog: Catalog) -> Contents:
    """Reads what the catalogue holds. Takes some milliseconds for 20,000 documents.

    Raises:
        CatalogUnusable: it can't be read.
    """
    ((documents, scans, locked),) = catalog.rows(
        "SELECT (SELECT count(*) FROM documents),"
        " (SELECT count(*) FROM scans WHERE state IN ('waiting', 'read')),"
        " (SELECT count(*) FROM locations WHERE failure = 'password')"
    )
    model = catalog.model()
    passages, illegible = legibility(catalog, model)
    legible = passages - sum(illegible.values())
    waiting = pending_count(catalog.rows, model) if model and catalog.has_waiting() else 0
    embedded = 100 * (legible - waiting) // legible if legible else 100
    return Contents(documents, embedded, scans, locked)


def state_with(catalog: Catalog, contents: Contents) -> LibraryState:
    """These contents, with what the indexer says that is at work."""
    progress = (holder(catalog.folder / INDEXER_LOCK) or {}).get("progress")
    if not isinstance(progress, dict):
        return LibraryState(contents)
    files, done = progress.get("files"), progress.get("files_done")
    waiting = files - done if isinstance(files, int) and isinstance(done, int) else 0
    return LibraryState(contents, is_indexing=True, files_waiting=max(waiting, 0))
