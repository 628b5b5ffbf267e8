"""Finds the tables of a page, and puts each as Markdown rows in the place of its lines.

A page without any sign of a table costs a look at its lines. Else the words around the signs are measured,
two characters each, and the page's rules are read.
"""

import ctypes
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pypdfium2.raw as pdfium

from indexer.pdf.ink.page_objects import PATH, Glance
from indexer.pdf.lines.line_reader import Piece
from indexer.pdf.tables.between_rules import Region, find_bounded, find_regions, is_inside
from indexer.pdf.tables.checks import (
    are_contents,
    count_headers,
    has_value,
    is_table,
    may_part_columns,
    suspects,
)
from indexer.pdf.tables.grid import Grid, Word, size_of
from indexer.pdf.tables.line_words import Ruler, measure_words, split_words
from indexer.pdf.tables.ruled import Frame, find_frames, find_ruled, parts_some
from indexer.pdf.tables.rules import Rule, Rules, count_paths, read_rules
from indexer.pdf.tables.unruled import LONG, find_unruled, part_blocks
from indexer.pdf.text.page_lines import HYPHENATED, Line
from stackroom.page.table_rows import format_table

# Lines that are looked at to tell where a page has gaps, and how many must have one at the same place.
_MOST_PROBES = 100
_FEWEST_GAPS = 3
_LOCAL = 8  # among so many that follow each other
_SPAN = 14  # within so many lines; a row of three cells of several lines has eight or so

# The share of paths among the objects of a page whose lines show no gaps, but that may have a ruled table:
# where lines stand beside each other, and elsewhere.
_FEW_PATHS, _MANY_PATHS = 0.02, 0.1
_MOSTLY_PATHS, _FEWEST_PATHS = 0.2, 6  # the same where no line looks like a row; so many are enough
_FEWEST_ACROSS = 2  # horizontal rules of a page that part a table from what is around it
_LEAST_GAP = 0.6  # of the text's size: a blank has up to .5 in lines that are set to the full width
_FEWEST_NUMERIC = 2  # values that make a column of three rows one of numbers
_MOST_WHOLE = 0.4  # of the lines with gaps: those that can't be taken apart, and so run across columns
_FEWEST_DOWN = 3  # vertical rules of a table: at both sides, and between columns

_RULE_NEAR = 3.0  # of the lines' height: so far a table's upper and lower rules are from lines with gaps
_AROUND = 4  # lines before and after a sign that may belong to the table as well
_MOST_WORDS = 20_000  # of a page; a full page of small print has 2,000

_BROKEN = re.compile(f"{HYPHENATED} ?(?=[^\\W\\d_])")


def with_tables(
    page: Any, text_page: Any, lines: list[Line], pieces: Sequence[Piece], look: Glance
) -> list[Line]:
    """The lines of a page; those of a table replaced by one with all of its rows.

    Args:
        page: an open page of PDFium.
        text_page: its text.
        lines: what was made of it.
        pieces: what PDFium has of each of these; none where its text does not tell the places of characters.
        look: at the page's objects.
    """
    signs, are_beside = suspects(lines)
    paths = look.kinds.count(PATH)
    is_drawn = not signs and paths >= min(_FEWEST_PATHS, max(_MOSTLY_PATHS * len(look.kinds), 1))
    if (
        is_drawn
    ):  # gaps do not stand out in cells of prose, nor beside wide characters: the rules have to tell
        signs = list(range(len(lines)))
    if pieces:
        signs = [at for at in signs if pieces[at][1]]
    if not (signs and pieces):
        return lines
    ruler = Ruler(text_page)
    with_gaps = [] if is_drawn else _with_gaps(ruler, signs, lines, pieces)
    if are_contents([lines[at].text for at in with_gaps]) or _are_whole(with_gaps, lines, pieces):
        with_gaps = []
    if not with_gaps and count_paths(page, look) < (_FEW_PATHS if are_beside else _MANY_PATHS):
        return lines
    rules = read_rules(page, look)
    is_ruled = len(rules.down) >= _FEWEST_DOWN
    frames = find_frames(rules) if is_ruled or with_gaps else []
    measured: dict[int, list[Word]] = {}
    if with_gaps and not _are_ruled(rules.across, [lines[at] for at in with_gaps]):
        if _count_words(with_gaps, pieces) > _MOST_WORDS:
            return lines
        measured = measure_words(text_page, with_gaps, lines, pieces)
        if not _may_have_columns(lines, measured):
            with_gaps = []
    between: set[int] = set()
    if is_ruled and frames:
        between = {at for at, line in enumerate(lines) if pieces[at][1] and _is_inside(line, frames)}
    regions = find_regions(
        rules.across, lines, set(with_gaps), lambda at: ruler.first_gap(pieces[at]) is not None
    )
    between |= {
        at
        for at, line in enumerate(lines)
        if pieces[at][1] and any(is_inside(line, region) for region in regions)
    }
    near = _near(with_gaps, lines, pieces) | between
    if not near or _count_words(near, pieces) > _MOST_WORDS:
        return lines
    starts = {*signs, *with_gaps} if frames else set(with_gaps)
    prose = {
        at for at in near - between if len(pieces[at][1]) > LONG and starts.isdisjoint((at - 1, at, at + 1))
    }
    rest = [at for at in near if not measured.get(at)]
    measured |= measure_words(text_page, rest, lines, pieces, prose)
    words: list[list[Word]] = []
    for before, at in pairwise([-2, *sorted(near)]):
        if at != before + 1:
            words.append([])
        words.append(measured[at])
    grids = _find(words, rules, frames, regions, has_gaps=bool(with_gaps))
    made = [(grid, _make_line(grid, lines, _stands_out(text_page, grid))) for grid in grids]
    return _replace(lines, words, made) if made else lines


