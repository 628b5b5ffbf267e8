"""Finds the tables of a page, and puts each as Markdown rows in the place of its lines.

A page without any sign of a table costs a look at its lines. Else the words around the signs are measured,
two characters each, and the page's rules are read.
"""

import ctypes
import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

from indexer.pdf.page_lines import HYPHENATED, Line
from indexer.pdf.ruled_tables import find_ruled
from indexer.pdf.table_checks import LEADER, count_headers, is_table, may_part_columns, suspects
from indexer.pdf.table_grid import Grid, Word
from indexer.pdf.table_rules import count_paths, read_rules
from indexer.pdf.unruled_tables import find_unruled
from stackroom.page.table_rows import format_table

# Lines that are looked at to tell where a page has gaps, and how many must have one at the same place.
_MOST_PROBES = 100
_FEWEST_GAPS = 3
_LOCAL = 8  # among so many that follow each other
_SPAN = 14  # within so many lines; a row of three cells of several lines has eight or so

# The share of paths among the objects of a page whose lines show no gaps, but that may have a ruled table:
# where lines stand beside each other, and elsewhere.
_FEW_PATHS, _MANY_PATHS = 0.02, 0.1
_FEWEST_DOWN = 3  # vertical rules of a table: at both sides, and between columns

_AROUND = 4  # lines before and after a sign that may belong to the table as well
_LONG = 60  # characters of a line that is prose, if it is no sign of a table and beside none
_MOST_WORDS = 20_000  # of a page; a full page of small print has 2,000


class _RawLine(NamedTuple):
    """A line as PDFium has it.

    Attributes:
        start: the place of its first character in the page's text.
        text: as PDFium has it.
        number: of our Line that was made of it.
    """

    start: int
    text: str
    number: int


_WORD = re.compile(r"\S+")
_BROKEN = re.compile(f"{HYPHENATED} ?(?=[^\\W\\d_])")


def with_tables(page: Any, text_page: Any, lines: list[Line]) -> list[Line]:
    """The lines of a page; those of a table replaced by one with all of its rows.

    Args:
        page: an open page of PDFium.
        text_page: its text.
        lines: what was made of it.
    """
    signs, are_beside = suspects(lines)
    raw = _raw_lines(text_page, lines) if signs else {}
    if not raw:
        return lines
    with_gaps = _with_gaps(text_page, [raw[at] for at in signs if at in raw], lines)
    if not with_gaps and count_paths(page) < (_FEW_PATHS if are_beside else _MANY_PATHS):
        return lines
    rules = read_rules(page)
    is_ruled = len(rules.down) >= _FEWEST_DOWN
    if not (with_gaps or is_ruled):
        return lines
    starts = signs if is_ruled else with_gaps
    signs_near = set(starts)
    near = sorted({at for sign in starts for at in range(sign - _AROUND, sign + _AROUND + 1)} & raw.keys())
    if sum(raw[at].text.count(" ") + 1 for at in near) > _MOST_WORDS:
        return lines
    words: list[list[Word]] = []
    for before, at in pairwise([-2, *near]):
        if at != before + 1:
            words.append([])
        is_prose = len(raw[at].text) > _LONG and not signs_near.intersection(range(at - 1, at + 2))
        words.append(_measure(text_page, raw[at], lines[at].text, is_whole=is_prose))
    grids = [grid for grid in find_ruled(rules, [word for line in words for word in line]) if is_table(grid)]
    used = {word for grid in grids for word in grid.words()}
    rest = [[word for word in line if word not in used] for line in words] if used else words
    if with_gaps:
        grids += [grid for grid in find_unruled(rest, rules.across) if is_table(grid)]
    if not grids:
        return lines
    return _replace(
        lines, words, [(grid, _make_line(grid, lines, _stands_out(text_page, grid))) for grid in grids]
    )


def _with_gaps(text_page: Any, signs: Sequence[_RawLine], lines: Sequence[Line]) -> list[int]:
    """The numbers of those lines that have a wide gap at one place with several others near them.

    Of cells of several lines, which are lines of their own, fewer have one: then all are taken.
    """
    gaps: list[tuple[int, float, float]] = []
    found: set[int] = set()
    single = 0
    for line in signs[:_MOST_PROBES]:
        gap = _gap_before(lines, line.number) or _first_gap(text_page, line)
        single += " " not in line.text
        if gap is not None:
            gaps = [*gaps[1 - _LOCAL :], (line.number, *gap)]
            alike = [at for at, left, right in gaps if min(gap[1], right) > max(gap[0], left)]
            is_dense = len(alike) >= _FEWEST_GAPS and alike[-1] - alike[-_FEWEST_GAPS] <= _SPAN
            if is_dense or (len(alike) >= 2 and len(signs) <= _FEWEST_GAPS):
                found.update(alike)
    if not found and len(gaps) > 1 and 3 * single >= len(signs):
        return [line.number for line in signs]
    return sorted(found)


