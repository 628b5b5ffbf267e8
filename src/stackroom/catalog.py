"""Reading the truth: documents, text, passages, vectors. Writing it is `indexer.publish`."""

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from stackroom.documents import OutlineEntry, Page
from stackroom.embedding.embedder import Fingerprint
from stackroom.errors import CatalogUnusable
from stackroom.schema import open_catalog
from stackroom.splits import Split
from stackroom.texts import TextReader

VECTORS_AT_ONCE = 50_000
"""Most vectors read in one call: bounds the copy to some tens of MB, and the time it takes."""

# Passages read at once while their words are indexed.
_TEXTS = 1000

# Pages at the beginning of a document that tell what it is about.
_FIRST_PAGES = 2

_LAST = 2**63 - 1

# The end of a file's name, which says nothing about the document.
_PDF = re.compile(r"\.pdf\Z", re.IGNORECASE)

# To join the split that a passage `p` belongs to.
_SPLIT_OF_P = "JOIN splits s ON s.first = (SELECT max(first) FROM splits WHERE first <= p.id)"


@dataclass(frozen=True, slots=True)
class Model:
    """A model whose vectors the catalogue holds. `id` is the catalogue's own."""

    id: int
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True)
class Change:
    """Something a derived index has to follow: passages `first` to `last`, both inclusive."""

    kind: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Location:
    """A file that holds a document: `path` is relative to `root`, with forward slashes.

    Attributes:
        size: in bytes, when it was indexed.
        modified_ns: its modification time then, in nanoseconds since the epoch.
    """

    root: Path
    path: str
    size: int
    modified_ns: int

    @property
    def file(self) -> Path:
        """The absolute path. If the library is a single PDF, `root` is that file."""
        return self.root if self.root.name == self.path and not self.root.is_dir() else self.root / self.path


@dataclass(frozen=True, slots=True)
class Record:
    """A document without its pages, and where it is. See `stackroom.documents.Document`."""

    key: int
    id: str
    title: str
    author: str
    created: str
    modified: str
    outline: tuple[OutlineEntry, ...]
    extractor: str
    page_count: int
    locations: tuple[Location, ...]


@dataclass(frozen=True, slots=True)
class PassageText:
    """A passage with all that it is found by.

    Attributes:
        passage: its id.
        split: the first passage of the same document.
        language: of the document; see `stackroom.documents.Document`.
        title: of the document.
        heading: of the sections it stands in; empty if they have none.
        text: its own.
    """

    passage: int
    split: int
    language: str
    title: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class DocumentText:
    """What a document as a whole is found by.

    Attributes:
        split: its first passage.
        language: see `stackroom.documents.Document`.
        names: of its files, with their folders.
        text: the same, its title, author and date, and its first pages.
    """

    split: int
    language: str
    names: str
    text: str


@dataclass(frozen=True, slots=True)
class Description:
    """What a document can be chosen by. See `stackroom.documents.Document`.

    `paths` are of its files, from the name of their library on: what is above it is nobody's business.
    """

    split: Split
    id: str
    title: str
    author: str
    created: str
    modified: str
    language: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage with the page it is on.

    Attributes:
        document_id, title: of its document.
        page, page_label: 1-based number, and what is printed.
        page_text: of the whole page.
        start, stop: offsets of the passage in it; `stop` is not included.
        ocr_confidence: how sure OCR was of the page's text, in percent; None if the PDF has the text itself.
    """

    document_id: str
    title: str
    page: int
    page_label: str
    page_text: str
    start: int
    stop: int
    ocr_confidence: int | None = None

    @property
    def text(self) -> str:
        """The passage exactly as it stands on the page."""
        return self.page_text[self.start : self.stop]


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be indexed, or the page of one that OCR could not read.

    Attributes:
        path: absolute.
        reason: for a person.
        kind: a FailureKind; "ocr" for a page.
    """

    path: str
    reason: str
    kind: str


