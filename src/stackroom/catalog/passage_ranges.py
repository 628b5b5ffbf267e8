"""Which document a passage belongs to, in memory: what every search asks of every passage it considers."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Split(NamedTuple):
    """The passages of one document: their ids from `first` to `last`, both inclusive; and its key."""

    first: int
    last: int
    document: int


class Splits:
    """The splits of a library. Not thread-safe: its owner takes turns."""

    def __init__(self) -> None:
        # Aligned, by ascending ids.
        self._splits: list[Split] = []
        self._firsts: list[int] = []

    def __len__(self) -> int:
        return len(self._splits)

    def add(self, splits: Iterable[Split]) -> None:
        """Adds splits, in any order."""
        for split in splits:
            at = bisect_left(self._firsts, split.first)
            self._splits.insert(at, split)
            self._firsts.insert(at, split.first)

    def remove(self, first: int, last: int) -> list[Split]:
        """Removes the splits of passages from `first` to `last`, both inclusive. Returns them."""
        start, stop = bisect_left(self._firsts, first), bisect_right(self._firsts, last)
        removed = self._splits[start:stop]
        del self._splits[start:stop]
        del self._firsts[start:stop]
        return removed

    @property
    def all(self) -> Sequence[Split]:
        """All splits, by ascending ids; not to be changed, nor kept."""
        return self._splits

    def of(self, passage: int) -> Split | None:
        """The split a passage is in; None if there is no such passage."""
        at = bisect_right(self._firsts, passage) - 1
        return self._splits[at] if at >= 0 and passage <= self._splits[at].last else None
