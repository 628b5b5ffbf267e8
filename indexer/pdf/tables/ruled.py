"""Finds tables whose cells are parted by rules. Pure functions; places are in points."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from indexer.pdf.tables.columns import has_gap
from indexer.pdf.tables.grid import Bit, Grid, Row, Word, find_gutters, size_of
from indexer.pdf.tables.rows import rows_of_band, split_rows
from indexer.pdf.tables.rules import Rule, Rules

# Rules so near each other are one: borders drawn side by side, as browsers do with two boxes (2.25 pt).
_SAME = 3.0

# A table of 100 rows and 20 columns has 120 rules. More is a drawing, and looking for what touches takes time
# in proportion to the product.
_MOST_PAIRS = 40_000
_MOST_CELLS = 10_000

# The share of the sides between cells that are drawn. Cells that span take some away.
_LEAST_RULED = 0.7

# Columns inside of one: the fewest lines with gaps, their share, and how wide these are, times the size.
_FEWEST_PARTED, _MOSTLY_PARTED, _WIDE = 3, 0.7, 1.0

_NARROWEST = 5.0  # of a column or row without text: less is a gap between two rules


class Frame(NamedTuple):
    """Rules that part rows and columns.

    Attributes:
        xs, ys: where rules are, ascending.
        anchors: row and column, both counted from the lower left → those of the upper left corner of the cell
            that is there.
    """

    xs: list[float]
    ys: list[float]
    anchors: dict[tuple[int, int], tuple[int, int]]


def find_frames(rules: Rules) -> list[Frame]:
    """What rules on all sides of cells make, of two rows and columns at least."""
    if len(rules.across) < 3 or len(rules.down) < 2:
        return []
    across, down = _join(rules.across), _join(rules.down)
    if len(across) < 3 or len(down) < 2 or len(across) * len(down) > _MOST_PAIRS:
        return []
    framed = [_frame(group_across, group_down) for group_across, group_down in _touching(across, down)]
    return [frame for frame in framed if frame is not None]


def find_ruled(frames: Sequence[Frame], words: Sequence[Word]) -> list[Grid]:
    """The tables in some frames, as far as they have text.

    Args:
        frames: of the page.
        words: those that may be in tables, in the order in which they are drawn.
    """
    filled = [_fill(frame, words) for frame in frames]
    return [grid for grid in filled if grid is not None]


def _join(rules: Sequence[Rule]) -> list[Rule]:
    """The rules, those that go on in one line joined."""
    joined: list[Rule] = []
    group: list[Rule] = []
    for rule in [*sorted(rules), None]:
        if rule is not None and (not group or rule.at - group[0].at <= _SAME / 2):
            group.append(rule)
            continue
        at = group[0].at if group else 0.0
        first = len(joined)
        for _, start, stop in sorted(group, key=lambda rule: rule.start):
            if len(joined) > first and start <= joined[-1].stop + _SAME:
                joined[-1] = Rule(at, joined[-1].start, max(joined[-1].stop, stop))
            else:
                joined.append(Rule(at, start, stop))
        group = [rule] if rule is not None else []
    return joined


def _touching(across: Sequence[Rule], down: Sequence[Rule]) -> list[tuple[list[Rule], list[Rule]]]:
    """Groups of rules that are connected with each other."""
    group_of = list(range(len(across) + len(down)))

    def root(at: int) -> int:
        while group_of[at] != at:
            group_of[at] = group_of[group_of[at]]
            at = group_of[at]
        return at

    xs = [rule.at for rule in down]  # ascending, as `_join` leaves them
    for first, (y, left, right) in enumerate(across):
        for second in range(bisect_left(xs, left - _SAME), bisect_right(xs, right + _SAME)):
            _, bottom, top = down[second]
            if bottom - _SAME <= y <= top + _SAME:
                group_of[root(first)] = root(second + len(across))
    groups: defaultdict[int, tuple[list[Rule], list[Rule]]] = defaultdict(lambda: ([], []))
    for at, rule in enumerate(across):
        groups[root(at)][0].append(rule)
    for at, rule in enumerate(down, len(across)):
        groups[root(at)][1].append(rule)
    return [group for group in groups.values() if len(group[0]) >= 2 and group[1]]


def _places(values: Sequence[float]) -> list[float]:
    """The different ones, ascending."""
    places: list[float] = []
    for value in sorted(values):
        if not places or value - places[-1] > _SAME:
            places.append(value)
    return places


def _frame(across: Sequence[Rule], down: Sequence[Rule]) -> Frame | None:
    """What one group of rules makes; None if it has no two rows and columns."""
    xs = _places([rule.at for rule in down] + [end for rule in across for end in rule[1:]])
    ys = _places([rule.at for rule in across] + [end for rule in down for end in rule[1:]])
    if len(xs) < 3 or len(ys) < 3 or len(xs) * len(ys) > _MOST_CELLS:
        return None
    anchors = _merge_cells(across, down, xs, ys)
    return None if anchors is None else Frame(xs, ys, anchors)


def _fill(frame: Frame, words: Sequence[Word]) -> Grid | None:
    """The table in a frame; None if there is hardly any text."""
    xs, ys, anchors = frame
    cells: defaultdict[tuple[int, int], list[Word]] = defaultdict(list)
    crossing = inside = 0
    for word in words:
        x, y = (word.left + word.right) / 2, (word.bottom + word.top) / 2
        if not (xs[0] < x < xs[-1] and ys[0] < y < ys[-1]):
            continue
        column, row = bisect_right(xs, x) - 1, bisect_right(ys, y) - 1
        inside += 1
        anchor = anchors[row, column]
        cells[anchor].append(word)
        if word.left >= xs[column] and word.right <= xs[column + 1]:
            continue
        # Of a word that is cut by a rule, more than a letter stands on either side.
        third = (word.right - word.left) / 3
        first, last = bisect_right(xs, word.left + third) - 1, bisect_right(xs, word.right - third) - 1
        if first != last and first >= 0 and last < len(xs) - 1:
            crossing += anchors[row, first] != anchors[row, last]
    if inside < 4 or crossing > 0.05 * inside:
        return None
    columns = [
        at for at in range(len(xs) - 1)
        if xs[at + 1] - xs[at] > _NARROWEST or any(column == at for _, column in cells)
    ]  # fmt: skip
    number = {column: at for at, column in enumerate(columns)}
    bands: defaultdict[int, list[Bit]] = defaultdict(list)
    for (row, column), inner in cells.items():
        bands[row] += [Bit(number[column], line) for line in _lines(inner)]
    heights = [row for row in range(len(ys) - 1) if ys[row + 1] - ys[row] > _NARROWEST or row in bands]
    rows = _rows([sorted(bands[row], key=_drawn) for row in reversed(heights)])
    return Grid(rows, len(columns), is_ruled=True, rules=len(ys)) if rows else None


def parts_some(grid: Grid) -> bool:
    """Whether only some of a table's columns are parted by rules, and others by gaps."""
    return any(
        _holds_columns([bit for row in grid.rows for bit in row.get(column, ())])
        for column in range(grid.columns)
    )


