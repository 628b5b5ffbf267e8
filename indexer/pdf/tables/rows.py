"""Parts what is in the columns of a table into rows. Pure functions; places are in points."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from indexer.pdf.tables.checks import is_value
from indexer.pdf.tables.grid import Bit, Row

# How far apart the lines of a cell are at most, in heights of their boxes, which already hold the usual
# leading.
_TIGHT = 0.45

_INDENT = 0.2  # times the height of a line
_BLANK = 0.3  # between words, times the height of a line

LONGEST_CELL = 8
"""So many lines has a cell, as a rule."""


def split_rows(bits: Sequence[Bit]) -> list[Row]:
    """The rows that some bits make, in the order in which they were drawn."""
    for rank, bit in enumerate(bits):
        bit.rank = rank
    by_column: defaultdict[int, list[Bit]] = defaultdict(list)
    for bit in sorted(bits, key=lambda bit: -bit.top):
        by_column[bit.column].append(bit)
    cells: list[list[Bit]] = []
    sections = _sections(by_column)
    for column in by_column.values():
        cells.append([column[0]])
        for above, below in pairwise(column):
            height = min(above.top - above.bottom, below.top - below.bottom)
            goes_on = below.rank == above.rank + 1 and above.bottom - below.top < _TIGHT * height
            goes_on = goes_on and above.rank not in sections
            if goes_on or below.top > above.top - 0.3 * height:
                cells[-1].append(below)
            else:
                cells.append([below])
    cells.sort(key=lambda cell: -cell[0].top)  # that of its uppermost line
    rows: list[Row] = []
    bottom = 0.0
    for cell in cells:
        first = cell[0]
        top = first.top  # that of the row is not lower
        low = min([bit.bottom for bit in cell])
        # Boxes of neighbouring rows may overlap a little where rows are set close.
        if rows and top - max(low, bottom) > 0.5 * (top - first.bottom):
            rows[-1].setdefault(first.column, []).extend(cell)
            bottom = min(bottom, low)
        else:
            rows.append({first.column: list(cell)})
            bottom = low
    return rows


def _sections(by_column: Mapping[int, Sequence[Bit]]) -> set[int]:
    """The ranks of bits of the first column that are the only ones at their height and are not continued
    below, because the next word would have found room beside them, or other rows are indented as well.
    """
    columns_at: defaultdict[int, set[int]] = defaultdict(set)
    for column, bits in by_column.items():
        for bit in bits:
            columns_at[round((bit.bottom + bit.top) / 4)].add(column)

    def is_alone(bit: Bit) -> bool:
        at = round((bit.bottom + bit.top) / 4)
        return len(columns_at[at]) == 1 and len(columns_at[at - 1] | columns_at[at + 1]) <= 1

    first = by_column[min(by_column)]
    alone = [is_alone(bit) for bit in first]
    width = max(
        (bit.right - bit.left for bit, single in zip(first, alone, strict=True) if not single), default=0
    )
    lefts = {
        round(bit.left)
        for bit, (single, other) in zip(first[1:], pairwise(alone), strict=True)
        if not single and not other
    }  # of rows that go on with no line above them
    return {
        above.rank
        for (above, below), (single, other) in zip(pairwise(first), pairwise(alone), strict=True)
        if single
        and not other
        and (
            _width_with(above, below) < width
            or (below.left > above.left + _INDENT * (above.top - above.bottom) and round(below.left) in lefts)
        )
    }


def _width_with(above: Bit, below: Bit) -> float:
    """How wide a line were with the first word of the one below it."""
    word = below.words[0]
    return above.right - above.left + _BLANK * (above.top - above.bottom) + word.right - word.left


def split_bands(bits: Sequence[Bit], rules: Sequence[float]) -> list[list[Bit]]:
    """The bits between each two rules, from the uppermost, in the order they had.

    Args:
        bits: of a table.
        rules: y of those that run across it, in any order.
    """
    heights = sorted(rules)
    bands: defaultdict[int, list[Bit]] = defaultdict(list)
    for bit in bits:
        bands[bisect_right(heights, (bit.bottom + bit.top) / 2)].append(bit)
    return [bands[at] for at in sorted(bands, reverse=True)]


def one_row(bits: Sequence[Bit]) -> Row:
    """The row that all these bits are in."""
    row: Row = {}
    for bit in sorted(bits, key=lambda bit: -bit.top):
        row.setdefault(bit.column, []).append(bit)
    return row


def rows_by_rules(bits: Sequence[Bit], rules: Sequence[float]) -> list[Row]:
    """The rows of a table that some rules run across: one between each two, or more where there are few."""
    bands = split_bands(bits, rules)
    # A rule below the header and at either end does not part the rows; rules between most rows do.
    if len(bands) >= 4:
        return [row for band in bands for row in (split_rows if _is_long(band) else rows_of_band)(band)]
    return [row for band in bands for row in split_rows(band)]


def _is_long(bits: Sequence[Bit]) -> bool:
    """Whether they have more lines than a cell has."""
    return len({round(bit.bottom) for bit in bits}) > LONGEST_CELL


def rows_of_band(bits: Sequence[Bit]) -> list[Row]:
    """The row between two rules, or several if they are drawn one after the other, each in all columns, or if
    columns have a number in each line.
    """
    columns = len({bit.column for bit in bits})
    if columns == len(bits):
        return [one_row(bits)]
    if rows := _rows_of_numbers(bits):
        return rows
    split = split_rows(bits)
    if len(split) > 1 and columns > 1 and all(len(row) >= max(2, columns - 1) for row in split):
        return split
    return [one_row(bits)]


def _rows_of_numbers(bits: Sequence[Bit]) -> list[Row]:
    """A row for each line, if several columns have numbers, all at the same heights."""
    row = one_row(bits)
    heights = [
        [(bit.bottom + bit.top) / 2 for bit in column]
        for column in row.values()
        if len(column) > 1 and all(is_value(bit.text) for bit in column)
    ]
    if len(heights) < 2:
        return []
    near = 0.3 * (bits[0].top - bits[0].bottom)
    first = heights[0]
    for other in heights[1:]:
        if len(other) != len(first) or any(abs(a - b) > near for a, b in zip(first, other, strict=True)):
            return []
    rows: list[Row] = []
    before = 0.0
    for bit in sorted(bits, key=lambda bit: -(bit.bottom + bit.top)):
        middle = (bit.bottom + bit.top) / 2
        if not rows or before - middle > near:
            rows.append({})
            before = middle
        rows[-1].setdefault(bit.column, []).append(bit)
    return rows
