"""The nouns. Frozen dataclasses; this file imports nothing of the project.

A **document** is unique content: its id comes from the hash of its bytes, and any number of files may
hold it. Its text is the concatenation of its page texts; every offset in Stackroom counts characters
(Python string indices) of that text. A **passage** is a span of it: what is embedded and matched.
"""

from dataclasses import dataclass
from typing import Literal, get_args

ID_DIGITS = 24
"""Hexadecimal digits of an id, from the beginning of a SHA-256: 96 bits. Among a million documents, two get
the same id by chance once in 10^17 libraries."""

AttachmentPlace = tuple[int, int]
"""Where in a PDF an attachment is: `page` and `number` of an `Attachment`."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a PDF.

    Attributes:
        number: 1-based position in the file.
        label: what the PDF prints as its number ("xii", "A-3"); the number itself if it says nothing.
        text: the repaired text; empty, or ending in exactly one newline, so that page texts can be
            joined without a separator.
    """

    number: int
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """A line of the PDF's outline (its bookmarks).

    Attributes:
        title: what the line says.
        page: 1-based number of the page that it leads to.
        level: how deep it is nested; 0 for the outermost.
    """

    title: str
    page: int
    level: int


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a document's text below the same headings. It reaches to the start of the next section.

    Attributes:
        start: offset of its first character in `Document.text`.
        heading: the headings above it, from the outermost to the innermost, joined by " › ".
    """

    start: int
    heading: str


UnreadKind = Literal[
    "page",  # no library can load it
    "garbled",  # its fonts do not say which letters they draw
    "form",  # of the kind XFA, which only few viewers show
    "repair",  # an error of ours: the text is there, but not put in order as it should be
]
UNREAD_KINDS: tuple[UnreadKind, ...] = get_args(UnreadKind)


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that a document's pages have and that could not be read. Pages that wait for OCR are
    `Document.scans`, files inside the file `Document.attachments`.

    Attributes:
        page: 1-based number of the page it is on; 0 if it belongs to the document as a whole.
        kind: an UnreadKind.
    """

    page: int
    kind: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file inside a PDF.

    Attributes:
        page: 1-based number of the page that it is pinned to; 0 if it belongs to the PDF as a whole.
        number: its place, from 0: among the page's annotations, or in the PDF's own list of files.
        name: what the PDF calls it, on one line. A stranger's text: never a path.
        may_be_pdf: whether it has to be read to know if it is a PDF.
    """

    page: int
    number: int
    name: str
    may_be_pdf: bool


@dataclass(frozen=True, slots=True)
class Document:
    """What extraction makes of a PDF.

    Attributes:
        id: ID_DIGITS hexadecimal digits, the start of the SHA-256 of the file's bytes.
        title: never empty; from the metadata, the outline, the first page or the file's name.
        author: empty when the PDF names none.
        created, modified: ISO 8601 dates or times as the PDF states them; empty when it does not.
        outline: in reading order.
        pages: all pages, in order, also those without text.
        extractor: which library read the text, with its version ("pdfium 5.15.2").
        sections: in order; what stands before the first is below no heading.
        language: ISO 639-1 code of the language that most of the text is in; empty if it can't be told.
        scans: 1-based numbers of the pages that are pictures of text and wait for OCR.
        attachments: the files inside it, each in another place.
        recognised: 1-based numbers of the pages whose text OCR read when the document was read before.
        unread: what else it has that could not be read; none twice.
    """

    id: str
    title: str
    author: str
    created: str
    modified: str
    outline: tuple[OutlineEntry, ...]
    pages: tuple[Page, ...]
    extractor: str
    sections: tuple[Section, ...] = ()
    language: str = ""
    scans: tuple[int, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    unread: tuple[Unread, ...] = ()
    recognised: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        """The page texts, joined without a separator. Offsets of passages count its characters."""
        return "".join(page.text for page in self.pages)


@dataclass(frozen=True, slots=True)
class Passage:
    """A span of a document's text: what is embedded, matched and shown.

    Attributes:
        start: offset of its first character in `Document.text`.
        stop: likewise, of the character after its last one.
        page: 1-based number of the page that it is on; no passage crosses a page.
        context: the title and headings that are embedded before its text; empty for none.
        legible: whether the model knows the letters of its text. If not, it gets no vector, and only its
            words find it.
    """

    start: int
    stop: int
    page: int
    context: str = ""
    legible: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """The pages of a document that one answer to a fetch holds, or a piece of one page that is too long for
    that.

    Attributes:
        first, last: numbers of the pages, 1-based, both inclusive.
        start, stop: of a piece, offsets in the page's text, `stop` not included; `stop` is None if the pages
            are whole.
    """

    first: int
    last: int
    start: int = 0
    stop: int | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """Another place with the same text as a passage that is shown; the fields are as in `Hit` and `Quote`."""

    document_id: str
    title: str
    page: int
    page_label: str
    mark: str


@dataclass(frozen=True, slots=True)
class Quote:
    """A passage that answers a query, as it is shown.

    Attributes:
        text: from the page; it begins and ends with whole sentences where that is possible.
        matches: spans (start, stop) of `text` that match words of the query.
        page: 1-based number of the page it is on.
        page_label: that page's printed label.
        score: higher is better; see `stackroom.reading.finding.ranking`.
        part_id: fetch this to get the part of the document that it is in; see `stackroom.page.parts`.
        mark: its place on the page, as an address can carry it; see `stackroom.page.mark`.
        ocr_confidence: how sure OCR was of the page's text, in percent; None if the PDF has the text itself.
        copies: other places with the same passage, which are not shown themselves.
    """

    text: str
    matches: tuple[tuple[int, int], ...]
    page: int
    page_label: str
    score: float
    part_id: str
    mark: str
    ocr_confidence: int | None = None
    copies: tuple[Copy, ...] = ()


Strength = Literal["strong", "possible", "weak", ""]
"""How surely a result answers the query; empty if the query asks nothing, but only filters."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that answers a query, with its best passage and further good ones, the best first.

    Attributes:
        document_id, title: the document's.
        best: its best passage.
        more: further ones, of other pages.
        unshown: how many more of its pages were found.
        strength: see `stackroom.reading.finding.strength`.
    """

    document_id: str
    title: str
    best: Quote
    more: tuple[Quote, ...]
    unshown: int = 0
    strength: Strength = ""


@dataclass(frozen=True, slots=True)
class RankedPassage:
    """A passage's place in a ranking that is being evaluated.

    Attributes:
        document_id: of its document.
        page: 1-based number of the page it is on.
        score: higher is better; comparable within one ranking only.
    """

    document_id: str
    page: int
    score: float
