"""What a PDF library read from a file, before it is repaired; and the limits at which reading stops."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from indexer.pdf.annotations.read_annotations import Annotation
from indexer.pdf.text.clean_text import flatten
from indexer.pdf.text.page_lines import Line
from stackroom.common.documents import Attachment, OutlineEntry, Unread

OnPage = Callable[[int, int], None]
"""Called with two numbers: pages done, and pages in all."""

MAX_PAGE_CHARACTERS = 1_000_000
"""Most characters of a page. More is an attack or a dump; a full page of small print has 10,000."""


class PageTooLong(Exception):
    """A page has more than MAX_PAGE_CHARACTERS."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class TooManyPages(Exception):
    """The file claims more pages than we are willing to read."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count


@dataclass(frozen=True, slots=True)
class Reading:
    """What a library read from a file, unrepaired.

    Attributes:
        pages: the lines of each page; None for a page that could not be read.
        labels: as many as pages; empty where the PDF says nothing.
        title, author, created, modified: as in the PDF's metadata.
        outline: entries with a page.
        made_by: the name and version of the PDF library.
        scans: indexes of the pages whose text only OCR can tell.
        attachments: the files inside it.
        annotations: what is shown by the annotations of the pages that have any, by the page's index.
        unread: what the file has beside its pages that was not read.
    """

    pages: list[list[Line] | None]
    labels: list[str]
    title: str
    author: str
    created: str
    modified: str
    outline: list[OutlineEntry]
    made_by: str
    scans: tuple[int, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    annotations: Mapping[int, Sequence[Annotation]] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()


def tidy_outline(entries: Iterable[tuple[str, int | None, int]], total: int) -> list[OutlineEntry]:
    """The entries that lead to a page. One that only groups others leads to the first of them."""
    outline: list[OutlineEntry] = []
    for title, page, level in reversed(list(entries)):
        if page is None and outline and outline[-1].level > level:
            page = outline[-1].page
        name = flatten(title)
        if name and page is not None and 1 <= page <= total:
            outline.append(OutlineEntry(name, page, level))
    return outline[::-1]
