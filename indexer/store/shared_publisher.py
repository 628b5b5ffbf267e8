"""What writers need that do not know of each other: the workers of a cluster, see `indexer.run.cluster`."""

from collections.abc import Sequence

from indexer.store.document_rows import known_codes, passage_hashes
from indexer.store.holding import let_go, log_names
from indexer.store.publisher import KNOWN, FileState, Place, Publisher
from stackroom.catalog.entries import Model
from stackroom.common.documents import Document, Passage


class SharedPublisher(Publisher):
    """The connection of one writer of several. Every method raises as a `Publisher`'s do."""

    def publish_once(
        self,
        document: Document,
        passages: Sequence[Passage],
        codes: Sequence[bytes | None],
        model: Model,
        place: Place,
        state: FileState,
    ) -> bool:
        """Adds a document with passages and vectors, unless it was added meanwhile; a file holds it.

        For writers that do not know of each other: by its id, a document is there once.

        Args:
            document: see `publish`.
            passages: of the document.
            codes: their vectors; see `document_rows.add_passages`.
            model: whose passages they are.
            place: of the file.
            state: of the same.

        Returns:
            Whether the document was added.
        """
        with self._transaction() as db:
            known = db.execute(KNOWN, (document.id,)).fetchone()
            key = known[0] if known else self._add(db, document, passages, model, codes)
            if known and key not in self._held(db, place):
                log_names(db, key)
            for replaced in self._place(db, place, state, key):
                let_go(db, replaced, key)
            return known is None

    def codes_known(
        self, document: Document, passages: Sequence[Passage], model: Model
    ) -> list[bytes | None]:
        """For each passage the vector that another one with the same text has; None if there is none."""
        hashes = passage_hashes(model, document, passages)
        known = known_codes(self._rows, hashes, model)
        return [known.get(hash_) for hash_ in hashes]

    def is_known(self, document_id: str) -> bool:
        """Whether there is a document with this id that need not be read again, wherever it is."""
        rows = self._rows("SELECT 1 FROM documents WHERE id = ? AND extractor <> ''", (document_id,))
        return bool(rows)

    def document_id(self, key: int) -> str:
        """The id of the document with this key."""
        ((document_id,),) = self._rows("SELECT id FROM documents WHERE key = ?", (key,))
        return str(document_id)

    def size_of(self, document_id: str, model: Model) -> tuple[int, int]:
        """How many pages the document with this id has, and passages that `model` can read; 0 without it."""
        rows = self._rows(
            "SELECT d.page_count, coalesce(sum(s.last - s.first + 1 - s.illegible), 0) FROM documents d"
            " LEFT JOIN splits s ON s.document = d.key AND s.model = ? WHERE d.id = ? GROUP BY d.key,"
            " d.page_count",
            (model.id, document_id),
        )
        return (int(rows[0][0]), int(rows[0][1])) if rows else (0, 0)
