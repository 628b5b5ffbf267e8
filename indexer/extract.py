"""A PDF file becomes a Document.

PDFium reads text and structure. pypdf is the second opinion: it reads the whole file when PDFium cannot
open it, and a page when PDFium cannot load it. Runs in a child process that may crash or be killed; this
file needs to know nothing about that. Beside the page images it is the only one that knows PDF libraries.
"""

import ctypes
import logging
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pypdfium2
import pypdfium2.raw as pdfium

from indexer.lines import HYPHENATED, Line, break_paragraphs, remove_running_lines
from indexer.repair import clean_characters, count_words, flatten, join_hyphenated, read_date, tidy_lines
from indexer.title import choose_title
from stackroom.documents import Document, OutlineEntry, Page
from stackroom.errors import ExtractionFailed

if TYPE_CHECKING:
    from pypdf import PdfReader

T = TypeVar("T")

OnPage = Callable[[int, int], None]
"""Called with the pages done and the pages in all."""

MAX_PAGE_CHARACTERS = 1_000_000
"""More is an attack, or a dump that nobody reads by the page. A full page of small print has 10,000."""

_MAX_OUTLINE_ENTRIES = (
    20_000  # a hostile outline can branch without end; a 2,000-page manual has 5,000 entries
)


class _PageTooLong(Exception):
    """A page has more than MAX_PAGE_CHARACTERS."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class _TooManyPages(Exception):
    """The file claims more pages than we are willing to read."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a library read from a file, unrepaired.

    Attributes:
        pages: the lines of each page; None for a page that could not be read.
        labels: as many as pages; empty where the PDF says nothing.
        title, author, created, modified: as in the PDF's metadata.
        outline: entries with a page.
        library: its name and version.
    """

    pages: list[list[Line] | None]
    labels: list[str]
    title: str
    author: str
    created: str
    modified: str
    outline: list[OutlineEntry]
    library: str


def extract(path: Path, document_id: str, *, max_pages: int = 20_000, on_page: OnPage) -> Document:
    """Read the PDF at `path`.

    Args:
        path: of the file, which must not change meanwhile.
        document_id: of its content; see Document.
        max_pages: a file that claims more is refused: 12 KB can claim a million.
        on_page: called with (0, total) once the file is open and after each page. Starts again at 0 if
            the second library has to read the file.

    Raises:
        ExtractionFailed: with the kind and a reason for a person.
    """
    try:
        with path.open("rb") as file:
            head = file.read(1024)
        if not head:
            raise ExtractionFailed(path, "not a pdf", "is empty (0 bytes)")
        with _silence():
            reading = _read(path, max_pages, on_page, has_header=b"%PDF-" in head)
        return _compose(path, document_id, reading)
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}; check the file's permissions and the disk"
        raise ExtractionFailed(path, "unreadable", reason) from error
    except MemoryError as error:
        reason = "needs more memory to read than one file may take; split it into smaller files"
        raise ExtractionFailed(path, "out of memory", reason) from error
    except _TooManyPages as error:
        reason = f"claims {error.count:,} pages; the limit is {max_pages:,}. Split it into smaller files"
        raise ExtractionFailed(path, "too large", reason) from error
    except _PageTooLong as error:
        reason = f"page {error.number:,} has more than {MAX_PAGE_CHARACTERS:,} characters of text"
        raise ExtractionFailed(path, "too large", reason) from error


def _read(path: Path, max_pages: int, on_page: OnPage, *, has_header: bool) -> _Reading:
    """Read with PDFium, else with pypdf."""
    code = None
    try:
        reading = _read_with_pdfium(path, max_pages, on_page)
    except pypdfium2.PdfiumError as error:
        code = error.err_code
    else:
        failed = [at for at, lines in enumerate(reading.pages) if lines is None]
        if len(failed) < len(reading.pages):
            return _read_again(path, reading, failed) if failed else reading
    try:
        second = _read_with_pypdf(path, max_pages, on_page)
    except _pypdf_errors() as error:
        raise _explain(path, code, has_header=has_header) from error
    if second is None or all(lines is None for lines in second.pages):
        raise _explain(path, code, has_header=has_header)
    return second


def _explain(path: Path, code: int | None, *, has_header: bool) -> ExtractionFailed:
    """Why neither library could read the file; `code` is PDFium's."""
    if code == pdfium.FPDF_ERR_PASSWORD:
        reason = "needs a password to open; put a copy saved without the password in its place"
        return ExtractionFailed(path, "encrypted", reason)
    if code == pdfium.FPDF_ERR_SECURITY:
        reason = "is encrypted in a way that cannot be opened here; put a copy saved unencrypted in its place"
        return ExtractionFailed(path, "encrypted", reason)
    if not has_header:
        return ExtractionFailed(path, "not a pdf", "is not a PDF, whatever its name says")
    reason = "is damaged: no page can be read. If a PDF viewer opens it, print it to a new PDF there"
    return ExtractionFailed(path, "damaged", reason)


