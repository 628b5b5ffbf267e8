"""Finds tables between rules that are as long as they are wide: above, below, and between some rows. Pure
functions; places are in points.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from indexer.pdf.tables.columns import (
    grid_of,
    has_gap,
    join_beside,
    join_gutters,
    mostly_parted,
)
from indexer.pdf.tables.grid import Grid, Word, find_gutters, size_of, split_columns
from indexer.pdf.tables.rules import Rule
from indexer.pdf.tables.unruled import LONG, WIDE
from indexer.pdf.text.page_lines import Line

_SAME = 4.0  # so far are the ends of rules of one table apart
_ONE = 1.5  # rules so near each other are drawn side by side
_NARROWEST = 10  # of a table, in heights of its lines
_BESIDE = 6.0  # so far does text reach beyond the rules
_FEWEST_LINES = 3
_MOST_GROUPS = 50  # rules of different lengths: more are a drawing
_TITLE = 6  # words: those of a section, or of a header above several columns, are fewer
_FARTHEST = 2.0  # times the text's size: from a row to the next one or to a rule
_MOST_WHOLE = 0.1  # of the lines
_MOST_HEADERS = 3  # lines of a header, which may run across columns
_MOST_SINGLE = 2  # lines without gaps that follow each other, outside of the rules
_MOSTLY_FULL = 0.7  # of a table's width: prose between rules is as wide
_MOSTLY_GAPS = 0.4  # of the lines: then the others are headers, or go on with a cell


class Region(NamedTuple):
    """What is between the uppermost and the lowest rule of what may be a table."""

    left: float
    bottom: float
    right: float
    top: float


def find_regions(
    across: Sequence[Rule], lines: Sequence[Line], signs: Collection[int], has_gap_at: Callable[[int], bool]
) -> list[Region]:
    """Where rules of one length are above and below lines, two of them with wide gaps, and no prose is
    between them.

    Args:
        across: the horizontal rules of the page.
        lines: of the page.
        signs: the numbers of those that have wide gaps at the same places.
        has_gap_at: tells by its number whether a line has a wide gap anywhere.
    """
    if not signs:
        return []
    heights = sorted((_middle(line), at) for at, line in enumerate(lines))
    regions: list[Region] = []
    height = max(lines[at].height for at in signs)
    for group in _groups(across, _NARROWEST * height):
        start = 0
        for at, (above, below) in enumerate([*pairwise(group), (group[-1], None)], 1):
            if below is not None:
                region = Region(above.start, below.at, above.stop, above.at)
                inside = _inside(region, heights, lines)
                is_near = bool(inside) or above.at - below.at < height
                is_free = len(inside) == len(_beside(region, heights, lines))
                if is_near and is_free and not _parts_tables(inside, region, lines, has_gap_at):
                    continue
            region = Region(above.start, above.at, above.stop, group[start].at)
            inside = _inside(region, heights, lines)
            if len(inside) >= _FEWEST_LINES and sum(number in signs for number in inside) > 1:
                regions.append(region)
            start = at
    return regions


def _groups(across: Sequence[Rule], least: float) -> list[list[Rule]]:
    """The rules that begin and end at the same places, from the uppermost, if they are not shorter than
    `least`.
    """
    groups: list[list[Rule]] = []
    for rule in _joined(across):
        if rule.stop - rule.start < least:
            continue
        for group in groups:
            if abs(group[0].start - rule.start) < _SAME and abs(group[0].stop - rule.stop) < _SAME:
                group.append(rule)
                break
        else:
            groups.append([rule])
        if len(groups) > _MOST_GROUPS:
            return []
    return groups


def _middle(line: Line) -> float:
    return line.start_y + 0.4 * line.height


def _inside(region: Region, heights: Sequence[tuple[float, int]], lines: Sequence[Line]) -> list[int]:
    """The numbers of the lines in a region; `heights` has their middles, ascending, with their numbers."""
    return [at for at in _beside(region, heights, lines) if is_inside(lines[at], region)]


def _beside(region: Region, heights: Sequence[tuple[float, int]], lines: Sequence[Line]) -> list[int]:
    """The numbers of the lines at the height of a region that are not to its left or right; see `_inside`."""
    first, stop = bisect_left(heights, (region.bottom, -1)), bisect_left(heights, (region.top, -1))
    return [
        at
        for _, at in heights[first:stop]
        if lines[at].start_x < region.right and lines[at].end_x > region.left
    ]


def _parts_tables(
    inside: Sequence[int], region: Region, lines: Sequence[Line], has_gap_at: Callable[[int], bool]
) -> bool:
    """Whether what is between two rules is prose, or the title of the next table."""
    width = _MOSTLY_FULL * (region.right - region.left)
    long = [at for at in inside if lines[at].text.count(" ") + 1 >= _TITLE and not has_gap_at(at)]
    if any(len(lines[at].text) > LONG and lines[at].end_x - lines[at].start_x > width for at in long):
        return True
    return bool(long) and not any(map(has_gap_at, inside))


def _joined(across: Sequence[Rule]) -> list[Rule]:
    """The rules from the uppermost, those at one height as one: they are often drawn cell by cell."""
    joined: list[Rule] = []
    for rule in sorted(across, reverse=True):
        last = joined[-1] if joined else None
        if last and last.at - rule.at < _ONE and _touch(last, rule):
            joined[-1] = Rule(last.at, min(last.start, rule.start), max(last.stop, rule.stop))
        else:
            joined.append(rule)
    return joined


def _touch(one: Rule, other: Rule) -> bool:
    return one.start < other.stop + _BESIDE and other.start < one.stop + _BESIDE


def is_inside(line: Line, region: Region) -> bool:
    """Whether a line is in a region."""
    left, bottom, right, top = region
    return bottom < _middle(line) < top and line.start_x > left - _BESIDE and line.end_x < right + _BESIDE


def find_bounded(
    regions: Sequence[Region], lines: Sequence[Sequence[Word]], across: Sequence[Rule]
) -> list[Grid]:
    """What may be tables in some regions.

    Args:
        regions: see `find_regions`.
        lines: the words of printed lines, in the order in which they are drawn.
        across: the horizontal rules of the page.
    """
    grids: list[Grid] = []
    used: set[int] = set()
    for region in regions:
        inside = [at for at, line in enumerate(lines) if line and _are_inside(line, region)]
        if len(inside) < _FEWEST_LINES or not used.isdisjoint(inside):
            continue
        size = size_of([lines[at] for at in inside])
        before = range(inside[0] - 1, -1, -1)
        after = range(inside[-1] + 1, len(lines))
        above = _adjoining(lines, before, region, size)[::-1]
        below = _adjoining(lines, after, region, size)
        above = [at for at in above if at not in used]
        below = [at for at in below if at not in used]
        own = [lines[at] for at in (*above, *inside, *below)]
        if grid := _read(own, {lines[at][0].char for at in (*above, *below)}, across):
            grids.append(grid)
            printed = {word.line for word in grid.words()}
            used.update(at for at in (*above, *inside, *below) if lines[at][0].line in printed)
    return grids


def _adjoining(
    lines: Sequence[Sequence[Word]], numbers: Iterable[int], region: Region, size: float
) -> list[int]:
    """Those of the lines before or after a region that are rows of its table: a header above the first rule,
    or rows below the last one.
    """
    found: list[int] = []
    single: list[int] = []  # they may be cells or sections between rows
    _, bottom, _, top = region
    for at in numbers:
        line = lines[at]
        if not line or len(single) > _MOST_SINGLE:
            break
        middle = (line[0].bottom + line[0].top) / 2
        if not (bottom - _FARTHEST * size < middle < top + _FARTHEST * size):
            break
        if not _are_within(line, region):
            break
        bottom, top = min(bottom, line[0].bottom), max(top, line[0].top)
        single.append(at)
        if has_gap(line, WIDE * size):
            found += single
            single = []
    return found


def _are_inside(line: Sequence[Word], region: Region) -> bool:
    return region.bottom < (line[0].bottom + line[0].top) / 2 < region.top and _are_within(line, region)


def _are_within(line: Sequence[Word], region: Region) -> bool:
    """Whether no word is to the left or right of it."""
    return all(region.left - _BESIDE < word.left and word.right < region.right + _BESIDE for word in line)


def _read(lines: Sequence[Sequence[Word]], outside: Collection[int], across: Sequence[Rule]) -> Grid | None:
    """The table that the lines of a region make, with those above and below it that have words in its
    columns; none if its columns cannot be seen.

    Args:
        lines: of the region, and what may belong to it.
        outside: where the first characters of those are that are outside of it.
        across: the horizontal rules of the page.
    """
    lines = join_beside(lines)
    if sum(len(line) == 1 and " " in line[0].text for line in lines) > _MOST_WHOLE * len(lines):
        return None  # they cannot be taken apart
    size = size_of(lines)
    gapped = [line for line in lines if has_gap(line, WIDE * size)]
    body = gapped if len(gapped) >= max(_FEWEST_LINES, _MOSTLY_GAPS * len(lines)) else lines
    gutters = _gutters(body, size)
    if not gutters:
        return None
    fewest = (len(gutters) + 1) / 2

    def is_row(line: Sequence[Word]) -> bool:
        return len(split_columns(line, gutters, size)) >= fewest

    for end in (0, -1):
        while lines[end][0].char in outside and not is_row(lines[end]):
            del lines[end]
    return grid_of(lines, gutters, size, across)


def _gutters(body: Sequence[Sequence[Word]], size: float) -> list[tuple[float, float]]:
    """The gaps between columns. Where too many lines run across them, those between the most columns that
    all lines leave free, but for some of the header.
    """
    gutters = join_gutters(find_gutters(body, size), body, size)
    if gutters and mostly_parted(body, gutters, size):
        return gutters
    best: list[tuple[float, float]] = []
    for headers in range(min(_MOST_HEADERS, len(body) - _FEWEST_LINES, len(body) // 2) + 1):
        rest = body[headers:]
        gutters = join_gutters(find_gutters(rest, size, most=0), rest, size)
        if len(gutters) > len(best):
            best = gutters
    return best