def _gap_before(lines: Sequence[Line], number: int) -> tuple[float, float] | None:
    """From where to where the gap reaches to the line before, if this one goes on at its height: PDFium parts
    what is far apart.
    """
    if not number:
        return None
    before, line = lines[number - 1], lines[number]
    left, right = before.end_x + 0.6 * before.height, line.start_x
    is_beside = abs(before.end_y - line.start_y) < 0.3 * line.height and right > left
    if is_beside and may_part_columns(f"{before.text} {line.text}", len(before.text)):
        return left, right
    return None


def _first_gap(text_page: Any, line: _RawLine) -> tuple[float, float] | None:
    """From where to where the first gap reaches that may be one between columns."""
    start, text, _ = line
    box = pdfium.FS_RECTF()
    into = ctypes.byref(box)
    at = text.find(" ", 1)
    while 0 < at < len(text) - 1:
        pdfium.FPDFText_GetLooseCharBox(text_page, start + at - 1, into)
        left, right, height = box.left, box.right, box.top - box.bottom
        pdfium.FPDFText_GetLooseCharBox(text_page, start + at + 1, into)
        if max(box.left - right, left - box.right) > 1.2 * height and may_part_columns(text, at):
            return (right, box.left) if box.left > right else (box.right, left)
        at = text.find(" ", at + 1)
    return None


def _raw_lines(text_page: Any, lines: Sequence[Line]) -> dict[int, _RawLine]:
    """Number of a line → PDFium's own line that it was made of, as far as that can be told."""
    count = pdfium.FPDFText_CountChars(text_page)
    buffer = (ctypes.c_ushort * (2 * count + 2))()
    written = max(0, pdfium.FPDFText_GetText(text_page, 0, count, buffer) - 1)
    if written != count:
        return {}  # characters and text do not go together one to one: rare
    text = bytes(memoryview(buffer)[:written]).decode("utf-16-le", "surrogatepass")
    if len(text) != written:
        text = "".join(map(chr, buffer[:written]))  # PDFium counts what is beyond U+FFFF twice
    pieces = []
    start = 0
    for piece in text.split("\r\n"):
        if piece and not piece.isspace():
            pieces.append((start, piece))
        start += len(piece) + 2
    if len(pieces) == len(lines) and all(
        len(piece) == len(line.text) for (_, piece), line in zip(pieces, lines, strict=True)
    ):
        return {at: _RawLine(start, piece, at) for at, (start, piece) in enumerate(pieces)}
    return _match_by_place(text_page, pieces, lines)


def _match_by_place(
    text_page: Any, pieces: Sequence[tuple[int, str]], lines: Sequence[Line]
) -> dict[int, _RawLine]:
    numbers: defaultdict[tuple[float, float], list[int]] = defaultdict(list)
    for number in range(len(lines) - 1, -1, -1):
        numbers[lines[number].start_x, lines[number].start_y].append(number)
    box = pdfium.FS_RECTF()
    into = ctypes.byref(box)
    matched: dict[int, _RawLine] = {}
    for start, piece in pieces:
        first = start + len(piece) - len(piece.lstrip())
        pdfium.FPDFText_GetLooseCharBox(text_page, first, into)
        if found := numbers.get((box.left, box.bottom)):
            number = found.pop()
            matched[number] = _RawLine(start, piece, number)
    return matched


def _measure(text_page: Any, raw: _RawLine, text: str, *, is_whole: bool) -> list[Word]:
    """The words of a line with their places.

    Args:
        text_page: of PDFium.
        raw: the line.
        text: what was made of it.
        is_whole: whether to take all of it as one word, because it is most likely prose.
    """
    if not text or LEADER.search(raw.text):
        return []
    spans = [found.span() for found in _WORD.finditer(raw.text)]
    texts = text.split()
    if (
        is_whole
        or len(texts) != len(spans)
        or not all(
            text == raw.text[start:stop] or _letters(text) == _letters(raw.text[start:stop])
            for text, (start, stop) in zip(texts, spans, strict=True)
        )
    ):
        texts = [text]  # it was repaired so much that it can't be taken apart
        spans = [(spans[0][0], spans[-1][1])] if spans else []
    box = pdfium.FS_RECTF()
    into = ctypes.byref(box)
    measure = pdfium.FPDFText_GetLooseCharBox
    measured = []
    for text, (start, stop) in zip(texts, spans, strict=True):
        measure(text_page, raw.start + start, into)
        left, bottom, right, top = box.left, box.bottom, box.right, box.top
        if stop - start > 1:
            measure(text_page, raw.start + stop - 1, into)
            if box.left < left:  # from right to left
                left = box.left
            else:
                right = box.right
        if not (0 < right - left < 1e4 and 0 < top - bottom < 1e3):  # also "not a number"
            return []
        measured.append(Word(text, left, bottom, right, top, raw.number, raw.start + start))
    return measured


def _letters(text: str) -> list[str]:
    """What stays the same where accents are composed and ligatures spelled out, in any order."""
    return sorted(char for char in unicodedata.normalize("NFKD", text).casefold() if char.isalnum())


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
