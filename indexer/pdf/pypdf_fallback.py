"""Reads with pypdf the files that PDFium cannot open, and the pages that it cannot load."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from indexer.pdf.annotations.pypdf_annotations import annotations_of
from indexer.pdf.annotations.read_annotations import Annotation
from indexer.pdf.attachments import named
from indexer.pdf.raw_reading import (
    MAX_PAGE_CHARACTERS,
    OnPage,
    PageTooLong,
    Reading,
    TooManyPages,
    tidy_outline,
)
from indexer.pdf.text.clean_text import clean_characters
from indexer.pdf.text.page_lines import Line

if TYPE_CHECKING:
    from pypdf import PdfReader

T = TypeVar("T")


class PypdfFailed(Exception):
    """pypdf cannot read it. The cause is what pypdf raised."""


@contextmanager
def _whatever_pypdf_raises() -> Iterator[None]:
    """Turns whatever pypdf raises into PypdfFailed. Errors that are not about the file's content pass, and
    ours.
    """
    try:
        yield
    except (OSError, MemoryError, TooManyPages, PageTooLong):
        raise
    except Exception as error:
        # There is no list of what pypdf raises: its own errors have no common root (DeprecationError, for
        # names that it once knew), and over broken files its code meets what it does not expect.
        raise PypdfFailed(type(error).__name__) from error


def _open_with_pypdf(source: Path | bytes, passwords: tuple[str, ...], max_pages: int) -> "PdfReader | None":
    """None if no password fits, or it has no pages. Raises PypdfFailed, TooManyPages or OSError."""
    with _whatever_pypdf_raises():
        reader = _unlocked(source, passwords)
        if reader is None:
            return None
        total = len(reader.pages)
        if total > max_pages:
            raise TooManyPages(total)
        return reader if total else None


def _unlocked(source: Path | bytes, passwords: tuple[str, ...]) -> "PdfReader | None":
    from pypdf import PdfReader  # a quarter of a second to import, and seldom needed

    reader = PdfReader(source if isinstance(source, Path) else BytesIO(source))
    if reader.is_encrypted and not any(map(reader.decrypt, ("", *passwords))):
        return None
    return reader


def read_with_pypdf(
    source: Path | bytes, passwords: tuple[str, ...], max_pages: int, on_page: OnPage
) -> Reading | None:
    """Reads a whole file. Returns None if no password opens it, or it has no pages.

    Raises:
        PypdfFailed, TooManyPages, PageTooLong, OSError: it cannot be read.
    """
    import pypdf

    reader = _open_with_pypdf(source, passwords, max_pages)
    if reader is None:
        return None
    with closing(reader):
        total = len(reader.pages)
        on_page(0, total)
        pages = []
        for at in range(total):
            pages.append(_read_page_with_pypdf(reader, at))
            on_page(at + 1, total)
        metadata = (
            _try(lambda: {str(key): str(value) for key, value in (reader.metadata or {}).items()}) or {}
        )
        labels = _try(lambda: [str(label) for label in reader.page_labels]) or []
        names = _try(lambda: [str(file.name) for file in islice(reader.attachment_list, 1000)]) or []
        bookmarks = _try(lambda: list(_read_pypdf_bookmarks(reader, reader.outline))) or []
        return Reading(
            pages,
            labels if len(labels) == total else [""] * total,
            metadata.get("/Title", ""),
            metadata.get("/Author", ""),
            metadata.get("/CreationDate", ""),
            metadata.get("/ModDate", ""),
            tidy_outline(bookmarks, total),
            f"pypdf {pypdf.__version__}",
            attachments=named(names),
            annotations=_read_annotations(reader, range(total)),
        )


def _try(read: Callable[[], T]) -> T | None:
    """What `read` returns; None where the file is too broken for it."""
    try:
        with _whatever_pypdf_raises():
            return read()
    except PypdfFailed:
        return None


def _read_page_with_pypdf(reader: "PdfReader", at: int) -> list[Line] | None:
    text = _try(lambda: reader.pages[at].extract_text())
    if text is None:
        return None
    if len(text) > MAX_PAGE_CHARACTERS:
        raise PageTooLong(at + 1)
    return [Line(line) for line in clean_characters(text).strip("\n").split("\n")]


def _read_annotations(reader: "PdfReader", places: Iterable[int]) -> dict[int, list[Annotation]]:
    read = {at: _try(partial(annotations_of, reader, at)) for at in places}
    return {at: found for at, found in read.items() if found}


def _read_pypdf_bookmarks(
    reader: "PdfReader", entries: Sequence[Any], level: int = 0
) -> Iterator[tuple[str, int | None, int]]:
    """Title, 1-based page if it has one, and level of each entry: pypdf nests the deeper ones in lists."""
    for entry in entries:
        if isinstance(entry, list):
            yield from _read_pypdf_bookmarks(reader, entry, level + 1)
        else:
            at = reader.get_destination_page_number(entry)
            yield str(entry.title), None if at is None else at + 1, level


def read_metadata_stream(source: Path | bytes, passwords: tuple[str, ...]) -> bytes:
    """The XML that describes a document; empty if it has none, or pypdf cannot read it."""

    def read() -> bytes:
        reader = _unlocked(source, passwords)
        if reader is None:
            return b""
        with closing(reader):
            return bytes(reader.root_object["/Metadata"].get_object().get_data())  # type: ignore[union-attr]

    return _try(read) or b""


def read_again(
    source: Path | bytes, passwords: tuple[str, ...], reading: Reading, failed: Sequence[int]
) -> Reading:
    """Reads pages again that PDFium could not load.

    Args:
        source: path of the file, or its bytes.
        passwords: tried if the file needs one.
        reading: what PDFium read.
        failed: indexes of the pages that it could not load, from 0.

    Returns:
        The reading with pypdf's text on these pages; unchanged if pypdf can't open the file, or finds another
        number of pages in it.
    """
    total = len(reading.pages)
    try:
        reader = _open_with_pypdf(source, passwords, total)
    except (TooManyPages, PypdfFailed):
        return reading
    if reader is None:
        return reading
    with closing(reader):
        # With another number of pages there is no telling which is which.
        if len(reader.pages) != total:
            return reading
        pages = list(reading.pages)
        for at in failed:
            pages[at] = _read_page_with_pypdf(reader, at)
        annotations = {**reading.annotations, **_read_annotations(reader, failed)}
        return replace(reading, pages=pages, annotations=annotations)
