"""Which document a passage belongs to, in memory: what every search asks of every passage it considers."""

from bisect import bisect_right, insort
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Split:
    """The passages of one document: their ids from `first` to `last`, both inclusive; and its key."""

    first: int
    last: int
    document: int


class Splits:
    """The splits of a library. Not thread-safe: its owner takes turns."""

    def __init__(self) -> None:
        self._splits: list[Split] = []  # by ascending ids

    def __len__(self) -> int:
        return len(self._splits)

    def add(self, splits: Iterable[Split]) -> None:
        """Adds splits, in any order."""
        for split in splits:
            if not self._splits or split > self._splits[-1]:
                self._splits.append(split)
            else:
                insort(self._splits, split)

    def remove(self, first: int, last: int) -> None:
        """Removes the splits of passages from `first` to `last`, both inclusive; absent ones are ignored."""
        start, stop = (
            bisect_right(self._splits, at, key=lambda split: split.first) for at in (first - 1, last)
        )
        del self._splits[start:stop]

    def of(self, passage: int) -> Split | None:
        """The split a passage is in; None if there is no such passage."""
        at = bisect_right(self._splits, passage, key=lambda split: split.first) - 1
        return self._splits[at] if at >= 0 and passage <= self._splits[at].last else None
