"""BM25 scores of the entries of one part of an index, as tantivy and Lucene compute them. Pure numpy."""

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from stackroom.indexes.postgres.postings import FREQUENCIES, LENGTHS, PART

# Robertson and Zaragoza 2009, with the values that all these engines have.
_K1, _B = 1.2, 0.75

# Fewer postings than one for so many entries of the part are sorted; else all entries are looked through.
_FEW = 32

_KEPT_BYTES = 16 << 20

# Offsets of more entries are not kept: new memory for them takes longer than to look at all entries.
_KEPT = PART // _FEW

# Scores are compared with what this many of them, from all over, say the best ones are.
_SAMPLE = 4096

Scored = tuple[NDArray[np.int64], NDArray[np.float32] | float]
"""Offsets of entries in their part, each once, with the score of each, or one of all."""


def weight(entries: int, having: int) -> float:
    """What a term counts that so many of all entries have."""
    return (_K1 + 1) * math.log(1 + (entries - having + 0.5) / (having + 0.5))


@lru_cache(8)
def shares(mean_length: float) -> NDArray[np.float32]:
    """By a posting's code: the share of the weight that the entry scores.

    Args:
        mean_length: how many terms an entry has on average.
    """
    norms = _K1 * (1 - _B + _B * LENGTHS / max(mean_length, 1e-9))
    table = FREQUENCIES[:, None] / (FREQUENCIES[:, None] + norms[None, :])
    return table.astype(np.float32).ravel()


class Scores:
    """The scores of the entries of a part, added up clause by clause. Not thread-safe.

    It keeps two arrays of all entries that a part can have, 8 MB, and leaves them empty after each part.
    """

    def __init__(self) -> None:
        """No entry has a score."""
        self._sums = np.zeros(PART, np.float32)
        self._best = np.zeros(PART, np.float32)
        self._end = 0  # of the offsets that have scores
        self._count = 0  # of the postings that gave them
        self._touched: list[NDArray[np.int64]] = []  # their offsets, while they are few
        _keep_memory()

    def add(self, ways: Sequence[Scored]) -> None:
        """Adds a clause: each entry's score by one way of matching it. No two ways have the same entry."""
        for offsets, scores in ways:
            np.add.at(self._sums, offsets, scores)
            self._touch(offsets)

    def add_best(self, ways: Sequence[Scored]) -> None:
        """Adds a clause: for each entry the best score that a way of matching it gives."""
        best = self._best
        for offsets, scores in ways:
            best[offsets] = np.maximum(best[offsets], scores)
        for offsets, _ in ways:
            self._sums[offsets] += best[offsets]
            best[offsets] = 0.0  # so that no entry gets it twice
            self._touch(offsets)

    def take(self, offsets: NDArray[np.int64]) -> NDArray[np.float32]:
        """The scores of these entries; 0 for those that match no clause."""
        return self._sums[offsets]

    def best(
        self, k: int, allowed: NDArray[np.bool_] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Up to k entries, the best first, equal ones by offset: their offsets, and their scores.

        Args:
            k: at least 1.
            allowed: for each offset whether the entry may be given; None if all may.
        """
        if not self._count:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        if _FEW * self._count <= self._end:
            found = np.sort(np.concatenate(self._touched))
            found = found[np.concatenate([[True], found[1:] != found[:-1]])]
            if allowed is not None:
                found = found[allowed[found]]
        else:
            scores = self._sums[: self._end]
            if allowed is not None:
                scores = scores * allowed[: self._end]
            found = np.flatnonzero(scores >= _likely(scores, k))
            if len(found) < k:
                found = np.flatnonzero(scores)
        return _best_first(found, self._sums[found], k)

    def clear(self) -> None:
        """No entry has a score any more."""
        if self._count > _KEPT:
            self._sums[: self._end] = 0.0
        for offsets in self._touched:
            self._sums[offsets] = 0.0
        self._touched.clear()
        self._end = self._count = 0

    def _touch(self, offsets: NDArray[np.int64]) -> None:
        self._end = max(self._end, int(offsets[-1]) + 1)
        self._count += len(offsets)
        if self._count <= _KEPT:
            self._touched.append(offsets)
        else:
            self._touched.clear()


def _keep_memory() -> None:
    """Has glibc keep some memory that is free.

    It gives megabytes back to the system after each search, and gets them anew page by page, which takes as
    long as the search, until it has seen a large block come and go; then it keeps up to twice as much.
    """
    np.empty(_KEPT_BYTES, np.uint8)  # nothing touches it, so that it takes no memory


def union(lists: Iterable[NDArray[np.int64]], size: int) -> NDArray[np.bool_]:
    """For each offset below `size` whether it is in one of the lists."""
    found = np.zeros(size, np.bool_)
    for offsets in lists:
        found[offsets] = True
    return found


def _likely(scores: NDArray[np.float32], k: int) -> np.float32:
    """A score that k entries or some more are likely to reach; more than 0."""
    step = max(len(scores) // _SAMPLE, 1)
    sample = scores[::step]
    sample = sample[sample > 0]
    rank = 2 * k // step + 8
    if rank >= len(sample):
        return np.float32(1e-30)
    likely: np.float32 = np.partition(sample, len(sample) - rank)[len(sample) - rank]
    return likely


def _best_first(
    found: NDArray[np.int64], scores: NDArray[np.float32], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The k best; `found` ascends."""
    if len(found) > k:
        last = np.partition(scores, len(found) - k)[len(found) - k]
        better = np.flatnonzero(scores > last)
        chosen = np.concatenate([better, np.flatnonzero(scores == last)[: k - len(better)]])
        found, scores = found[chosen], scores[chosen]
    order = np.lexsort((found, -scores))
    return found[order], scores[order]
