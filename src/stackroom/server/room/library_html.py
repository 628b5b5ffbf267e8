"""What is shown of a list of documents: values for the template library.html; pure."""

from collections import Counter
from dataclasses import dataclass
from typing import get_args
from urllib.parse import urlencode

from stackroom.catalog.status import NOT_READ
from stackroom.common.amounts import counted
from stackroom.common.characters.languages import shown_language
from stackroom.reading.listing import DocumentLine, Folder, Listing, Sort
from stackroom.server.room.moments import Moment, written_moment
from stackroom.server.room.shown import Choice, choices, named

PATH = "/library"
EACH = 50
"""Documents of a page."""

_SORTS: tuple[Sort, ...] = get_args(Sort)
_HEADS: tuple[tuple[Sort, str], ...] = (
    ("title", "Document"),
    ("pages", "Pages"),
    ("newest", "Date"),
    ("indexed", "Indexed"),
)


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column, a link that sorts by it; `order` is for aria-sort, empty if another one is."""

    name: str
    address: str
    order: str


@dataclass(frozen=True, slots=True)
class Line:
    """A document. `how` is how its text was read, `remarks` what is unread on it."""

    address: str
    title: str
    author: str
    paths: tuple[str, ...]
    pages: int
    language: str
    date: str
    indexed: Moment
    how: str
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """A folder of the tree, and those below it. `is_open` if the chosen folder is among those."""

    choice: Choice
    below: tuple["Branch", ...]
    is_open: bool


@dataclass(frozen=True, slots=True)
class LibraryPage:
    """Everything that is shown.

    Attributes:
        query: the filter, as it was typed.
        sort: the order.
        total: how many documents the filter lets through.
        unread: if none, how many files could not be read.
        first, last: numbers of those that are shown, from 1.
        heads: of the columns that sort.
        lines: the documents.
        notices: what of the filter was taken as words, in sentences.
        chips: the operators in use, each with the address without it.
        folders: the tree.
        languages, years: further filters.
        previous, next: addresses of the pages before and after; empty if there is none.
    """

    query: str
    sort: Sort
    total: int
    unread: int
    first: int
    last: int
    heads: tuple[Head, ...]
    lines: tuple[Line, ...]
    notices: tuple[str, ...]
    chips: tuple[tuple[str, str], ...]
    folders: tuple[Branch, ...]
    languages: tuple[Choice, ...]
    years: tuple[Choice, ...]
    previous: str
    next: str


def sort_in(text: str) -> Sort:
    """The order that `text` names; by title if it names none."""
    return next((sort for sort in _SORTS if sort == text), "title")


def address(query: str, sort: Sort, start: int = 0) -> str:
    """The address of a page of the list."""
    values = {"q": query, "sort": "" if sort == "title" else sort, "start": str(start) if start else ""}
    given = {name: value for name, value in values.items() if value}
    return PATH + (f"?{urlencode(given)}" if given else "")


def library_page(listing: Listing, query: str, sort: Sort, start: int, unread: int) -> LibraryPage:
    """The values; `start` is how many documents were left out; for `unread` see `LibraryPage`."""
    written = {chip.written for chip in listing.operators}
    stop = start + len(listing.documents)

    def in_this_order(query: str) -> str:
        return address(query, sort)

    # A folder takes the place of the one that is chosen.
    others = next((chip.query for chip in listing.operators if chip.kind == "folder"), query)
    return LibraryPage(
        query,
        sort,
        listing.total,
        unread,
        start + 1,
        stop,
        tuple(Head(name, address(query, by), _order(by) if by == sort else "") for by, name in _HEADS),
        tuple(map(_line, listing.documents)),
        listing.notices,
        tuple((chip.written, address(chip.query, sort)) for chip in listing.operators),
        tuple(_branch(folder, others, sort, written) for folder in listing.folders),
        choices(named(listing.facets.languages), listing.operators, in_this_order),
        choices(listing.facets.years, listing.operators, in_this_order),
        address(query, sort, max(0, start - EACH)) if start else "",
        address(query, sort, stop) if stop < listing.total and listing.documents else "",
    )


def _order(sort: Sort) -> str:
    return "ascending" if sort == "title" else "descending"


def _line(document: DocumentLine) -> Line:
    read_by_ocr, pages = document.ocr_pages, document.pages
    how = "text" if document.has_text else "no text found"
    if read_by_ocr:
        how = "OCR" if read_by_ocr >= pages else f"text, {counted(read_by_ocr, 'page')} OCR"
    if document.waiting_pages >= pages > 0:
        how = "not yet"
    remarks = []
    if document.waiting_pages:
        scans = "is a scan" if document.waiting_pages == 1 else "are scans"
        remarks.append(f"{document.waiting_pages:,} of {counted(pages, 'page')} {scans} without text yet")
    for kind, count in Counter(one.kind for one in document.unread).items():
        remarks.append(f"{counted(count, 'place')} not read: {NOT_READ[kind]}")
    return Line(
        f"/d/{document.id}",
        document.title,
        document.author,
        document.paths,
        pages,
        shown_language(document.language),
        (document.modified or document.created)[:10],
        written_moment(document.indexed),
        how,
        tuple(remarks),
    )


def _branch(folder: Folder, others: str, sort: Sort, written: set[str]) -> Branch:
    below = tuple(_branch(one, others, sort, written) for one in folder.folders)
    wanted = f"{others} {folder.operator}".strip()
    choice = Choice(folder.name, folder.count, address(wanted, sort), folder.operator in written)
    return Branch(choice, below, choice.is_chosen or any(one.is_open for one in below))
