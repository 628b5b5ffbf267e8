"""The nouns. Frozen dataclasses; this file imports nothing of the project.

A **document** is unique content: its id comes from the hash of its bytes, and any number of files may
hold it. Its text is the concatenation of its page texts; every offset in Stackroom counts characters
(Python string indices) of that text. A **passage** is a span of it: what is embedded and matched.
"""

from dataclasses import dataclass


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
    """A line of the PDF's outline (its bookmarks). `level` is 0 for the outermost; `page` is 1-based."""

    title: str
    page: int
    level: int


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a document's text, from `start` to the next one's: an offset of its characters.

    `heading` has the headings above it, from the outermost to the innermost.
    """

    start: int
    heading: str


@dataclass(frozen=True, slots=True)
class Document:
    """What extraction makes of a PDF.

    Attributes:
        id: 24 hexadecimal digits, the start of the SHA-256 of the file's bytes.
        title: never empty; from the metadata, the outline, the first page or the file's name.
        author: empty when the PDF names none.
        created, modified: ISO 8601 dates or times as the PDF states them; empty when it does not.
        outline: in reading order.
        pages: all pages, in order, also those without text.
        extractor: which library read the text, with its version ("pdfium 5.15.2").
        sections: in order; what stands before the first is below no heading.
        language: of most of the text, in ISO 639-1; empty if it can't be told.
        scans: numbers of the pages whose text only OCR can tell, and has not told yet.
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
    """What one answer to a fetch has of a document: the pages `first` to `last`, both inclusive, 1-based.

    Of a page that is too long for one answer it has the characters from `start` up to, not including, `stop`;
    `stop` is None if the pages are whole.
    """

    first: int
    last: int
    start: int = 0
    stop: int | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """A passage that answers a query, as it is shown.

    Attributes:
        text: from the page, beginning and ending with sentences where it can.
        matches: spans (start, stop) of `text` that are words of the query.
        page: 1-based number of the page it is on.
        page_label: that page's printed label.
        score: see `stackroom.reading.finding.ranking`; higher is better.
        part_id: fetches the part of the document that it is in; see `stackroom.page.parts`.
        mark: its place on the page, for an address; see `stackroom.page.mark`.
        ocr_confidence: how sure OCR was of the page's text, in percent; None if the PDF has the text itself.
    """

    text: str
    matches: tuple[tuple[int, int], ...]
    page: int
    page_label: str
    score: float
    part_id: str
    mark: str
    ocr_confidence: int | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that answers a query, with its best passage and further good ones, the best first."""

    document_id: str
    title: str
    best: Quote
    more: tuple[Quote, ...]


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
