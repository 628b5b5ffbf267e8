"""Reads lines whose columns are parted by gaps into rows and columns. Pure functions; places are in
points.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from operator import itemgetter, sub

from indexer.pdf.tables.grid import Bit, Grid, Row, Word, split_columns
from indexer.pdf.tables.rows import rows_by_rules, split_rows
from indexer.pdf.tables.rules import Rule

_CLEAR = 0.8  # times the text's size: a gap in a line of a table already found

# The share of a table's lines that may run across its columns: headers above several, and section rows.
_MOST_ACROSS = 0.25

_LEFT = itemgetter(1)  # of a word


def join_beside(lines: Sequence[Sequence[Word]]) -> list[list[Word]]:
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


def has_gap(line: Sequence[Word], least: float) -> bool:
    """Whether words that follow each other are farther apart than `least`."""
    if len(line) < 2:
        return False
    _, lefts, _, rights, _, _, _ = zip(*sorted(line, key=_LEFT), strict=True)
    widest: float = max(map(sub, lefts[1:], rights))
    return widest > least


def read_grid(
    core: Sequence[Sequence[Word]],
    gutters: Sequence[tuple[float, float]],
    size: float,
    across: Sequence[Rule],
) -> Grid | None:
    """The table that some lines make, unless too many run across its columns."""
    if not mostly_parted(core, gutters, size):
        return None
    return grid_of(core, gutters, size, across)


def mostly_parted(
    lines: Sequence[Sequence[Word]], gutters: Sequence[tuple[float, float]], size: float
) -> bool:
    """Whether only few lines run across the columns."""
    return sum(runs_across(line, gutters, size) for line in lines) <= max(1, _MOST_ACROSS * len(lines))


def grid_of(
    core: Sequence[Sequence[Word]],
    gutters: Sequence[tuple[float, float]],
    size: float,
    across: Sequence[Rule],
) -> Grid:
    """The table that some lines make, whatever runs across its columns."""
    bits = [bit for line in core for bit in split_columns(line, gutters, size)]
    heights = _rules_across(bits, across)
    inner = [y for y in heights if min(bit.bottom for bit in bits) < y < max(bit.top for bit in bits)]
    rows = rows_by_rules(bits, inner) if inner else split_rows(bits)
    rows, columns = _without_empty_columns(_settle(rows))
    return Grid(rows, columns, rules=len(heights), has_head_rule=0 < len(inner) <= 2)


def join_gutters(
    gutters: Sequence[tuple[float, float]], lines: Sequence[Sequence[Word]], size: float
) -> list[tuple[float, float]]:
    """The gaps, with those joined between which only lines have words that run across."""
    plain = [line for line in lines if not runs_across(line, gutters, size)]
    used = Counter(column for line in plain for column in columns_of(line, gutters))
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


def runs_across(line: Sequence[Word], gutters: Sequence[tuple[float, float]], size: float) -> bool:
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


def columns_of(line: Sequence[Word], gutters: Sequence[tuple[float, float]]) -> set[int]:
    """The columns that a line's words are in."""
    middles = [(left + right) / 2 for left, right in gutters]
    return {bisect_right(middles, (word.left + word.right) / 2) for word in line}


def is_parted(line: Sequence[Word], gutters: Sequence[tuple[float, float]], size: float) -> bool:
    """Whether a line has words in several columns, none of them running from one into the next."""
    if len(columns_of(line, gutters)) < 2:
        return False
    return not runs_across(line, gutters, size) or has_gap(line, _CLEAR * size)


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
