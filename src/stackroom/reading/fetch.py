"""From an id to a document, a part of it, one of its pages, or the PDF itself: `Reader.fetch` and its kin."""

import os
from pathlib import Path

from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import DocumentEntry, FoundPassage, Location, is_unchanged
from stackroom.catalog.folder_notes import read_notes
from stackroom.common.data_folder import COPIES, LEFT_OUT
from stackroom.common.documents import AttachmentPlace
from stackroom.common.errors import ExtraMissing, SourceAway, UnknownDocument, UnknownPart
from stackroom.common.roots import RemotePath
from stackroom.page.parts import MARK_CHARACTERS, Division, split_id
from stackroom.page.text import last_line, marked_text
from stackroom.reading.in_memory import InMemory, Turn
from stackroom.reading.results import Fetched, PageOfFile
from stackroom.reading.source_files import SourceFiles

# Long documents whose division into parts is kept in memory.
_DIVISIONS = 256


class Fetching:
    """Gives documents by their ids. `Reader` has its methods, and describes their arguments."""

    def __init__(self, turn: Turn, fetch_characters: int) -> None:
        """Reads nothing yet. `fetch_characters` are the most of one answer's text, if it is not told more."""
        self._turn = turn
        self._fetch_characters = fetch_characters
        # By the catalogue's opening and the document's key, as a document of one key never changes.
        self._divisions: dict[tuple[int, int], Division] = {}
        self._source_files: dict[Path, SourceFiles] = {}  # by the folder of the copies

    def fetch(self, id_: str, limit: int | None) -> Fetched:
        """See `Reader.fetch`."""
        document_id, wanted = split_id(id_)
        with self._turn.at_one_moment() as memory:
            catalog = self._turn.catalog
            entry = _entry(catalog, document_id)
            if limit is None:
                division = self._division(entry.key, memory)
            else:
                division = Division(catalog.page_lengths(entry.key), limit)
            part = division.asked(wanted)
            text = marked_text(catalog.pages(entry.key, part.first, part.last), part)
            ocr_pages = catalog.ocr_pages(entry.key, part.first, part.last)
            unread_pages = catalog.unread_pages(entry.key, part.first, part.last)
            unread = catalog.unread(entry.key, part.first, part.last)
        after, before = division.after(part), division.before(part)
        next_id = division.id(entry.id, after) if after else ""
        number = division.number(part.first, part.start)
        if after or before:
            text += "\n" + last_line(number, len(division.parts), part, entry.page_count, next_id)
        return Fetched(
            entry,
            division.id(entry.id, part),
            text,
            part,
            number,
            len(division.parts),
            next_id,
            division.id(entry.id, before) if before else "",
            ocr_pages,
            unread_pages,
            unread,
        )

    def page(self, document_id: str, number: int) -> PageOfFile:
        """See `Reader.page`."""
        with self._turn.at_one_moment():
            catalog = self._turn.catalog
            entry = _entry(catalog, document_id)
            pages = catalog.pages(entry.key, number, number) if number <= entry.page_count else []
            ocr = catalog.ocr_pages(entry.key, number, number) if pages else {}
            words = catalog.word_boxes(entry.key, number) if ocr else ()
            is_unread = bool(catalog.unread_pages(entry.key, number, number))
            unread = tuple(catalog.unread(entry.key, number, number))
        if not pages:
            raise UnknownPart(f"This document has {entry.page_count} pages, so none numbered {number}.")
        file, inside, why_not = self._readable(entry)
        return PageOfFile(entry, pages[0], file, ocr.get(number), words, inside, is_unread, unread, why_not)

    def file(self, document_id: str) -> tuple[DocumentEntry, Path, AttachmentPlace | None]:
        """See `Reader.file`."""
        with self._turn.at_one_moment():
            entry = _entry(self._turn.catalog, document_id)
        file, inside, why_not = self._readable(entry)
        if file is None:
            raise UnknownDocument(f"The PDF of document {document_id!r} can't be shown: {why_not}.")
        return entry, file, inside

    def part_id(self, key: int, place: FoundPassage, memory: InMemory) -> str:
        """The id that fetches the part of a document that a passage is in; to be called in a turn.

        Args:
            key: of the document.
            place: where the passage is.
            memory: of the same turn.
        """
        # Bytes are at least as many as characters: a document that fits by its bytes has one part.
        if place.text_bytes + place.page_count * MARK_CHARACTERS <= self._fetch_characters:
            return place.document_id
        division = self._division(key, memory)
        return division.id(place.document_id, division.part(place.page, place.start))

    def _readable(self, entry: DocumentEntry) -> tuple[Path | None, AttachmentPlace | None, str]:
        """Where the document is in a file that still is as it was when it was indexed, and where in that; or
        None, and why there is none.

        A file behind a link that leads out of its folder counts only if the last run followed such links.
        Else whoever may write into the folder could put a link in the place of a PDF, and have us show any
        file.
        """
        why_not = "the file has been moved or changed and not been indexed again yet"
        for place in entry.locations:
            file = place.file
            if isinstance(file, RemotePath):
                try:
                    return self._sources().copy(place, file), place.inside, ""
                except (SourceAway, ExtraMissing) as error:
                    why_not = str(error).rstrip(".")
            elif is_unchanged(file, place.size, place.modified_ns) and (
                _is_inside(file, place) or _follows_links(place, self._turn.catalog.folder)
            ):
                return file, place.inside, ""
        return None, None, why_not

    def _sources(self) -> SourceFiles:
        folder = self._turn.catalog.folder / COPIES
        return self._source_files.setdefault(folder, SourceFiles(folder))

    def _division(self, key: int, memory: InMemory) -> Division:
        """How a document is divided into parts. It is kept."""
        known = (memory.opening, key)
        if known not in self._divisions:
            if len(self._divisions) >= _DIVISIONS:
                self._divisions.clear()
            self._divisions[known] = Division(self._turn.catalog.page_lengths(key), self._fetch_characters)
        return self._divisions[known]


def _entry(catalog: Catalog, document_id: str) -> DocumentEntry:
    """The document with this id, or the one that took its place.

    Raises:
        UnknownDocument: there is neither.
    """
    # Bytes that are no text come as halves of surrogate pairs, which SQLite refuses.
    entry = catalog.document(document_id.strip().encode(errors="replace").decode())
    if entry is None:
        raise UnknownDocument(
            f"No document has the id {document_id!r}. Use an id exactly as a search result gives it."
            if document_id.strip()
            else "The id is empty. Use an id exactly as a search result gives it."
        )
    return entry


def _is_inside(file: Path, location: Location) -> bool:
    # The folder itself may be a link: somebody has named it, or moved it and left a link in its place.
    root = Path(os.path.realpath(str(location.root)))
    return Path(os.path.realpath(file)).is_relative_to(root)


def _follows_links(location: Location, notes: Path) -> bool:
    return read_notes(notes / LEFT_OUT).get(str(location.root), {}).get("follow_links") is True
