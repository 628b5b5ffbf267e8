"""The read path: a query becomes hits, an id becomes a document.

A search asks two indexes, that of words and that of vectors, and fuses their rankings. Both follow the
catalogue: before each search one pragma tells whether anything was committed, and only what changed is read.
Whatever they say is a hint; a hit is shown only if the catalogue still has the passage.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stackroom.catalog import VECTORS_AT_ONCE, Catalog, Location, Model, Owner, Record, Status
from stackroom.documents import Hit, Page
from stackroom.embedding.embedder import Fingerprint, ModelSource, refuse_another_model
from stackroom.errors import UnknownDocument
from stackroom.lexicon import Lexicon
from stackroom.queries import QueryEmbedder
from stackroom.ranking import fuse
from stackroom.vectors import VectorIndex

DEFAULT_LIMIT = 10
"""Results of one search: what the tool contract returns at most."""

# Passages taken from each ranking in one round: mostly enough to find all documents asked for.
_PASSAGES = 64


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole document. `text` is all of its pages, each after a line such as `[[page 3]]`."""

    record: Record
    text: str


class Reader:
    """Answers searches and fetches from one data folder. Safe to use from several threads."""

    def __init__(self, catalog: Catalog, lexicon: Lexicon, models: ModelSource, model: str = "") -> None:
        """Reads nothing yet.

        Args:
            catalog: the truth; the reader owns it from now on.
            lexicon: its index of words; likewise.
            models: gives the model the index was built with, when it is first needed.
            model: the model the user insists on; empty means whichever the index was built with.
        """
        self._catalog = catalog
        self._lexicon = lexicon
        self._models = models
        self._model_wanted = model
        self._turn = threading.Lock()  # for the catalogue and both indexes
        self._loading = threading.Lock()  # for the embedder
        self._queries: QueryEmbedder | None = None
        self._seen_version = (0, 0)
        self._seen_change = 0
        self._model: Model | None = None
        self._vectors = VectorIndex(1)
        self._complete = False

    def close(self) -> None:
        """Closes the catalogue."""
        with self._turn:
            self._catalog.close()

    def warm(self) -> None:
        """Loads the vectors and the model now, so that searches need not wait.

        Searches in the meantime are answered from words, and from the vectors that are there already.

        Raises:
            ModelError: the model the index was built with can't be had, or is not the one asked for.
        """
        while True:
            with self._following():
                model, complete = self._model, self._complete
            if model is not None:
                self._queries_for(model.fingerprint)
            if complete:
                return

    def search(self, query: str, limit: int = DEFAULT_LIMIT) -> list[Hit]:
        """The documents that answer `query` best, each with its best passage.

        Args:
            query: words or a question; blank gives no hits.
            limit: most documents to return.

        Returns:
            Hits by descending score; equal scores always in the same order.

        Raises:
            ModelError: see `warm`.
            CatalogUnusable: the catalogue can't be read.
        """
        query = query.encode(errors="replace").decode().strip()
        if not query or limit < 1:
            return []
        while True:
            with self._following():
                model = self._model
                if model is None:
                    return []
                if not len(self._vectors):  # nothing is embedded yet: no reason to wait for the model
                    return self._hits(model, query, None, limit)
            vector = self._queries_for(model.fingerprint).embed(query)
            with self._following():
                if self._model == model:  # and not embedded again with another one in the meantime
                    return self._hits(model, query, vector, limit)

    def fetch(self, document_id: str) -> Fetched:
        """The whole document with this id, or the one that took its place when its file changed.

        Raises:
            UnknownDocument: there is neither.
        """
        with self._following():
            record = self._record(document_id)
            return Fetched(record, _marked(self._catalog.pages(record.key)))

    def file(self, document_id: str) -> tuple[Record, Path]:
        """The PDF itself: a file that still is as it was when the document was indexed.

        Raises:
            UnknownDocument: no document has this id, or each of its files is gone or has changed since.
        """
        with self._following():
            record = self._record(document_id)
        for location in record.locations:
            if _is_unchanged(location):
                return record, location.file
        raise UnknownDocument(
            f"The file of document {document_id!r} has been moved or changed and not been indexed again yet."
        )

    def status(self) -> Status:
        """What the catalogue holds."""
        with self._turn:
            self._catalog.follow_file()
            return self._catalog.status()

    def _record(self, document_id: str) -> Record:
        record = self._catalog.document(document_id.strip())
        if record is None:
            raise UnknownDocument(
                f"No document has the id {document_id!r}. Use an id exactly as a search result gives it."
                if document_id.strip()
                else "The id is empty. Use an id exactly as a search result gives it."
            )
        return record

    def _hits(self, model: Model, query: str, vector: NDArray[np.float32] | None, limit: int) -> list[Hit]:
        best: dict[int, float] = {}  # by passage, one for each document
        found: dict[int, Owner] = {}  # by document
        seen = 0
        while len(best) < limit:
            # Each round leaves out the documents that are found: a book of 10,000 passages hides no letter.
            ranked = fuse(self._rankings(query, vector, list(found.values())), after=seen)
            owners = self._catalog.owners(model, [passage for passage, _ in ranked])
            before = len(found)
            for passage, score in ranked:
                owner = owners.get(passage)
                if owner is not None and owner.document not in found and len(best) < limit:
                    found[owner.document] = owner
                    best[passage] = score
            if len(found) == before:
                break
            seen += _PASSAGES
        shown = self._catalog.passages(list(best))
        return [
            Hit(
                shown[passage].document_id,
                shown[passage].title,
                shown[passage].text,
                shown[passage].page,
                shown[passage].page_label,
                score,
            )
            # A later round may have the better ones: of 65th rank in both rather than 64th in one.
            for passage, score in sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))
        ]

    def _rankings(
        self, query: str, vector: NDArray[np.float32] | None, excluded: list[Owner]
    ) -> list[list[int]]:
        """The best passages by words and by meaning, without those of the documents `excluded`."""
        ranges = [(owner.first, owner.last) for owner in excluded]
        words = self._lexicon.search(query, _PASSAGES, [first for first, _ in ranges])
        meaning = [] if vector is None else self._vectors.search(vector, _PASSAGES, ranges)
        return [[passage for passage, _ in ranking] for ranking in (words, meaning)]

    @contextmanager
    def _following(self) -> Iterator[None]:
        """Our turn, in which everything read is of one moment, and the vectors are of that moment too."""
        with self._turn:
            self._catalog.follow_file()
            with self._catalog.snapshot():
                self._follow()
                yield

    def _follow(self) -> None:
        version = self._catalog.version()
        if version == self._seen_version and self._complete:
            return
        model = self._catalog.model()
        known = model == self._model and version[0] == self._seen_version[0]
        changes = self._catalog.changes_since(self._seen_change) if known else None
        self._seen_version = (0, 0)  # should an error stop us half-way, the next call loads everything
        if changes is None:
            self._model = model
            self._vectors = VectorIndex(model.fingerprint.dimensions if model else 1)
            self._complete = model is None
            changes = []
        if model is not None:
            for change in changes:
                if change.kind == "removed":
                    self._vectors.remove(change.first, change.last)
                elif change.kind == "embedded" and self._complete:
                    self._complete = self._load(model, change.first, change.last)
            if not self._complete:
                # One block at a time, so that nobody waits for a million vectors.
                self._complete = self._load(model)
        self._seen_change = self._catalog.last_change()
        self._seen_version = version

    def _load(self, model: Model, first: int = 0, last: int = 2**63 - 1) -> bool:
        """Loads a block of the vectors that are not there yet. Returns whether it was the last one."""
        ids, codes = self._catalog.vectors(model, max(first, self._vectors.last + 1), last)
        self._vectors.add(ids, codes)
        return len(ids) < VECTORS_AT_ONCE

    def _queries_for(self, built_with: Fingerprint) -> QueryEmbedder:
        with self._loading:
            if self._queries is None or not self._queries.embedder.fingerprint.same_vectors(built_with):
                if self._model_wanted:
                    refuse_another_model(
                        self._model_wanted, self._models.digest(self._model_wanted), built_with
                    )
                self._queries = QueryEmbedder(self._models.load(built_with))
            return self._queries


def page_mark(page: Page) -> str:
    """The line that stands before a page in a fetched text."""
    return (
        f"[[page {page.number}]]"
        if page.label == str(page.number)
        else f"[[page {page.number} ({page.label})]]"
    )


def _marked(pages: list[Page]) -> str:
    return "\n".join(f"{page_mark(page)}\n{page.text}" for page in pages)


def _is_unchanged(location: Location) -> bool:
    try:
        found = location.file.stat()
    except OSError:
        return False
    return (found.st_size, found.st_mtime_ns) == (location.size, location.modified_ns)