@dataclass(frozen=True, slots=True)
class Status:
    """What the catalogue holds.

    Attributes:
        documents, pages, passages: how many.
        without_text: absolute paths of files in which no page has text, nor is a scan.
        scans_read, scans_waiting: pages whose text is from OCR, and those that wait for it.
        scans_failed: pages that OCR could not read.
        pending: passages that have no vector yet.
        illegible: passages that never get one, because the model can't read them.
        failures: files that could not be indexed.
        model, model_digest: name and digest of the model whose vectors are searched; None before the first.
        text_bytes: of all extracted text, in UTF-8.
        index_bytes: of all files in the index folder.
        libraries: absolute paths of the folders (or single PDFs) that were indexed.
    """

    documents: int
    pages: int
    passages: int
    without_text: tuple[str, ...]
    scans_read: int
    scans_waiting: int
    scans_failed: tuple[Failure, ...]
    pending: int
    illegible: int
    failures: tuple[Failure, ...]
    model: str | None
    model_digest: str | None
    text_bytes: int
    index_bytes: int
    libraries: tuple[str, ...]


class Catalog:
    """A reader's connection. Not thread-safe: its owner takes turns.

    Every method raises CatalogUnusable if SQLite can't answer.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """Opens the catalogue at `path`. Raises as `open_catalog` does."""
        self._path = path
        self._create = create
        self._opened = 0
        self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything read inside the block is of one moment."""
        self._rows("BEGIN")
        try:
            yield
        finally:
            self._rows("COMMIT")

    def follow_file(self) -> None:
        """Opens the file that is at the path now, if the one that was opened has been deleted or replaced."""
        try:
            there = self._path.stat()
        except FileNotFoundError:
            pass
        else:
            if (there.st_dev, there.st_ino) == self._file:
                return
        self._connection.close()
        self._open()

    def version(self) -> tuple[int, int]:
        """How often the file was opened anew, and a number that changes with each commit to it; cheap.

        If the first number has changed, nothing that was read before is of this catalogue.
        """
        return self._opened, int(self._rows("PRAGMA data_version")[0][0])

    def model(self) -> Model | None:
        """The model whose vectors are searched; None before the first indexing."""
        rows = self._rows("SELECT id, name, digest, dimensions, passage_tokens FROM models WHERE current = 1")
        return Model(rows[0][0], Fingerprint(*rows[0][1:])) if rows else None

    def id(self) -> int:
        """A number that another catalogue hardly has: what is derived from this one fits no other."""
        return int(self._rows("PRAGMA application_id")[0][0])

    def last_change(self) -> int:
        """The sequence number of the newest change; 0 if there is none."""
        return int(self._rows("SELECT coalesce(max(seq), 0) FROM changes")[0][0])

    def changes_since(self, seq: int) -> list[Change] | None:
        """The changes after `seq`, in order; None if some are no longer kept: then load everything.

        None as well if `seq` is yet to come: then it was another catalogue's, or this one's before an older
        copy was put back.
        """
        oldest, newest = self._rows("SELECT coalesce(min(seq), 1), coalesce(max(seq), 0) FROM changes")[0]
        if not oldest - 1 <= seq <= newest:
            return None
        rows = self._rows("SELECT kind, first, last FROM changes WHERE seq > ? ORDER BY seq", (seq,))
        return [Change(*row) for row in rows]

    def vectors(self, model: Model, first: int = 0, last: int = _LAST) -> tuple[list[int], list[bytes]]:
        """The vectors of a model's passages with ids from `first` to `last`, both inclusive; the first ones.

        Returns:
            Aligned passage ids, ascending, and codes (see `stackroom.codes`), at most VECTORS_AT_ONCE;
            without the passages that the model can't read.
        """
        ids: list[int] = []
        codes: list[bytes] = []
        for start, stop in self._ranges(model, first, last):
            rows = self._rows(
                "SELECT passage, code FROM vectors WHERE passage BETWEEN ? AND ? AND length(code) > 0"
                " ORDER BY passage LIMIT ?",
                (start, stop, VECTORS_AT_ONCE - len(ids)),
            )
            ids += [row[0] for row in rows]
            codes += [row[1] for row in rows]
            if len(ids) == VECTORS_AT_ONCE:
                break
        return ids, codes

    def words(self, model: Model, first: int = 0, last: int = _LAST) -> Iterator[PassageText]:
        """A model's passages with ids from `first` to `last`, both inclusive, in order."""
        for start, stop in self._ranges(model, first, last):
            while start <= stop:
                rows = self._rows(
                    "SELECT p.id, s.first, d.language, d.title, coalesce((SELECT h.heading FROM sections h"  # noqa: S608
                    "  WHERE h.document = d.key AND h.start <= p.start ORDER BY h.start DESC LIMIT 1), ''),"
                    f" d.key, p.start, p.stop FROM passages p {_SPLIT_OF_P} JOIN documents d"
                    " ON d.key = s.document WHERE p.id BETWEEN ? AND ? ORDER BY p.id LIMIT ?",
                    (start, stop, _TEXTS),
                )
                for row in rows:
                    passage, split, language, title, heading, key, begin, end = row
                    text = self._texts.span(key, begin, end)
                    yield PassageText(passage, split, language, title, heading, text)
                start = rows[-1][0] + 1 if rows else stop + 1

    def first_words(self, model: Model, first: int = 0, last: int = _LAST) -> Iterator[DocumentText]:
        """A model's documents that have passages with ids from `first` to `last`, both inclusive."""
        rows = self._rows(
            "SELECT s.first, d.language, d.title, d.author, d.created, d.key, coalesce((SELECT g.start"
            "  FROM pages g WHERE g.document = d.key AND g.number = ?), 0) FROM splits s"
            " JOIN documents d ON d.key = s.document WHERE s.model = ? AND s.first <= ?"
            " AND s.first >= coalesce((SELECT max(first) FROM splits WHERE first <= ?), 0) ORDER BY s.first",
            (_FIRST_PAGES + 1, model.id, last, first),
        )
        for split, language, title, author, created, key, stop in rows:
            paths = [_PDF.sub("", location.path) for location in self._locations(key)]
            # A number alone counts scans or downloads; it would be found by any question with that number.
            names = "\n".join(path for path in paths if any(map(str.isalpha, path)))
            pages = self._texts.start(key, stop or _LAST)
            text = "\n".join([names, title, author, created, pages])
            yield DocumentText(split, language, names, text)

    def splits(self, model: Model, first: int = 0, last: int = _LAST) -> list[Split]:
        """A model's splits of passages with ids from `first` to `last`, both inclusive, in order."""
        rows = self._rows(
            "SELECT first, last, document FROM splits WHERE model = ? AND first BETWEEN ? AND ?"
            " ORDER BY first",
            (model.id, first, last),
        )
        return [Split(*row) for row in rows]

    def descriptions(self, model: Model) -> list[Description]:
        """A model's documents, in the order of their passages."""
        rows = self._rows(
            "SELECT s.first, s.last, s.document, d.id, d.title, d.author, d.created, d.modified, d.language,"
            " (SELECT json_group_array(json_array(b.root, l.path)) FROM locations l JOIN libraries b"
            "  ON b.id = l.library_id WHERE l.document = d.key)"
            " FROM splits s JOIN documents d ON d.key = s.document WHERE s.model = ? ORDER BY s.first",
            (model.id,),
        )
        described = []
        for *split, id_, title, author, created, modified, language, files in rows:
            paths = tuple(f"{Path(root).name}/{path}" for root, path in json.loads(files))
            about = (id_, title, author, created, modified, language)
            described.append(Description(Split(*split), *about, paths))
        return described

    def passages(self, ids: Sequence[int]) -> dict[int, FoundPassage]:
        """The passages with these ids; those that are no longer there are missing from the answer."""
        rows = self._rows(
            "SELECT p.id, d.id, d.title, p.page, g.label, d.key, g.start, p.start, p.stop,"  # noqa: S608
            " coalesce((SELECT start FROM pages WHERE document = d.key AND number = p.page + 1), ?),"
            " (SELECT confidence FROM scans WHERE document = d.key AND page = p.page AND state = 'published')"
            f" FROM passages p {_SPLIT_OF_P} JOIN documents d ON d.key = s.document"
            " JOIN pages g ON g.document = d.key AND g.number = p.page"
            " WHERE p.id IN (SELECT value FROM json_each(?))",
            (_LAST, json.dumps(list(ids))),
        )
        found = {}
        for id_, document_id, title, page, label, key, page_start, start, stop, page_stop, ocr in rows:
            text = self._texts.span(key, page_start, page_stop)
            place = start - page_start, stop - page_start
            found[id_] = FoundPassage(document_id, title, page, label or str(page), text, *place, ocr)
        return found

    def document(self, document_id: str) -> Record | None:
        """The document with this id, or the one that took its place; None if there is neither."""
        seen = set()
        while document_id not in seen:
            seen.add(document_id)
            rows = self._rows(
                "SELECT key, id, title, author, created, modified, outline, extractor, page_count"
                " FROM documents WHERE id = ?",
                (document_id,),
            )
            if rows:
                key, id_, title, author, created, modified, outline, extractor, page_count = rows[0]
                entries = tuple(OutlineEntry(*entry) for entry in json.loads(outline))
                locations = self._locations(key)
                return Record(
                    key, id_, title, author, created, modified, entries, extractor, page_count, locations
                )
            successor = self._rows("SELECT new FROM successors WHERE old = ?", (document_id,))
            if not successor:
                return None
            document_id = successor[0][0]
        return None

    def pages(self, key: int, first: int = 1, last: int = _LAST) -> list[Page]:
        """The pages of the document with this key from `first` to `last`, both inclusive, in order."""
        return self._texts.pages(key, first, last)

    def ocr_pages(self, key: int, first: int = 1, last: int = _LAST) -> dict[int, int]:
        """Which of a document's pages have their text from OCR, and how sure it was, in percent."""
        rows = self._rows(
            "SELECT page, confidence FROM scans WHERE document = ? AND state = 'published'"
            " AND page BETWEEN ? AND ? ORDER BY page",
            (key, first, last),
        )
        return dict(rows)

    def page_lengths(self, key: int) -> list[int]:
        """How many characters each page of the document with this key has, in order."""
        return self._texts.page_lengths(key)

    def extent(self, key: int) -> tuple[int, int]:
        """How many bytes of UTF-8 the text of the document with this key has, and how many pages; quick."""
        rows = self._rows("SELECT text_bytes, page_count FROM documents WHERE key = ?", (key,))
        return tuple(rows[0]) if rows else (0, 0)

    def holdings(self, root: Path) -> dict[str, str]:
        """The ids of the documents that a library's files hold, by the files' paths relative to `root`."""
        rows = self._rows(
            "SELECT l.path, d.id FROM locations l JOIN libraries b ON b.id = l.library_id"
            " JOIN documents d ON d.key = l.document WHERE b.root = ? ORDER BY l.path",
            (str(root),),
        )
        return dict(rows)

    def status(self) -> Status:
        """Counts and failures, all of one moment."""
        with self.snapshot():
            documents, pages, text_bytes = self._rows(
                "SELECT count(*), coalesce(sum(page_count), 0), coalesce(sum(text_bytes), 0) FROM documents"
            )[0]
            model = self.model()
            passages = self._rows(
                "SELECT coalesce(sum(last - first + 1), 0) FROM splits WHERE model = ?",
                (model.id if model else 0,),
            )[0][0]
            pending = self._rows("SELECT count(*) FROM pending")[0][0]
            illegible = self._rows("SELECT count(*) FROM vectors WHERE length(code) = 0")[0][0]
            without_text = self._rows(
                "SELECT b.root, l.path FROM locations l JOIN libraries b ON b.id = l.library_id"
                " JOIN documents d ON d.key = l.document WHERE d.text_bytes = 0"
                " AND NOT EXISTS (SELECT 1 FROM scans WHERE document = d.key) ORDER BY b.root, l.path"
            )
            scans = dict(self._rows("SELECT state, count(*) FROM scans GROUP BY state"))
            scans_failed = self._rows(
                "SELECT b.root, l.path, 'page ' || s.page || ': ' || s.reason, 'ocr' FROM scans s"
                " JOIN locations l ON l.document = s.document JOIN libraries b ON b.id = l.library_id"
                " WHERE s.state = 'failed' ORDER BY b.root, l.path, s.page"
            )
            failures = self._rows(
                "SELECT b.root, l.path, l.reason, l.failure FROM locations l"
                " JOIN libraries b ON b.id = l.library_id WHERE l.failure IS NOT NULL ORDER BY b.root, l.path"
            )
            libraries = self._rows("SELECT root FROM libraries ORDER BY root")
        return Status(
            documents=documents,
            pages=pages,
            passages=passages,
            without_text=tuple(_absolute(root, path) for root, path in without_text),
            pending=pending,
            illegible=illegible,
            scans_read=scans.get("published", 0),
            scans_waiting=scans.get("waiting", 0) + scans.get("read", 0),
            scans_failed=_failures(scans_failed),
            failures=_failures(failures),
            model=model.fingerprint.name if model else None,
            model_digest=model.fingerprint.digest if model else None,
            text_bytes=text_bytes,
            index_bytes=_file_bytes(self._path.parent),
            libraries=tuple(row[0] for row in libraries),
        )

    def _open(self) -> None:
        self._connection = open_catalog(self._path, create=self._create)
        self._rows("PRAGMA query_only = ON")
        opened = self._path.stat()
        self._file = (opened.st_dev, opened.st_ino)
        self._opened += 1
        self._texts = TextReader(self._rows)

    def _ranges(self, model: Model, first: int, last: int) -> list[tuple[int, int]]:
        """The ids of a model's passages from `first` to `last`, both inclusive, as few ranges as may be."""
        rows = self._rows(
            "SELECT first, last FROM splits WHERE model = ? AND first <= ?"
            " AND first >= coalesce((SELECT max(first) FROM splits WHERE first <= ?), 0) ORDER BY first",
            (model.id, last, first),
        )
        ranges: list[tuple[int, int]] = []
        for start, stop in rows:
            start, stop = max(start, first), min(stop, last)
            if ranges and ranges[-1][1] == start - 1:
                start = ranges.pop()[0]
            if start <= stop:
                ranges.append((start, stop))
        return ranges

    def _locations(self, key: int) -> tuple[Location, ...]:
        rows = self._rows(
            "SELECT b.root, l.path, l.size, l.modified_ns FROM locations l"
            " JOIN libraries b ON b.id = l.library_id WHERE l.document = ? ORDER BY b.root, l.path",
            (key,),
        )
        return tuple(Location(Path(root), path, size, modified) for root, path, size, modified in rows)

    def _rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise CatalogUnusable(f"The catalogue {self._path} cannot be read: {error}.") from error


def _failures(rows: Iterable[tuple[Any, ...]]) -> tuple[Failure, ...]:
    return tuple(Failure(_absolute(root, path), *rest) for root, path, *rest in rows)


def _absolute(root: str, path: str) -> str:
    return str(Location(Path(root), path, 0, 0).file)


def _file_bytes(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        with suppress(FileNotFoundError):  # a note or a journal, gone since it was listed
            total += file.stat().st_size if file.is_file() else 0
    return total
