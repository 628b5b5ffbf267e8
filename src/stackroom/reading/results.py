"""What a fetch gives: a document or a part of it, or a page and the file that shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stackroom.catalog.entries import DocumentEntry
from stackroom.common.documents import AttachmentPlace, Page, Part, Unread
from stackroom.page.word_boxes import WordBox


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document, or the part of a long one that was asked for.

    Attributes:
        entry: of the whole document.
        id: of what this is: the document's own, or that of a part.
        text: the part's pages, each after a line such as `[[page 3]]`. If the document has other parts, a
            last line tells the id to go on with.
        part: which pages these are.
        number: which part of the document this is, from 1; of pages that begin in one part and end in
            another, the number of the first.
        parts: how many parts the document has.
        next_id, previous_id: fetch what follows and what precedes; empty if there is nothing.
        ocr_pages: by the numbers of those pages whose text OCR has read, how sure it was, in percent.
        unread_pages: numbers of those pages that are scans which OCR has not read yet, or could not read.
        unread: what else could not be read of these pages, and of the document as a whole.
    """

    entry: DocumentEntry
    id: str
    text: str
    part: Part
    number: int
    parts: int
    next_id: str
    previous_id: str
    ocr_pages: Mapping[int, int]
    unread_pages: Sequence[int]
    unread: Sequence[Unread]


@dataclass(frozen=True, slots=True)
class PageOfFile:
    """A page, and the PDF it can be seen in.

    Attributes:
        entry: of the document, which may have taken the place of the one that was asked for.
        page: with its whole text.
        file: a PDF that still is as it was when the document was indexed; None if there is none.
        ocr_confidence: how sure OCR was of the text, in percent; None if the PDF has the text itself.
        words: where OCR saw each word on the page; empty if that is not known.
        inside: where the document is attached to the PDF in `file`; None if it is that PDF.
        is_unread: whether it is a scan that OCR has not read yet, or could not read.
        unread: what else could not be read of it, and of the document as a whole.
        why_no_file: the reason, if there is none.
    """

    entry: DocumentEntry
    page: Page
    file: Path | None
    ocr_confidence: int | None
    words: tuple[WordBox, ...]
    inside: AttachmentPlace | None = None
    is_unread: bool = False
    unread: tuple[Unread, ...] = ()
    why_no_file: str = ""