def _find(
    words: Sequence[Sequence[Word]],
    rules: Rules,
    frames: Sequence[Frame],
    regions: Sequence[Region],
    *,
    has_gaps: bool,
) -> list[Grid]:
    """The tables that the words of some lines make, in frames, between rules and, if lines have gaps,
    elsewhere.
    """
    grids: list[Grid] = []
    partly: list[Grid] = []
    if frames:
        framed = find_ruled(frames, [word for line in words for word in line])
        for grid in filter(is_table, framed):
            (partly if parts_some(grid) else grids).append(grid)
    if regions:
        grids += filter(is_table, find_bounded(regions, _without(words, grids), rules.across))
    if has_gaps:
        rest = _without(words, grids)
        grids_outside, reaches = find_unruled(rest, rules.across)
        found = list(filter(is_table, grids_outside))
        # Tables one below the other, with other columns:
        if parted := part_blocks(_without(rest, found), reaches):
            found += filter(is_table, find_unruled(parted, rules.across).grids)
        grids += found
    used = _chars(grids)
    return grids + [grid for grid in partly if used.isdisjoint(_chars([grid]))]


def _chars(grids: Sequence[Grid]) -> set[int]:
    """Where the words of some tables begin."""
    return {word.char for grid in grids for word in grid.words()}


def _without(lines: Sequence[Sequence[Word]], grids: Sequence[Grid]) -> Sequence[Sequence[Word]]:
    """The words of lines that are in none of some tables."""
    used = _chars(grids)
    return [[word for word in line if word.char not in used] for line in lines] if used else lines


def _count_words(numbers: Collection[int], pieces: Sequence[Piece]) -> int:
    return sum(pieces[at][1].count(" ") + 1 for at in numbers)


def _are_ruled(across: Sequence[Rule], lines: Sequence[Line]) -> bool:
    """Whether rules may part lines with gaps from what is above and below."""
    if len(across) < _FEWEST_ACROSS:
        return False
    size = max(line.height for line in lines)
    bottom = min(line.start_y for line in lines) - _RULE_NEAR * size
    top = max(line.start_y for line in lines) + _RULE_NEAR * size
    return len({round(rule.at) for rule in across if bottom < rule.at < top}) >= _FEWEST_ACROSS


def _near(signs: Sequence[int], lines: Sequence[Line], pieces: Sequence[Piece]) -> set[int]:
    """The lines around some, as far as their characters can be told."""
    around = {at for sign in signs for at in range(sign - _AROUND, sign + _AROUND + 1)}
    return {at for at in around if 0 <= at < len(lines) and pieces[at][1]}


def _is_inside(line: Line, frames: Sequence[Frame]) -> bool:
    """Whether it is at the height of one of the frames, about."""
    return any(frame.ys[0] - line.height < line.start_y < frame.ys[-1] + line.height for frame in frames)


def _may_have_columns(lines: Sequence[Line], measured: Mapping[int, Sequence[Word]]) -> bool:
    """Whether lines with gaps can be a table without rules: its last column has numbers, or there are more
    than two.
    """
    least = _LEAST_GAP * size_of(list(measured.values()))
    numeric = 0
    for at, line in measured.items():
        if len(line) < 2 or _gap_before(lines, at):
            return True  # the line is but a cell, or cannot be taken apart
        ordered = sorted(line, key=lambda word: word.left)
        gaps = [at for at, (one, other) in enumerate(pairwise(ordered), 1) if other.left - one.right > least]
        if len(gaps) > 1:
            return True
        numeric += bool(gaps) and any(has_value(word.text) for word in ordered[gaps[-1] :])
    return numeric >= _FEWEST_NUMERIC


