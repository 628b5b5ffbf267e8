"""Reads the lines of a page from PDFium's text: where each stands, and what it says once it is repaired.

What costs time is done for the whole page at once, and only if the page has a sign that it is needed.
"""

import math
import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import chain, repeat
from operator import itemgetter, sub
from typing import Any

import pypdfium2.raw as pdfium

from indexer.pdf.ink.visible_box import VisibleBox, cut_line
from indexer.pdf.letters.accents import find_accents, may_have_accents, write_accents
from indexer.pdf.letters.char_boxes import measure_boxes
from indexer.pdf.letters.old_codes import find_codes
from indexer.pdf.letters.page_text import PageText, read_text
from indexer.pdf.letters.raised_marks import BESIDE, OVERLAP, Marks, as_units, is_beside
from indexer.pdf.letters.spaced_letters import close_spacing, find_spaced, may_be_spaced
from indexer.pdf.lines.line_glyphs import printed_size
from indexer.pdf.scripts.glyph_lines import NOT_MENDED, mend_lines
from indexer.pdf.scripts.unspaced_lines import close_gaps, is_european
from indexer.pdf.text.clean_text import clean_characters
from indexer.pdf.text.page_lines import HYPHENATED, Line

# Codes of fonts that say nothing of their characters, accents, signs of Latin-1, and Symbol.
_ODD = re.compile("[\x00-\x09\x0b-\x1f\x7f-\xbfÿˆˇ˘-˝\uf020-\uf0ff]")

_TOUCHING = 0.15  # heights of the gap between letters of a word, at most

_Row = tuple[str, int, int, int, int, bool]
"""A line before its repairs: its text, its place and the one after it in PDFium's text, PDFium's numbers of
its first and last character, and whether PDFium has its characters in this order.
"""

_FIRST_AND_LAST = itemgetter(3, 4)

Piece = tuple[int, str]
"""What PDFium has of a line: the place of its first character in the page's text, and its text in UTF-16
units; "" where the line is not all of it.
"""

_Sides = list[list[float]]
"""Eight lists with a number for each line: left, top, right and bottom of the box of its first character,
then those of its last, in points.
"""


def read_lines(page: Any, text_page: Any, at: int, visible: VisibleBox) -> tuple[list[Line], list[Piece]]:
    """The lines of an open page of PDFium, in reading order, and what PDFium has of each.

    Where PDFium's text leaves characters out, a line that lacks some has an empty piece.

    Args:
        page: the page.
        text_page: its text.
        at: its index, from 0.
        visible: the part of it that is shown.

    Raises:
        PageTooLong: it has too many characters.
    """
    source = read_text(text_page, at)
    if source is None:
        return [], []
    european = is_european(source.odd)
    rows, sides = _locate(page, text_page, source, visible, is_mended=not european)
    texts = [row[0] for row in rows]
    marks = Marks(text_page, source)
    _write_marks(marks, texts, rows, sides)
    _repair_letters(text_page, source, texts, rows)
    heights = _read_sizes(text_page, rows) if at == 0 else _heights(sides)
    lines, spans = _put_together(marks, texts, rows, sides, heights)
    return (lines if european else close_gaps(lines)), _pieces(text_page, source, spans)


def _pieces(text_page: Any, source: PageText, spans: Sequence[tuple[int, int]]) -> list[Piece]:
    """What PDFium has of each line; see `read_lines`."""
    units = source.text if source.same_units else as_units(source.text)
    if source.one_to_one:
        return [(start, units[start:stop]) for start, stop in spans]
    number = pdfium.FPDFText_GetCharIndexFromTextIndex
    pieces = []
    for start, stop in spans:
        first = number(text_page, start)
        is_all = first >= 0 and number(text_page, stop - 1) - first == stop - 1 - start
        pieces.append((first, units[start:stop] if is_all else ""))
    return pieces


