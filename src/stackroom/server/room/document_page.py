"""A document, as the link of a citation opens it: a page with the passage marked, and the PDF itself.

/d/{id}?page=N&mark=M    a page of HTML: the picture of page N, and its text; M is a `page.mark.Mark`.
                         With &q=..., what is found in the document
/d/{id}/pages?from=N     small pictures of its pages
/d/{id}/page/N.png       the picture; ?mark=M, and &width=W for a small one: W is one of `pictures.WIDTHS`
/d/{id}/file             the PDF

Ids are looked up in the catalogue and never become part of a file's path; no answer names a folder.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from stackroom.catalog.entries import DocumentEntry
from stackroom.catalog.status import NOT_READ
from stackroom.common.documents import AttachmentPlace
from stackroom.common.errors import PictureFailed, UnknownDocument, UnknownPart
from stackroom.page.foreign_text import own_line
from stackroom.page.mark import Mark
from stackroom.page.word_boxes import find_own_stop, find_passage
from stackroom.reading.notices import ALL_WEAK
from stackroom.reading.query.parse import without
from stackroom.reading.reader import Reader
from stackroom.reading.results import PageOfFile
from stackroom.server.html import PRIVATE, is_known
from stackroom.server.room.document_html import (
    THUMBNAILS,
    Place,
    ShownPicture,
    document_shown,
    first_of_thumbnails,
    page_shown,
    place_style,
    places,
)
from stackroom.server.room.numbers import number_in
from stackroom.server.room.pictures import WIDTHS, PageToDraw, Picture, Pictures
from stackroom.server.room.room import Room

# Pictures drawn at the same time, each by a process that keeps a core busy; and requests that may wait.
_AT_ONCE = 2
_WAITING = 20

# Characters of a query inside a document, and of each text that it finds.
_LONGEST_QUERY, _QUOTED = 2000, 240

_WEAK_INSIDE = "Nothing in this document seems to answer this: these pages are only the nearest."

T = TypeVar("T")


class Busy(Exception):
    """Too many requests already wait for a picture, so this one is not drawn."""


def document_routes(room: Room, pictures: Pictures) -> list[Route]:
    """The routes under /d.

    Args:
        room: what all pages have in common.
        pictures: draws the pages.
    """
    pages = _Pages(room, pictures)
    return [
        room.shows("/d/{id}/file", pages.file),
        room.shows("/d/{id}/pages", pages.thumbnails),
        room.shows("/d/{id}/page/{page}.png", pages.picture),
        # `:path`, so that an id with a slash in it gets the same answer as any other wrong id.
        room.shows("/d/{id:path}", pages.page),
    ]


@dataclass(frozen=True, slots=True)
class FoundInside:
    """What a search inside a document found: places, sentences about that, and how many more pages."""

    places: tuple[Place, ...]
    notices: tuple[str, ...]
    unshown: int


class _Pages:
    """Answers the three routes."""

    def __init__(self, room: Room, pictures: Pictures) -> None:
        self._room = room
        self._reader = room.reader
        self._pictures = pictures
        # Threads of its own, so that requests which wait for a picture do not take those of the tools.
        self._limiter = CapacityLimiter(_AT_ONCE)
        self._asked_for = 0  # how many pictures are being drawn or waited for

    async def page(self, request: Request) -> Response:
        """The page of HTML."""
        id_ = request.path_params["id"]
        number = number_in(request.query_params.get("page", "1"))
        try:
            found = await run_in_threadpool(self._reader.page, id_, number)
        except UnknownPart as error:
            return self._room.message(request, "No such page", str(error), ("?page=1", "Page 1"), status=404)
        except UnknownDocument:
            return self._room.message(request, "This document is not here", _not_found(id_), status=404)
        cited = request.query_params.get("mark", "")
        mark = _mark_on_page(cited, found)
        notes = []
        if found.entry.id != id_.strip():
            notes.append("The file has been changed since it was cited. This is how it is now.")
        if cited and mark is None:
            notes.append("The cited passage is no longer on this page in the same words.")
        if found.ocr_confidence is not None:
            unmarked = "" if found.words else " Nothing is marked in the picture."
            notes.append(
                "This page is a scan. Its text was read by OCR, which is "
                f"{found.ocr_confidence} % sure of it.{unmarked}"
            )
        if found.is_unread:
            notes.append("This page is a scan that OCR has not read yet, or could not read.")
        for one in found.unread:
            where = "on this page" if one.page else "in this document"
            notes.append(f"Not read {where}: {NOT_READ[one.kind]}.")
        picture = None
        if found.file is None:
            notes.append(
                f"The picture of this page can't be shown: {own_line(found.why_no_file)}. This is the text "
                "that was indexed."
            )
        else:
            try:
                drawn = await self._draw(found, found.file, mark)
                picture = _shown_picture(found, mark, drawn)
            except PictureFailed as error:
                notes.append(f"The picture of this page can't be shown. {error} This is its text.")
            except Busy:
                notes.append("Too many pages are being drawn at the moment. Try again for the picture.")
        asked = request.query_params.get("q", "").strip()[:_LONGEST_QUERY]
        answered = await run_in_threadpool(self._inside, found.entry, asked) if asked else None
        entry = found.entry
        return self._room.page(
            request,
            "document.html",
            style=place_style(picture),
            document=document_shown(entry, number, asked, has_file=found.file is not None),
            page=page_shown(entry, found.page, mark, tuple(notes), picture, asked, self._address(request)),
            asked=asked,
            found=answered,
        )

    async def thumbnails(self, request: Request) -> Response:
        """The page of HTML with small pictures of the document's pages."""
        id_ = request.path_params["id"]
        number = max(1, number_in(request.query_params.get("from", "1")))
        try:
            found = await run_in_threadpool(self._reader.page, id_, 1)
        except UnknownDocument:
            return self._room.message(request, "This document is not here", _not_found(id_), status=404)
        entry = found.entry
        first = first_of_thumbnails(min(number, entry.page_count))
        return self._room.page(
            request,
            "pages.html",
            document=document_shown(entry, first, "", has_file=found.file is not None),
            numbers=range(first, min(first + THUMBNAILS, entry.page_count + 1)),
            each=THUMBNAILS,
        )

    async def picture(self, request: Request) -> Response:
        """The picture of a page."""
        id_, number = request.path_params["id"], number_in(request.path_params["page"])
        try:
            found = await run_in_threadpool(self._reader.page, id_, number)
        except UnknownDocument as error:
            return _plain(str(error), 404)
        if found.file is None:
            return _plain(f"The picture can't be shown: {found.why_no_file}.", 404)
        mark = _mark_on_page(request.query_params.get("mark", ""), found)
        width = _width(request.query_params.get("width", ""))
        headers = {**PRIVATE, "ETag": _picture_tag(found, mark, width)}
        if is_known(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        try:
            picture = await self._draw(found, found.file, mark, width)
        except PictureFailed as error:
            return _plain(str(error), 404)
        except Busy:
            return _plain("Too many pages are being drawn at the moment.", 503, {"Retry-After": "5"})
        headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
        return Response(picture.png, media_type="image/png", headers=headers)

    async def file(self, request: Request) -> Response:
        """The PDF, whole or in ranges."""
        id_ = request.path_params["id"]
        try:
            path, inside = await run_in_threadpool(_readable_file, self._reader, id_)
        except UnknownDocument as error:
            return _plain(str(error), 404)
        except OSError:
            return _plain(f"The file of document {id_!r} cannot be read.", 404)
        if inside is not None:
            return await self._attached(path, inside)
        return FileResponse(
            path,
            media_type="application/pdf",
            filename=own_line(path.name),
            content_disposition_type="inline",
            # No default-src: it would also apply to the page in which a browser shows a PDF.
            headers={**PRIVATE, "Content-Security-Policy": "frame-ancestors 'none'"},
        )

    async def _attached(self, path: Path, inside: AttachmentPlace) -> Response:
        """A PDF that is attached to the one at `path`. It has no name: that would be a stranger's."""
        try:
            content = await self._in_turn(lambda: self._pictures.attached(path, inside))
        except PictureFailed as error:
            return _plain(f"The attached PDF can't be shown. {error}", 404)
        except Busy:
            return _plain("Too many pages are being drawn at the moment.", 503, {"Retry-After": "5"})
        headers = {**PRIVATE, "Content-Security-Policy": "frame-ancestors 'none'"}
        return Response(content, media_type="application/pdf", headers=headers)

    def _inside(self, entry: DocumentEntry, asked: str) -> FoundInside:
        """What a search inside one document finds."""
        # Another id would choose another document as well, and the one document must not be skipped.
        query = f"id:{entry.id} {without(asked, 'id', 'skip')}"
        answered = self._reader.answer(query, 1, _QUOTED, marked=True)
        if answered.missing:  # the hits are only the nearest, maybe in other documents
            return FoundInside((), ("Nothing in this document has all of that.",), 0)
        hits = [hit for hit, _ in answered.hits]
        unshown = sum(hit.unshown for hit in hits)
        notices = tuple(_WEAK_INSIDE if notice == ALL_WEAK else notice for notice in answered.notices)
        return FoundInside(places(hits, entry.id, asked), notices, unshown)

    def _address(self, request: Request) -> str:
        """The server's address, as citations have it. `HostCheck` has checked the one of the request."""
        return self._room.settings.public_url or f"{request.url.scheme}://{request.url.netloc}"

    async def _draw(self, found: PageOfFile, file: Path, mark: Mark | None, width: int = 0) -> Picture:
        start, stop = (mark.start, mark.stop) if mark else (0, 0)
        text = found.page.text
        boxes = tuple(find_passage(found.words, text, start, stop))
        stop = min(stop, find_own_stop(found.words, text))
        wanted = PageToDraw(
            found.entry.id, found.page.number, file, text, start, stop, boxes, found.inside, width
        )
        return await self._in_turn(lambda: self._pictures.picture(wanted))

    async def _in_turn(self, work: Callable[[], T]) -> T:
        """What `work` returns: in a thread, when it has its turn. Raises Busy if too many wait for theirs."""
        if self._asked_for >= _AT_ONCE + _WAITING:
            raise Busy
        self._asked_for += 1
        try:
            return await run_sync(work, limiter=self._limiter)
        finally:
            self._asked_for -= 1


def _shown_picture(found: PageOfFile, mark: Mark | None, picture: Picture) -> ShownPicture:
    query = f"?mark={mark}" if mark else ""
    address = f"{found.entry.id}/page/{found.page.number}.png{query}"
    return ShownPicture(address, picture.width, picture.height, picture.top)


def _not_found(id_: str) -> str:
    return (
        "No document of the library has this address. It has been removed since it was cited, or the address "
        f"is not complete: the id {id_[:40]!r} must be exactly as a search result gives it."
    )


def _mark_on_page(cited: str, found: PageOfFile) -> Mark | None:
    mark = Mark.parse(cited)
    return mark if mark and mark.fits(found.page.text) else None


def _width(text: str) -> int:
    """The width in `text`; 0, which gives the whole picture, if it is none of those that may be asked for."""
    return next((width for width in WIDTHS if text == str(width)), 0)


def _plain(message: str, status: int, more: dict[str, str] | None = None) -> Response:
    # own_line, because the message may repeat the id of the request, which may be very long.
    return PlainTextResponse(f"{own_line(message)}\n", status, {**PRIVATE, **(more or {})})


def _picture_tag(found: PageOfFile, mark: Mark | None, width: int) -> str:
    """The picture's ETag, known without drawing it.

    A document's content never changes, so the picture changes only with the program that draws it.
    """
    drawn_by = f"{version('stackroom')} {version('pypdfium2')}"
    made_of = f"{found.entry.id} {found.page.number} {mark} {width} {drawn_by}"
    return f'"{sha256(made_of.encode()).hexdigest()[:32]}"'


def _readable_file(reader: Reader, document_id: str) -> tuple[Path, AttachmentPlace | None]:
    _, path, inside = reader.file(document_id)
    # Opened once here: when the response has begun, it is too late to answer with an error.
    with path.open("rb"):
        return path, inside
