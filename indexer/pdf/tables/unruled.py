"""Finds tables whose columns are parted by gaps. Pure functions; places are in points."""

from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

from indexer.pdf.tables.checks import is_monospaced
from indexer.pdf.tables.columns import (
    columns_of,
    has_gap,
    is_parted,
    join_beside,
    join_gutters,
    read_grid,
    runs_across,
)
from indexer.pdf.tables.grid import Grid, Word, find_gutters, median, size_of
from indexer.pdf.tables.rows import LONGEST_CELL
from indexer.pdf.tables.rules import Rule

WIDE = 1.0
"""Times the text's size: no word space. In lines set to the full width these reach half of it."""

LONG = 60
"""Characters of a line that is prose, if it is no sign of a table and beside none."""

_MOST_EXTENDED = 40  # lines on either side: those with wide gaps are in the table already
_MOST_LINES = 2_000  # of a page: more are a drawing

# Blocks of lines are parted by a distance of so many times the usual one; two tables have so many lines.
_PARTED = 1.4
_FEWEST_STEPS = 5

_FARTHEST = 1.15  # times the farthest that lines within a table are from the next
_ROUNDS = 3


class Search(NamedTuple):
    """What was found among some lines.

    Attributes:
        grids: what may be tables.
        reaches: from which printed line to which was looked closely, by their numbers.
    """

    grids: list[Grid]
    reaches: list[tuple[int, int]]


def find_unruled(lines: Sequence[Sequence[Word]], across: Sequence[Rule]) -> Search:
    """The tables whose columns are parted by gaps, rules between rows or not.

    Args:
        lines: the words of printed lines that follow each other, in the order in which they are drawn; an
            empty one parts what is not connected.
        across: the horizontal rules of the page.
    """
    search = Search([], [])
    lines = join_beside(lines)
    if not 3 <= len(lines) <= _MOST_LINES:
        return search
    for core in _cores(lines):
        if is_monospaced(chain.from_iterable(lines[slice(*core)])):
            continue
        first, stop, gutters, size = _find_columns(lines, *core)
        above, below = lines[min(first, core[0])], lines[max(stop, core[1]) - 1]
        search.reaches.append((above[0].line, below[-1].line))
        if gutters and (grid := read_grid(lines[first:stop], gutters, size, across)):
            search.grids.append(grid)
    return search


def part_blocks(lines: Sequence[Sequence[Word]], reaches: Sequence[tuple[int, int]]) -> list[list[Word]]:
    """The lines with an empty one wherever they are much farther apart than most; none if that is nowhere
    where tables were looked for.

    Args:
        lines: as for `find_unruled`.
        reaches: see `Search`.
    """
    tops = [line[0].top for line in lines if line]
    steps = [before - after for before, after in pairwise(tops) if before - after > 1]
    if len(steps) < _FEWEST_STEPS or not reaches:
        return []
    limit = _PARTED * median(steps)
    parted: list[list[Word]] = []
    breaks: list[int] = []
    before = 0.0
    for line in lines:
        if line and parted and parted[-1] and before - line[0].top > limit:
            breaks.append(line[0].line)
            parted.append([])
        before = line[0].top if line else 0.0
        parted.append(list(line))
    again = [(first, last) for first, last in reaches if any(first < at <= last for at in breaks)]
    if not again:
        return []
    return [
        line if line and any(first <= line[0].line <= last for first, last in again) else []
        for line in parted
    ]


def _cores(lines: Sequence[Sequence[Word]]) -> Iterator[tuple[int, int]]:
    """From where to where lines with wide gaps reach, with those in between."""
    size = size_of(lines)
    signs = [at for at in range(len(lines)) if _is_sign(lines, at, size)]
    start = 0
    for at, (sign, following) in enumerate(pairwise([*signs, len(lines) + LONGEST_CELL]), 1):
        gap = lines[sign + 1 : following]
        is_parted = following - sign > LONGEST_CELL or not all(gap) or any(map(_is_prose, gap))
        if is_parted or _is_far(lines, sign, following):
            if at - start >= 2:
                yield signs[start], sign + 2 if any(lines[sign + 1 : sign + 2]) else sign + 1
            start = at


def _is_prose(line: Sequence[Word]) -> bool:
    return len(line) == 1 and len(line[0].text) > LONG and " " in line[0].text


def _is_sign(lines: Sequence[Sequence[Word]], at: int, size: float) -> bool:
    """Whether a line has a wide gap, or the next stands beside it."""
    line = lines[at]
    if not line:
        return False
    if has_gap(line, WIDE * size):
        return True
    return at + 1 < len(lines) and bool(lines[at + 1]) and _is_beside(line, lines[at + 1])


def _is_beside(line: Sequence[Word], following: Sequence[Word]) -> bool:
    first, other = line[0], following[0]
    return other.top > first.bottom + 0.5 * (first.top - first.bottom) and (
        min(word.left for word in following) > max(word.right for word in line)
        or max(word.right for word in following) < min(word.left for word in line)
    )