def _locate(
    page: Any, text_page: Any, source: PageText, visible: VisibleBox, *, is_mended: bool
) -> tuple[list[_Row], _Sides]:
    """The lines that are shown, and where they begin and end.

    `is_mended` tells whether there may be scripts in which PDFium's order cannot be trusted.
    """
    rows = _split(source)
    if not source.one_to_one:
        rows = _number(text_page, rows)
    if is_mended:
        rows = _mend(page, text_page, source, rows)
    sides = _measure(text_page, rows)
    are_shown = not visible.bars and _are_shown(sides, visible)
    return (rows, sides) if are_shown else _cut(text_page, source, rows, sides, visible)


def _split(source: PageText) -> list[_Row]:
    """The lines of a page that are not blank, with the places of their first and last printed character."""
    same_units, may_be_hyphenated = source.same_units, HYPHENATED in source.odd
    rows: list[_Row] = []
    start = 0
    for text in source.lines:
        units = len(text) if same_units else len(text.encode("utf-16-le", "surrogatepass")) // 2
        is_hyphenated = may_be_hyphenated and text[-1:] == HYPHENATED
        stop = start + units
        if printed := text.strip():
            first, last = start, stop - (2 if is_hyphenated and units > 1 else 1)
            if len(printed) < len(text):
                first += len(text) - len(text.lstrip())
                last -= len(text) - len(text.rstrip())
            rows.append((text, start, stop, first, last, True))
        start = stop if is_hyphenated else stop + 2
    return rows


def _number(text_page: Any, rows: Sequence[_Row]) -> list[_Row]:
    """The lines with PDFium's numbers of their first and last characters instead of the places of these."""
    number = pdfium.FPDFText_GetCharIndexFromTextIndex
    return [
        (text, start, stop, number(text_page, first), number(text_page, last), is_as_read)
        for text, start, stop, first, last, is_as_read in rows
    ]


def _mend(page: Any, text_page: Any, source: PageText, rows: list[_Row]) -> list[_Row]:
    """The lines; those of scripts in which PDFium's order cannot be trusted read again."""
    mended = mend_lines(page, text_page, source.text, one_to_one=source.one_to_one)
    if not mended:
        return rows
    result = []
    for row in rows:
        line = mended.get(row[1], NOT_MENDED)
        if line is NOT_MENDED:
            result.append(row)
        elif line is not None:  # else it is a part of another
            result.append((line.text, row[1], row[2], line.first, line.last, False))
    return result


def _measure(text_page: Any, rows: Sequence[_Row]) -> _Sides:
    """Where the lines begin and end."""
    sides = measure_boxes(text_page, list(chain.from_iterable(map(_FIRST_AND_LAST, rows))))
    return [sides[side::8] for side in range(8)]


def _are_shown(sides: Sequence[Sequence[float]], visible: VisibleBox) -> bool:
    """Whether lines begin and end on the part of the page that is shown."""
    lefts, bottoms = (*sides[0], *sides[4]), (*sides[3], *sides[7])
    return not lefts or (
        visible.left <= min(lefts)
        and max(lefts) <= visible.right
        and visible.bottom <= min(bottoms)
        and max(bottoms) <= visible.top
    )


def _cut(
    text_page: Any, source: PageText, rows: Sequence[_Row], sides: _Sides, visible: VisibleBox
) -> tuple[list[_Row], _Sides]:
    """The lines without what is outside the part of the page that is shown."""
    kept: list[_Row] = []
    for row, ends in zip(rows, zip(*sides, strict=True), strict=True):
        has_bar = visible.has_bar(min(ends[3], ends[7]), max(ends[1], ends[5]))
        if not has_bar and _are_shown([[side] for side in ends], visible):
            kept.append(row)
        elif shown := cut_line(text_page, row[0], row[1], visible, one_to_one=source.one_to_one):
            # Its end is its start: tables are not looked for in what is left of it.
            kept.append((shown.text, row[1], row[1], shown.first, shown.last, False))
    return kept, _measure(text_page, kept)


