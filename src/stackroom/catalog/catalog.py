"""Reads documents, text, passages and vectors from the catalogue. `indexer.store.publisher` writes them."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Self

from stackroom.catalog.connection import connected
from stackroom.catalog.entries import (
    Change,
    Description,
    DocumentEntry,
    DocumentText,
    FoundPassage,
    Model,
    PassageText,
    attachments,
    current_model,
    locations,
    path_within,
)
from stackroom.catalog.passage_ranges import PassageRange
from stackroom.catalog.paths import PATHS_OF_D, places_in
from stackroom.catalog.text_blocks import TextReader
from stackroom.catalog.vector_codes import code_length
from stackroom.catalog.vector_packs import vectors_between
from stackroom.common.documents import OutlineEntry, Page, Unread
from stackroom.common.postgres.address import StoreAddress
from stackroom.common.roots import Root
from stackroom.page.word_boxes import WordBox, unpack

VECTORS_AT_ONCE = 50_000
"""Most vectors read in one call: bounds the copy to some tens of MB, and the time it takes."""

# Passages read at once while their words are indexed.
_TEXTS = 1000

# Passage ranges read at once.
_RANGES = 1000

# So many pages at the beginning of a document tell what it is about.
_FIRST_PAGES = 2

_LAST = 2**63 - 1

# The end of a file's name, which says nothing about the document.
_PDF = re.compile(r"\.pdf\Z", re.IGNORECASE)

# Joins the passage range `s` that a passage `p` is in.
_RANGE_OF_P = "JOIN splits s ON s.first = (SELECT max(first) FROM splits WHERE first <= p.id)"


class Catalog:
    """What the catalogue holds. A context manager. Not thread-safe: one thread at a time may use it.

    Every method raises CatalogUnusable if SQLite, or the database, can't answer.

    Attributes:
        where: the file, or the database.
        folder: of what is beside the catalogue: locks, and notes about folders.
        rows: gives all rows of a query.
    """

    def __init__(self, where: Path | StoreAddress, *, create: bool = False) -> None:
        """Opens a catalogue. Raises as `schema.open_catalog` does, or StoreAway.

        Args:
            where: a file of SQLite, or a database; that is connected to when something is read.
            create: make an empty one now if there is none. If it disappears later, none is made: only the
                indexer can tell whether to begin anew, or whether a drive is away.
        """
        self.where = where
        self.folder = where.folder if isinstance(where, StoreAddress) else where.parent
        self._connection = connected(where, create=create)
        self.rows = self._connection.rows
        self._texts = TextReader(self.rows)
        self._opened = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def snapshot(self) -> AbstractContextManager[None]:
        """Everything read inside the block is of one moment."""
        return self._connection.snapshot()

    def follow_file(self) -> None:
        """Opens the file that is at the path now if the one that was opened has been deleted or replaced.

        Raises as `open_catalog` does. After CatalogMissing, nothing can be read until a catalogue is there
        again; then the next call opens it.
        """
        if self._connection.follow_file():
            self._texts = TextReader(self.rows)

    def version(self) -> tuple[int, int]:
        """How often another catalogue was found, and a number that changes with each commit to it; cheap.

        If the first number has changed, everything read before came from another one.
        """
        opened, commits = self._connection.version()
        if opened != self._opened:  # of a database; a file was followed before
            self._opened = opened
            self._texts = TextReader(self.rows)
        return opened, commits

    def model(self) -> Model | None:
        """The model whose vectors are searched; None before the first indexing."""
        return current_model(self.rows)

    def id(self) -> int:
        """A random number that identifies this catalogue: an index made from another one is recognised and
        rebuilt.
        """
        return self._connection.id()

    def size(self) -> int:
        """How many bytes it takes, with all that is derived from it."""
        return self._connection.size()

    def last_change(self) -> int:
        """The sequence number of the newest change; 0 if there is none."""
        return int(self.rows("SELECT coalesce(max(seq), 0) FROM changes")[0][0])

    def changes_since(self, seq: int) -> list[Change] | None:
        """The changes after the one with number `seq`, in order; None if the caller has to load everything
        anew.

        That is so if some of the changes are no longer kept, or if `seq` is greater than any change's number:
        then it came from another catalogue, or from this one before an older copy was put back.
        """
        oldest, newest = self.rows("SELECT coalesce(min(seq), 1), coalesce(max(seq), 0) FROM changes")[0]
        if not oldest - 1 <= seq <= newest:
            return None
        rows = self.rows("SELECT kind, first, last FROM changes WHERE seq > ? ORDER BY seq", (seq,))
        return [Change(*row) for row in rows]

    def vectors(
        self, model: Model, first: int = 0, last: int = _LAST, most: int = VECTORS_AT_ONCE
    ) -> tuple[list[int], list[bytes]]:
        """The vectors of a model's passages with ids from `first` to `last`, both inclusive, up to `most`.

        Returns:
            Passage ids, ascending, and aligned with them the vectors' codes (see `vector_codes`). Passages
            that the model can't read are left out.
        """
        ids: list[int] = []
        codes: list[bytes] = []
        length = code_length(model.fingerprint.dimensions)
        for start, stop in self._ranges(model, first, last):
            for more, more_codes in vectors_between(self.rows, start, stop, length):
                ids += more
                codes += more_codes
                if len(ids) >= most:
                    return ids[:most], codes[:most]
        return ids, codes

    def words(self, model: Model, first: int = 0, last: int = _LAST) -> Iterator[PassageText]:
        """A model's passages with ids from `first` to `last`, both inclusive, in order."""
        for start, stop in self._ranges(model, first, last):
            while start <= stop:
                rows = self.rows(
                    "SELECT p.id, s.first, p.page, d.language, d.title,"  # noqa: S608
                    " coalesce((SELECT h.heading FROM sections h"
                    "  WHERE h.document = d.key AND h.start <= p.start ORDER BY h.start DESC LIMIT 1), ''),"
                    f" d.key, p.start, p.stop FROM passages p {_RANGE_OF_P} JOIN documents d"
                    " ON d.key = s.document WHERE p.id BETWEEN ? AND ? ORDER BY p.id LIMIT ?",
                    (start, stop, _TEXTS),
                )
                for row in rows:
                    passage, first_passage, page, language, title, heading, key, text_start, text_stop = row
                    text = self._texts.span(key, text_start, text_stop)
                    yield PassageText(passage, first_passage, page, language, title, heading, text)
                start = rows[-1][0] + 1 if rows else stop + 1

    def first_words(self, model: Model, first: int = 0, last: int = _LAST) -> Iterator[DocumentText]:
        """A model's documents that have passages with ids from `first` to `last`, both inclusive."""
        rows = self.rows(
            "SELECT s.first, d.language, d.title, d.author, d.created, d.key, coalesce((SELECT g.start"
            "  FROM pages g WHERE g.document = d.key AND g.number = ?), 0) FROM splits s"
            " JOIN documents d ON d.key = s.document WHERE s.model = ? AND s.first <= ?"
            " AND s.first >= coalesce((SELECT max(first) FROM splits WHERE first <= ?), 0) AND s.last >= ?"
            " ORDER BY s.first",
            (_FIRST_PAGES + 1, model.id, last, first, first),
        )
        for first_passage, language, title, author, created, key, stop in rows:
            paths = [_PDF.sub("", location.path_within) for location in locations(self.rows, key)]
            # A number alone counts scans or downloads; it would be found by any question with that number.
            names = "\n".join(path for path in paths if any(map(str.isalpha, path)))
            pages = self._texts.start(key, stop or _LAST)
            text = "\n".join([names, title, author, created, pages])
            yield DocumentText(first_passage, language, names, text)

    def passage_ranges(self, model: Model, first: int = 0, last: int = _LAST) -> list[PassageRange]:
        """The passage ranges of a model that begin between `first` and `last`, both inclusive, in order."""
        rows = self.rows(
            "SELECT first, last, document FROM splits WHERE model = ? AND first BETWEEN ? AND ?"
            " ORDER BY first",
            (model.id, first, last),
        )
        return [PassageRange(*row) for row in rows]

    def passage_range(self, model: Model, document: int) -> PassageRange | None:
        """The range of the passages that the document with this key has for a model; None if it has none."""
        rows = self.rows(
            "SELECT first, last, document FROM splits WHERE document = ? AND model = ?", (document, model.id)
        )
        return PassageRange(*rows[0]) if rows else None

    def descriptions(self, model: Model, first: int = 0, last: int = _LAST) -> list[Description]:
        """A model's documents whose first passages have ids from `first` to `last`, both inclusive."""
        return self._described(
            "s.first, s.last",
            "splits s JOIN documents d ON d.key = s.document"
            " WHERE s.model = ? AND s.first BETWEEN ? AND ? ORDER BY s.first",
            (model.id, first, last),
        )

    def descriptions_of(self, model: Model, ids: Sequence[str]) -> list[Description]:
        """Those of a model's documents that have one of these ids, in any order."""
        return self._described(
            "s.first, s.last",
            "splits s JOIN documents d ON d.key = s.document"
            " WHERE s.model = ? AND d.id IN (SELECT value FROM json_each(?))",
            (model.id, json.dumps(list(ids))),
        )

    def descriptions_without_passages(self, model: Model | None) -> list[Description]:
        """The documents that have no passages for a model: they have no text, or wait for it. Their ranges
        are empty.
        """
        return self._described(
            "0, -1",
            "documents d WHERE NOT EXISTS (SELECT 1 FROM splits WHERE document = d.key AND model = ?)"
            " ORDER BY d.key",
            (model.id if model else 0,),
        )

    def _described(self, passages: str, which: str, parameters: Sequence[object]) -> list[Description]:
        rows = self.rows(
            f"SELECT {passages}, d.key, d.id, d.title, d.author, d.created, d.modified, d.language,"  # noqa: S608
            f" {PATHS_OF_D}, d.page_count FROM {which}",
            parameters,
        )
        described = []
        for row in rows:
            first, last, key, id_, title, author, created, modified, language, files, attached, pages = row
            places = [(Path(root).name, path, name) for root, path, name in places_in(files, attached)]
            paths = tuple(f"{library}/{path_within(path, name)}" for library, path, name in places)
            folders = {f"{library}/{path}".rpartition("/")[0]: None for library, path, _ in places}
            ids, about = PassageRange(first, last, key), (title, author, created, modified, language)
            described.append(Description(ids, id_, *about, paths, pages, tuple(folders)))
        return described

    def has_waiting(self) -> bool:
        """Whether passages of the model that is searched wait for their vectors."""
        return bool(
            self.rows(
                "SELECT 1 FROM models m CROSS JOIN splits s CROSS JOIN pending w"
                " WHERE m.current = 1 AND s.model = m.id AND w.passage BETWEEN s.first AND s.last LIMIT 1"
            )
        )

    def passages(self, ids: Sequence[int]) -> dict[int, FoundPassage]:
        """The passages with these ids; those that are no longer there are missing from the answer."""
        rows = self.rows(
            "SELECT p.id, d.id, d.title, p.page, g.label, d.key, g.start, p.start, p.stop,"  # noqa: S608
            " coalesce((SELECT start FROM pages WHERE document = d.key AND number = p.page + 1), ?),"
            " (SELECT max(start) FROM texts WHERE document = d.key AND start <= g.start),"
            " (SELECT confidence FROM scans WHERE document = d.key AND page = p.page AND state = 'published')"
            ", d.language, d.text_bytes, d.page_count"
            f" FROM passages p {_RANGE_OF_P} JOIN documents d ON d.key = s.document"
            " JOIN pages g ON g.document = d.key AND g.number = p.page"
            " WHERE p.id IN (SELECT CAST(value AS BIGINT) FROM json_each(?))",
            (_LAST, json.dumps(list(ids))),
        )
        blocks = self._texts.blocks({(row[5], row[10]) for row in rows})
        found = {}
        for id_, document_id, title, page, label, key, page_start, start, stop, *rest in rows:
            page_stop, block, *about = rest
            text = blocks[key, block][page_start - block : page_stop - block]
            place = start - page_start, stop - page_start
            found[id_] = FoundPassage(document_id, title, page, label or str(page), text, *place, *about)
        return found

    def page_numbers(self, ids: Sequence[int]) -> dict[int, int]:
        """The pages, 1-based, that the passages with these ids are on; without those that are not there."""
        return dict(
            self.rows(
                "SELECT id, page FROM passages WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each(?))",
                (json.dumps(list(ids)),),
            )
        )

    def document(self, document_id: str) -> DocumentEntry | None:
        """The document with this id, or the one that took its place; None if there is neither."""
        seen = set()
        while document_id not in seen:
            seen.add(document_id)
            rows = self.rows(
                "SELECT key, id, title, author, created, modified, outline, extractor, page_count"
                " FROM documents WHERE id = ?",
                (document_id,),
            )
            if rows:
                key, id_, title, author, created, modified, outline, extractor, page_count = rows[0]
                lines = tuple(OutlineEntry(*line) for line in json.loads(outline))
                files = locations(self.rows, key)
                about = key, id_, title, author, created, modified, lines, extractor, page_count
                return DocumentEntry(*about, files, attachments(self.rows, key))
            successor = self.rows("SELECT new FROM successors WHERE old = ?", (document_id,))
            if not successor:
                return None
            document_id = successor[0][0]
        return None

    def pages(self, key: int, first: int = 1, last: int = _LAST) -> list[Page]:
        """The pages of the document with this key from `first` to `last`, both inclusive, in order."""
        return self._texts.pages(key, first, last)

    def ocr_pages(self, key: int, first: int = 1, last: int = _LAST) -> dict[int, int]:
        """The pages whose text is from OCR: number (1-based) → how sure OCR was, in percent."""
        rows = self.rows(
            "SELECT page, confidence FROM scans WHERE document = ? AND state = 'published'"
            " AND page BETWEEN ? AND ? ORDER BY page",
            (key, first, last),
        )
        return dict(rows)

    def unread_pages(self, key: int, first: int = 1, last: int = _LAST) -> list[int]:
        """The numbers of the pages that are scans and that OCR has not read yet, or could not read;
        ascending.
        """
        rows = self.rows(
            "SELECT page FROM scans WHERE document = ? AND state <> 'published' AND page BETWEEN ? AND ?"
            " ORDER BY page",
            (key, first, last),
        )
        return [page for (page,) in rows]

    def unread(self, key: int, first: int = 1, last: int = _LAST) -> list[Unread]:
        """What could not be read of the document with this key, beside scans: of its pages `first` to `last`,
        both inclusive, and of the document as a whole.
        """
        rows = self.rows(
            "SELECT page, kind FROM unread WHERE document = ? AND (page = 0 OR page BETWEEN ? AND ?)"
            " ORDER BY page, kind",
            (key, first, last),
        )
        return [Unread(*row) for row in rows]

    def word_boxes(self, key: int, page: int) -> tuple[WordBox, ...]:
        """Where OCR saw the words of a page; none if the PDF has the text itself, or if that was not kept."""
        rows = self.rows(
            "SELECT words FROM scans WHERE document = ? AND page = ? AND state = 'published'"
            " AND words IS NOT NULL",
            (key, page),
        )
        return unpack(rows[0][0]) if rows else ()

    def page_lengths(self, key: int) -> list[int]:
        """How many characters each page of the document with this key has, in order."""
        return self._texts.page_lengths(key)

    def holdings(self, root: Root) -> dict[str, str]:
        """Path relative to `root` → id of the document in it, for the files of the library at `root`."""
        rows = self.rows(
            "SELECT l.path, d.id FROM locations l JOIN libraries b ON b.id = l.library_id"
            " JOIN documents d ON d.key = l.document WHERE b.root = ? ORDER BY l.path",
            (str(root),),
        )
        return dict(rows)

    def _ranges(self, model: Model, first: int, last: int) -> Iterator[tuple[int, int]]:
        """The ids of a model's passages from `first` to `last`, both inclusive, in few ranges, in order."""
        while rows := self.rows(
            "SELECT first, last FROM splits WHERE model = ?1 AND first <= ?2 AND last >= ?3"
            " AND first >= coalesce((SELECT max(first) FROM splits WHERE first <= ?3), 0)"
            " ORDER BY first LIMIT ?4",
            (model.id, last, first, _RANGES),
        ):
            ranges: list[tuple[int, int]] = []
            for start, stop in rows:
                start, stop = max(start, first), min(stop, last)
                if ranges and ranges[-1][1] == start - 1:
                    start = ranges.pop()[0]
                if start <= stop:
                    ranges.append((start, stop))
            yield from ranges
            first = rows[-1][1] + 1
