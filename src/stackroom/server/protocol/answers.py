"""What the tools answer, and what the command line prints with --json. Knows nothing of MCP.

The shapes are those that ChatGPT and deep research expect: `results` with `id`, `title` and `url`; a document
with `id`, `title`, `text`, `url` and `metadata`. A client makes a citation only of an absolute http(s) `url`.
Whatever comes from a PDF or a file's name is cut to a length here, except texts: see `page.foreign_text`.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from typing import Any

from pydantic import BaseModel, Field

from stackroom.catalog.library_state import LibraryState
from stackroom.common.documents import Copy, OutlineEntry, Quote, Unread
from stackroom.page.foreign_text import own_line
from stackroom.page.parts import page_id, ranges
from stackroom.reading.notices import nothing_with, unshown_documents, unshown_pages
from stackroom.reading.results import Fetched
from stackroom.reading.showing.hits import Answer


class SamePassage(BaseModel):
    """Another place with the same passage."""

    id: str
    title: str
    url: str
    page: int
    page_label: str


class FurtherPassage(BaseModel):
    """Another good passage of the same document, on another page."""

    id: str
    text: str
    url: str
    page: int
    page_label: str
    score: float
    ocr_confidence: int
    copies: list[SamePassage]


class SearchResult(BaseModel):
    """A document that answers the query."""

    id: str = Field(
        description="The document's id, for fetch; of a long document, that of the passage's part"
    )
    title: str
    url: str = Field(description="Opens the page with the passage marked; cite this")
    text: str = Field(description="The passage that answers best, quoted from the document")
    page: int = Field(description="Position of that passage's page in the PDF, from 1")
    page_label: str = Field(description="The number printed on that page")
    score: float = Field(description="How well that passage answers: about 1 at best; higher is better")
    strength: str = Field(
        description="How surely the document answers: strong, possible or weak; empty for a list. If all are "
        "weak, it is most likely not in the library, or in another language than the query"
    )
    ocr_confidence: int = Field(
        description="If that page is a scan: how sure OCR was of its text, in percent; else 0"
    )
    copies: list[SamePassage] = Field(description="Where else this passage is, word for word")
    more: list[FurtherPassage] = Field(description="Good passages on other pages of the document")
    note: str = Field(
        description="How to see what else was found, or what this result lacks of the query; mostly empty"
    )


class Library(BaseModel):
    """How complete the index is that was searched."""

    documents: int = Field(description="How many documents it has")
    indexing: bool = Field(description="Whether documents are being added or read at this moment")
    files_waiting: int = Field(description="Files that have not been read yet")
    embedded: int = Field(
        description="Percent of the passages that can be found by meaning; the others only by their words"
    )
    scans_waiting: int = Field(description="Scanned pages that have not been read yet")
    locked_files: int = Field(description="Files that cannot be read, because they need a password")


class SearchAnswer(BaseModel):
    """The documents that answer a query, the best first."""

    results: list[SearchResult]
    total: int = Field(description="How many documents matched, with those that are not among the results")
    next_query: str = Field(description="Search for this to get the results that follow; empty at the end")
    notices: list[str] = Field(
        description="What was left out of the query or read in another way, and why this may be less than "
        "was asked for"
    )
    library: Library


class OutlineLine(BaseModel):
    """A line of the table of contents."""

    title: str
    page: int
    level: int = Field(description="0 for the outermost")


class AttachedFile(BaseModel):
    """A file inside the PDF."""

    name: str
    page: int = Field(description="The page it is pinned to; 0 if it belongs to the PDF as a whole")
    id: str = Field(description="If it is a PDF: fetch this to read it; else empty")
    unread: str = Field(description="Why an attached PDF was not read; empty if it was, or is no PDF")


class FetchMetadata(BaseModel):
    """What is known of a document besides its text; what a PDF does not state is an empty string."""

    author: str
    created: str = Field(description="ISO 8601, as the PDF states it")
    modified: str = Field(description="ISO 8601, as the PDF states it")
    pages: int = Field(description="How many pages the PDF has")
    file_name: str
    source: str = Field(
        description="The file's path inside the library; 'a.pdf, in b.pdf' if it is attached to another PDF"
    )
    extractor: str = Field(description="What read the text from the PDF")
    first_page: int = Field(description="The pages in this text: from this one")
    last_page: int = Field(description="to this one, both inclusive")
    ocr_pages: str = Field(
        description="Of these the scans, whose text is from OCR and may have mistakes, such as 1-12,15"
    )
    ocr_confidence: int = Field(
        description="How sure OCR was of them, the mean in percent; 0 if none is a scan"
    )
    unread_pages: str = Field(
        description="Of these the scans that OCR has not read: what they say is missing in this text"
    )
    attachments: list[AttachedFile] = Field(description="The files inside the PDF; none is in this text")
    unread: str = Field(
        description="What else these pages have that this text lacks: forms, letters that fonts do not name"
    )
    part: int = Field(description="Which part of the document this text begins in, from 1")
    parts: int = Field(description="How many parts it has; 1 if it fits one answer")
    next_id: str = Field(description="Fetch this to go on; empty at the end of the document")
    previous_id: str = Field(description="What precedes; empty at the beginning")
    outline: list[OutlineLine] = Field(
        description="The table of contents, deeper levels left out if it is long. A page is fetched with the "
        "document's id and #p=12, several with #p=12-20"
    )


class FetchAnswer(BaseModel):
    """A document, or a part of a long one."""

    id: str
    title: str
    text: str = Field(description="The text of the pages, each after a line such as [[page 3]]")
    url: str = Field(description="Opens the first of these pages; with ?page=3, page 3")
    metadata: FetchMetadata


# Most attachments that are named, and most characters of each name.
_ATTACHMENTS, _ATTACHMENT_NAME = 100, 120

# Most lines of a table of contents, and most characters of each: together a few thousand tokens.
_OUTLINE_LINES, _OUTLINE_TITLE = 100, 120


# How what could not be read is named.
_SAID = {
    "page": "a page that cannot be read",
    "garbled": "letters that the page's fonts do not name",
    "form": "a form of the kind XFA",
    "repair": "text that could not be put in order, and is as the file has it",
}


def search_answer(answer: Answer, base_url: str, state: LibraryState) -> SearchAnswer:
    """The answer to a search; `base_url` is where the server is found, without a slash at its end.

    `results` is what clients are promised, and has all that a reader who takes no other key has to know; the
    rest stands beside it.
    """
    lacking = nothing_with(answer.missing, nearest=True) if answer.missing else ""
    results = [
        SearchResult(
            title=own_line(hit.title),
            strength=hit.strength,
            more=[FurtherPassage(**_quoted(further, hit.document_id, base_url)) for further in hit.more],
            note=" ".join(filter(None, (lacking, unshown_pages(hit, alone=len(answer.hits) == 1)))),
            **_quoted(hit.best, hit.document_id, base_url),
        )
        for hit, _ in answer.hits
    ]
    # OpenAI's description has no other key beside `results`, so a client may show its model nothing else:
    # this stands also where a reader of the list comes last.
    if results and answer.unshown:
        unshown = unshown_documents(answer.unshown, answer.next_query.rpartition(" ")[2])
        results[-1].note = f"{results[-1].note} {unshown}".lstrip()
    return SearchAnswer(
        results=results,
        total=answer.total,
        next_query=answer.next_query,
        notices=list(answer.notices),
        library=Library(
            documents=state.contents.documents,
            indexing=state.is_indexing,
            files_waiting=state.files_waiting,
            embedded=state.contents.embedded,
            scans_waiting=state.contents.scans_waiting,
            locked_files=state.contents.locked_files,
        ),
    )


def _quoted(quote: Quote, document_id: str, base_url: str) -> dict[str, Any]:
    return {
        "id": quote.part_id,
        "text": quote.text,
        "url": _passage_url(base_url, document_id, quote),
        "page": quote.page,
        "page_label": quote.page_label,
        "score": round(quote.score, 4),
        "ocr_confidence": _percent([] if quote.ocr_confidence is None else [quote.ocr_confidence]),
        "copies": [
            SamePassage(
                id=page_id(copy.document_id, copy.page),
                title=own_line(copy.title),
                url=_passage_url(base_url, copy.document_id, copy),
                page=copy.page,
                page_label=copy.page_label,
            )
            for copy in quote.copies
        ],
    }


def _passage_url(base_url: str, document_id: str, place: Quote | Copy) -> str:
    return f"{_document_url(base_url, document_id)}?page={place.page}&mark={place.mark}#passage"


def fetch_answer(fetched: Fetched, base_url: str) -> FetchAnswer:
    """The answer to a fetch; `base_url` as in `search_answer`."""
    entry, part = fetched.entry, fetched.part
    # Relative, because an absolute path would tell a hosted assistant about the machine.
    place = entry.locations[0] if entry.locations else None
    url = _document_url(base_url, entry.id)
    return FetchAnswer(
        id=fetched.id,
        title=own_line(entry.title),
        text=fetched.text,
        url=url if part.first == 1 else f"{url}?page={part.first}",
        metadata=FetchMetadata(
            author=own_line(entry.author),
            created=own_line(entry.created),
            modified=own_line(entry.modified),
            pages=entry.page_count,
            file_name=own_line(place.shown_name if place else ""),
            source=own_line(place.shown_path if place else ""),
            extractor=own_line(entry.extractor),
            first_page=part.first,
            last_page=part.last,
            ocr_pages=ranges(fetched.ocr_pages),
            ocr_confidence=_percent(fetched.ocr_pages.values()),
            unread_pages=ranges(fetched.unread_pages),
            attachments=[
                AttachedFile(
                    name=own_line(attached.name, _ATTACHMENT_NAME),
                    page=attached.page,
                    id=attached.document_id,
                    unread=own_line(attached.reason),
                )
                for attached in entry.attachments[:_ATTACHMENTS]
            ],
            unread=_unread(fetched.unread),
            part=fetched.number,
            parts=fetched.parts,
            next_id=fetched.next_id,
            previous_id=fetched.previous_id,
            outline=_outline(entry.outline),
        ),
    )


def _outline(entries: Sequence[OutlineEntry]) -> list[OutlineLine]:
    """The outermost levels that fit into `_OUTLINE_LINES`. If even one level is too long, its first lines."""
    levels = sorted({entry.level for entry in entries})
    while len(levels) > 1 and sum(entry.level <= levels[-1] for entry in entries) > _OUTLINE_LINES:
        levels.pop()
    kept = [entry for entry in entries if entry.level in levels][:_OUTLINE_LINES]
    return [
        OutlineLine(title=own_line(entry.title, _OUTLINE_TITLE), page=entry.page, level=entry.level)
        for entry in kept
    ]


def _unread(found: Iterable[Unread]) -> str:
    """What could not be read, for people: "page 3: letters that the page's fonts do not name"."""
    said = []
    for kind, group in groupby(sorted(found, key=_kind), key=_kind):
        pages = ranges(one.page for one in group if one.page)
        where = f"page{'s' if set(pages) & set('-,') else ''} {pages}: " if pages else ""
        said.append(where + _SAID[kind])
    return "; ".join(said)


def _kind(one: Unread) -> str:
    return one.kind


def _percent(confidences: Collection[int]) -> int:
    """The mean in percent; 0 if there are none. A scan has at least 1, so that it is not taken for none."""
    return max(1, round(sum(confidences) / len(confidences))) if confidences else 0


def _document_url(base_url: str, document_id: str) -> str:
    return f"{base_url}/d/{document_id}"
