"""Makes a Document of a PDF file.

PDFium reads text and structure; where it cannot, `pypdf_fallback` does. All of it runs in a child process
that may crash or be killed, but nothing here depends on that.
"""

import logging
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from indexer.pdf.annotations.places import add_marks
from indexer.pdf.annotations.read_annotations import Annotation
from indexer.pdf.attachments import all_attached
from indexer.pdf.ink.layers import Layers
from indexer.pdf.metadata.read_metadata import with_xml
from indexer.pdf.metadata.title import choose_title
from indexer.pdf.page_reader import read_page
from indexer.pdf.pypdf_fallback import PypdfFailed, read_again, read_metadata_stream, read_with_pypdf
from indexer.pdf.raw_reading import (
    MAX_PAGE_CHARACTERS,
    OnPage,
    PageTooLong,
    Reading,
    TooManyPages,
    tidy_outline,
)
from indexer.pdf.scripts.unspaced_lines import join_lines
from indexer.pdf.tables.continued import continue_tables, split_tables
from indexer.pdf.text.clean_text import (
    count_words,
    flatten,
    join_hyphenated,
    read_date,
    shorten_leaders,
    tidy_lines,
)
from indexer.pdf.text.headings import find_sections
from indexer.pdf.text.page_lines import HYPHENATED, Line, break_paragraphs, remove_running_lines
from indexer.pdf.text.repair import Repairs
from indexer.pdf.text.utf16 import read_utf16
from indexer.pdf.unread import find_unread, unread_of_file
from stackroom.common.documents import Attachment, Document, Page, Section, Unread
from stackroom.common.errors import ExtractionFailed
from stackroom.page.open_pdf import open_pdf
from stackroom.page.own_marks import has_foreign_brackets, without_imitations, without_plain_imitations

# A hostile outline can branch without end. That of a 2,000-page manual has 5,000 entries.
_MAX_OUTLINE_ENTRIES = 20_000

Opener = Callable[[Path | bytes, Sequence[str]], Any]
"""Opens a PDF, with one of some passwords if need be: as `open_pdf`."""


def extract(
    path: Path,
    document_id: str,
    *,
    passwords: tuple[str, ...] = (),
    max_pages: int = 20_000,
    on_page: OnPage,
    content: bytes | None = None,
    stem: str = "",
    opened: Opener = open_pdf,
) -> Document:
    """Reads the PDF at `path`, or the one in it with these bytes as `content`.

    Args:
        path: of the file. It must not change meanwhile.
        document_id: for the result; see `stackroom.common.documents.Document`.
        passwords: tried if the file needs one.
        max_pages: a file that claims more is refused. A file of 12 KB can claim a million.
        on_page: called with (pages done, pages in all) once the file is open, and after each page. Begins
            again at 0 if pypdf has to read the file.
        content: of a PDF that is attached to the one at `path`.
        stem: its name without ".pdf".
        opened: opens it with PDFium. A file that it refuses is read by pypdf.

    Raises:
        ExtractionFailed: with the kind and a reason for a person.
    """
    try:
        if content is None:
            with path.open("rb") as file:
                head = file.read(1024)
        else:
            head = content[:1024]
        if not head:
            raise ExtractionFailed(path, "not a pdf", "is empty (0 bytes)")
        source = path if content is None else content
        with _silence():
            reading = _read(path, source, passwords, max_pages, on_page, opened, has_header=b"%PDF-" in head)
            reading = with_xml(reading, source, lambda: read_metadata_stream(source, passwords))
        return _compose(path.stem if content is None else stem, document_id, reading)
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}; check the file's permissions and the disk"
        raise ExtractionFailed(path, "unreadable", reason) from error
    except MemoryError as error:
        reason = "needs more memory to read than one file may take; split it into smaller files"
        raise ExtractionFailed(path, "out of memory", reason) from error
    except TooManyPages as error:
        reason = f"claims {error.count:,} pages; the limit is {max_pages:,}. Split it into smaller files"
        raise ExtractionFailed(path, "too large", reason) from error
    except PageTooLong as error:
        reason = f"page {error.number:,} has more than {MAX_PAGE_CHARACTERS:,} characters of text"
        raise ExtractionFailed(path, "too large", reason) from error


def _read(
    path: Path,
    source: Path | bytes,
    passwords: tuple[str, ...],
    max_pages: int,
    on_page: OnPage,
    opened: Opener,
    *,
    has_header: bool,
) -> Reading:
    """Reads `source` with PDFium, or else with pypdf; it is the file at `path`, or in it."""
    code = None
    try:
        reading = _read_with_pdfium(source, passwords, max_pages, on_page, opened)
    except pypdfium2.PdfiumError as error:
        code = error.err_code
    else:
        failed = [at for at, lines in enumerate(reading.pages) if lines is None]
        if len(failed) < len(reading.pages):
            return read_again(source, passwords, reading, failed) if failed else reading
    try:
        second = read_with_pypdf(source, passwords, max_pages, on_page)
    except PypdfFailed as error:
        raise _explain(path, code, passwords, has_header=has_header) from error
    if second is None or all(lines is None for lines in second.pages):
        raise _explain(path, code, passwords, has_header=has_header)
    return second


