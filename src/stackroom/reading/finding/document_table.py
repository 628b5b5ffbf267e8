"""What each document can be chosen by, kept in memory: a filter would else read all rows of the catalogue."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from sys import intern

import numpy as np
from numpy.typing import NDArray

from stackroom.catalog.entries import Description
from stackroom.catalog.passage_ranges import PassageRange
from stackroom.reading.query.filters import LAST_DAY, first_and_last_day, folded, folded_parts
from stackroom.reading.query.query import Query

# Documents read from the catalogue at once: that takes a twentieth of a second.
_AT_ONCE = 1000

Rows = NDArray[np.int64]
"""Numbers of rows of the table, from 0, ascending: one row for each document, in the order of passages."""


class DocumentTable:
    """A table of documents, with a column for each thing that can be filtered by. Not thread-safe.

    It takes some 500 bytes for each document; a passage's vector takes 400.
    """

    def __init__(self, described: Iterable[Description] = ()) -> None:
        """`described` are its first rows, by ascending passages."""
        self._columns: dict[str, list[str]] = {
            name: [] for name in ("title", "author", "folder", "language", "id", "newest")
        }
        self._unfolded = {"title", "author", "folder"}  # columns that no filter has asked for yet
        self._ranges: NDArray[np.int64] = np.empty((0, 2), np.int64)
        self._days: NDArray[np.int32] = np.empty((0, 4), np.int32)  # first and last of created and modified
        self._add(list(described))

    def __len__(self) -> int:
        return len(self._ranges)

    def remove(self, gone: Sequence[PassageRange]) -> None:
        """Removes the documents that have these passages."""
        if not len(self) or not gone:
            return
        kept = ~np.isin(self._ranges[:, 0], [one.first for one in gone])
        rows = np.flatnonzero(kept).tolist()
        self._columns = {name: [column[row] for row in rows] for name, column in self._columns.items()}
        self._ranges, self._days = self._ranges[kept], self._days[kept]

    def rename(self, described: Iterable[Description]) -> None:
        """Replaces the paths of documents whose files were renamed, moved, added or removed."""
        for document in described:
            (found,) = np.nonzero(self._ranges[:, 0] == document.passages.first)
            for row in found.tolist():
                self._columns["folder"][row] = self._folder(document)

    def read_some(
        self, ranges: Sequence[PassageRange], describe: Callable[[int, int], list[Description]]
    ) -> bool:
        """Adds rows for the next documents that have none yet.

        Args:
            ranges: the passages of all documents of the library, ascending.
            describe: gives the documents whose first passages are from one id to another, both inclusive.

        Returns:
            Whether all documents have rows now.
        """
        last = int(self._ranges[-1, 0]) if len(self) else -1
        start = bisect_right(ranges, last, key=lambda one: one.first)
        block = ranges[start : start + _AT_ONCE]
        if block:
            self._add(describe(block[0].first, block[-1].first))
        return start + len(block) == len(ranges)

    def fold_some(self) -> bool:
        """Folds the next column, so that a query need not: case, accents and the like no longer count in it.

        Returns:
            Whether all columns are folded now.
        """
        if self._unfolded:
            self._fold(min(self._unfolded))
        return not self._unfolded

    def admitted(self, query: Query) -> Rows:
        """The documents that a query's filters let through.

        A document that lacks what a filter asks for, such as a date or an author, never passes that filter;
        it passes an exclusion (`-author:smith`).
        """
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
        """All rows but these."""
        left = np.full(len(self), True)
        left[rows] = False
        return np.flatnonzero(left)

    def ranges(self, rows: Rows) -> NDArray[np.int64]:
        """The ids of these documents' first and last passages, shape (len(rows), 2), aligned with `rows`."""
        return self._ranges[rows]

    def newest(self, row: int) -> str:
        """When a document was created or modified, whichever is later; ISO 8601, empty if it says neither."""
        return self._columns["newest"][row]

    def _add(self, described: Sequence[Description]) -> None:
        """Adds documents whose passages come after those of all others."""
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
        """For each row whether the document fits a filter's value, as `filters.read_value` gives it."""
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
        """For each row whether the document was created or last changed in that time.

        Args:
            after: ISO date of the first day that counts; empty for no limit.
            before: ISO date of the first day that no longer counts; empty for no limit.
        """
        start = first_and_last_day(after)[0] if after else 0
        stop = first_and_last_day(before)[0] if before else LAST_DAY
        first, last = self._days[:, 0::2], self._days[:, 1::2]
        inside: NDArray[np.bool_] = np.logical_or.reduce((last >= start) & (first < stop), axis=1)
        return inside

    def _fold(self, kind: str) -> None:
        self._unfolded.remove(kind)
        # Line by line: a document has a line for each of its paths, and no value fits across two of them.
        self._columns[kind] = [
            intern("\n".join(map(folded, text.split("\n")))) for text in self._columns[kind]
        ]

    def _text(self, kind: str, text: str) -> str:
        return text.replace("\n", " ") if kind in self._unfolded else folded(text)

    def _folder(self, document: Description) -> str:
        return "\n".join(self._text("folder", path) for path in document.paths)
