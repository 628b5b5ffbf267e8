"""What each document can be chosen by, in memory: a filter must not read a row of each from the catalogue."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from sys import intern

import numpy as np
from numpy.typing import NDArray

from stackroom.catalog.entries import Description
from stackroom.catalog.passage_ranges import PassageRange
from stackroom.reading.query.filters import LAST_DAY, first_and_last_day, folded, folded_parts
from stackroom.reading.query.query import Query

# Documents described at once: a twentieth of a second.
_AT_ONCE = 1000

Rows = NDArray[np.int64]
"""Places in the table, ascending: documents in the order of their passages."""


class Descriptions:
    """A table of documents, a column for each thing that can be asked. Not thread-safe.

    Some 500 bytes a document, beside 400 for each of its passages.
    """

    def __init__(self, described: Iterable[Description] = ()) -> None:
        """`described` are its first rows, in the order of their passages."""
        self._columns: dict[str, list[str]] = {
            name: [] for name in ("title", "author", "folder", "language", "id", "newest")
        }
        self._unfolded = {"title", "author", "folder"}  # columns that nobody has asked for yet
        self._ranges: NDArray[np.int64] = np.empty((0, 2), np.int64)
        self._days: NDArray[np.int32] = np.empty((0, 4), np.int32)  # first and last of created and modified
        self._add(list(described))

    def __len__(self) -> int:
        return len(self._ranges)

    def remove(self, splits: Sequence[PassageRange]) -> None:
        """Forgets the documents of these splits."""
        if not len(self) or not splits:
            return
        kept = ~np.isin(self._ranges[:, 0], [split.first for split in splits])
        rows = np.flatnonzero(kept).tolist()
        self._columns = {name: [column[row] for row in rows] for name, column in self._columns.items()}
        self._ranges, self._days = self._ranges[kept], self._days[kept]

    def rename(self, described: Iterable[Description]) -> None:
        """Takes in that the files of documents have other names than before."""
        for document in described:
            (found,) = np.nonzero(self._ranges[:, 0] == document.passages.first)
            for row in found.tolist():
                self._columns["folder"][row] = self._folder(document)

    def read_some(
        self, splits: Sequence[PassageRange], describe: Callable[[int, int], list[Description]]
    ) -> bool:
        """Reads some of what is not described yet. Returns whether that was the last of it.

        Args:
            splits: all of the library, in order.
            describe: gives the documents whose first passages are from one to another, both inclusive.
        """
        last = int(self._ranges[-1, 0]) if len(self) else -1
        start = bisect_right(splits, last, key=lambda split: split.first)
        block = splits[start : start + _AT_ONCE]
        if block:
            self._add(describe(block[0].first, block[-1].first))
        return start + len(block) == len(splits)

    def fold_some(self) -> bool:
        """Makes some of it ready to be compared. Returns whether that was the last of it."""
        if self._unfolded:
            self._fold(min(self._unfolded))
        return not self._unfolded

    def admitted(self, query: Query) -> Rows:
        """The documents that a query's filters let through. What one does not say of itself it is not."""
        fitting = np.full(len(self), True)
        wanted = {
            "id": query.ids,
            "language": query.languages,
            "title": query.titles,
            "author": query.authors,
            "folder": query.folders,
        }
        for kind, values in wanted.items():
            if values:
                fitting &= np.logical_or.reduce([self._fits(kind, value) for value in values])
        for kind, value in query.unwanted:
            fitting &= ~self._fits(kind, value)
        if query.after or query.before:
            fitting &= self._is_in_time(query.after, query.before)
        return np.flatnonzero(fitting)

    def others(self, rows: Rows) -> Rows:
        """All documents but these."""
        left = np.full(len(self), True)
        left[rows] = False
        return np.flatnonzero(left)

    def ranges(self, rows: Rows) -> NDArray[np.int64]:
        """The first and the last passage of these documents, shape (n, 2)."""
        return self._ranges[rows]

    def newest(self, row: int) -> str:
        """The later of the moments in which a document was created and modified, in ISO 8601."""
        return self._columns["newest"][row]

    def _add(self, described: Sequence[Description]) -> None:
        """Adds documents that come after all others."""
        if not described:
            return
        for document in described:
            for name, text in (
                ("title", self._text("title", document.title)),
                ("author", intern(self._text("author", document.author))),
                ("folder", self._folder(document)),
                ("language", intern(document.language.lower())),
                ("id", document.id),
                ("newest", intern(max(document.created, document.modified))),
            ):
                self._columns[name].append(text)
        ranges = [(document.passages.first, document.passages.last) for document in described]
        days = [
            first_and_last_day(document.created) + first_and_last_day(document.modified)
            for document in described
        ]
        self._ranges = np.concatenate([self._ranges, np.array(ranges, np.int64)])
        self._days = np.concatenate([self._days, np.array(days, np.int32)])

    def _fits(self, kind: str, value: str) -> NDArray[np.bool_]:
        if kind in self._unfolded:
            self._fold(kind)
        column = self._columns[kind]
        if kind in ("language", "id"):
            return np.array([own == value for own in column], np.bool_)
        fitting = np.full(len(column), True)
        for part in folded_parts(kind, value):
            fitting &= np.array([part in own for own in column], np.bool_)
        return fitting

    def _is_in_time(self, after: str, before: str) -> NDArray[np.bool_]:
        """Whether a document is from the first day on, and before the second; "" is any day."""
        start = first_and_last_day(after)[0] if after else 0
        stop = first_and_last_day(before)[0] if before else LAST_DAY
        first, last = self._days[:, 0::2], self._days[:, 1::2]
        inside: NDArray[np.bool_] = np.logical_or.reduce((last >= start) & (first < stop), axis=1)
        return inside

    def _fold(self, kind: str) -> None:
        self._unfolded.remove(kind)
        # A line for each path.
        self._columns[kind] = [
            intern("\n".join(map(folded, text.split("\n")))) for text in self._columns[kind]
        ]

    def _text(self, kind: str, text: str) -> str:
        return text.replace("\n", " ") if kind in self._unfolded else folded(text)

    def _folder(self, document: Description) -> str:
        return "\n".join(self._text("folder", path) for path in document.paths)
