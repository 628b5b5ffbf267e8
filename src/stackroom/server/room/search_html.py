"""What the search shows: values for the templates search.html and search_results.html; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from stackroom.catalog.entries import Description
from stackroom.catalog.library_state import Contents
from stackroom.common.documents import Hit, Quote, Strength
from stackroom.page.foreign_text import own_line
from stackroom.reading.listing import Chip, Facets
from stackroom.reading.notices import ALL_WEAK, NOTHING_INDEXED, not_searched
from stackroom.reading.query.parse import parse, without
from stackroom.reading.showing.hits import Answer
from stackroom.server.room.pictures import WIDTHS
from stackroom.server.room.progress import Work
from stackroom.server.room.shown import FILTER_CHARACTERS, Choice, Pieces, choices, named, pieces

EACH = 10
"""Results on a page."""

# Characters: a longer author would take the place of the rest of the line.
_AUTHOR = 80


@dataclass(frozen=True, slots=True)
class PassageShown:
    """A passage that answers the query.

    Attributes:
        address: opens the page with the passage marked.
        label: the page number that is printed on the page.
        pieces: its text.
        ocr: how sure OCR was of the page's text, in percent; None if it is no scan.
        copies: how many other places have the same passage.
    """

    address: str
    label: str
    pieces: Pieces
    ocr: int | None
    copies: int


@dataclass(frozen=True, slots=True)
class ResultShown:
    """A document that answers the query. All texts from the PDF are on one line each.

    Attributes:
        title: the document's.
        folder: where its file is, from the library's own name on; empty for a single PDF.
        file_name: of the PDF.
        files: how many other files hold the same document.
        author, day: empty where the PDF names none; the day is ISO 8601, as far as it is known.
        best: the passage that answers best.
        thumbnail: address of a small picture of its page.
        more: further passages of the document.
        unshown: how many more of its pages were found.
        inside: address of the same search inside this document; empty if this is one.
        strength: how surely it answers.
    """

    title: str
    folder: str
    file_name: str
    files: int
    author: str
    day: str
    best: PassageShown
    thumbnail: str
    more: tuple[PassageShown, ...]
    unshown: int
    inside: str
    strength: Strength


@dataclass(frozen=True, slots=True)
class ChipShown:
    """An operator of the query, and the address of the same search without it."""

    operator: str
    without: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a search has found.

    Attributes:
        query: as it was asked.
        count: how many documents, as a sentence.
        notices: what was searched instead, or could not be searched.
        unseen: what of the library was not searched, if nothing answers; mostly empty.
        listed: address of the list of documents that pass the query's filters, if it is nothing but filters.
        chips: the operators of the query.
        choices: pairs of a heading and what can be chosen under it.
        results: of this page.
        first: the number of the first one, from 1.
        start, previous, next: addresses of the first page of results and of those before and after; empty if
            there is none.
        was_searched: whether the query was searched for, and not refused; and in anything.
    """

    query: str
    count: str
    notices: tuple[str, ...]
    chips: tuple[ChipShown, ...]
    choices: tuple[tuple[str, tuple[Choice, ...]], ...]
    results: tuple[ResultShown, ...]
    first: int
    start: str = ""
    previous: str = ""
    next: str = ""
    was_searched: bool = True
    unseen: str = ""
    listed: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """An operator as one could write it in this library, and what it finds.

    `address` is that of a search with nothing else; empty if that would find nothing.
    """

    query: str
    finds: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class LibraryShown:
    """What is shown before anything is searched: how many documents there are, and how to ask for them.

    If there are none, `unread` is how many files could not be read. `work` is what the indexer does now.
    """

    documents: int
    unread: int
    examples: tuple[Example, ...]
    work: Work


def address(query: str, page: int = 1) -> str:
    """The address of a search's page, from 1."""
    asked: dict[str, object] = {"q": query} if query else {}
    return "/?" + urlencode(asked | ({"page": page} if page > 1 else {})) if asked else "/"