def _with_gaps(
    ruler: Ruler, signs: Sequence[int], lines: Sequence[Line], pieces: Sequence[Piece]
) -> list[int]:
    """The numbers of those lines that have a wide gap at one place with several others near them.

    Of cells of several lines, which are lines of their own, fewer have one: then all are taken.
    """
    gaps: list[tuple[int, float, float]] = []
    found: set[int] = set()
    single = 0
    for number in signs[:_MOST_PROBES]:
        gap = _gap_before(lines, number) or ruler.first_gap(pieces[number])
        single += " " not in pieces[number][1]
        if gap is not None:
            gaps = [*gaps[1 - _LOCAL :], (number, *gap)]
            alike = [at for at, left, right in gaps if min(gap[1], right) > max(gap[0], left)]
            is_dense = len(alike) >= _FEWEST_GAPS and alike[-1] - alike[-_FEWEST_GAPS] <= _SPAN
            if is_dense or (len(alike) >= 2 and len(signs) <= _FEWEST_GAPS):
                found.update(alike)
    if not found and len(gaps) > 1 and 3 * single >= len(signs):
        return list(signs)
    return sorted(found)


def _gap_before(lines: Sequence[Line], number: int) -> tuple[float, float] | None:
    """From where to where the gap reaches to the line before, if this one goes on at its height: PDFium parts
    what is far apart.
    """
    if not number:
        return None
    before, line = lines[number - 1], lines[number]
    if not abs(before.end_y - line.start_y) < 0.3 * line.height:
        return None
    left, right = before.end_x + 0.6 * before.height, line.start_x
    if right > left and may_part_columns(f"{before.text} {line.text}", len(before.text)):
        return left, right
    return None


def _are_whole(numbers: Sequence[int], lines: Sequence[Line], pieces: Sequence[Piece]) -> bool:
    """Whether too many lines cannot be taken apart to make a table without rules."""
    most = _MOST_WHOLE * len(numbers)
    repaired = [at for at in numbers if lines[at].text != pieces[at][1] and " " in lines[at].text]
    if len(repaired) <= most:
        return False
    return sum(len(split_words(lines[at].text, pieces[at][1])[0]) == 1 for at in repaired) > most


def _stands_out(text_page: Any, grid: Grid) -> bool:
    """Whether the last cell of the first row is in another font than that of the last row."""
    fonts = []
    for row in (grid.rows[0], grid.rows[-1]):
        if not row:
            return False
        name = ctypes.create_string_buffer(200)
        char = row[max(row)][0].words[0].char
        size = pdfium.FPDFText_GetFontInfo(text_page, char, name, len(name), ctypes.byref(ctypes.c_int()))
        fonts.append(name.raw[: max(size, 0)])
    return fonts[0] != fonts[1]


def _make_line(grid: Grid, lines: Sequence[Line], stands_out: bool) -> Line:
    """A table as a line of its own, with all of its rows, parted from what is around it."""
    rows = [[_BROKEN.sub("", cell).replace(HYPHENATED, "-") for cell in row] for row in grid.texts]
    headers = count_headers(grid, stands_out=stands_out)
    empty = [at for at, row in enumerate(rows) if not any(row)]
    headers -= sum(at < headers for at in empty)
    rows = [row for row in rows if any(row)]
    words = list(grid.words())
    first, last = words[0], words[-1]
    return Line(
        f"\n{format_table(rows, headers)}\n",
        min(word.left for word in words),
        first.bottom,
        max(word.right for word in words),
        last.bottom,
        lines[first.line].height,
    )


def _replace(
    lines: Sequence[Line], words: Sequence[Sequence[Word]], made: Sequence[tuple[Grid, Line]]
) -> list[Line]:
    """The lines with each table in the place of its first line. Of a line that is only partly in a table, the
    rest stays where it is.
    """
    used = {word for grid, _ in made for word in grid.words()}
    tables: defaultdict[int, list[Line]] = defaultdict(list)
    for grid, line in made:
        tables[min(word.line for word in grid.words())].append(line)
    of_line = {line[0].line: line for line in words if line}
    kept: list[Line] = []
    for number, line in enumerate(lines):
        kept += tables[number]
        left = [word for word in of_line.get(number, ()) if word not in used]
        if number not in of_line or len(left) == len(of_line[number]):
            kept.append(line)
        elif left:
            text = " ".join(word.text for word in left)
            kept.append(Line(text, left[0].left, left[0].bottom, left[-1].left, left[-1].bottom, line.height))
    return kept
