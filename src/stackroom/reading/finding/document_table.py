"""What each document can be chosen by, kept in memory: a filter would else read all rows of the catalogue."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from sys import intern
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stackroom.catalog.entries import Description
from stackroom.catalog.passage_ranges import PassageRange
from stackroom.reading.finding.shared_texts import SharedTexts
from stackroom.reading.listing import Sort
from stackroom.reading.query.filters import LAST_DAY, first_and_last_day, folded, folded_parts
from stackroom.reading.query.query import Query

# Documents read from the catalogue at once: that takes a twentieth of a second.
_AT_ONCE = 1000

# Filters whose answers are kept, because one question follows another in the same folder: a byte a document.
_KEPT = 32

# In titles, 10 comes after 9.
_DIGITS = re.compile(r"\d+")

# To compare a column is as quick as to compare each of a quarter of its rows, and its answer is kept.
_SHARE = 4

DESCENDING: tuple[Sort, ...] = ("newest", "indexed", "pages")
"""Orders that begin with the greatest."""

Rows = NDArray[np.int64]
"""Numbers of rows of the table, from 0, ascending: one row for each document, in the order of passages."""


class DocumentTable:
    """A table of documents, with a column for each thing that can be filtered by. Not thread-safe.

    It takes some 500 bytes for each document; a passage's vector takes 400.
    """

    def __init__(self, described: Iterable[Description] = ()) -> None:
        """`described` are its first rows, by ascending passages."""
        self._columns: dict[str, list[str]] = {name: [] for name in ("title", "folder", "newest")}
        self._shared = {
            "author": SharedTexts(folded),
            "language": SharedTexts(str.lower),
            "folders": SharedTexts(str),  # a line for each
        }
        self._unfolded = {"title", "folder"}  # columns that no filter has asked for yet
        self._folding: dict[str, list[str]] = {}  # of these, what is folded of the first rows
        self._ids: NDArray[np.bytes_] = np.empty(0, "S24")
        self._ranges: NDArray[np.int64] = np.empty((0, 2), np.int64)
        self._days: NDArray[np.int32] = np.empty((4, 0), np.int32)  # first and last of created and modified
        self._numbers: NDArray[np.int64] = np.empty((2, 0), np.int64)  # keys, and how many pages
        self._answers: dict[tuple[str, str], NDArray[np.bool_]] = {}  # by kind and value; see `_fits`
        self._orders: dict[Sort, tuple[list[Any], Rows]] = {}  # see `_sorted`
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
        self._numbers = self._numbers[:, kept]
        self._forget()

    def rename(self, described: Iterable[Description]) -> None:
        """Replaces the paths of documents whose files were renamed, moved, added or removed."""
        for document in described:
            (found,) = np.nonzero(self._ranges[:, 0] == document.passages.first)
            for row in found.tolist():
                self._columns["folder"][row] = self._folder(document)
                self._shared["folders"].put(row, "\n".join(document.folders))
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

    def rows(self, firsts: Sequence[int]) -> Rows:
        """The documents with these first passages; those that are not in the table are left out."""
        return np.flatnonzero(np.isin(self._ranges[:, 0], firsts))

    def ordered(self, rows: Rows, sort: Sort) -> Rows:
        """These rows in an order; equal ones ascend. The newest is what was created or modified last."""
        order = self._sorted(sort)[1]
        wanted = np.full(len(self), False)
        wanted[rows] = True
        ordered: Rows = order[wanted[order]]
        return ordered

    def sort_values(self, rows: Rows, sort: Sort) -> list[Any]:
        """By what an order compares these documents, aligned with `rows`; see DESCENDING."""
        values = self._sorted(sort)[0]
        return [values[row] for row in rows.tolist()]

    def keys(self, rows: Rows) -> list[int]:
        """The keys of these documents, aligned with `rows`."""
        return list(self._numbers[0, rows].tolist())

    def counts(self, kind: str, rows: Rows) -> dict[str, int]:
        """How many of these documents have each text of a kind: "author", "language" or "folders", where a
        text has a line for each folder.
        """
        return self._shared[kind].counts(rows)

    def years(self, rows: Rows) -> dict[int, int]:
        """How many of these documents were created or modified in each year."""
        years = self._days[::2, rows] // 1_00_00
        both = np.concatenate([years[0], years[1][years[1] != years[0]]])
        found, counts = np.unique(both[both < LAST_DAY // 1_00_00], return_counts=True)
        return dict(zip(found.tolist(), counts.tolist(), strict=True))

    def count(self, kind: str, value: str, rows: Rows) -> int:
        """How many of these documents fit a filter's value, as `filters.read_value` gives it."""
        if kind in self._shared or _SHARE * len(rows) > len(self):
            return int(self._fits(kind, value)[rows].sum())
        texts, parts = self._texts(kind), folded_parts(kind, value)
        return sum(all(part in texts[row] for part in parts) for row in rows.tolist())

    def holding(self, phrase: str) -> NDArray[np.bool_]:
        """For each row whether title, author or a path has a phrase, in the form of `folded_text.words`."""
        kinds = ("title", "author", "folder")
        found: NDArray[np.bool_] = np.logical_or.reduce([self._fits(kind, phrase) for kind in kinds])
        return found

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
        self._shared["folders"].add("\n".join(document.folders) for document in described)
        ids = np.array([document.id for document in described], "S24")
        ranges = [(document.passages.first, document.passages.last) for document in described]
        days = [
            first_and_last_day(document.created) + first_and_last_day(document.modified)
            for document in described
        ]
        self._ids = np.concatenate([self._ids, ids])
        self._ranges = np.concatenate([self._ranges, np.array(ranges, np.int64)])
        self._days = np.concatenate([self._days, np.array(days, np.int32).T], axis=1)
        numbers = [(document.passages.document, document.pages) for document in described]
        self._numbers = np.concatenate([self._numbers, np.array(numbers, np.int64).T], axis=1)
        self._forget()

    def _forget(self) -> None:
        """Forgets what was true of the rows before a change."""
        self._answers.clear()
        self._orders.clear()

    def _sorted(self, sort: Sort) -> tuple[list[Any], Rows]:
        """By what an order compares each document, and all rows in that order."""
        if sort not in self._orders:
            values: list[Any]
            if sort == "title":
                values = [_DIGITS.sub(_padded, title) for title in self._texts("title")]
            elif sort == "newest":
                values = self._columns["newest"]
            else:  # documents get ascending keys as they are indexed
                values = self._numbers[1 if sort == "pages" else 0].tolist()
            order = sorted(range(len(self)), key=values.__getitem__, reverse=sort in DESCENDING)
            self._orders[sort] = values, np.array(order, np.int64)
        return self._orders[sort]

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
        return self._holds(self._texts(kind), folded_parts(kind, value))

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

    def _texts(self, kind: str) -> list[str]:
        """A column of titles or paths, folded."""
        if kind in self._unfolded:
            self._fold(kind, len(self))
        return self._columns[kind]

    def _text(self, kind: str, text: str) -> str:
        return text.replace("\n", " ") if kind in self._unfolded else folded(text)

    def _folder(self, document: Description) -> str:
        return "\n".join(self._text("folder", path) for path in document.paths)


def _padded(digits: re.Match[str]) -> str:
    return digits[0].zfill(12)