def _explain(
    path: Path, code: int | None, passwords: tuple[str, ...], *, has_header: bool
) -> ExtractionFailed:
    """Why neither library could read the file; `code` is PDFium's."""
    if code == pdfium.FPDF_ERR_PASSWORD:
        what = "and none of those given fits" if passwords else "and none was given"
        return ExtractionFailed(path, "password", f"needs a password, {what}: see STACKROOM_PDF_PASSWORDS")
    if code == pdfium.FPDF_ERR_SECURITY:
        reason = "is encrypted in a way that cannot be opened here; put a copy saved unencrypted in its place"
        return ExtractionFailed(path, "encrypted", reason)
    if not has_header:
        return ExtractionFailed(path, "not a pdf", "is not a PDF, whatever its name says")
    reason = "is damaged: no page can be read. If a PDF viewer opens it, print it to a new PDF there"
    return ExtractionFailed(path, "damaged", reason)


def _compose(file_stem: str, document_id: str, reading: Reading) -> Document:
    """Repairs what was read, and puts it together."""
    repairs = Repairs()
    lines = [page or [] for page in reading.pages]
    kept = repairs(lines, remove_running_lines, lines, reading.labels)
    kept = repairs(kept, continue_tables, kept)
    texts = [
        repairs("", _page_text, page, reading.annotations.get(at, ())) or _plain_text(page)
        for at, page in enumerate(kept)
    ]
    words = count_words(texts)
    characters = "".join(words)  # a fifth of the text
    if has_foreign_brackets(characters):
        texts = [without_imitations(text) for text in texts]
    pages = tuple(
        Page(number, flatten(label) or str(number), repairs("", _joined, text, words) or _unjoined(text))
        for number, (label, text) in enumerate(zip(reading.labels, texts, strict=True), start=1)
    )
    first_page = repairs(lines[0], split_tables, lines[0])
    title = flatten(reading.title)
    unread = find_unread(reading, pages, characters)
    sections: tuple[Section, ...] = repairs((), find_sections, reading.outline, kept, pages)
    return Document(
        id=document_id,
        title=repairs(title or file_stem, choose_title, title, reading.outline, first_page, file_stem),
        author=flatten(reading.author),
        created=read_date(reading.created),
        modified=read_date(reading.modified),
        outline=tuple(reading.outline),
        pages=pages,
        extractor=reading.made_by,
        sections=sections,
        scans=tuple(at + 1 for at in reading.scans),
        attachments=reading.attachments,
        unread=(Unread(0, "repair"), *unread) if repairs.failed else unread,
    )


def _joined(text: str, words: Counter[str]) -> str:
    """The text of a page with its words joined over line ends."""
    return tidy_lines(shorten_leaders(join_hyphenated(text, words)))


def _unjoined(text: str) -> str:
    return tidy_lines(text.replace(HYPHENATED, "-"))


def _plain_text(lines: Sequence[Line]) -> str:
    return without_plain_imitations("\n".join(line.text for line in lines))


def _page_text(lines: Sequence[Line], annotations: Sequence[Annotation]) -> str:
    """The text of a page, with marks for what its annotations show; its words are not joined yet."""
    if not annotations:
        return without_plain_imitations("\n".join(_paragraphs(lines)))
    own = [line._replace(text=without_plain_imitations(line.text)) for line in lines]
    marked, below = add_marks(own, annotations)
    return "\n".join([*_paragraphs(marked), *(["", below] if below else [])])


def _paragraphs(lines: Sequence[Line]) -> list[str]:
    return join_lines(break_paragraphs(lines), lines)


@contextmanager
def _silence() -> Iterator[None]:
    """Keeps the libraries' messages about broken files off the terminal: we report them ourselves."""
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


def _read_with_pdfium(
    source: Path | bytes, passwords: tuple[str, ...], max_pages: int, on_page: OnPage, opened: Opener
) -> Reading:
    """Raises PdfiumError if the file cannot be opened."""
    with closing(opened(source, passwords)) as pdf:
        total = len(pdf)
        if total > max_pages:
            raise TooManyPages(total)
        on_page(0, total)
        pages: list[list[Line] | None] = []
        scans = []
        pinned: list[Attachment] = []
        annotations = {}
        unread = list(unread_of_file(pdf))
        layers = Layers(source)
        for at in range(total):
            page = read_page(pdf, at, layers)
            pages.append(page.lines)
            if page.is_scan:
                scans.append(at)
            pinned += page.attachments
            if page.is_unrepaired:
                unread.append(Unread(at + 1, "repair"))
            if page.annotations:
                annotations[at] = page.annotations
            on_page(at + 1, total)
        metadata = {
            key: read_utf16(pdfium.FPDF_GetMetaText, pdf, key)
            for key in (b"Title", b"Author", b"CreationDate", b"ModDate")
        }
        return Reading(
            pages,
            [read_utf16(pdfium.FPDF_GetPageLabel, pdf, at) for at in range(total)],
            metadata[b"Title"],
            metadata[b"Author"],
            metadata[b"CreationDate"],
            metadata[b"ModDate"],
            tidy_outline(_read_bookmarks(pdf), total),
            f"pdfium {pypdfium2.PYPDFIUM_INFO.tag}",
            tuple(scans),
            all_attached(pdf, pinned),
            annotations,
            tuple(unread),
        )


def _read_bookmarks(pdf: Any) -> Iterator[tuple[str, int | None, int]]:
    """Title, 1-based page if it has one, and level of each entry."""
    for bookmark in islice(pdf.get_toc(), _MAX_OUTLINE_ENTRIES):
        destination = bookmark.get_dest()
        at = destination.get_index() if destination else None
        title = read_utf16(pdfium.FPDFBookmark_GetTitle, bookmark)
        yield title, None if at is None else at + 1, bookmark.level
