"""Finds tables between rules that are as long as they are wide: above, below, and between some rows. Pure
functions; places are in points.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from indexer.pdf.tables.columns import grid_of, has_gap, join_beside, join_gutters, mostly_parted
from indexer.pdf.tables.grid import Grid, Word, find_gutters, size_of
from indexer.pdf.tables.rules import Rule
from indexer.pdf.tables.unruled import LONG, WIDE
from indexer.pdf.text.page_lines import Line

_SAME = 4.0  # so far are the ends of rules of one table apart
_ONE = 1.5  # rules so near each other are drawn side by side
_NARROWEST = 10  # of a table, in heights of its lines
_BESIDE = 6.0  # so far does text reach beyond the rules
_FEWEST_LINES = 3
_FARTHEST = 2.0  # times the text's size: from a row to the next one or to a rule
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


def find_regions(across: Sequence[Rule], lines: Sequence[Line], signs: Collection[int]) -> list[Region]:
    """Where rules of one length are above and below lines, two of them with wide gaps, and no prose is
    between them.

    Args:
        across: the horizontal rules of the page.
        lines: of the page.
        signs: the numbers of those that have wide gaps.
    """
    if not signs:
        return []
    least = _NARROWEST * max(lines[at].height for at in signs)
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
    regions: list[Region] = []
    for group in groups:
        start = 0
        for at, (above, below) in enumerate([*pairwise(group), (group[-1], None)], 1):
            if below is None or _has_prose(above, below, lines, signs):
                region = Region(above.start, above.at, above.stop, group[start].at)
                inside = [number for number, line in enumerate(lines) if is_inside(line, region)]
                if len(inside) >= _FEWEST_LINES and sum(number in signs for number in inside) > 1:
                    regions.append(region)
                start = at
    return regions


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


def _has_prose(above: Rule, below: Rule, lines: Sequence[Line], signs: Collection[int]) -> bool:
    """Whether a long line is between two rules that has no gaps."""
    region = Region(above.start, below.at, above.stop, above.at)
    width = _MOSTLY_FULL * (above.stop - above.start)
    return any(
        number not in signs
        and len(line.text) > LONG
        and line.end_x - line.start_x > width
        and is_inside(line, region)
        for number, line in enumerate(lines)
    )


def is_inside(line: Line, region: Region) -> bool:
    """Whether a line is in a region."""
    left, bottom, right, top = region
    return (
        bottom < line.start_y + 0.4 * line.height < top
        and line.start_x > left - _BESIDE
        and line.end_x < right + _BESIDE
    )


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
        numbers = [*reversed(_adjoining(lines, before, region, size)), *inside]
        numbers += _adjoining(lines, after, region, size)
        if grid := _read([lines[at] for at in numbers if at not in used], across):
            grids.append(grid)
            used.update(numbers)
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


def _read(lines: Sequence[Sequence[Word]], across: Sequence[Rule]) -> Grid | None:
    """The table that all these lines make, if those with gaps show its columns."""
    lines = join_beside(lines)
    size = size_of(lines)
    gapped = [line for line in lines if has_gap(line, WIDE * size)]
    body = gapped if len(gapped) >= max(_FEWEST_LINES, _MOSTLY_GAPS * len(lines)) else lines
    gutters = _gutters(body, size)
    return grid_of(lines, gutters, size, across) if gutters else None


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
