"""Ranges of the rows of an array. Pure functions."""

import numpy as np
from numpy.typing import NDArray

RowRanges = NDArray[np.int64]
"""Rows from a start to before a stop: pairs, int64 of shape (n, 2), ascending, none empty, no two touching a
common row.
"""

NONE: RowRanges = np.empty((0, 2), np.int64)


def rows_inside(ids: NDArray[np.int64], ranges: NDArray[np.int64]) -> RowRanges:
    """The rows whose ids are in at least one of the ranges.

    Args:
        ids: of the rows, ascending.
        ranges: pairs (first id, last id), both inclusive, shape (n, 2), in any order.
    """
    return joined(np.searchsorted(ids, ranges[:, 0]), np.searchsorted(ids, ranges[:, 1], side="right"))


def joined(starts: NDArray[np.int64], stops: NDArray[np.int64]) -> RowRanges:
    """Ranges from a start to before a stop as such pairs, ascending; empty ones are left out, those that
    overlap or touch made one.
    """
    some = np.flatnonzero(starts < stops)
    if not len(some):
        return NONE
    some = some[np.argsort(starts[some], kind="stable")]
    starts, reach = starts[some], np.maximum.accumulate(stops[some])
    begins = np.flatnonzero(np.concatenate([[True], starts[1:] > reach[:-1]]))
    return np.stack([starts[begins], reach[np.append(begins[1:], len(reach)) - 1]], axis=1)


def spread(firsts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ascending numbers: from each of `firsts` as many as its length, one range after the other."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    numbers: NDArray[np.int64] = np.repeat(firsts - (ends - lengths), lengths) + np.arange(total)
    return numbers


def rows_of(ranges: RowRanges, without: RowRanges) -> NDArray[np.int64]:
    """The rows of `ranges` that are not in `without`, ascending."""
    rows = spread(ranges[:, 0], ranges[:, 1] - ranges[:, 0])
    # An even number of starts and stops lies before a row that is in no range.
    left: NDArray[np.int64] = rows[np.searchsorted(without.ravel(), rows, side="right") % 2 == 0]
    return left


def mask(ranges: RowRanges, size: int) -> NDArray[np.bool_]:
    """For each of the rows up to `size`, whether it is in one of the ranges."""
    lengths = np.diff(ranges.ravel(), prepend=0, append=size)
    inside: NDArray[np.bool_] = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)
    return inside