def _write_marks(marks: Marks, texts: list[str], rows: Sequence[_Row], sides: _Sides) -> None:
    """Sets the raised and lowered marks of the lines apart."""
    for at, suspects in marks.suspects([row[1] for row in rows], sides).items():
        text, start, stop, _, _, is_as_read = rows[at]
        if is_as_read and suspects[0] < stop:  # else they are in a line after it that is left out
            texts[at] = marks.write(text, start, stop, [place for place in suspects if place < stop])


def _repair_letters(text_page: Any, source: PageText, texts: list[str], rows: Sequence[_Row]) -> None:
    """Closes spaced out words, composes accents, decodes, and cleans."""
    is_odd = "`" in source.text or _ODD.search(source.odd) is not None
    codes = find_codes(text_page, source) if is_odd else None
    if source.one_to_one and source.same_units:
        if may_be_spaced(source.text):
            _close_spacing(text_page, texts, rows)
        if is_odd and may_have_accents(source, codes):
            short = {code: char for code, char in codes.items() if len(char) == 1} if codes else {}
            accents = find_accents(text_page, source.text.translate(short) if short else source.text)
            if accents:
                _write_accents(accents, texts, rows)
    if codes:
        texts[:] = [text.translate(codes) for text in texts]
    if codes or not source.is_composed:
        texts[:] = [
            text if text.isascii() and text.isprintable() else clean_characters(text) for text in texts
        ]
    elif unclean := source.unclean:
        texts[:] = [
            clean_characters(text) if any(map(text.__contains__, unclean)) else text for text in texts
        ]


def _close_spacing(text_page: Any, texts: list[str], rows: Sequence[_Row]) -> None:
    for at in find_spaced(texts):
        if rows[at][5] and len(texts[at]) == len(rows[at][0]):
            texts[at] = close_spacing(text_page, texts[at], rows[at][1])


def _write_accents(accents: dict[int, str], texts: list[str], rows: Sequence[_Row]) -> None:
    places = sorted(accents)
    for at, (text, start, stop, _, _, is_as_read) in enumerate(rows):
        has_accents = bisect_left(places, start) < bisect_left(places, stop)
        if has_accents and is_as_read and len(texts[at]) == len(text):
            texts[at] = write_accents(texts[at], start, accents)


def _heights(sides: _Sides) -> list[float]:
    """Of lines: that of the taller of the boxes of their first and last character, in points."""
    firsts, lasts = map(sub, sides[1], sides[3]), map(sub, sides[5], sides[7])
    return [last if last > first else first for first, last in zip(firsts, lasts, strict=True)]


def _put_together(
    marks: Marks, texts: list[str], rows: list[_Row], sides: _Sides, heights: list[float]
) -> tuple[list[Line], list[tuple[int, int]]]:
    """The lines with their places, and from where to where each is in PDFium's text.

    What PDFium has parted at a mark, or at no hyphen, is one line.
    """
    # Also "not a number", which a hostile file can bring about.
    heights = [height if 0 <= height < 1e5 else 0.0 for height in heights]
    own = zip(texts, sides[0], sides[3], sides[4], sides[7], heights, strict=True)
    whole: list[Line] = list(map(tuple.__new__, repeat(Line), own))  # quicker than by its own constructor
    spans = [row[1:3] for row in rows]
    gaps = list(map(sub, sides[0], [math.inf, *sides[6]]))  # before each line
    lines: list[Line] = []
    starts: list[tuple[int, int]] = []
    done = 0
    for at in _may_go_on(whole, texts, gaps, heights):
        lines += whole[done:at]
        starts += spans[done:at]
        done = at + 1
        line, gap, height = whole[at], gaps[at], heights[at]
        if -OVERLAP * height < gap < BESIDE * height and rows[at][5]:
            line = _go_on_at_mark(marks, lines, line, rows[at], gap)
        if lines and line.text[1:2] in ("", " ") and -_TOUCHING * height < gap < _TOUCHING * height:
            line = _go_on_at_letter(lines, line)
        elif lines and lines[-1].text[-1:] == " " and 0 < gap < BESIDE * height:
            line = _go_on_at_blank(lines, line)
        if lines and lines[-1].text[-1:] == HYPHENATED:
            line = _go_on_at_no_hyphen(lines, line)
        start, stop = spans[at]
        while len(starts) > len(lines):  # it goes on from there
            start, _ = starts.pop()
        if line.text and not line.text.isspace():  # else it was the accents of another line
            lines.append(line)
            starts.append((start, stop))
    return lines + whole[done:], starts + spans[done:]