def found(
    query: str, page: int, answer: Answer, known: Mapping[str, Description], contents: Contents
) -> Found:
    """What is shown of the answer to `query`.

    Args:
        query: as it was asked.
        page: which ten of its results, from 1.
        answer: has those of this page only.
        known: of the documents in it, by id.
        contents: of the index.
    """
    is_found = answer.hits and not answer.missing and ALL_WEAK not in answer.notices
    first = answer.total - answer.unshown - len(answer.hits) + 1  # also after `skip:`
    return Found(
        query=query,
        count=_count(first, len(answer.hits), answer.total),
        notices=answer.notices,
        chips=tuple(
            ChipShown(own_line(one.written, FILTER_CHARACTERS), address(one.query))
            for one in answer.operators
        ),
        choices=_choices(answer.facets, answer.operators),
        results=tuple(_result(query, hit, known.get(hit.document_id)) for hit, _ in answer.hits),
        first=first,
        start=address(without(query, "skip")),
        previous=address(query, page - 1) if page > 1 else "",
        next=address(query, page + 1) if answer.unshown else "",
        was_searched=NOTHING_INDEXED not in answer.notices,
        unseen="" if is_found else not_searched(contents),
        listed=f"/library?{urlencode({'q': query})}" if parse(query).only_filters else "",
    )


def refused(query: str, reason: str) -> Found:
    """What is shown of a query that is not searched for."""
    return Found(query, "Nothing was searched", (reason,), (), (), (), 1, was_searched=False)


def examples(facets: Facets) -> tuple[Example, ...]:
    """How to ask, with the folders, languages, years and authors that the library has."""
    known = (
        ("only documents in this folder", facets.folders[:1]),
        ("only documents in this language", facets.languages[:1]),
        ("only documents of this time", facets.years[:1]),
        ("only documents by this author", facets.authors[:1]),
    )
    return (
        *(Example(facet.operator, finds, address(facet.operator)) for finds, some in known for facet in some),
        Example('"exact words"', "only passages with exactly these words"),
        Example("-word", "no passages with this word"),
        Example("title:report", "only documents with this in their title"),
    )


def _count(first: int, shown: int, total: int) -> str:
    if not shown:
        return "Nothing found" if first == 1 else "No more results"
    documents = "1 document" if total == 1 else f"{total:,} documents"
    return documents if shown == total else f"{first:,} to {first + shown - 1:,} of {documents}"


def _result(query: str, hit: Hit, known: Description | None) -> ResultShown:
    paths = known.paths if known else ()
    folder, _, name = paths[0].rpartition("/") if paths else ("", "", "")
    best = hit.best
    inside = f"id:{hit.document_id}"
    return ResultShown(
        title=own_line(hit.title),
        folder=own_line(folder.strip("/")) if folder != name else "",
        file_name=own_line(name),
        files=max(0, len(paths) - 1),
        author=own_line(known.author, _AUTHOR) if known else "",
        day=own_line(known.created or known.modified)[:10] if known else "",
        best=_passage(hit.document_id, best),
        thumbnail=f"/d/{hit.document_id}/page/{best.page}.png?mark={best.mark}&width={WIDTHS[0]}",
        more=tuple(_passage(hit.document_id, quote) for quote in hit.more),
        unshown=hit.unshown,
        inside="" if inside in query else address(f"{query} {inside}"),
        strength=hit.strength,
    )


def _passage(document_id: str, quote: Quote) -> PassageShown:
    return PassageShown(
        address=f"/d/{document_id}?page={quote.page}&mark={quote.mark}#passage",
        label=quote.page_label,
        pieces=pieces(quote.text, quote.matches),
        ocr=quote.ocr_confidence,
        copies=len(quote.copies),
    )


def _choices(facets: Facets, operators: Sequence[Chip]) -> tuple[tuple[str, tuple[Choice, ...]], ...]:
    groups = (
        ("Folder", facets.folders),
        ("Year", facets.years),
        ("Language", named(facets.languages)),
        ("Author", facets.authors),
    )
    found = ((heading, choices(group, operators, address)) for heading, group in groups)
    return tuple(pair for pair in found if pair[1])
