"""The passages that may answer a query, each with all the evidence there is for it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, starmap
from operator import attrgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackroom.catalog.passage_ranges import PassageRange, PassageRanges
from stackroom.indexes.vectors import VectorIndex
from stackroom.indexes.words import WordIndex, WordMatches, page_key
from stackroom.reading.finding.ranking import Evidence, fuse

# If at least one document in four is chosen, the words are searched in all documents, and the hits in chosen
# ones are kept.
_MANY = 4

# How many times as many passages are listed by their words as become candidates by them.
_TIMES = 2

# So many whole pages are looked for by their words: with more or fewer, from 30 on, the first ten results are
# the same but for one in a hundred.
_PAGES = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, ready to be answered.

    Attributes:
        text: its words.
        phrases: texts all of whose words a passage must have. If there are any, passages are found by words
            alone: what is near in meaning need not have these words.
        vector: of `text`, float32, shape (dimensions,), length 1; None if meaning is not searched.
        known: share of its letters that the model knows, 0 to 1.
        unrelated: see `ranking.fuse`.
    """

    text: str
    phrases: tuple[str, ...]
    vector: NDArray[np.float32] | None
    known: float
    unrelated: float = 0.0


class Candidate(NamedTuple):
    """A passage that may answer the query, with the evidence for it.

    Attributes:
        passage: its id.
        range: the passages of the same document.
        page_number: of the page that it is on, 1-based.
        meaning, meaning_rank, words, words_rank, page, document, name, score, reranked, place: see
            `Evidence`.
    """

    passage: int
    range: PassageRange
    page_number: int
    meaning: float | None = None
    meaning_rank: int | None = None
    words: float = 0.0
    words_rank: int | None = None
    page: float = 0.0
    document: float = 0.0
    name: float = 0.0
    score: float = 0.0
    reranked: float | None = None
    place: int | None = None

    @property
    def evidence(self) -> Evidence:
        """What is known of the passage and the query, without what identifies the passage."""
        return Evidence(
            self.meaning,
            self.meaning_rank,
            self.words,
            self.words_rank,
            self.page,
            self.document,
            self.name,
            self.score,
            self.reranked,
            self.place,
        )


def best_first(found: Iterable[Candidate]) -> list[Candidate]:
    """Candidates by descending score; those with equal scores by ascending id."""
    by_id = sorted(found, key=attrgetter("passage"))
    return sorted(by_id, key=attrgetter("score"), reverse=True)


class Chosen:
    """The documents that a query's filters let through.

    Attributes:
        ranges: of their passages, or of all other documents' passages; ids, both ends inclusive, ascending,
            shape (n, 2).
        others: whether `ranges` are those of all other documents: they are if these are fewer.
    """

    def __init__(self, count: int, ranges: NDArray[np.int64], *, others: bool = False) -> None:
        """`count` is how many documents are chosen; `ranges` and `others` are the attributes."""
        self._count = count
        self.others = others
        self.ranges = ranges

    def __len__(self) -> int:
        return self._count

    def has(self, passages: Sequence[int]) -> list[bool]:
        """For each passage whether it belongs to a chosen document; aligned with `passages`."""
        if not len(self.ranges):
            return [self.others] * len(passages)
        ids = np.asarray(passages, np.int64)
        before = np.searchsorted(self.ranges[:, 0], ids, side="right") - 1
        inside = (before >= 0) & (ids <= self.ranges[before, 1])
        found: list[bool] = (inside != self.others).tolist()
        return found


PageNumbers = Callable[[Sequence[int]], Mapping[int, int]]
"""See `Catalog.page_numbers`."""


