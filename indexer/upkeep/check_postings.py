"""Compares the lists of postings in a database with each other, and with what is noted of the documents.

Lists have no checksums, but each posting says how many terms its entry has. So the postings of an entry must
add up to that: if one is lost, altered or counted twice, they don't. Lists of parts of words say only which
entries have them: of those, whether they can be read, and whether their entries are of known documents.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stackroom.catalog.catalog import Catalog
from stackroom.indexes.postgres.postings import (
    FREQUENCIES,
    LENGTHS,
    NAME,
    PART,
    PARTS,
    TEXT,
    Postings,
    unpack_all,
)
from stackroom.indexes.row_ranges import spread

_ROWS = """
SELECT field, term, part, passage_count, passages, page_count, pages, document_count, documents FROM postings
WHERE generation = ? AND (field, term) > (?, ?) ORDER BY field, term FETCH FIRST 2000 ROWS WITH TIES
"""
_COUNT = "SELECT count(*) FROM postings WHERE generation = ?"
_DOCUMENTS = """
SELECT first, last, removed, passage_terms, page_terms, document_terms, name_terms FROM word_documents
WHERE generation = ? ORDER BY first
"""
_KINDS = ((TEXT, 0), (TEXT, 1), (TEXT, 2), (NAME, 2))
"""Fields and kinds of entries (passages, pages, documents) whose lists have codes; as the sums above."""

# Up to this, codes say exactly how often an entry has a term.
_EXACT = int(np.flatnonzero(np.diff(FREQUENCIES) != 1)[0])

_UNREADABLE = "a list of postings can't be read"
_STRANGE = "postings are of documents that it does not have"
_SUMS = "the postings of an entry don't add up to its terms"


def audit_postings(catalog: Catalog, generation: int, tell: Callable[[int, int], None]) -> str:
    """Looks at all lists of an index, while nobody writes.

    Args:
        catalog: its database.
        generation: of the index.
        tell: is told how many rows of how many are done.

    Returns:
        What is wrong, a clause for a person; empty if nothing is.

    Raises:
        CatalogUnusable: the database refuses, or is away.
    """
    ((of,),) = catalog.rows(_COUNT, (generation,))
    documents = np.array(catalog.rows(_DOCUMENTS, (generation,)), np.int64).reshape(-1, 7)
    parts = np.unique(documents[:, :2] // PART)
    entries = {key: _Entries(parts) for key in _KINDS}
    found = _Entries(parts)  # by parts of words
    done = 0
    for rows in _read(catalog, generation):
        if not {row[2] for row in rows} <= {*parts.tolist()}:
            return _STRANGE
        for field, kind in (*_KINDS, *((PARTS, kind) for kind in range(3))):
            wrong = _look(rows, field, kind, entries.get((field, kind), found))
            if wrong:
                return wrong
        done += len(rows)
        tell(done, of)
    if not found.are_of(documents):
        return _STRANGE
    results = (one.compared(documents, documents[:, 3 + at]) for at, one in enumerate(entries.values()))
    return next(filter(None, results), "")


def _look(rows: list[tuple[Any, ...]], field: int, kind: int, entries: "_Entries") -> str:
    """Counts the lists of one field and kind in; returns what is wrong, empty if nothing is."""
    every = [(part, *row[2 * kind : 2 * kind + 2]) for of, _, part, *row in rows if of == field]
    lists = [one for one in every if one[2]]
    if sum(count > 0 for _, count, _ in every) != len(lists):
        return _UNREADABLE
    postings = _unpacked(lists, coded=field != PARTS)
    if postings is None:
        return _UNREADABLE
    parts = np.array([part for part, *_ in lists], np.int64)[postings.rows]
    if field == PARTS:
        entries.see(parts, postings)
        return ""
    return "" if entries.add(parts, postings) else _SUMS


def _read(catalog: Catalog, generation: int) -> Iterator[list[tuple[Any, ...]]]:
    after: tuple[int, str] = (-1, "")
    while rows := catalog.rows(_ROWS, (generation, *after)):
        yield rows
        after = rows[-1][:2]


def _unpacked(lists: list[tuple[int, int, bytes]], *, coded: bool) -> Postings | None:
    """The postings of lists, of which the part and the count are given, too; None if one is damaged."""
    if not lists:
        nothing = np.empty(0, np.int64)
        return Postings(nothing, nothing, np.empty(0, np.uint16))
    for _, count, packed in lists:
        gap = 4 if len(packed) > 3 and packed[3] & 0x80 else 2
        if count < 1 or len(packed) != 4 + (count - 1) * gap + (2 * count if coded else 0):
            return None
    postings = unpack_all([packed for *_, packed in lists], coded=coded)
    is_later = postings.rows[1:] == postings.rows[:-1]
    ascend = (np.diff(postings.offsets) > 0)[is_later].all()
    return postings if ascend and postings.offsets.max() < PART else None


class _Entries:
    """What postings say of the entries of one kind, by their ids."""

    def __init__(self, parts: NDArray[np.int64]) -> None:
        """`parts` are those in which there may be entries, ascending."""
        self._parts = parts
        self._sums = np.zeros(len(parts) * PART, np.int32)
        self._steps = np.zeros(len(parts) * PART, np.uint8)  # of `LENGTHS`
        self._is_exact = np.ones(len(parts) * PART, np.bool_)

    def see(self, parts: NDArray[np.int64], postings: Postings) -> None:
        """Counts in that these entries are there; `parts` are aligned with the postings."""
        self._sums[self._rows(parts, postings.offsets)] = 1

    def add(self, parts: NDArray[np.int64], postings: Postings) -> bool:
        """Counts postings in; whether they agree with others about how many terms an entry has."""
        rows = self._rows(parts, postings.offsets)
        steps = (postings.codes & 0xFF).astype(np.uint8)
        often = FREQUENCIES[postings.codes >> 8]
        known = self._steps[rows]
        self._steps[rows] = steps
        np.add.at(self._sums, rows, often.astype(np.int32))
        self._is_exact[rows[often > _EXACT]] = False
        return bool(((known == 0) | (known == steps)).all())

    def compared(self, documents: NDArray[np.int64], terms: NDArray[np.int64]) -> str:
        """What is wrong, empty if nothing is.

        Args:
            documents: shape (n, 3 or more): the ids of their first and last passages, and whether they are
                removed: then only some of their postings may be left.
            terms: how many their entries have together, shape (n,).
        """
        if not self.are_of(documents):
            return _STRANGE
        exact = [total == 0 for total in self._of(documents, ~self._is_exact)]
        looked_at = np.array(exact, np.bool_) & (documents[:, 2] == 0)
        sums = self._of(documents, self._sums)
        if (sums != terms)[looked_at].any():
            return _SUMS
        rows = self._rows_of(documents[looked_at])
        steps = np.searchsorted(LENGTHS, self._sums[rows], side="right") - 1
        return _SUMS if (steps != self._steps[rows]).any() else ""

    def are_of(self, documents: NDArray[np.int64]) -> bool:
        """Whether all that was counted is of these documents."""
        return int(self._sums.sum(dtype=np.int64)) == int(self._of(documents, self._sums).sum())

    def _of(self, documents: NDArray[np.int64], values: NDArray[Any]) -> NDArray[np.int64]:
        """The sum of the values of each document's entries."""
        sums = np.concatenate([[0], np.cumsum(values, dtype=np.int64)])
        first, last = (self._rows(ids // PART, ids % PART) for ids in documents[:, :2].T)
        return np.asarray(sums[last + 1] - sums[first], np.int64)

    def _rows_of(self, documents: NDArray[np.int64]) -> NDArray[np.int64]:
        ids = spread(documents[:, 0], documents[:, 1] - documents[:, 0] + 1)
        return self._rows(ids // PART, ids % PART)

    def _rows(self, parts: NDArray[np.int64], offsets: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.asarray(np.searchsorted(self._parts, parts) * PART + offsets, np.int64)