def _may_go_on(
    lines: Sequence[Line], texts: Sequence[str], gaps: Sequence[float], heights: Sequence[float]
) -> Sequence[int]:
    """The places of the lines that may go on from the one before; those of all, if some are blank."""
    if "" in texts or any(map(str.isspace, texts)):
        return range(len(lines))
    found = [
        at
        for at, (gap, height) in enumerate(zip(gaps, heights, strict=True))
        if -OVERLAP * height < gap < BESIDE * height
    ]
    if HYPHENATED not in "".join(texts):
        return found
    hyphenated = [at for at, text in enumerate(texts[:-1], 1) if text[-1:] == HYPHENATED]
    parted = {at for at in hyphenated if abs(lines[at - 1].end_y - lines[at].start_y) < 0.3 * heights[at]}
    return sorted(parted.union(found))


def _go_on_at_letter(lines: list[Line], line: Line) -> Line:
    """The line with the one before it, which is taken off `lines`, if its first letter goes on there at the
    same height: PDFium parts the letters of what is typed into a form that Chromium 156 prints.
    """
    if abs(lines[-1].end_y - line.start_y) > 0.02 * line.height or lines[-1].text[-1:] == HYPHENATED:
        return line
    before = lines.pop()
    return _join(before, line, before.text.rstrip() + line.text)


def _go_on_at_blank(lines: list[Line], line: Line) -> Line:
    """The line with the one before it, which is taken off `lines`, if it goes on there at the same height:
    Chromium 156 draws "T" after a blank a little further to the left, and PDFium begins a line.
    """
    if abs(lines[-1].end_y - line.start_y) > 0.02 * line.height:
        return line
    before = lines.pop()
    return _join(before, line, f"{before.text.rstrip()} {line.text.lstrip()}")


def _go_on_at_no_hyphen(lines: list[Line], line: Line) -> Line:
    """The line with the one before it, which is taken off `lines`, if that ends at its height: in a character
    without a meaning, no hyphen.
    """
    if not abs(lines[-1].end_y - line.start_y) < 0.3 * line.height:
        return line
    before = lines.pop()
    return _join(before, line, before.text[:-1] + line.text)


def _go_on_at_mark(marks: Marks, lines: list[Line], line: Line, row: _Row, gap: float) -> Line:
    """The line with the one before it, which is taken off `lines`, if a mark has parted them."""
    if not lines or not is_beside(lines[-1], line.start_y, line.height):
        return line
    text, start = row[:2]
    place = start + len(text) - len(text.lstrip())
    whole = marks.go_on(lines[-1].text, line.text, place, gap, line.height)
    return line if whole is None else _join(lines.pop(), line, whole)


def _join(before: Line, line: Line, text: str) -> Line:
    """A line that goes on as `line`, with its text as a whole."""
    return Line(text, before.start_x, before.start_y, line.end_x, line.end_y, max(before.height, line.height))


def _read_sizes(text_page: Any, rows: Sequence[_Row]) -> list[float]:
    """The sizes of the fonts of lines, in points."""
    return [max(printed_size(text_page, row[3]), printed_size(text_page, row[4])) for row in rows]
