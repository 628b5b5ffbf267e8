"""The passages that may answer a query, each with all the evidence there is for it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from stackroom.catalog.passage_ranges import PassageRange, PassageRanges
from stackroom.indexes.vectors import VectorIndex
from stackroom.indexes.words import WordIndex, WordMatches
from stackroom.reading.finding.ranking import Evidence, fuse

# If at least one document in so many is chosen, their words are picked from what all documents' words give.
_MANY = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, ready to be answered.

    Attributes:
        text: its words.
        phrases: texts all of whose words a passage must have; then meaning alone finds nothing.
        vector: shape (dimensions,); None if there is no vector to compare it with.
        known: share of it that the model knows.
    """

    text: str
    phrases: tuple[str, ...]
    vector: NDArray[np.float32] | None
    known: float


class Chosen:
    """Documents to look in, for all rounds of a query.

    Attributes:
        others: whether `ranges` are of all other documents, because these are fewer.
        ranges: of passages, both ends inclusive, ascending; shape (n, 2).
    """

    def __init__(self, count: int, ranges: NDArray[np.int64], *, others: bool = False) -> None:
        """`count` is how many documents are chosen."""
        self._count = count
        self.others = others
        self.ranges = ranges

    def __len__(self) -> int:
        return self._count

    def has(self, passages: Sequence[int]) -> list[bool]:
        """For each passage whether it is one of a document that is chosen."""
        if not len(self.ranges):
            return [self.others] * len(passages)
        ids = np.asarray(passages, np.int64)
        before = np.searchsorted(self.ranges[:, 0], ids, side="right") - 1
        inside = (before >= 0) & (ids <= self.ranges[before, 1])
        found: list[bool] = (inside != self.others).tolist()
        return found


class Indexes:
    """Both indexes of one library, and which passages are whose. Not thread-safe: its owner takes turns."""

    def __init__(self, lexicon: WordIndex, vectors: VectorIndex, splits: PassageRanges) -> None:
        self._lexicon = lexicon
        self._vectors = vectors
        self._splits = splits

    def candidates(
        self, asked: Asked, k: int, within: Chosen | None = None, without: Sequence[PassageRange] = ()
    ) -> dict[int, Evidence]:
        """Passages that may answer a query, the best first, equal ones by id.

        Args:
            asked: the query.
            k: how many to take from each ranking.
            within: the documents to look in; None means all.
            without: documents to leave out.
        """
        near = self._near(asked, k, within, without)
        words = self._words(asked, k, within, without)
        owners = {
            id_: split
            for id_ in dict.fromkeys([*near, *(id_ for id_, _ in words.hits)])
            if (split := self._splits.of(id_))
        }
        # What came after the last of a full list may score as much as that one; else it has no word.
        last = _share(words.hits[-1][1], words.most) if len(words.hits) == k else 0.0
        matching = dict.fromkeys(owners, last)
        matching |= {id_: _share(score, words.most) for id_, score in words.hits}
        splits = {split.first for split in owners.values()}
        documents = self._lexicon.documents(asked.text, splits)
        fits = documents.scores
        fitting = {id_: _share(fits.get(split.first, 0.0), documents.most) for id_, split in owners.items()}
        names = self._lexicon.names(asked.text, len(splits) + k)
        best_name = names.hits[0][1] if names.hits else 0.0
        named = names.scores
        naming = {id_: _share(named.get(split.first, 0.0), best_name) for id_, split in owners.items()}
        meaning = {}
        if asked.vector is not None:
            meaning = self._vectors.similarities(asked.vector, list(owners))
        near_ranks, words_ranks = _ranks(near), _ranks(id_ for id_, _ in words.hits)
        found = {}
        for id_ in owners:
            score = fuse(meaning.get(id_, 0.0), matching[id_], fitting[id_], naming[id_], asked.known)
            found[id_] = Evidence(
                meaning.get(id_),
                near_ranks.get(id_),
                matching[id_],
                words_ranks.get(id_),
                fitting[id_],
                naming[id_],
                score,
            )
        return dict(sorted(found.items(), key=lambda pair: (-pair[1].score, pair[0])))

    def _words(
        self, asked: Asked, k: int, within: Chosen | None, without: Sequence[PassageRange]
    ) -> WordMatches:
        ignored = [split.first for split in without]
        if within is None:
            return self._lexicon.search(asked.text, k, asked.phrases, without=ignored)
        times = -(-len(self._splits) // max(len(within), 1))
        if times <= _MANY:
            # Picking from what is found is less than having the engine look at thousands of documents.
            most = 2 * times * k
            found = self._lexicon.search(asked.text, most, asked.phrases, without=ignored)
            chosen = within.has([id_ for id_, _ in found.hits])
            hits = list(compress(found.hits, chosen))
            if len(hits) >= k or len(found.hits) < most:
                return WordMatches(hits[:k], found.most)
        firsts = within.ranges[:, 0].tolist()
        if within.others:
            return self._lexicon.search(asked.text, k, asked.phrases, without=ignored + firsts)
        return self._lexicon.search(asked.text, k, asked.phrases, within=firsts, without=ignored)

    def _near(
        self, asked: Asked, k: int, within: Chosen | None, without: Sequence[PassageRange]
    ) -> dict[int, float]:
        if asked.vector is None or asked.phrases:
            return {}
        inside, outside = None, _ranges(without)
        if within is not None and within.others:
            outside = np.concatenate([outside, within.ranges])
        elif within is not None:
            inside = within.ranges
        return dict(self._vectors.search(asked.vector, k, within=inside, without=outside))


def _ranges(splits: Sequence[PassageRange]) -> NDArray[np.int64]:
    ranges: NDArray[np.int64] = np.empty((len(splits), 2), np.int64)
    ranges[:, 0] = [split.first for split in splits]
    ranges[:, 1] = [split.last for split in splits]
    return ranges


def _share(score: float, most: float) -> float:
    """A score as a share of the most there can be; 0 if that is nothing."""
    return score / most if most > 0 else 0.0


def _ranks(passages: Iterable[int]) -> dict[int, int]:
    return {passage: rank for rank, passage in enumerate(passages, 1)}
