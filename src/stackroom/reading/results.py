"""What a fetch gives: a document or a part of it, or a page and the file that shows it."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stackroom.catalog.entries import DocumentEntry, Location
from stackroom.catalog.folder_notes import read_notes
from stackroom.common.data_folder import LEFT_OUT
from stackroom.common.documents import Page, Part
from stackroom.page.word_boxes import WordBox


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document, or the part of a long one that was asked for.

    Attributes:
        record: of the whole document.
        id: of what this is: the document's own, or that of a part.
        text: the part's pages, each after a line such as `[[page 3]]`; unless it is all, a last line says how
            to go on.
        part: which pages it has.
        number, parts: the how manieth part it begins in, from 1, and how many there are.
        next_id, previous_id: of what follows and precedes; empty if nothing does.
        ocr_pages: which of the part's pages have their text from OCR, and how sure it was, in percent.
        unread_pages: which of them are scans that OCR has not read yet, or could not read.
    """

    record: DocumentEntry
    id: str
    text: str
    part: Part
    number: int
    parts: int
    next_id: str
    previous_id: str
    ocr_pages: Mapping[int, int]
    unread_pages: Sequence[int]


@dataclass(frozen=True, slots=True)
class PageOfFile:
    """A page, and where it can be seen.

    Attributes:
        record: of the document, which may have taken the place of the one that was asked for.
        page: with its whole text.
        file: a PDF that still is as it was when the document was indexed; None if there is none.
        ocr_confidence: how sure OCR was of the text, in percent; None if the PDF has the text itself.
        words: where OCR saw them, if that is known.
    """

    record: DocumentEntry
    page: Page
    file: Path | None
    ocr_confidence: int | None
    words: tuple[WordBox, ...]


def unchanged_file(record: DocumentEntry, catalog: Path) -> Path | None:
    """A file of the document that still is as it was when it was indexed; None if there is none.

    One behind a link that leads out of its folder counts only if the last run followed such links: who may
    write there could let a link take the place of a PDF, and have us show what it leads to.

    Args:
        record: of the document.
        catalog: the file, beside which the notes are.
    """
    for location in record.locations:
        if _is_unchanged(location) and (_is_inside(location) or _follows_links(location, catalog)):
            return location.file
    return None


def _is_unchanged(location: Location) -> bool:
    try:
        found = location.file.stat()
    except OSError:
        return False
    return (found.st_size, found.st_mtime_ns) == (location.size, location.modified_ns)


def _is_inside(location: Location) -> bool:
    # The folder itself may be a link: somebody has named it, or moved it and left a link in its place.
    root = Path(os.path.realpath(location.root))
    return Path(os.path.realpath(location.file)).is_relative_to(root)


def _follows_links(location: Location, catalog: Path) -> bool:
    notes = read_notes(catalog.with_name(LEFT_OUT))
    return notes.get(str(location.root), {}).get("follow_links") is True
