"""What is shown of a document: values for the templates document.html and pages.html; pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from stackroom.catalog.entries import AttachmentEntry, DocumentEntry, path_from_library, shown_path
from stackroom.common.documents import Hit, OutlineEntry, Page, Quote
from stackroom.page.foreign_text import own_label, own_line
from stackroom.page.mark import Mark
from stackroom.page.visible_text import visible
from stackroom.server.room.citation_forms import Cited, as_bibtex, as_markdown, as_text, year_of
from stackroom.server.room.shown import Pieces, pieces

# Most lines of the contents: of some books they are longer than a chapter. And most characters of a line, and
# most attachments.
_LINES, _LINE_CHARACTERS, _ATTACHMENTS = 1000, 120, 100

# The contents are indented for so many levels.
_LEVELS = 5

THUMBNAILS = 60
"""Pages whose pictures one page of thumbnails shows."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the contents: `level` from 0; `is_here` if the page that is shown is below it."""

    title: str
    address: str
    level: int
    page: int
    is_here: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the document that answers what was looked for."""

    label: str
    address: str
    pieces: Pieces


@dataclass(frozen=True, slots=True)
class Attached:
    """A file inside the document; `address` is empty if it can't be opened here, `about` then says why."""

    name: str
    address: str
    about: str


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """The address of a page's picture, and its size in pixels.

    `top` is where the cited passage begins, from 0 (top of the page) to 1; None if nothing is marked.
    """

    address: str
    width: int
    height: int
    top: float | None


@dataclass(frozen=True, slots=True)
class DocumentShown:
    """What is shown of a document on each of its pages. Addresses are relative to those below /d/.

    Attributes:
        id, title, author, pages: see `stackroom.common.documents.Document`.
        dates: when it was made and changed, as it says; pairs of a name and a date.
        paths: of its files, from their libraries' own names on.
        contents: the lines of its outline, at most `_LINES`.
        unshown_lines: how many more there are.
        attached: the files inside it.
        original: address of the PDF; None if the file is not there.
    """

    id: str
    title: str
    author: str
    pages: int
    dates: tuple[tuple[str, str], ...]
    paths: tuple[str, ...]
    contents: tuple[Line, ...]
    unshown_lines: int
    attached: tuple[Attached, ...]
    original: str | None


@dataclass(frozen=True, slots=True)
class PageShown:
    """What is shown of one page of it.

    Attributes:
        number: its position, from 1.
        label: the page number that is printed on it.
        paragraphs: of its text, each as pieces (text, whether it is cited).
        notes: sentences that are shown above it, such as that the file has changed.
        picture: None if it can't be shown.
        previous, next: addresses of the pages before and after; None if there is none.
        thumbnails: address of the page of small pictures that has this one.
        citations: pairs of the name of a form, and the page cited in that form.
    """

    number: int
    label: str
    paragraphs: tuple[Pieces, ...]
    notes: tuple[str, ...]
    picture: ShownPicture | None
    previous: str | None
    next: str | None
    thumbnails: str
    citations: tuple[tuple[str, str], ...]


def document_shown(entry: DocumentEntry, number: int, asked: str, *, has_file: bool) -> DocumentShown:
    """What is shown of a document.

    Args:
        entry: of the document.
        number: of the page that is shown.
        asked: what was looked for in it, which its addresses keep; empty for nothing.
        has_file: whether the PDF can be opened.
    """
    dates = (("Created", entry.created), ("Changed", entry.modified))
    return DocumentShown(
        id=entry.id,
        title=own_line(entry.title),
        author=own_line(entry.author),
        pages=entry.page_count,
        dates=tuple((name, own_line(date[:10])) for name, date in dates if date),
        paths=tuple(
            own_line(shown_path(path_from_library(place.root, place.path), place.name))
            for place in entry.locations
        ),
        contents=tuple(_contents(entry.id, entry.outline[:_LINES], number, asked)),
        unshown_lines=max(0, len(entry.outline) - _LINES),
        attached=tuple(map(_attached, entry.attachments[:_ATTACHMENTS])),
        original=f"{entry.id}/file#page={number}" if has_file else None,
    )


