"""What each document can be chosen by, kept in memory: a filter would else read all rows of the catalogue."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from sys import intern

import numpy as np
from numpy.typing import NDArray

from stackroom.catalog.entries import Description
from stackroom.catalog.passage_ranges import PassageRange
from stackroom.reading.query.filters import LAST_DAY, first_and_last_day, folded, folded_parts
from stackroom.reading.query.query import Query

# Documents read from the catalogue at once: that takes a twentieth of a second.
_AT_ONCE = 1000

# Filters whose answers are kept, because one question follows another in the same folder: a byte a document.
_KEPT = 32

Rows = NDArray[np.int64]
"""Numbers of rows of the table, from 0, ascending: one row for each document, in the order of passages."""


class _Shared:
    """A column of texts that many documents share: each is kept and compared once."""

    def __init__(self, fold: Callable[[str], str]) -> None:
        """`fold` gives the form in which a text is compared."""
        self._fold = fold
        self._numbers: dict[str, int] = {}  # text → its number, from 0
        self.texts: list[str] = []  # folded; by number
        self.rows: NDArray[np.int32] = np.empty(0, np.int32)  # by document: its text's number

    def add(self, texts: Iterable[str]) -> None:
        """Adds documents."""
        numbers = [self._numbers.setdefault(text, len(self._numbers)) for text in texts]
        self.texts += map(self._fold, islice(self._numbers, len(self.texts), None))
        self.rows = np.concatenate([self.rows, np.array(numbers, np.int32)])

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Removes all documents but these; the texts stay."""
        self.rows = self.rows[kept]


class DocumentTable:
    """A table of documents, with a column for each thing that can be filtered by. Not thread-safe.

    It takes some 500 bytes for each document; a passage's vector takes 400.
    """

    def __init__(self, described: Iterable[Description] = ()) -> None:
        """`described` are its first rows, by ascending passages."""
        self._columns: dict[str, list[str]] = {name: [] for name in ("title", "folder", "newest")}
        self._shared = {"author": _Shared(folded), "language": _Shared(str.lower)}
        self._unfolded = {"title", "folder"}  # columns that no filter has asked for yet
        self._folding: dict[str, list[str]] = {}  # of these, what is folded of the first rows
        self._ids: NDArray[np.bytes_] = np.empty(0, "S24")
        self._ranges: NDArray[np.int64] = np.empty((0, 2), np.int64)
        self._days: NDArray[np.int32] = np.empty((4, 0), np.int32)  # first and last of created and modified
        self._answers: dict[tuple[str, str], NDArray[np.bool_]] = {}  # by kind and value; see `_fits`
        self._by_age: Rows | None = None  # all rows, the newest document's first; None if not known
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
        for shared in self._shared.values():
            shared.keep(kept)
        self._folding.clear()
        self._ids, self._ranges, self._days = self._ids[kept], self._ranges[kept], self._days[:, kept]
        self._forget()

    def rename(self, described: Iterable[Description]) -> None:
        """Replaces the paths of documents whose files were renamed, moved, added or removed."""
        for document in described:
            (found,) = np.nonzero(self._ranges[:, 0] == document.passages.first)
            for row in found.tolist():
                self._columns["folder"][row] = self._folder(document)
        self._folding.clear()
        self._forget()

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
        """Folds the next texts, so that a query need not: case, accents and the like no longer count in them.

        Returns:
            Whether all columns are folded now.
        """
        if self._unfolded:
            self._fold(min(self._unfolded), _AT_ONCE)
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

    def newest_first(self, rows: Rows) -> Rows:
        """These rows, beginning with the document that was created or modified last; equal ones ascend."""
        if self._by_age is None:
            newest = self._columns["newest"].__getitem__
            self._by_age = np.array(sorted(range(len(self)), key=newest, reverse=True), np.int64)
        wanted = np.full(len(self), False)
        wanted[rows] = True
        ordered: Rows = self._by_age[wanted[self._by_age]]
        return ordered

    def _add(self, described: Sequence[Description]) -> None:
        """Adds documents whose passages come after those of all others."""
        if not described:
            return
        for document in described:
            for name, text in (
                ("title", self._text("title", document.title)),
                ("folder", self._folder(document)),
                ("newest", intern(max(document.created, document.modified))),
            ):
                self._columns[name].append(text)
        self._shared["author"].add(document.author.replace("\n", " ") for document in described)
        self._shared["language"].add(document.language for document in described)
        ids = np.array([document.id for document in described], "S24")
        ranges = [(document.passages.first, document.passages.last) for document in described]
        days = [
            first_and_last_day(document.created) + first_and_last_day(document.modified)
            for document in described
        ]
        self._ids = np.concatenate([self._ids, ids])
        self._ranges = np.concatenate([self._ranges, np.array(ranges, np.int64)])
        self._days = np.concatenate([self._days, np.array(days, np.int32).T], axis=1)
        self._forget()

    def _forget(self) -> None:
        """Forgets what was true of the rows before a change."""
        self._answers.clear()
        self._by_age = None

    def _fits(self, kind: str, value: str) -> NDArray[np.bool_]:
        """For each row whether the document fits a filter's value, as `filters.read_value` gives it."""
        if (kind, value) not in self._answers:
            if len(self._answers) >= _KEPT:
                self._answers.clear()
            self._answers[kind, value] = self._compared(kind, value)
        return self._answers[kind, value]

    def _compared(self, kind: str, value: str) -> NDArray[np.bool_]:
        if kind == "id":
            return np.equal(self._ids, value.encode())
        if kind == "language":
            shared = self._shared[kind]
            return np.array([own == value for own in shared.texts], np.bool_)[shared.rows]
        if kind == "author":
            shared = self._shared[kind]
            return self._holds(shared.texts, folded_parts(kind, value))[shared.rows]
        if kind in self._unfolded:
            self._fold(kind, len(self))
        return self._holds(self._columns[kind], folded_parts(kind, value))

    def _holds(self, texts: list[str], parts: list[str]) -> NDArray[np.bool_]:
        """For each text whether it has all of these parts."""
        fitting = np.full(len(texts), True)
        for part in parts:
            fitting &= np.array([part in own for own in texts], np.bool_)
        return fitting

    def _is_in_time(self, after: str, before: str) -> NDArray[np.bool_]:
        """For each row whether the document was created or last changed in that time.

        Args:
            after: ISO date of the first day that counts; empty for no limit.
            before: ISO date of the first day that no longer counts; empty for no limit.
        """
        start = first_and_last_day(after)[0] if after else 0
        stop = first_and_last_day(before)[0] if before else LAST_DAY
        first, last = self._days[0::2], self._days[1::2]
        inside: NDArray[np.bool_] = np.logical_or.reduce((last >= start) & (first < stop))
        return inside

    def _fold(self, kind: str, most: int) -> None:
        """Folds a column's next texts, at most so many."""
        texts, done = self._columns[kind], self._folding.setdefault(kind, [])
        # Line by line: a document has a line for each of its paths, and no value fits across two of them.
        for text in texts[len(done) : len(done) + most]:
            done.append(intern("\n".join(map(folded, text.split("\n")))))
        if len(done) == len(texts):
            self._columns[kind] = self._folding.pop(kind)
            self._unfolded.remove(kind)

    def _text(self, kind: str, text: str) -> str:
        return text.replace("\n", " ") if kind in self._unfolded else folded(text)

    def _folder(self, document: Description) -> str:
        return "\n".join(self._text("folder", path) for path in document.paths)