def _holds_columns(bits: Sequence[Bit]) -> bool:
    """Whether most lines of a column have wide gaps at the same places, with words at both sides."""
    lines = [bit.words for bit in bits if len(bit.words) > 1 and bit.text[:1].isalnum()]
    if len(lines) < _FEWEST_PARTED or len(lines) < _MOSTLY_PARTED * len(bits):
        return False
    size = size_of(lines)
    parted = [line for line in lines if has_gap(line, _WIDE * size)]
    return len(parted) >= _MOSTLY_PARTED * len(bits) and bool(find_gutters(parted, size, most=0))


def _drawn(bit: Bit) -> int:
    return bit.words[0].line


def _lines(words: Sequence[Word]) -> list[list[Word]]:
    """The words of each printed line."""
    lines: defaultdict[int, list[Word]] = defaultdict(list)
    for word in words:
        lines[word.line].append(word)
    return list(lines.values())


def _rows(bands: Sequence[list[Bit]]) -> list[Row]:
    """A row for each band; but of a table with rules around the header and around all else, more."""
    filled = sum(map(bool, bands))
    rows: list[Row] = []
    for band in bands:
        split = split_rows(band) if band and filled <= 3 else []
        is_several = len(split) >= 3 and sum(len(row) >= 2 for row in split) >= 3
        rows += split if is_several else rows_of_band(band)
    return rows


def _merge_cells(
    across: Sequence[Rule], down: Sequence[Rule], xs: Sequence[float], ys: Sequence[float]
) -> dict[tuple[int, int], tuple[int, int]] | None:
    """Row and column, both counted from the lower left → those of the upper left corner of the cell that is
    there. None if most sides between cells are missing: these are boxes, not a table.
    """
    right_of = {(row, at) for at, rule in _numbered(down, xs) for row in _covered(rule, ys)}
    above = {(at, column) for at, rule in _numbered(across, ys) for column in _covered(rule, xs)}
    rows, columns = len(ys) - 1, len(xs) - 1
    inner = sum(0 < at < columns for _, at in right_of) + sum(0 < at < rows for at, _ in above)
    if inner < _LEAST_RULED * (rows * (columns - 1) + columns * (rows - 1)):
        return None
    anchors: dict[tuple[int, int], tuple[int, int]] = {}
    for row in range(len(ys) - 2, -1, -1):
        for column in range(len(xs) - 1):
            if column and (row, column) not in right_of:
                anchors[row, column] = anchors[row, column - 1]
            elif row + 1 < len(ys) - 1 and (row + 1, column) not in above:
                anchors[row, column] = anchors[row + 1, column]
            else:
                anchors[row, column] = (row, column)
    return anchors


def _numbered(rules: Sequence[Rule], places: Sequence[float]) -> list[tuple[int, Rule]]:
    """Each rule with the number of its place."""
    return [(max(bisect_right(places, rule.at + 0.01) - 1, 0), rule) for rule in rules]


def _covered(rule: Rule, places: Sequence[float]) -> list[int]:
    """The numbers of the gaps between `places` along which it runs."""
    return [
        at
        for at, (start, stop) in enumerate(pairwise(places))
        if rule.start <= (start + stop) / 2 <= rule.stop
    ]