class Indexes:
    """The index of words and the index of vectors of one library.

    Not thread-safe: whoever uses it holds the turn.
    """

    def __init__(
        self, word_index: WordIndex, vectors: VectorIndex, ranges: PassageRanges, page_numbers: PageNumbers
    ) -> None:
        """Reads nothing yet.

        Args:
            word_index: finds words.
            vectors: find meaning.
            ranges: tell which document a passage belongs to.
            page_numbers: tells which pages passages are on; passages that it does not know are left out.
        """
        self._page_numbers = page_numbers
        self._names: dict[str, tuple[int, WordMatches]] = {}  # by the query's words; see `_with_names`
        self._word_index = word_index
        self._vectors = vectors
        self._ranges = ranges

    def candidates(
        self, asked: Asked, k: int, within: Chosen | None = None, without: Sequence[PassageRange] = ()
    ) -> list[Candidate]:
        """The passages that either index finds, with the evidence that `ranking` weighs; the best first.

        Args:
            asked: the query.
            k: how many passages to take from each index; at least 1.
            within: the documents to look in; None means all.
            without: passages of documents to leave out, ascending.

        Returns:
            Up to 2k candidates, by descending score, equal ones by id. Each belongs to a document that is in
            memory; that the catalogue still has its text is not certain.

        Raises:
            CatalogUnusable: the index of words is damaged.
        """
        near = dict(self._near(asked, k, within, without))
        # What is near in meaning gets its share of words from far down the list.
        matching = self._matching(asked, _TIMES * k, within, without)
        with_words = [passage for passage, _ in matching.hits[:k]]
        passages = list(dict.fromkeys((*near, *with_words)))
        numbers = self._page_numbers(passages)
        owners = {
            passage: owner
            for passage in passages
            if passage in numbers and (owner := self._ranges.of(passage))
        }
        meaning = self._meaning(asked, owners, near)
        words = _shares(owners, matching, _TIMES * k)
        firsts = {owner.first for owner in owners.values()}
        document, name = self._documents(asked, firsts, k)
        is_whole = within is None and not without
        page = self._pages(asked, owners, numbers, None if is_whole else firsts)
        meaning_ranks = {passage: rank for rank, passage in enumerate(near, 1)}
        words_ranks = {passage: rank for rank, passage in enumerate(with_words, 1)}
        # Columns of all candidates, in the order of `owners`.
        by_words, by_page = list(words.values()), list(page.values())
        by_document = [document[owner.first] for owner in owners.values()]
        by_name = [name[owner.first] for owner in owners.values()]
        scores = fuse(
            np.array([meaning.get(passage, asked.unrelated) for passage in owners]),
            np.array(by_words),
            np.array(by_page),
            np.array(by_document),
            np.array(by_name),
            asked.known,
            asked.unrelated,
        )
        columns = zip(
            owners,
            owners.values(),
            map(numbers.__getitem__, owners),
            map(meaning.get, owners),
            map(meaning_ranks.get, owners),
            by_words,
            map(words_ranks.get, owners),
            by_page,
            by_document,
            by_name,
            scores.tolist(),
            strict=True,
        )
        return best_first(starmap(Candidate, columns))

    def _meaning(
        self, asked: Asked, passages: Collection[int], near: Mapping[int, float]
    ) -> Mapping[int, float]:
        """Passage → similarity to the query, of those that have a vector; of `near` it is known."""
        if asked.vector is None:
            return near
        others = [passage for passage in passages if passage not in near]
        return {**near, **self._vectors.similarities(asked.vector, others)}

    def _pages(
        self,
        asked: Asked,
        owners: Mapping[int, PassageRange],
        numbers: Mapping[int, int],
        documents: Collection[int] | None,
    ) -> dict[int, float]:
        """Passage → how well the words of the whole page match; `documents` as for `WordIndex.pages`."""
        matching = self._word_index.pages(asked.text, _PAGES, documents)
        keys = {passage: page_key(owner.first, numbers[passage]) for passage, owner in owners.items()}
        shares = _shares(keys.values(), matching, _PAGES)
        return {passage: shares[key] for passage, key in keys.items()}

    def _documents(
        self, asked: Asked, firsts: Collection[int], k: int
    ) -> tuple[dict[int, float], dict[int, float]]:
        """First passage → how well the document as a whole matches, and how well its files' names do."""
        matching = self._word_index.documents(asked.text, firsts)
        names = self._with_names(asked.text, len(firsts) + k)
        best = names.hits[0][1] if names.hits else 0.0
        by_best = WordMatches(names.hits, best)
        return _shares(firsts, matching, 0), _shares(firsts, by_best, 0)

    def _with_names(self, text: str, k: int) -> WordMatches:
        """See `WordIndex.names`. Kept, because a search that lacks documents asks again, for fewer."""
        known, names = self._names.get(text, (0, WordMatches([], 0.0)))
        if k > known:
            names = self._word_index.names(text, k)
            self._names[text] = k, names
        return names

    def _matching(
        self, asked: Asked, k: int, within: Chosen | None, without: Sequence[PassageRange]
    ) -> WordMatches:
        """The passages with the best words. Documents are named by their first passages."""
        left_out = [document.first for document in without]
        if within is None:
            return self._word_index.search(asked.text, k, asked.phrases, without=left_out)
        times = -(-len(self._ranges) // max(len(within), 1))
        if times <= _MANY:
            # To pick from hits in all documents is quicker than to have the engine look up thousands of them.
            most = 2 * times * k
            found = self._word_index.search(asked.text, most, asked.phrases, without=left_out)
            chosen = within.has([passage for passage, _ in found.hits])
            hits = list(compress(found.hits, chosen))
            if len(hits) >= k or len(found.hits) < most:
                return WordMatches(hits[:k], found.most)
        firsts = within.ranges[:, 0].tolist()
        if within.others:
            return self._word_index.search(asked.text, k, asked.phrases, without=left_out + firsts)
        return self._word_index.search(asked.text, k, asked.phrases, within=firsts, without=left_out)

    def _near(
        self, asked: Asked, k: int, within: Chosen | None, without: Sequence[PassageRange]
    ) -> Sequence[tuple[int, float]]:
        """The passages nearest in meaning: pairs (id, cosine similarity), the nearest first."""
        if asked.vector is None or asked.phrases:
            return []
        inside, outside = None, _array(without)
        if within is not None and within.others:
            outside = np.concatenate([outside, within.ranges])
        elif within is not None:
            inside = within.ranges
        return self._vectors.search(asked.vector, k, within=inside, without=outside)


def _shares(ids: Iterable[int], matching: WordMatches, k: int) -> dict[int, float]:
    """How well the words of passages, pages or documents match, by their ids.

    Args:
        ids: of the passages, pages or documents.
        matching: a list of those that match best.
        k: the most that this list can have; 0 if it has all that match.
    """
    # A list of k hits was cut: what is behind the cut may match nearly as well as the last one in the list. A
    # shorter list has all with a word of the query, so that any other has none.
    unlisted = matching.hits[-1][1] if 0 < len(matching.hits) == k else 0.0
    scores, most = matching.scores, matching.most or 1.0
    return {id_: scores.get(id_, unlisted) / most for id_ in ids}


def _array(ranges: Sequence[PassageRange]) -> NDArray[np.int64]:
    """First and last passages, shape (n, 2)."""
    array: NDArray[np.int64] = np.empty((len(ranges), 2), np.int64)
    array[:, 0] = [one.first for one in ranges]
    array[:, 1] = [one.last for one in ranges]
    return array
