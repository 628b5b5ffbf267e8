"""Which document a passage belongs to, in memory. A search asks this of every passage it considers."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class PassageRange(NamedTuple):
    """One document's passages for one model: their ids are `first` to `last`, both inclusive.

    `document` is the document's key in the catalogue.
    """

    first: int
    last: int
    document: int


class PassageRanges:
    """The passage ranges of all documents, for one model. Not thread-safe: its owner takes turns."""

    def __init__(self) -> None:
        # Aligned, by ascending ids.
        self._ranges: list[PassageRange] = []
        self._firsts: list[int] = []

    def __len__(self) -> int:
        return len(self._ranges)

    def add(self, ranges: Iterable[PassageRange]) -> None:
        """Adds ranges, in any order."""
        for added in ranges:
            at = bisect_left(self._firsts, added.first)
            self._ranges.insert(at, added)
            self._firsts.insert(at, added.first)

    def remove(self, first: int, last: int) -> list[PassageRange]:
        """Removes the ranges that begin between `first` and `last`, both inclusive. Returns them."""
        start, stop = bisect_left(self._firsts, first), bisect_right(self._firsts, last)
        removed = self._ranges[start:stop]
        del self._ranges[start:stop]
        del self._firsts[start:stop]
        return removed

    @property
    def all(self) -> Sequence[PassageRange]:
        """All ranges, by ascending ids. The caller must neither change the list nor keep it."""
        return self._ranges

    def of(self, passage: int) -> PassageRange | None:
        """The range that a passage's id is in; None if there is no such passage."""
        at = bisect_right(self._firsts, passage) - 1
        return self._ranges[at] if at >= 0 and passage <= self._ranges[at].last else None
