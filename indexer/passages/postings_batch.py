"""Makes the postings of some documents' passages, pages and texts as a whole. Pure, but for what it keeps."""

from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackroom.indexes.postgres.postings import (
    NAME,
    PART,
    PART_BITS,
    PARTS,
    TEXT,
    Postings,
    code,
    pack,
    unpack_all,
)

# Postings of one list at most; the rest is in others.
_MOST = 16_384

KINDS = PASSAGES, PAGES, DOCUMENTS = (0, 1, 2)
"""Of entries: places in `Row.counts` and `Row.lists`."""


class Row(NamedTuple):
    """A row of the table of postings.

    Attributes:
        part, field, term: of its lists.
        counts: how many postings its lists have; by kind of entries.
        lists: by kind; None if it is empty.
    """

    part: int
    field: int
    term: str
    counts: tuple[int, ...]
    lists: tuple[bytes | None, ...]

    @property
    def key(self) -> tuple[int, int, str]:
        """What rows of the same lists have in common."""
        return self[:3]


class Batch:
    """Terms of entries that are to be written together."""

    def __init__(self) -> None:
        """Has no entries."""
        self._numbers = {field: _Numbers() for field in (TEXT, NAME, PARTS)}
        self._ids = [array("q") for _ in KINDS]
        self._tokens = {field: [array("I") for _ in KINDS] for field in self._numbers}
        self._lengths = {field: [array("I") for _ in KINDS] for field in self._numbers}

    def add(
        self, kind: int, id_: int, text: Sequence[str], names: Sequence[str], found_by: Iterable[str]
    ) -> None:
        """Adds an entry.

        Args:
            kind: of KINDS.
            id_: of its first passage; no other entry of the kind has it.
            text: the terms of its text.
            names: those of its files' names.
            found_by: the parts of its words, each once.
        """
        self._ids[kind].append(id_)
        for field, terms in ((TEXT, text), (NAME, names), (PARTS, found_by)):
            tokens = self._tokens[field][kind]
            before = len(tokens)
            tokens.extend(map(self._numbers[field].__getitem__, terms))
            self._lengths[field][kind].append(len(tokens) - before)

    def rows(self) -> list[Row]:
        """What is to be written, by field, term and part."""
        ids = [np.frombuffer(some, np.int64) for some in self._ids]
        parts = np.unique(np.concatenate(ids) >> PART_BITS)
        rows = []
        for field, numbers in self._numbers.items():
            terms = sorted(numbers)
            if not terms:
                continue
            ranks = np.empty(len(terms), np.int64)
            ranks[[numbers[term] for term in terms]] = np.arange(len(terms))
            by_kind = []
            for kind in KINDS:
                tokens = np.frombuffer(self._tokens[field][kind], np.uint32)
                lengths = np.frombuffer(self._lengths[field][kind], np.uint32).astype(np.int64)
                by_kind.append(_postings(ids[kind], ranks[tokens], lengths, parts))
            rows += _packed(field, terms, parts.tolist(), by_kind)
        return rows


def merged(rows: Iterable[Row], removed: NDArray[np.int64]) -> list[Row]:
    """Rows with all lists of the same term and part in one, as far as that may be; and sorted.

    Args:
        rows: to merge.
        removed: ranges of ids whose postings are dropped: shape (n, 2), both ends inclusive, ascending.
    """
    by_key: dict[tuple[int, int, str], list[Row]] = {}
    for row in rows:
        by_key.setdefault(row.key, []).append(row)
    left = [some[0] for some in by_key.values() if len(some) == 1 and not len(removed)]
    several = sorted(key for key, some in by_key.items() if len(some) > 1 or len(removed))
    for field in (TEXT, NAME, PARTS):
        keys = [key for key in several if key[1] == field]
        if keys:
            left += _merged(field, keys, [by_key[key] for key in keys], removed)
    return sorted(left, key=lambda row: (row.field, row.term, row.part))


class _Numbers(dict[str, int]):
    """Term → a number of its own, given when it is first met."""

    def __missing__(self, term: str) -> int:
        self[term] = number = len(self)
        return number


