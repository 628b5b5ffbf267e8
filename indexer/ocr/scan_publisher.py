"""Stores what OCR reads: page by page at first, then all of it at once, in the document.

The document keeps its id but gets a new key, because what a key stands for never changes: servers
rely on that.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from indexer.ocr.earlier_scans import moved_sections, with_earlier_scans
from indexer.ocr.tesseract import ADDED
from indexer.store.attachment_publisher import AttachmentPublisher
from indexer.store.document_rows import add_document, add_passages, remove_document
from stackroom.catalog.entries import Location, Model, locations
from stackroom.common.documents import Document, Passage
from stackroom.common.roots import Root
from stackroom.page.alignment import count_letters
from stackroom.page.own_marks import with_marks_of, without_imitations, without_marks
from stackroom.page.word_boxes import WordBox, pack, unpack, without_places

# If OCR finds fewer letters than this share of those in the PDF's own text, it has missed something.
_FEWEST_LETTERS = 0.5


@dataclass(frozen=True, slots=True)
class ScannedDocument:
    """A document with pages that wait for OCR, or with text from OCR that is not published yet.

    Attributes:
        key: in the catalogue.
        language: of its other text, in ISO 639-1; empty if it has none.
        waiting: numbers of the pages that wait, ascending.
        files: where it is, each with the file's state when it was indexed.
    """

    key: int
    language: str
    waiting: tuple[int, ...]
    files: tuple[Location, ...]


class ScanPublisher(AttachmentPublisher):
    """A writer's connection for what OCR reads. Every method raises as a `Publisher`'s do."""

    def scanned_documents(self) -> list[int]:
        """Keys of the documents that OCR is not done with, in the order in which they were published."""
        states = "('waiting', 'read')"
        rows = self._rows(f"SELECT DISTINCT document FROM scans WHERE state IN {states} ORDER BY document")  # noqa: S608
        return [row[0] for row in rows]

    def scanned_document(self, key: int) -> ScannedDocument:
        """The document with this key."""
        ((language,),) = self._rows("SELECT language FROM documents WHERE key = ?", (key,))
        pages = self._rows(
            "SELECT page FROM scans WHERE document = ? AND state = 'waiting' ORDER BY page", (key,)
        )
        return ScannedDocument(key, language, tuple(row[0] for row in pages), locations(self._rows, key))

    def scan_states(self, document_id: str) -> dict[int, str]:
        """The pages of a document that OCR is for, or was for, by number: "waiting", "read", "published" or
        "failed".
        """
        rows = self._rows(
            "SELECT s.page, s.state FROM scans s JOIN documents d ON d.key = s.document WHERE d.id = ?",
            (document_id,),
        )
        return dict(rows)

    def waiting_scans(self) -> int:
        """How many pages wait for OCR."""
        return int(self._rows("SELECT count(*) FROM scans WHERE state = 'waiting'")[0][0])

    def keep_scan(self, key: int, page: int, text: str, confidence: int, words: Sequence[WordBox]) -> None:
        """Keeps what was read on a page until the document's other pages are read."""
        with self._transaction() as db:
            db.execute(
                "UPDATE scans SET state = 'read', text = ?, confidence = ?, words = ?"
                " WHERE document = ? AND page = ?",
                (text, confidence, pack(words), key, page),
            )

    def fail_scan(self, key: int, page: int, reason: str) -> None:
        """Records why a page could not be read."""
        with self._transaction() as db:
            db.execute(
                "UPDATE scans SET state = 'failed', reason = ? WHERE document = ? AND page = ?",
                (reason, key, page),
            )

    def fail_scans(self, key: int, reason: str) -> int:
        """Records why the pages of a document that still wait could not be read; returns how many."""
        with self._transaction() as db:
            pages = db.execute(
                "UPDATE scans SET state = 'failed', reason = ? WHERE document = ? AND state = 'waiting'"
                " RETURNING page",
                (reason, key),
            )
            return len(pages.fetchall())

    def drop_scan(self, key: int, page: int) -> None:
        """Records that a page is no scan."""
        with self._transaction() as db:
            db.execute("DELETE FROM scans WHERE document = ? AND page = ?", (key, page))

    def retry_scans(self, only: Collection[Root] | None = None) -> None:
        """Makes the pages that could not be read wait again; with `only`, of what these files hold."""
        failed = self._rows("SELECT DISTINCT document FROM scans WHERE state = 'failed'")
        with self._transaction() as db:
            db.executemany(
                "UPDATE scans SET state = 'waiting', reason = '' WHERE state = 'failed' AND document = ?",
                [(key,) for (key,) in failed if self._is_held(key, only)],
            )

    def with_earlier_scans(self, document: Document) -> Document:
        """A document that was read again, with what OCR has read of its pages before; see `publish`."""
        rows = self._rows(
            "SELECT s.page, s.document FROM scans s JOIN documents d ON d.key = s.document"
            " WHERE d.id = ? AND d.extractor = '' AND s.state = 'published'",
            (document.id,),
        )
        if not rows:
            return document
        texts = {page.number: page.text for page in self._texts.pages(rows[0][1])}
        return with_earlier_scans(
            document, {page: without_marks(texts[page]).rstrip() + "\n" for page, _ in rows}
        )

    def recognised(self, key: int, made_by: str) -> Document:
        """The document with the text that OCR read.

        Text that begins with ADDED comes after the page's own. Other text takes its place, but not if OCR has
        missed most of it.

        Args:
            key: of the document.
            made_by: name and version of the program that read the pages.
        """
        document = self.document(key)
        rows = self._rows("SELECT page, text FROM scans WHERE document = ? AND state = 'read'", (key,))
        texts = {number: without_imitations(text) for number, text in rows if text}
        pages = tuple(
            replace(page, text=_joined(page.text, texts[page.number])) if page.number in texts else page
            for page in document.pages
        )
        if pages == document.pages:
            return document
        extractor = ", ".join(dict.fromkeys((*document.extractor.split(", "), made_by)))
        return replace(document, pages=pages, sections=moved_sections(document, pages), extractor=extractor)

    def _words_of(self, key: int, document: Document, numbers: Sequence[int]) -> dict[int, bytes | None]:
        """The boxes of the words of these pages, as they are stored with the pages' new texts."""
        rows = self._rows("SELECT page, text, words FROM scans WHERE document = ? AND state = 'read'", (key,))
        texts = {page.number: page.text for page in document.pages}
        return {
            page: _after_own(unpack(words), texts[page]) if words and read.startswith(ADDED) else words
            for page, read, words in rows
            if page in numbers
        }

    def replace(
        self,
        key: int,
        document: Document,
        passages: Sequence[Passage],
        model: Model,
        codes: Sequence[bytes | None] | None = None,
    ) -> None:
        """Replaces the document with this key by one with text from OCR, which has the same id.

        The new passages wait for their vectors, unless `codes` has these: see `document_rows.add_passages`.
        One whose text was there before is not embedded again.
        """
        before = {page.number: page.text for page in self.document(key).pages}
        new = [page.number for page in document.pages if page.text != before[page.number]]
        with self._transaction() as db:
            words = self._words_of(key, document, new)
            db.executemany(
                "UPDATE scans SET state = 'published', text = '', words = ? WHERE document = ? AND page = ?",
                [(words[number], key, number) for number in new],
            )
            db.execute("DELETE FROM scans WHERE document = ? AND state = 'read'", (key,))
            if not new:
                return
            db.execute("UPDATE documents SET id = '' WHERE key = ?", (key,))  # makes room for its successor
            successor = add_document(db, document, compact=self._compact)
            add_passages(db, model, successor, document, passages, codes)
            for table in ("locations", "scans", "attachments"):
                db.execute(f"UPDATE {table} SET document = ? WHERE document = ?", (successor, key))  # noqa: S608
            db.execute("UPDATE attachments SET container = ? WHERE container = ?", (successor, key))
            remove_document(db, key)


def _after_own(words: Sequence[WordBox], text: str) -> bytes:
    """The boxes of the words that OCR has added to a page's own, packed with the number of letters before."""
    return pack((*without_places(count_letters(text) - sum(word.letters for word in words)), *words))


def _joined(own: str, read: str) -> str:
    """A page's text after OCR, from its own and from what OCR read."""
    if read.startswith(ADDED):
        return own + read if own else read.removeprefix(ADDED)
    return with_marks_of(read, own) if _is_more(read, without_marks(own)) else own


def _is_more(read: str, own: str) -> bool:
    """Whether OCR's text may take the place of the PDF's own: it must not have missed most of it."""
    letters, own_letters = (sum(map(str.isalnum, text)) for text in (read, own))
    return letters > 0 and letters >= _FEWEST_LETTERS * own_letters
