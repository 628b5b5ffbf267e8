"""What the tools answer, and what the command line prints with --json. Knows nothing of MCP.

The shapes are those ChatGPT and deep research expect: `results` with `id`, `title` and `url`; a document with
`id`, `title`, `text`, `url` and `metadata`. A client makes a citation only of an absolute http(s) `url`.
"""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, Field

from stackroom.documents import Hit, Quote
from stackroom.reader import Fetched


class FurtherPassage(BaseModel):
    """Another good passage of the same document, on another page."""

    text: str
    url: str
    page: int
    page_label: str
    score: float


class SearchResult(BaseModel):
    """A document that answers the query."""

    id: str = Field(description="The document's id, for fetch")
    title: str
    url: str = Field(description="Opens the PDF at the page of the passage; cite this")
    text: str = Field(description="The passage that answers best, quoted from the document")
    page: int = Field(description="Position of that passage's page in the PDF, from 1")
    page_label: str = Field(description="The number printed on that page")
    score: float = Field(description="How well that passage answers: about 1 at best; higher is better")
    more: list[FurtherPassage] = Field(description="Good passages on other pages of the document")


class SearchAnswer(BaseModel):
    """The documents that answer a query, the best first."""

    results: list[SearchResult]


class FetchMetadata(BaseModel):
    """What is known of a document besides its text; what a PDF does not state is an empty string."""

    author: str
    created: str = Field(description="ISO 8601, as the PDF states it")
    modified: str = Field(description="ISO 8601, as the PDF states it")
    pages: int = Field(description="How many pages the PDF has")
    file_name: str
    source: str = Field(description="The file's path inside the library")
    extractor: str = Field(description="What read the text from the PDF")


class FetchAnswer(BaseModel):
    """A whole document."""

    id: str
    title: str
    text: str = Field(description="The text of all pages, each after a line such as [[page 3]]")
    url: str = Field(description="Opens the PDF; add #page=3 to cite page 3")
    metadata: FetchMetadata


def search_answer(hits: Iterable[Hit], base_url: str) -> SearchAnswer:
    """The answer to a search; `base_url` is where the server is found, without a slash at its end."""
    return SearchAnswer(
        results=[
            SearchResult(
                id=hit.document_id,
                title=hit.title,
                more=[FurtherPassage(**_quoted(further, hit.document_id, base_url)) for further in hit.more],
                **_quoted(hit.best, hit.document_id, base_url),
            )
            for hit in hits
        ]
    )


def _quoted(quote: Quote, document_id: str, base_url: str) -> dict[str, Any]:
    return {
        "text": quote.text,
        "url": f"{_document_url(base_url, document_id)}#page={quote.page}",
        "page": quote.page,
        "page_label": quote.page_label,
        "score": round(quote.score, 4),
    }


def fetch_answer(fetched: Fetched, base_url: str) -> FetchAnswer:
    """The answer to a fetch; `base_url` as in `search_answer`."""
    record = fetched.record
    # Relative, because an absolute path would tell a hosted assistant about the machine.
    source = record.locations[0].path if record.locations else ""
    return FetchAnswer(
        id=record.id,
        title=record.title,
        text=fetched.text,
        url=_document_url(base_url, record.id),
        metadata=FetchMetadata(
            author=record.author,
            created=record.created,
            modified=record.modified,
            pages=record.page_count,
            file_name=source.rpartition("/")[2],
            source=source,
            extractor=record.extractor,
        ),
    )


def _document_url(base_url: str, document_id: str) -> str:
    return f"{base_url}/d/{document_id}"