def page_shown(
    entry: DocumentEntry,
    page: Page,
    mark: Mark | None,
    notes: tuple[str, ...],
    picture: ShownPicture | None,
    asked: str,
    server: str,
) -> PageShown:
    """What is shown of a page.

    Args:
        entry: of its document.
        page: with its whole text.
        mark: the passage that is cited on it; None for none.
        notes: see `PageShown`.
        picture: see `PageShown`.
        asked: see `document_shown`.
        server: the server's address, without a slash at its end.
    """
    label = own_label(page.label) or str(page.number)
    address = f"{server}/d/{entry.id}?page={page.number}" + (f"&mark={mark}#passage" if mark else "")
    file_name = own_line(entry.locations[0].shown_name) if entry.locations else ""
    cited = Cited(
        own_line(entry.title), own_line(entry.author), year_of(entry.created), file_name, label, address
    )
    return PageShown(
        number=page.number,
        label=label,
        paragraphs=paragraphs(page.text, (mark.start, mark.stop) if mark else None),
        notes=notes,
        picture=picture,
        previous=page_address(entry.id, page.number - 1, asked) if page.number > 1 else None,
        next=page_address(entry.id, page.number + 1, asked) if page.number < entry.page_count else None,
        thumbnails=f"{entry.id}/pages?from={first_of_thumbnails(page.number)}",
        citations=(("Text", as_text(cited)), ("Markdown", as_markdown(cited)), ("BibTeX", as_bibtex(cited))),
    )


def places(hits: Iterable[Hit], document_id: str, asked: str) -> tuple[Place, ...]:
    """The places of a document that a search inside it found, the best first."""
    return tuple(
        _place(document_id, quote, asked)
        for hit in hits
        if hit.document_id == document_id
        for quote in (hit.best, *hit.more)
    )


def page_address(document_id: str, page: int, asked: str, mark: str = "") -> str:
    """The address of a page, relative to /d/; it keeps what was looked for in the document."""
    query = {"page": str(page), "mark": mark, "q": asked}
    anchor = "#passage" if mark else ""
    return f"{document_id}?{urlencode({name: value for name, value in query.items() if value})}{anchor}"


def first_of_thumbnails(page: int) -> int:
    """The first page of those thumbnails that have this page."""
    return (page - 1) // THUMBNAILS * THUMBNAILS + 1


def place_style(picture: ShownPicture | None) -> str:
    """CSS that puts the anchor of the passage where it begins; empty if nothing is marked."""
    top = picture.top if picture else None
    return "" if top is None else f"#passage {{ top: {100 * top:.1f}%; }}"


def paragraphs(text: str, passage: tuple[int, int] | None) -> tuple[Pieces, ...]:
    """The paragraphs of a text, each as pieces (text, whether it is cited).

    Each paragraph becomes an element of its own, so that each has the direction of its own script.
    """
    start, stop = passage or (0, 0)
    found: list[list[tuple[str, bool]]] = [[]]
    for piece, is_cited in ((text[:start], False), (text[start:stop], True), (text[stop:], False)):
        for number, part in enumerate(re.split(r"\n{2,}", visible(piece))):
            if number:
                found.append([])
            if part:
                found[-1].append((part, is_cited))
    return tuple(tuple(paragraph) for paragraph in found if any(part.strip() for part, _ in paragraph))


def _contents(document_id: str, outline: Sequence[OutlineEntry], number: int, asked: str) -> Iterable[Line]:
    before = [at for at, entry in enumerate(outline) if entry.page <= number]
    here = max(before, key=lambda at: (outline[at].page, at), default=None)
    for at, entry in enumerate(outline):
        address = page_address(document_id, entry.page, asked)
        yield Line(
            own_line(entry.title, _LINE_CHARACTERS),
            address,
            min(entry.level, _LEVELS),
            entry.page,
            at == here,
        )


def _attached(entry: AttachmentEntry) -> Attached:
    pinned = f"on page {entry.page}" if entry.page else ""
    return Attached(own_line(entry.name), entry.document_id, own_line(entry.reason or pinned))


def _place(document_id: str, quote: Quote, asked: str) -> Place:
    address = page_address(document_id, quote.page, asked, quote.mark)
    return Place(quote.page_label, address, pieces(quote.text, quote.matches))
