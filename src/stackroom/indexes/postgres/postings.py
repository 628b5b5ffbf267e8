"""Lists of postings, as bytes: which entries have a term, and how often. Pure functions.

An entry's id is that of a passage: a page and a document are known by their first one. Ids are divided into
parts of 2^20, and a list is of one part. It has, in little-endian byte order:

- the first offset in the part, uint32, whose highest bit says whether the gaps are wide;
- the gap before each further one, uint16, or uint32 if they are wide;
- but in lists of parts of words: a code for each, uint16: how often the entry has the term, and how many
  terms the entry has (`code`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackroom.indexes.row_ranges import spread

PART_BITS = 20
PART = 1 << PART_BITS
"""How many ids a part has."""

TEXT, NAME, PARTS = 0, 1, 2
"""The fields of entries: their text, the names of files (of documents alone), and parts of words."""

LISTS_VERSION = 1
"""Increase it when lists have another form: indexes are then built anew."""

_WIDE = 1 << 31
_NARROW_GAP = (1 << 16) - 1

# How often an entry has a term: exactly up to 200, and up to 65,535 in steps of 11 percent, of which none
# changes a score by more than .003 of it.
_EXACT = 200
FREQUENCIES: NDArray[np.float32] = np.concatenate(
    [np.arange(_EXACT + 1), np.round(np.geomspace(_EXACT, 65_535, 256 - _EXACT)[1:])]
).astype(np.float32)
"""By the upper byte of a code: how often the entry has the term."""


def _length(step: int) -> int:
    if step < 24:
        return step
    bits, shift = (step - 24) & 7, ((step - 24) >> 3) - 1
    return 24 + (bits if shift < 0 else (bits | 8) << shift)


LENGTHS: NDArray[np.float32] = np.array([_length(step) for step in range(256)], np.float32)
"""By the lower byte of a code: how many terms the entry has, rounded down as Lucene and tantivy do: not up to
40, then to eight steps for each doubling."""


class Postings(NamedTuple):
    """Postings of any number of lists, one after the other.

    Attributes:
        rows: for each posting the number of its list, ascending.
        offsets: for each the entry's offset in its part, int64, ascending within a list.
        codes: for each its code, uint16; empty if these are lists of parts of words.
    """

    rows: NDArray[np.int64]
    offsets: NDArray[np.int64]
    codes: NDArray[np.uint16]


def code(frequencies: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.uint16]:
    """How often entries have a term, and how many terms they have, as codes; aligned."""
    often = np.searchsorted(FREQUENCIES, np.minimum(frequencies, FREQUENCIES[-1]))
    long = np.searchsorted(LENGTHS, lengths, side="right") - 1
    return np.asarray((often << 8) | long, np.uint16)


def pack(postings: Postings, *, coded: bool) -> tuple[NDArray[np.int64], NDArray[np.int64], list[bytes]]:
    """Makes lists of postings.

    Args:
        postings: of at least one list.
        coded: whether they have codes.

    Returns:
        Numbers of the lists, ascending; how many postings each has; and the lists.
    """
    rows, offsets = postings.rows, postings.offsets
    starts = np.flatnonzero(np.concatenate([[True], rows[1:] != rows[:-1]]))
    counts = np.diff(starts, append=len(rows))
    gaps = np.diff(offsets, prepend=0)
    gaps[starts] = 0
    wide = np.maximum.reduceat(gaps, starts) > _NARROW_GAP
    gap_words = np.where(wide, 2, 1)  # of 16 bits
    lengths = 2 + (counts - 1) * gap_words + (counts if coded else 0)
    ends = np.cumsum(lengths)
    begins = ends - lengths
    words = np.empty(int(ends[-1]), "<u2")
    header = offsets[starts] | np.where(wide, _WIDE, 0)
    words[begins], words[begins + 1] = header & 0xFFFF, header >> 16
    place = np.arange(len(rows)) - np.repeat(starts, counts)  # in its list
    is_later = place > 0
    at = (np.repeat(begins + 2, counts) + (place - 1) * np.repeat(gap_words, counts))[is_later]
    later = gaps[is_later]
    words[at] = later & 0xFFFF
    is_wide = np.repeat(wide, counts)[is_later]
    words[at[is_wide] + 1] = later[is_wide] >> 16
    if coded:
        words[np.repeat(ends - counts, counts) + place] = postings.codes
    whole = words.tobytes()
    bounds = (2 * ends).tolist()
    lists = [whole[start:stop] for start, stop in zip([0, *bounds], bounds, strict=False)]
    return rows[starts], counts, lists


def unpack(packed: bytes, *, coded: bool) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
    """The offsets and the codes of one list: see `Postings`."""
    header = int.from_bytes(packed[:4], "little")
    first, is_wide = header & ~_WIDE, header >= _WIDE
    words = len(packed) // 2 - 2
    gap_words = 2 if is_wide else 1
    count = (words + gap_words) // (gap_words + 1) if coded else words // gap_words + 1
    gaps = np.frombuffer(packed, "<u4" if is_wide else "<u2", count - 1, 4)
    offsets = np.empty(count, np.int64)
    offsets[0] = first
    offsets[1:] = gaps
    offsets.cumsum(out=offsets)
    codes = np.frombuffer(packed, "<u2", count if coded else 0, len(packed) - 2 * count if coded else 0)
    return offsets, codes


def unpack_all(lists: list[bytes], *, coded: bool) -> Postings:
    """The postings of many lists, at least one: quicker than one by one if most are short."""
    words = np.frombuffer(b"".join(lists), "<u2").astype(np.int64)
    lengths = np.fromiter(map(len, lists), np.int64, len(lists)) // 2
    begins = np.cumsum(lengths) - lengths
    high = words[begins + 1]
    wide = high >= _WIDE >> 16
    firsts = words[begins] | ((high & 0x7FFF) << 16)
    gap_words = np.where(wide, 2, 1)
    counts = (lengths - 2 + gap_words) // (gap_words + 1) if coded else (lengths - 2) // gap_words + 1
    rows = np.repeat(np.arange(len(lists)), counts)
    starts = np.cumsum(counts) - counts
    place = np.arange(len(rows)) - np.repeat(starts, counts)
    is_later = place > 0
    gaps = np.zeros(len(rows), np.int64)
    at = (np.repeat(begins + 2, counts) + (place - 1) * np.repeat(gap_words, counts))[is_later]
    later = words[at]
    is_wide = np.repeat(wide, counts)[is_later]
    later[is_wide] |= words[at[is_wide] + 1] << 16
    gaps[is_later] = later
    run = np.cumsum(gaps)
    offsets = run + np.repeat(firsts - run[starts], counts)
    codes = np.empty(0, np.uint16)
    if coded:
        codes = words[spread(begins + lengths - counts, counts)].astype(np.uint16)
    return Postings(rows, offsets, codes)