def _compose(path: Path, document_id: str, reading: _Reading) -> Document:
    """Repair what was read and put it together."""
    first_page = reading.pages[0] or []
    kept = remove_running_lines([lines or [] for lines in reading.pages])
    texts = ["\n".join(break_paragraphs(lines)) for lines in kept]
    words = count_words(texts)
    return Document(
        id=document_id,
        title=choose_title(flatten(reading.title), reading.outline, first_page, path.stem),
        author=flatten(reading.author),
        created=read_date(reading.created),
        modified=read_date(reading.modified),
        outline=tuple(reading.outline),
        pages=tuple(
            Page(number, flatten(label) or str(number), tidy_lines(join_hyphenated(text, words)))
            for number, (label, text) in enumerate(zip(reading.labels, texts, strict=True), start=1)
        ),
        extractor=reading.library,
    )


@contextmanager
def _silence() -> Iterator[None]:
    """Keep what the libraries have to say about broken files off the terminal: we say it ourselves."""
    loggers = [logging.getLogger(name) for name in ("pypdf", "pypdfium2")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


# PDFium


def _read_with_pdfium(path: Path, max_pages: int, on_page: OnPage) -> _Reading:
    """Raises PdfiumError if the file cannot be opened."""
    with closing(pypdfium2.PdfDocument(path)) as pdf:
        total = len(pdf)
        if total > max_pages:
            raise _TooManyPages(total)
        on_page(0, total)
        pages: list[list[Line] | None] = []
        for at in range(total):
            pages.append(_read_page(pdf, at))
            on_page(at + 1, total)
        metadata = {
            key: _read_utf16(pdfium.FPDF_GetMetaText, pdf, key)
            for key in (b"Title", b"Author", b"CreationDate", b"ModDate")
        }
        return _Reading(
            pages,
            [_read_utf16(pdfium.FPDF_GetPageLabel, pdf, at) for at in range(total)],
            metadata[b"Title"],
            metadata[b"Author"],
            metadata[b"CreationDate"],
            metadata[b"ModDate"],
            _tidy_outline(_read_bookmarks(pdf), total),
            f"pdfium {pypdfium2.PYPDFIUM_INFO.tag}",
        )


def _read_utf16(function: Callable[..., int], *arguments: object) -> str:
    """What a PDFium function writes: UTF-16 with a final NUL, whose size in bytes it returns."""
    size = function(*arguments, None, 0)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    function(*arguments, buffer, size)
    return buffer.raw[: size - 2].decode("utf-16-le", "replace")


def _read_bookmarks(pdf: Any) -> Iterator[tuple[str, int | None, int]]:
    """Title, 1-based page if it has one, and level of each entry."""
    for bookmark in islice(pdf.get_toc(), _MAX_OUTLINE_ENTRIES):
        destination = bookmark.get_dest()
        at = destination.get_index() if destination else None
        title = _read_utf16(pdfium.FPDFBookmark_GetTitle, bookmark)
        yield title, None if at is None else at + 1, bookmark.level


def _tidy_outline(entries: Iterator[tuple[str, int | None, int]], total: int) -> list[OutlineEntry]:
    """The entries that lead to a page. One that only groups others leads to the first of them."""
    outline: list[OutlineEntry] = []
    for title, page, level in reversed(list(entries)):
        if page is None and outline and outline[-1].level > level:
            page = outline[-1].page
        name = flatten(title)
        if name and page is not None and 1 <= page <= total:
            outline.append(OutlineEntry(name, page, level))
    return outline[::-1]


def _read_page(pdf: Any, at: int) -> list[Line] | None:
    """The lines of the page at index `at`; None if PDFium cannot load it."""
    # The plain functions: pypdfium2's page objects with their finalizers cost as much as our own work.
    page = pdfium.FPDF_LoadPage(pdf, at)
    if not page:
        return None
    try:
        text_page = pdfium.FPDFText_LoadPage(page)
        if not text_page:
            return None
        try:
            return _read_lines(text_page, at)
        finally:
            pdfium.FPDFText_ClosePage(text_page)
    finally:
        pdfium.FPDF_ClosePage(page)


def _read_lines(text_page: Any, at: int) -> list[Line]:
    count = pdfium.FPDFText_CountChars(text_page)
    if count > MAX_PAGE_CHARACTERS:
        raise _PageTooLong(at + 1)
    if count <= 0:
        return []
    # The text can be a little longer than the list of characters it is made from.
    buffer = (ctypes.c_ushort * (2 * count + 2))()
    written = max(0, pdfium.FPDFText_GetText(text_page, 0, count, buffer) - 1)
    text = bytes(memoryview(buffer)[:written]).decode("utf-16-le", "surrogatepass")
    one_to_one = written == count  # else PDFium has to be asked which character is where
    same_units = len(text) == written  # else characters beyond U+FFFF count twice for PDFium
    plain = text.replace("\r\n", "")
    is_clean = clean_characters(plain) == plain
    box = pdfium.FS_RECTF()
    into = ctypes.byref(box)
    measure = pdfium.FPDFText_GetLooseCharBox
    lines: list[Line] = []
    start = 0
    for raw in text.replace(HYPHENATED, HYPHENATED + "\r\n").split("\r\n"):
        is_hyphenated = raw[-1:] == HYPHENATED
        units = len(raw) if same_units else len(raw.encode("utf-16-le", "surrogatepass")) // 2
        if raw and not raw.isspace():
            first, last = start, start + units - (2 if is_hyphenated and units > 1 else 1)
            if raw[0].isspace() or raw[-1].isspace():
                first += len(raw) - len(raw.lstrip())
                last -= len(raw) - len(raw.rstrip())
            if not one_to_one:
                first = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, first)
                last = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, last)
            measure(text_page, first, into)
            left, bottom, height = box.left, box.bottom, box.top - box.bottom
            measure(text_page, last, into)
            height = max(height, box.top - box.bottom)
            if at == 0:
                height = max(_read_size(text_page, first), _read_size(text_page, last))
            if not 0 <= height < 1e5:  # also "not a number", which a hostile file can bring about
                height = 0.0
            line = raw if is_clean else clean_characters(raw)
            before = lines[-1] if lines else None
            if before and before.text[-1:] == HYPHENATED and abs(before.end_y - bottom) < 0.3 * height:
                # No hyphen, but a character without a meaning: the line goes on beside it.
                left, bottom, height = before.start_x, before.start_y, max(before.height, height)
                line = before.text[:-1] + line
                lines.pop()
            lines.append(Line(line, left, bottom, box.left, box.bottom, height))
        start += units + (0 if is_hyphenated else 2)
    return lines


