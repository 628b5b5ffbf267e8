"""Writes the catalogue, each method in one transaction: a document is there with all its rows or not at all.

Only one process writes (see `stackroom.common.running`); it may do so from two connections, which take turns.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from indexer.store.document_rows import (
    add_document,
    add_passages,
    add_vectors,
    known_codes,
    log_change,
    remove_document,
    require_code_length,
)
from indexer.store.holding import attached_to, drop_unheld, let_go, log_names, take_over
from indexer.store.model_publisher import ModelPublisher
from stackroom.catalog.entries import Model
from stackroom.common.documents import Document, OutlineEntry, Passage, Section, Unread
from stackroom.common.errors import ExtractionFailed, FailureKind
from stackroom.common.roots import Root, as_root
from stackroom.common.sql import Sql
from stackroom.page.table_rows import as_embedded

# How many changes are kept for servers to follow; a server that is further behind loads everything again.
_CHANGES_KEPT = 10_000

_HELD = "SELECT document FROM locations"
KNOWN = (
    "SELECT key FROM documents d WHERE id = ? AND extractor <> ''"
    " AND EXISTS (SELECT 1 FROM locations WHERE document = d.key)"
)
"""The key of a document with this id that a file holds, if it need not be read again."""


@dataclass(frozen=True, slots=True)
class FileState:
    """How a file looked: its size in bytes and modification time in nanoseconds since the epoch."""

    size: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Place:
    """A file in a library: the catalogue's number of the library, and the path relative to its root."""

    library_id: int
    path: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the catalogue knows of a file: its state, and the key of its document or why there is none.

    A document is `stale` if it is to be read again: an older Stackroom read it, or its title turned out to be
    shared. The `reason` of a failure is for people.
    """

    state: FileState
    document: int | None
    failure: FailureKind | None
    stale: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PendingPassage:
    """A passage that waits for its vector.

    `text` is what is embedded; `code` is the vector of another passage with the same text, if there is one.
    """

    id: int
    text: str
    code: bytes | None


class Publisher(ModelPublisher):
    """Writes documents, where their files are, and their vectors; reads what a writer has to know.

    Every method raises CatalogUnusable if the catalogue can't be written, for example because the disk is
    full; then that method has changed nothing.
    """

    # Libraries and the files in them

    def add_library(self, root: Root) -> int:
        """The number of the library with this root, made if needed."""
        with self._transaction() as db:
            db.execute("INSERT INTO libraries (root) VALUES (?) ON CONFLICT DO NOTHING", (str(root),))
            return int(db.execute("SELECT id FROM libraries WHERE root = ?", (str(root),)).fetchone()[0])

    def libraries(self) -> dict[Root, int]:
        """The roots of all libraries, with their numbers."""
        rows = self._rows("SELECT id, root FROM libraries ORDER BY root")
        return {as_root(root): id_ for id_, root in rows}

    def forget_library(self, library: int) -> int:
        """Removes a library, and the documents that no other library holds. Returns how many documents."""
        with self._transaction() as db:
            rows = db.execute(_HELD + " WHERE library_id = ? AND document IS NOT NULL", (library,))
            held = {row[0] for row in rows}
            db.execute("DELETE FROM libraries WHERE id = ?", (library,))
            return sum(let_go(db, key) for key in held)

    def recorded(self, library: int) -> dict[str, Recorded]:
        """What is known of each file of a library, by its path."""
        rows = self._rows(
            "SELECT l.path, l.size, l.modified_ns, l.document, l.failure, coalesce(d.extractor, '-') = '',"
            " l.reason FROM locations l LEFT JOIN documents d ON d.key = l.document WHERE l.library_id = ?",
            (library,),
        )
        return {
            path: Recorded(FileState(size, modified), document, failure, bool(stale), reason)
            for path, size, modified, document, failure, stale, reason in rows
        }

    def document_key(self, document_id: str) -> int | None:
        """The key of the document with this id, if a file holds it and it need not be read again.

        One that is only attached to others does not count: its id is what the process that read it has said,
        and a file must not get the text that a hostile one has made up.
        """
        rows = self._rows(KNOWN, (document_id,))
        return rows[0][0] if rows else None

    def settle(self, known: Mapping[Place, tuple[FileState, int]], gone: Iterable[Place]) -> None:
        """Records which files hold documents the catalogue already has, and which files are gone.

        All in one step, so that files which swapped their names leave no document without a file.

        Args:
            known: state and document key by file.
            gone: files that are there no more; documents that only they held are removed.
        """
        with self._transaction() as db:
            held: list[tuple[int, int | None]] = []
            for place, (state, document) in known.items():
                if document not in self._held(db, place):
                    log_names(db, document)
                held += [(key, document) for key in self._place(db, place, state, document)]
            for place in gone:
                held += [(key, None) for key in self._held(db, place)]
                db.execute(
                    "DELETE FROM locations WHERE library_id = ? AND path = ?", (place.library_id, place.path)
                )
            for key, successor in held:
                let_go(db, key, successor)

    def fail(self, place: Place, state: FileState, error: ExtractionFailed) -> None:
        """Records why a file could not be read. A document that only this file held is removed.

        A document that was only to be read again (see `Recorded`), from an unchanged file, stays as it is.
        """
        with self._transaction() as db:
            held = self._held(db, place)
            if self._is_stale(db, place, state):
                return
            db.execute(
                "INSERT INTO locations (library_id, path, size, modified_ns, failure, reason)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (library_id, path) DO UPDATE SET"
                " size = excluded.size, modified_ns = excluded.modified_ns, document = NULL,"
                " failure = excluded.failure, reason = excluded.reason",
                (place.library_id, place.path, state.size, state.modified_ns, error.kind, str(error)),
            )
            for key in held:
                let_go(db, key)

    # Documents

    def publish(
        self, document: Document, passages: Sequence[Passage], model: Model, files: dict[Place, FileState]
    ) -> None:
        """Adds a document with its passages, which then wait for their vectors; `files` hold it.

        If the document was there already, and was to be read again, the new one replaces it in all files.
        """
        with self._transaction() as db:
            key = self._add(db, document, passages, model)
            for place, state in files.items():
                for replaced in self._place(db, place, state, key):
                    let_go(db, replaced, key)

    def titles(self) -> list[tuple[str, str, int, int]]:
        """Id, title, number of pages and bytes of the text of each document."""
        return self._rows("SELECT id, title, page_count, text_bytes FROM documents ORDER BY key")

    def first_page(self, document_id: str) -> str:
        """The text of a document's first page; "" if there is none."""
        rows = self._rows("SELECT key FROM documents WHERE id = ?", (document_id,))
        return "".join(page.text for (key,) in rows for page in self._texts.pages(key, 1, 1))

    def read_again(self, document_ids: Sequence[str]) -> None:
        """Has documents that are in files read again on the next run."""
        with self._transaction() as db:
            db.executemany(
                "UPDATE documents SET extractor = '' WHERE id = ?"
                " AND EXISTS (SELECT 1 FROM locations WHERE document = key)",
                [(id_,) for id_ in document_ids],
            )

    def documents_without_passages(self, model: Model) -> list[int]:
        """Keys of the documents with text that have not been split for `model` yet."""
        rows = self._rows(
            "SELECT key FROM documents WHERE text_bytes > 0 AND key NOT IN"
            " (SELECT document FROM splits WHERE model = ?) ORDER BY key",
            (model.id,),
        )
        return [row[0] for row in rows]

    def document(self, key: int) -> Document:
        """A document as it was published."""
        id_, title, author, created, modified, outline, extractor, language = self._rows(
            "SELECT id, title, author, created, modified, outline, extractor, language FROM documents"
            " WHERE key = ?",
            (key,),
        )[0]
        sections = self._rows("SELECT start, heading FROM sections WHERE document = ? ORDER BY start", (key,))
        unread = self._rows("SELECT page, kind FROM unread WHERE document = ? ORDER BY page, kind", (key,))
        return Document(
            id_,
            title,
            author,
            created,
            modified,
            tuple(OutlineEntry(*entry) for entry in json.loads(outline)),
            tuple(self._texts.pages(key)),
            extractor,
            tuple(Section(*section) for section in sections),
            language,
            unread=tuple(Unread(*row) for row in unread),
        )

    def add_passages(self, key: int, document: Document, passages: Sequence[Passage], model: Model) -> None:
        """Adds a document's passages for another model; they then wait for their vectors."""
        with self._transaction() as db:
            add_passages(db, model, key, document, passages)

    # Vectors

    def pending(self, model: Model, limit: int) -> list[PendingPassage]:
        """The first passages of a model that wait for a vector, by ascending id.

        Raises:
            CatalogUnusable: a vector that a passage with the same text has is damaged.
        """
        with self._snapshot():  # another thread may be about to remove a document
            rows = self._rows(
                "SELECT p.id, w.context, s.document, p.start, p.stop, p.hash, w.code"
                " FROM pending w JOIN passages p ON p.id = w.passage"
                " JOIN splits s ON s.first = (SELECT max(first) FROM splits WHERE first <= p.id)"
                " WHERE s.model = ? ORDER BY w.passage LIMIT ?",
                (model.id, limit),
            )
            known = known_codes(self._rows, [hash_ for *_, hash_, code in rows if code is None], model)
            require_code_length([code for *_, code in rows if code is not None], model)
            return [
                PendingPassage(id_, context + as_embedded(self._texts.span(*span)), code or known.get(hash_))
                for id_, context, *span, hash_, code in rows
            ]

    def store_vectors(self, passages: Sequence[int], codes: Sequence[bytes]) -> None:
        """Stores the vectors of pending passages.

        Args:
            passages: ids, ascending, the lowest pending ones: indexes follow in ascending order. Those that
                were removed in the meantime are left out.
            codes: aligned with `passages`; see `stackroom.catalog.vector_codes`.
        """
        with self._transaction() as db:
            add_vectors(db, passages, codes)
            log_change(db, "embedded", passages[0], passages[-1])

    def trim_changes(self) -> None:
        """Drops changes so old that every server has long followed them."""
        with self._transaction() as db:
            db.execute(
                "DELETE FROM changes WHERE seq <= (SELECT max(seq) FROM changes) - ?", (_CHANGES_KEPT,)
            )

    # Inside a transaction

    def _add(
        self,
        db: Sql,
        document: Document,
        passages: Sequence[Passage],
        model: Model,
        codes: Sequence[bytes | None] | None = None,
    ) -> int:
        """Adds a document; it takes the place of one with the same id. Returns its key."""
        before = db.execute(
            "UPDATE documents SET id = id || ' before' WHERE id = ? RETURNING key", (document.id,)
        ).fetchone()
        key = add_document(db, document, compact=self._compact)
        db.execute("DELETE FROM successors WHERE old = ?", (document.id,))
        add_passages(db, model, key, document, passages, codes)
        for (old,) in [before] if before else ():
            self._carry_scans(db, old, key, document)
            for table in ("locations", "attachments"):
                db.execute(f"UPDATE {table} SET document = ? WHERE document = ?", (key, old))  # noqa: S608
            attached = attached_to(db, old)
            take_over(db, old, key)
            remove_document(db, old)
            drop_unheld(db, attached)
        return key

    def _place(self, db: Sql, place: Place, state: FileState, document: int) -> list[int]:
        """Records which document a file holds. Returns the key of the one it held before, if another."""
        held = self._held(db, place)
        db.execute(
            "INSERT INTO locations (library_id, path, size, modified_ns, document) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (library_id, path) DO UPDATE SET size = excluded.size,"
            " modified_ns = excluded.modified_ns, document = excluded.document,"
            " failure = NULL, reason = NULL",
            (place.library_id, place.path, state.size, state.modified_ns, document),
        )
        return [key for key in held if key != document]

    @staticmethod
    def _carry_scans(db: Sql, before: int, key: int, document: Document) -> None:
        """Notes which pages have their text from OCR still: those that do not wait for it any more."""
        db.execute(
            "INSERT INTO scans (document, page, state, text, confidence, reason, words)"
            " SELECT ?, page, state, '', confidence, '', words FROM scans WHERE document = ?"
            " AND state = 'published' AND page IN (SELECT CAST(value AS BIGINT) FROM json_each(?))"
            " ON CONFLICT DO NOTHING",
            (key, before, json.dumps(document.recognised)),
        )

    @staticmethod
    def _is_stale(db: Sql, place: Place, state: FileState) -> bool:
        """Whether a file is unchanged, and holds a document that is to be read again (see `Recorded`)."""
        row = db.execute(
            "SELECT 1 FROM locations l JOIN documents d ON d.key = l.document AND d.extractor = ''"
            " WHERE l.library_id = ? AND l.path = ? AND l.size = ? AND l.modified_ns = ?",
            (place.library_id, place.path, state.size, state.modified_ns),
        ).fetchone()
        return row is not None

    @staticmethod
    def _held(db: Sql, place: Place) -> list[int]:
        """The key of the document that a file held until now, if any."""
        rows = db.execute(_HELD + " WHERE library_id = ? AND path = ?", (place.library_id, place.path))
        return [row[0] for row in rows if row[0] is not None]
