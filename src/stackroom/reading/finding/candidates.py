"""The passages that may answer a query, each with all the evidence there is for it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, count, islice
from operator import attrgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackroom.catalog.passage_ranges import PassageRange, PassageRanges
from stackroom.indexes.matching import MatchingWords, WordMatches, page_key
from stackroom.indexes.nearest import NearestPassages
from stackroom.reading.finding.ranking import Evidence, fuse

# If at least one document in four is chosen, the words are searched in all documents, and the hits in chosen
# ones are kept.
_MANY = 4

# The words of up to so many documents as a whole are looked for in all: to name those wanted takes as long.
_FEW = 400

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
        self,
        word_index: MatchingWords,
        vectors: NearestPassages,
        ranges: PassageRanges,
        page_numbers: PageNumbers,
    ) -> None:
        """Reads nothing yet.

        Args:
            word_index: finds words.
            vectors: find meaning.
            ranges: tell which document a passage belongs to.
            page_numbers: tells which pages passages are on, perhaps of others as well; passages that it does
                not know are left out.
        """
        self._page_numbers = page_numbers
        # By the query's words, because a search that lacks documents asks again.
        self._about: dict[str, WordMatches] = {}
        self._names: dict[str, tuple[int, WordMatches]] = {}
        self._word_index = word_index
        self._vectors = vectors
        self._ranges = ranges

    def candidates(
        self, asked: Asked, k: int, within: Chosen | None = None, without: Sequence[PassageRange] = ()
    ) -> list[Candidate]:
        """The passages that either index finds, with the evidence that `ranking` weighs; in any order.

        Args:
            asked: the query.
            k: how many passages to take from each index; at least 1.
            within: the documents to look in; None means all.
            without: passages of documents to leave out, ascending.

        Returns:
            Up to 2k candidates. Each belongs to a document that is in memory; that the catalogue still has
            its text is not certain.

        Raises:
            CatalogUnusable: the index of words is damaged.
        """
        near = dict(self._near(asked, k, within, without))
        # What is near in meaning gets its share of words from far down the list.
        matching = self._matching(asked, _TIMES * k, within, without)
        meaning_ranks = dict(zip(near, count(1), strict=False))
        words_ranks = dict(zip(matching.scores, range(1, k + 1), strict=False))
        passages = list(near | words_ranks)
        numbers = self._page_numbers(passages)
        owners = {
            passage: owner
            for passage in passages
            if passage in numbers and (owner := self._ranges.of(passage))
        }
        meaning = self._meaning(asked, owners, near)
        words, words_else = _shares(matching, _TIMES * k)
        firsts = {owner.first for owner in owners.values()}
        documents, names = self._documents(asked, firsts, k)
        is_whole = within is None and not without
        found_pages = self._word_index.pages(asked.text, _PAGES, None if is_whole else firsts)
        pages, page_else = _shares(found_pages, _PAGES)
        known, unrelated = asked.known, asked.unrelated
        found = []
        for passage, owner in owners.items():
            first, number, similar = owner.first, numbers[passage], meaning.get(passage)
            by_words = words.get(passage, words_else)
            by_page = pages.get(page_key(first, number), page_else)
            by_document, by_name = documents.get(first, 0.0), names.get(first, 0.0)
            compared = unrelated if similar is None else similar
            score = fuse(compared, by_words, by_page, by_document, by_name, known, unrelated)
            ranks = meaning_ranks.get(passage), words_ranks.get(passage)
            evidence = similar, ranks[0], by_words, ranks[1], by_page, by_document, by_name, score
            found.append(Candidate(passage, owner, number, *evidence))
        return found

    def _meaning(
        self, asked: Asked, passages: Collection[int], near: Mapping[int, float]
    ) -> Mapping[int, float]:
        """Passage → similarity to the query, of those that have a vector; of `near` it is known."""
        if asked.vector is None:
            return near
        others = [passage for passage in passages if passage not in near]
        return {**near, **self._vectors.similarities(asked.vector, others)}

    def _documents(
        self, asked: Asked, firsts: Collection[int], k: int
    ) -> tuple[Mapping[int, float], Mapping[int, float]]:
        """First passage → how well the document as a whole matches, and how well its files' names do."""
        if len(self._ranges) > _FEW:
            documents = self._word_index.documents(asked.text, firsts)
        else:
            if asked.text not in self._about:
                self._about[asked.text] = self._word_index.documents(asked.text, None)
            documents = self._about[asked.text]
        names = self._with_names(asked.text, len(firsts) + k)
        best_name = max(names.scores.values(), default=0.0)
        return _shares(documents)[0], _shares(WordMatches(names.scores, best_name))[0]

    def _with_names(self, text: str, k: int) -> WordMatches:
        """See `MatchingWords.names`. Those of more documents serve as well."""
        known, names = self._names.get(text, (0, WordMatches({}, 0.0)))
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
            chosen = compress(found.scores.items(), within.has(list(found.scores)))
            scores = dict(islice(chosen, k))
            if len(scores) == k or len(found.scores) < most:
                return WordMatches(scores, found.most)
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


def _shares(matching: WordMatches, k: int = 0) -> tuple[dict[int, float], float]:
    """How well the words of passages, pages or documents match, by their ids; and how well those that are not
    listed may match.

    Args:
        matching: a list of those that match best.
        k: the most that this list can have; 0 if it has all that match.
    """
    most = matching.most or 1.0
    shares = {id_: score / most for id_, score in matching.scores.items()}
    # A list of k was cut: what is behind the cut may match nearly as well as the last one in the list. A
    # shorter list has all with a word of the query, so that any other has none.
    return shares, next(reversed(shares.values())) if 0 < len(shares) == k else 0.0


def _array(ranges: Sequence[PassageRange]) -> NDArray[np.int64]:
    """First and last passages, shape (n, 2)."""
    array: NDArray[np.int64] = np.empty((len(ranges), 2), np.int64)
    array[:, 0] = [one.first for one in ranges]
    array[:, 1] = [one.last for one in ranges]
    return array
