"""What a search asks of an index of words, whatever engine has it."""

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

# A page's id in its index is made of the id of its document's first passage and its number, of so many bits.
_PAGE_BITS = 20


@dataclass(frozen=True, slots=True)
class WordMatches:
    """What matches the words of a query.

    Attributes:
        scores: id → BM25 score of what matches, the best first, equal ones by id; higher is better. An id is
            that of a passage, a page (`page_key`), or a document's first passage.
        most: the sum of the weights (BM25's idf) of the words that were looked for; a word that is nowhere
            counts as the rarest. A passage with all of the words scores about that much, and never more than
            2.2 times as much. 0 if no word was looked for.
    """

    scores: dict[int, float]
    most: float

    @property
    def hits(self) -> list[tuple[int, float]]:
        """Pairs of an id and a score, in the same order."""
        return list(self.scores.items())


def page_key(first_passage: int, page: int) -> int:
    """The id of a page in its index.

    Args:
        first_passage: the id of its document's first passage.
        page: its number, 1-based.
    """
    return (first_passage << _PAGE_BITS) + page


class MatchingWords(Protocol):
    """Finds which passages, pages and documents match the words of a query. Not thread-safe.

    It is derived from the catalogue, so what it finds may be out of date: look it up in the catalogue. Every
    method raises CatalogUnusable if the index is damaged, StoreAway if it is in a database that can't be
    reached.
    """

    def at_one_moment(self) -> AbstractContextManager[None]:
        """All that is asked in the block is answered from what was committed at its beginning.

        Outside of it each question looks for what is newer.
        """

    def search(
        self,
        query: str,
        k: int,
        required: Sequence[str] = (),
        *,
        within: Sequence[int] | None = None,
        without: Sequence[int] = (),
    ) -> WordMatches:
        """The passages that match the words of `query` best.

        Args:
            query: any text; a passage need not have all of its words.
            k: most passages to return.
            required: texts all of whose words a passage must have.
            within: ids of the first passages of the documents to look in; None means all.
            without: likewise, of documents to leave out.
        """

    def pages(self, query: str, k: int, documents: Collection[int] | None) -> WordMatches:
        """The whole pages that match the words of `query` best: their `page_key`.

        Args:
            query: any text; a page need not have all of its words.
            k: most pages to return.
            documents: ids of the first passages of the documents to look in; None means all.
        """

    def documents(self, query: str, documents: Collection[int] | None) -> WordMatches:
        """How well names, title, author, date and first pages of these documents match the words of `query`.

        Args:
            query: any text.
            documents: ids of their first passages; the hits are some of them. None means all.
        """

    def names(self, query: str, k: int) -> WordMatches:
        """The documents whose files' names match the words of `query` best: ids of their first passages."""

    def meant(self, query: str) -> dict[str, tuple[str, ...]]:
        """For each word of `query` that is nowhere: words of the library that are one letter from it, up to
        three, the most frequent first. Words of which there are none are left out.
        """

    def languages(self) -> list[str]:
        """The languages of the passages, of `terms.LANGUAGES`."""

    def __len__(self) -> int:
        """How many passages' words can be searched."""