def _read_size(text_page: Any, char: int) -> float:
    """The font size in points as printed: what a title stands out by. The box depends on the font as well."""
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFText_GetMatrix(text_page, char, matrix)
    scale = (matrix.c**2 + matrix.d**2) ** 0.5
    size: float = pdfium.FPDFText_GetFontSize(text_page, char)
    return round(float(size * scale), 1)


# pypdf


def _pypdf_errors() -> tuple[type[Exception], ...]:
    """What pypdf raises on broken files: its own errors, and what its code does not expect."""
    from pypdf.errors import DependencyError, PyPdfError

    return (
        PyPdfError,  # its own
        DependencyError,  # a cipher or image format that needs a package that is not installed
        NotImplementedError,  # ciphers and filters it does not know
        ArithmeticError,  # numbers out of range, divisions by zero
        AssertionError,
        AttributeError,  # an object of another type than the format demands
        LookupError,  # a key or an index that is not there
        RecursionError,  # objects inside themselves
        struct.error,  # fonts cut short
        zlib.error,  # streams cut short
        TypeError,
        ValueError,  # malformed numbers, keys, text encodings; negative offsets
    )


def _open_with_pypdf(path: Path, max_pages: int) -> "PdfReader | None":
    """None if it needs a password or has no pages. Raises any of _pypdf_errors()."""
    from pypdf import PdfReader  # a quarter of a second to import, and seldom needed

    reader = PdfReader(path)
    if reader.is_encrypted and not reader.decrypt(""):
        return None
    total = len(reader.pages)
    if total > max_pages:
        raise _TooManyPages(total)
    return reader if total else None


def _read_with_pypdf(path: Path, max_pages: int, on_page: OnPage) -> _Reading | None:
    """None if the file needs a password or has no pages. Raises any of _pypdf_errors()."""
    import pypdf

    reader = _open_with_pypdf(path, max_pages)
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
        bookmarks = _try(lambda: list(_read_pypdf_bookmarks(reader, reader.outline))) or []
        return _Reading(
            pages,
            labels if len(labels) == total else [""] * total,
            metadata.get("/Title", ""),
            metadata.get("/Author", ""),
            metadata.get("/CreationDate", ""),
            metadata.get("/ModDate", ""),
            _tidy_outline(iter(bookmarks), total),
            f"pypdf {pypdf.__version__}",
        )


def _try(read: Callable[[], T]) -> T | None:
    """What `read` returns; None where the file is too broken for it."""
    try:
        return read()
    except _pypdf_errors():
        return None


def _read_page_with_pypdf(reader: "PdfReader", at: int) -> list[Line] | None:
    text = _try(lambda: reader.pages[at].extract_text())
    if text is None:
        return None
    if len(text) > MAX_PAGE_CHARACTERS:
        raise _PageTooLong(at + 1)
    return [Line(line) for line in clean_characters(text).strip("\n").split("\n")]


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


def _read_again(path: Path, reading: _Reading, failed: Sequence[int]) -> _Reading:
    """`reading` with pypdf's text for the pages at the indexes `failed`, where pypdf sees the same pages."""
    total = len(reading.pages)
    try:
        reader = _open_with_pypdf(path, total)
    except _TooManyPages:
        return reading
    except _pypdf_errors():
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
        return replace(reading, pages=pages)
