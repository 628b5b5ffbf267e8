"""What is told of the documents as such: how many there are of each kind, and a line for each of them."""

from dataclasses import dataclass
from typing import Literal

from stackroom.catalog.document_lines import DocumentLine

__all__ = ["NO_FACETS", "Chip", "DocumentLine", "Facet", "Facets", "Folder", "Listing", "Sort"]

Sort = Literal["title", "newest", "indexed", "pages"]
"""The order of a listing: by title; the newest document first; the one that was indexed last first; the
longest first."""


@dataclass(frozen=True, slots=True)
class Facet:
    """Documents that have something in common.

    Attributes:
        value: what it is: a folder ("reports/2023", beginning with the library's name), a year ("2023"), a
            code of a language ("de"), an author as the documents name them.
        count: how many documents the filter lets through.
        operator: the filter as a query says it: `folder:"reports/2023"`, `after:2023 before:2024`.
        query: the query with that filter, in place of those of the same kind: it finds these documents only.
    """

    value: str
    count: int
    operator: str
    query: str


@dataclass(frozen=True, slots=True)
class Facets:
    """Counts of documents, the most frequent first; at most a dozen of each kind.

    Attributes:
        folders: the folders just below the deepest one that all the documents have in common; what is deeper
            counts with them.
        years: in which documents were created or last changed; a document may count for two.
        languages: by their ISO 639-1 codes.
        authors: as the documents name them.
    """

    folders: tuple[Facet, ...] = ()
    years: tuple[Facet, ...] = ()
    languages: tuple[Facet, ...] = ()
    authors: tuple[Facet, ...] = ()


NO_FACETS = Facets()
"""Of nothing, or of what nobody has counted."""


@dataclass(frozen=True, slots=True)
class Chip:
    """An operator that is in use.

    Attributes:
        written: as it stands in the query: `-draft`, `lang:german`.
        kind: "phrase"; "without" if it leaves something out; or a kind of filter, one of the values of
            `stackroom.reading.query.filters.NAMES`.
        query: what remains of the query without it.
    """

    written: str
    kind: str
    query: str


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder with documents in it, or below it.

    Attributes:
        name: its own.
        path: with the folders above it, from the library's name on.
        count: how many documents are in it and below it.
        operator: the filter that lets these through: `folder:"reports/2023"`.
        folders: those just below it, by name.
    """

    name: str
    path: str
    count: int
    operator: str
    folders: tuple["Folder", ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """Documents of the library.

    Attributes:
        documents: those that were asked for, in the order that was asked for.
        total: how many documents the query lets through.
        facets: of all these.
        folders: all folders that have any of these, as a tree, by name; the outermost are the libraries.
        operators: the operators of the query.
        notices: what of the query was taken as words, in sentences.
    """

    documents: tuple[DocumentLine, ...]
    total: int
    facets: Facets
    folders: tuple[Folder, ...]
    operators: tuple[Chip, ...] = ()
    notices: tuple[str, ...] = ()
