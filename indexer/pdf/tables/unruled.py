"""Finds tables whose columns are parted by gaps. Pure functions; places are in points."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from operator import itemgetter, sub
from typing import NamedTuple

from indexer.pdf.tables.checks import is_monospaced
from indexer.pdf.tables.grid import (
    Bit,
    Grid,
    Row,
    Word,
    find_gutters,
    median,
    size_of,
    split_columns,
)
from indexer.pdf.tables.rows import rows_by_rules, split_rows
from indexer.pdf.tables.rules import Rule

# A gap of the text's size is no word space: in lines set to the full width they reach half of it.
_WIDE = 1.0
_CLEAR = 0.8  # of a line of a table already found

# A cell has up to so many lines, as a rule; in between, nothing tells of a table.
_LONGEST_CELL = 8

# The share of a table's lines that may run across its columns: headers above several, and section rows.
_MOST_ACROSS = 0.25

LONG = 60
"""Characters of a line that is prose, if it is no sign of a table and beside none."""

_MOST_EXTENDED = 40  # lines on either side: those with wide gaps are in the table already
_MOST_LINES = 2_000  # of a page: more are a drawing

# Blocks of lines are parted by a distance of so many times the usual one; two tables have so many lines.
_PARTED = 1.4
_FEWEST_STEPS = 5

_FARTHEST = 1.15  # times the farthest that lines within a table are from the next
_ROUNDS = 3

_LEFT = itemgetter(1)  # of a word


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
    lines = _join_beside(lines)
    if not 3 <= len(lines) <= _MOST_LINES:
        return search
    for core in _cores(lines):
        if is_monospaced(chain.from_iterable(lines[slice(*core)])):
            continue
        first, stop, gutters, size = _find_columns(lines, *core)
        above, below = lines[min(first, core[0])], lines[max(stop, core[1]) - 1]
        search.reaches.append((above[0].line, below[-1].line))
        if gutters and (grid := _read(lines[first:stop], gutters, size, across)):
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


def _join_beside(lines: Sequence[Sequence[Word]]) -> list[list[Word]]:
    """The lines, those joined that go on at the same height: PDFium parts what is far apart."""
    joined: list[list[Word]] = []
    for line in lines:
        if line and joined and joined[-1]:
            last, first = joined[-1][-1], line[0]
            height = first.top - first.bottom
            if abs(last.bottom - first.bottom) < 0.2 * height and first.left > last.right:
                joined[-1].extend(line)
                continue
        joined.append(list(line))
    return joined


def _cores(lines: Sequence[Sequence[Word]]) -> Iterator[tuple[int, int]]:
    """From where to where lines with wide gaps reach, with those in between."""
    size = size_of(lines)
    signs = [at for at in range(len(lines)) if _is_sign(lines, at, size)]
    start = 0
    for at, (sign, following) in enumerate(pairwise([*signs, len(lines) + _LONGEST_CELL]), 1):
        gap = lines[sign + 1 : following]
        is_parted = following - sign > _LONGEST_CELL or not all(gap) or any(map(_is_prose, gap))
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
    if _has_gap(line, _WIDE * size):
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
        after - before > _LONGEST_CELL * 1.3 * size or before - after > 4 * size
        for before, after in pairwise(tops)
    )


def _size(word: Word) -> float:
    return (word.top - word.bottom) / 1.17


def _has_gap(line: Sequence[Word], least: float) -> bool:
    """Whether words that follow each other are farther apart than `least`."""
    if len(line) < 2:
        return False
    _, lefts, _, rights, _, _, _ = zip(*sorted(line, key=_LEFT), strict=True)
    widest: float = max(map(sub, lefts[1:], rights))
    return widest > least


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
        gutters = _join(all_gutters, lines[first:stop], size)
        if gutters == before:
            break
    if gutters:
        first, stop = _extend(lines, first, stop, gutters, size)
    return first, stop, gutters, size


def _read(
    core: Sequence[Sequence[Word]],
    gutters: Sequence[tuple[float, float]],
    size: float,
    across: Sequence[Rule],
) -> Grid | None:
    """The table that some lines make, unless too many run across its columns."""
    if sum(_runs_across(line, gutters, size) for line in core) > max(1, _MOST_ACROSS * len(core)):
        return None
    bits = [bit for line in core for bit in split_columns(line, gutters, size)]
    heights = _rules_across(bits, across)
    inner = [y for y in heights if min(bit.bottom for bit in bits) < y < max(bit.top for bit in bits)]
    rows = rows_by_rules(bits, inner) if inner else split_rows(bits)
    rows, columns = _without_empty_columns(_settle(rows))
    return Grid(rows, columns, rules=len(heights), has_head_rule=0 < len(inner) <= 2)


def _join(
    gutters: Sequence[tuple[float, float]], lines: Sequence[Sequence[Word]], size: float
) -> list[tuple[float, float]]:
    """The gaps, with those joined between which only lines have words that run across."""
    plain = [line for line in lines if not _runs_across(line, gutters, size)]
    middles = [(left + right) / 2 for left, right in gutters]
    used = [0] * (len(gutters) + 1)
    for line in plain:
        for column in {bisect_right(middles, (word.left + word.right) / 2) for word in line}:
            used[column] += 1
    fewest = 1 if len(plain) < 5 else 2
    joined = list(gutters[:1])
    for column, gutter in enumerate(gutters[1:], 1):
        if used[column] < fewest:
            joined[-1] = (joined[-1][0], gutter[1])
        else:
            joined.append(gutter)
    return joined


def _without_empty_columns(rows: Sequence[Row]) -> tuple[list[Row], int]:
    """The rows with only those columns that have text, and how many these are."""
    kept = sorted({column for row in rows for column in row})
    return [{kept.index(column): bits for column, bits in row.items()} for row in rows], len(kept)


def _runs_across(line: Sequence[Word], gutters: Sequence[tuple[float, float]], size: float) -> bool:
    """Whether a word is in a gap between columns, or that gap is but a blank between two words."""
    for left, right in gutters:
        before, after = -1e9, 1e9
        for _, start, _, stop, _, _, _ in line:
            if stop <= left + 0.01:
                if stop > before:
                    before = stop
            elif start >= right - 0.01:
                if start < after:
                    after = start
            else:
                return True
        if after - before < 0.45 * size:
            return True
    return False


def _columns(line: Sequence[Word], gutters: Sequence[tuple[float, float]]) -> set[int]:
    middles = [(left + right) / 2 for left, right in gutters]
    return {bisect_right(middles, (word.left + word.right) / 2) for word in line}


def _trim(
    lines: Sequence[Sequence[Word]],
    first: int,
    stop: int,
    gutters: Sequence[tuple[float, float]],
    size: float,
) -> tuple[int, int]:
    """Without lines at both ends that have but one column, if they have no line beside them."""

    def is_outside(at: int, beside: int) -> bool:
        if _is_parted(lines[at], gutters, size):
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
    while first > above and _belongs(lines[first - 1], lines[first], gutters, size, farthest):
        first -= 1
    while stop < below and (
        _belongs(lines[stop], lines[stop - 1], gutters, size, farthest)
        or _continues(lines, stop, gutters, size)
    ):
        stop += 1
    return first, stop


def _belongs(
    line: Sequence[Word],
    near: Sequence[Word],
    gutters: Sequence[tuple[float, float]],
    size: float,
    farthest: float,
) -> bool:
    if not line or not near or abs(line[0].bottom - near[0].bottom) > farthest:
        return False
    return _is_parted(line, gutters, size)


def _is_parted(line: Sequence[Word], gutters: Sequence[tuple[float, float]], size: float) -> bool:
    """Whether a line has words in several columns, none of them running from one into the next."""
    if len(_columns(line, gutters)) < 2:
        return False
    return not _runs_across(line, gutters, size) or _has_gap(line, _CLEAR * size)


def _continues(
    lines: Sequence[Sequence[Word]], at: int, gutters: Sequence[tuple[float, float]], size: float
) -> bool:
    """Whether the line goes on with the cell before it, which is not in the first column."""
    line, before = lines[at], lines[at - 1]
    if not line or not before or _runs_across(line, gutters, size):
        return False
    columns = _columns(line, gutters)
    if len(columns) != 1 or 0 in columns or not columns & _columns(before, gutters):
        return False
    height = line[0].top - line[0].bottom
    return -0.5 * height < before[0].bottom - line[0].top < 0.3 * height


def _rules_across(bits: Sequence[Bit], across: Sequence[Rule]) -> list[float]:
    """Y of the rules that run over most of a table, from somewhat above it to somewhat below."""
    left, right = min(bit.left for bit in bits), max(bit.right for bit in bits)
    bottom, top = min(bit.bottom for bit in bits), max(bit.top for bit in bits)
    margin = 1.5 * (bits[0].top - bits[0].bottom)
    by_height: dict[int, float] = {}  # borders are often drawn cell by cell
    for y, start, stop in across:
        if bottom - margin < y < top + margin:
            shared = min(stop, right + margin) - max(start, left - margin)
            by_height[round(y / 2)] = by_height.get(round(y / 2), 0.0) + max(shared, 0.0)
    return sorted(2.0 * y for y, length in by_height.items() if length > 0.7 * (right - left))


def _settle(rows: Sequence[Row]) -> list[Row]:
    """The rows, those of a single cell beside others joined with the row that they stand beside."""
    settled: list[Row] = []
    for row in rows:
        before = settled[-1] if settled else None
        if before is not None and len(row) == 1:
            ((column, bits),) = row.items()
            low = min(bit.bottom for inner in before.values() for bit in inner)
            height = bits[0].top - bits[0].bottom
            if column not in before and bits[0].top > low + 0.3 * height:
                before[column] = bits
                continue
        settled.append(row)
    return settled