def _is_far(lines: Sequence[Sequence[Word]], at: int, following: int) -> bool:
    """Whether the lines go back up the page farther than a row can be high, or leave a gap that none has."""
    if following >= len(lines):
        return True
    tops = [line[0].top for line in lines[at : following + 1]]
    size = max(_size(lines[at][0]), _size(lines[following][0]))
    return any(
        after - before > LONGEST_CELL * 1.3 * size or before - after > 4 * size
        for before, after in pairwise(tops)
    )


def _size(word: Word) -> float:
    return (word.top - word.bottom) / 1.17


def _find_columns(
    lines: Sequence[Sequence[Word]], first: int, stop: int
) -> tuple[int, int, list[tuple[float, float]], float]:
    """From where to where the table around the lines from `first` to `stop` reaches, the gaps between its
    columns, none if these cannot be seen, and the size of its text.
    """
    size = size_of(lines[first:stop])
    gutters = all_gutters = find_gutters(lines[first:stop], size)
    if not gutters and stop - first > 3:
        # What follows the last line may not belong to it.
        stop -= 1
        gutters = all_gutters = find_gutters(lines[first:stop], size)
    # Without the lines around it that are in its columns by chance, the columns are others.
    for _ in range(_ROUNDS):
        if not gutters:
            return first, stop, [], size
        before, looked_at = gutters, (first, stop)
        first, stop = _trim(lines, first, stop, gutters, size)
        if stop - first < 2:
            return first, stop, [], size
        if looked_at != (first, stop):
            all_gutters = find_gutters(lines[first:stop], size)
        gutters = join_gutters(all_gutters, lines[first:stop], size)
        if gutters == before:
            break
    if gutters:
        first, stop = _extend(lines, first, stop, gutters, size)
    return first, stop, gutters, size


def _trim(
    lines: Sequence[Sequence[Word]],
    first: int,
    stop: int,
    gutters: Sequence[tuple[float, float]],
    size: float,
) -> tuple[int, int]:
    """Without lines at both ends that have but one column, if they have no line beside them."""

    def is_outside(at: int, beside: int) -> bool:
        if is_parted(lines[at], gutters, size):
            return False
        return not (first <= beside < stop and _overlap(lines[at], lines[beside]))

    while stop - first > 2 and is_outside(first, first + 1):
        first += 1
    while (
        stop - first > 2 and is_outside(stop - 1, stop - 2) and not _continues(lines, stop - 1, gutters, size)
    ):
        stop -= 1
    return first, stop


def _overlap(line: Sequence[Word], other: Sequence[Word]) -> bool:
    a, b = line[0], other[0]
    return min(a.top, b.top) - max(a.bottom, b.bottom) > 0.5 * min(a.top - a.bottom, b.top - b.bottom)


def _extend(
    lines: Sequence[Sequence[Word]],
    first: int,
    stop: int,
    gutters: Sequence[tuple[float, float]],
    size: float,
) -> tuple[int, int]:
    """With the lines before and after that have words in the same columns."""
    steps = [before[0].bottom - after[0].bottom for before, after in pairwise(lines[first:stop])]
    farthest = _FARTHEST * max(max(steps), size)
    above, below = max(first - _MOST_EXTENDED, 0), min(stop + _MOST_EXTENDED, len(lines))
    while rows := _next_row(lines, range(first, above, -1), gutters, size, farthest):
        first -= rows
    while stop < below:
        rows = _next_row(lines, range(stop - 1, below - 1), gutters, size, farthest)
        if not rows and not _continues(lines, stop, gutters, size):
            break
        stop += rows or 1
    return first, stop


def _next_row(
    lines: Sequence[Sequence[Word]],
    numbers: range,
    gutters: Sequence[tuple[float, float]],
    size: float,
    farthest: float,
) -> int:
    """How many lines it is to the next one that has words in several columns, over lines that are each in one
    column: cells of several lines. 0 if there is none.

    Args:
        lines: all.
        numbers: from the line at the end of the table to the one before the last that may belong to it.
        gutters: between its columns.
        size: of its text.
        farthest: that its lines are from the next.
    """
    for count, at in enumerate(numbers[:LONGEST_CELL], 1):
        near, line = lines[at], lines[at + numbers.step]
        if not near or _belongs(line, near, gutters, size, farthest):
            return count if near else 0
        is_cell = line and not runs_across(line, gutters, size) and len(columns_of(line, gutters)) == 1
        if not is_cell or abs(line[0].bottom - near[0].bottom) > LONGEST_CELL * farthest:
            return 0
    return 0


def _belongs(
    line: Sequence[Word],
    near: Sequence[Word],
    gutters: Sequence[tuple[float, float]],
    size: float,
    farthest: float,
) -> bool:
    if not line or not near or abs(line[0].bottom - near[0].bottom) > farthest:
        return False
    return is_parted(line, gutters, size)


def _continues(
    lines: Sequence[Sequence[Word]], at: int, gutters: Sequence[tuple[float, float]], size: float
) -> bool:
    """Whether the line goes on with the cell before it, which is not in the first column."""
    line, before = lines[at], lines[at - 1]
    if not line or not before or runs_across(line, gutters, size):
        return False
    columns = columns_of(line, gutters)
    if len(columns) != 1 or 0 in columns or not columns & columns_of(before, gutters):
        return False
    height = line[0].top - line[0].bottom
    return -0.5 * height < before[0].bottom - line[0].top < 0.3 * height