def _postings(
    ids: NDArray[np.int64], ranks: NDArray[np.int64], lengths: NDArray[np.int64], parts: NDArray[np.int64]
) -> Postings:
    """The postings of one kind and field. The number of a list: rank of the term · parts + place of the part.

    Args:
        ids: of the entries.
        ranks: of the terms of all entries.
        lengths: how many of them each entry has.
        parts: all that there are.
    """
    by_id = np.argsort(ids, kind="stable")
    place = np.empty(len(ids), np.int64)
    place[by_id] = np.arange(len(ids))
    entries = np.repeat(place, lengths)
    ids, sorted_lengths = ids[by_id], lengths[by_id]
    keys = ((ranks * len(parts) + np.searchsorted(parts, ids >> PART_BITS)[entries]) << 32) | entries
    keys.sort()
    firsts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else keys
    found = keys[firsts]
    entries = found & 0xFFFFFFFF
    often = np.diff(firsts, append=len(keys))
    return Postings(found >> 32, ids[entries] & (PART - 1), code(often, sorted_lengths[entries]))


def _merged(
    field: int, keys: list[tuple[int, int, str]], rows: list[list[Row]], removed: NDArray[np.int64]
) -> list[Row]:
    parts = sorted({part for part, _, _ in keys})
    terms = sorted({term for _, _, term in keys})
    places = {part: place for place, part in enumerate(parts)}
    ranks = {term: rank for rank, term in enumerate(terms)}
    numbers = [ranks[term] * len(parts) + places[part] for part, _, term in keys]
    by_kind = []
    for kind in KINDS:
        lists, of = [], []
        for number, some in zip(numbers, rows, strict=True):
            for row in some:
                packed = row.lists[kind]
                if packed is not None:
                    lists.append(packed)
                    of.append(number)
        by_kind.append(_sorted(field, lists, np.array(of, np.int64), np.array(parts), removed))
    return _packed(field, terms, parts, by_kind)


def _sorted(
    field: int,
    lists: list[bytes],
    numbers: NDArray[np.int64],
    parts: NDArray[np.int64],
    removed: NDArray[np.int64],
) -> Postings:
    """The postings of lists of which some have the same number, without removed ones."""
    if not lists:
        return Postings(numbers, numbers, np.empty(0, np.uint16))
    found = unpack_all(lists, coded=field != PARTS)
    keys = (numbers[found.rows] << PART_BITS) | found.offsets
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    kept = np.concatenate([keys[1:] != keys[:-1], [True]])  # a document that was renamed twice
    if len(removed):
        ids = (parts[(keys >> PART_BITS) % len(parts)] << PART_BITS) | (keys & (PART - 1))
        before = np.searchsorted(removed[:, 0], ids, side="right") - 1
        kept &= (before < 0) | (ids > removed[before, 1])
    codes = found.codes[order][kept] if field != PARTS else found.codes
    return Postings(keys[kept] >> PART_BITS, keys[kept] & (PART - 1), codes)


def _packed(field: int, terms: list[str], parts: list[int], by_kind: Sequence[Postings]) -> list[Row]:
    """Rows of postings whose list's number is that of their term · parts + the place of their part."""
    pieces = 1 + max((_longest(postings.rows) - 1) // _MOST for postings in by_kind)
    packed = []
    for postings in by_kind:
        rows = postings.rows
        if pieces > 1 and len(rows):
            rows = rows * pieces + _places(rows) // _MOST
        packed.append(
            pack(Postings(rows, *postings[1:]), coded=field != PARTS)
            if len(rows)
            else (rows, np.empty(0, np.int64), [])
        )
    numbers = np.unique(np.concatenate([rows for rows, _, _ in packed]))
    counts = np.zeros((len(numbers), len(KINDS)), np.int64)
    lists: list[list[bytes | None]] = []
    for kind, (rows, having, some) in enumerate(packed):
        at = np.searchsorted(numbers, rows)
        counts[at, kind] = having
        of_kind: list[bytes | None] = [None] * len(numbers)
        for place, one in zip(at.tolist(), some, strict=True):
            of_kind[place] = one
        lists.append(of_kind)
    numbers //= pieces
    of_terms, of_parts = (numbers // len(parts)).tolist(), (numbers % len(parts)).tolist()
    return [
        Row(parts[part], field, terms[term], tuple(having), some)
        for term, part, having, some in zip(
            of_terms, of_parts, counts.tolist(), zip(*lists, strict=True), strict=True
        )
    ]


def _places(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The place of each posting in its list."""
    starts = np.flatnonzero(np.concatenate([[True], rows[1:] != rows[:-1]]))
    return np.arange(len(rows)) - np.repeat(starts, np.diff(starts, append=len(rows)))


def _longest(rows: NDArray[np.int64]) -> int:
    return int(_places(rows).max()) + 1 if len(rows) else 0
