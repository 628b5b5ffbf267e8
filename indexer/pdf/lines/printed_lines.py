"""Mends lines that PDFium puts together otherwise than they are printed: with text twice, or turned."""

from collections.abc import Sequence
from typing import Any

from indexer.pdf.lines.doubled_text import NARROW, is_gap, may_be_doubled, read_once
from indexer.pdf.lines.drop_caps import LONGEST, join_drop_caps
from indexer.pdf.lines.line_glyphs import Glyph, printed_size, read_glyphs
from indexer.pdf.lines.turned_text import SLOPING, is_turned, may_be_turned, part_turned
from indexer.pdf.text.clean_text import clean_characters
from indexer.pdf.text.page_lines import HYPHENATED, Line

_MOST_LINES = 40  # of a page that are mended
_MOST_GLYPHS = 1000  # of a line; a line of a page has 200
_LARGE = 18  # points: two lines of print that is as small as a book's
_MOST_PARTS = 100  # of a line to each side

# Times the height: where a printed line goes on after one that PDFium has ended.
_LEVEL, _BESIDE = 0.5, 1.0


def mend_printed(text_page: Any, lines: list[Line], at: int) -> list[Line]:
    """The lines of a page, each as it is printed.

    Args:
        text_page: of PDFium.
        lines: of the page; tables among them stay as they are.
        at: the page's index, from 0: on the first, the height of a line is its font's size.
    """
    narrow, sloping, short = _find_odd(lines)
    if short:
        joined = join_drop_caps(lines, short)
        if len(joined) < len(lines):
            lines = joined
            narrow, sloping, _ = _find_odd(lines)
    doubled = may_be_doubled(lines, narrow)
    suspects = {at for at in doubled | may_be_turned(text_page, lines, sloping) if lines[at].text[:1] != "\n"}
    if not suspects:
        return lines
    mended = list(lines)
    done = len(lines)
    for place in sorted(suspects, reverse=True)[-_MOST_LINES:]:
        if place < done:
            first, stop = _printed_with(lines, place, done) if place in doubled else (place, place + 1)
            mended[first:stop] = _mend(text_page, lines[first:stop], is_first_page=at == 0)
            done = first
    return mended


def _find_odd(lines: Sequence[Line]) -> tuple[list[int], list[int], list[int]]:
    """The places of lines that are narrow for their characters, of those that end at another height, and of
    large ones that are no longer than a word.
    """
    odd = [
        at
        for at, (text, left, low, right, end, height) in enumerate(lines)
        if 0 < right - left < NARROW * height * len(text)
        or not -SLOPING * height <= end - low <= SLOPING * height
        or (height > _LARGE and len(text) <= LONGEST)
    ]
    narrow, sloping, short = [], [], []
    for at in odd:
        text, left, low, right, end, height = lines[at]
        if 0 < right - left < NARROW * height * len(text):
            narrow.append(at)
        if not -SLOPING * height <= end - low <= SLOPING * height:
            sloping.append(at)
        if height > _LARGE and len(text) <= LONGEST:
            short.append(at)
    return narrow, sloping, short


def _printed_with(lines: Sequence[Line], place: int, end: int) -> tuple[int, int]:
    """The first, and the one after the last, of the lines before `end` that are printed as one line with that
    at `place`: PDFium ends a line where a shadow is higher or lower.
    """
    first, stop = place, place + 1
    while first > 0 and place - first < _MOST_PARTS and _goes_on(lines[first - 1], lines[first]):
        first -= 1
    while stop < end and stop - place < _MOST_PARTS and _goes_on(lines[stop - 1], lines[stop]):
        stop += 1
    return first, stop


def _goes_on(line: Line, following: Line) -> bool:
    height = max(line.height, following.height)
    is_level = abs(following.start_y - line.end_y) < _LEVEL * height
    return is_level and abs(following.start_x - line.end_x) < _BESIDE * height


def _mend(text_page: Any, lines: Sequence[Line], *, is_first_page: bool) -> list[Line]:
    """What a printed line is that PDFium has in these parts."""
    glyphs: list[Glyph] = []
    for line in lines:
        own = read_glyphs(text_page, line)
        if (
            not own
            or len(glyphs) + len(own) > _MOST_GLYPHS
            or not _say_the_same(_spell(own), line.text.removesuffix(HYPHENATED))
        ):
            return list(lines)  # PDFium's line was read otherwise, as one from right to left is
        if glyphs and is_gap(glyphs[-1], own[0]):
            glyphs.append(own[0]._replace(text=" ", drawn=0))
        glyphs += own
    hyphen = HYPHENATED if lines[-1].text[-1:] == HYPHENATED else ""
    once = read_once(glyphs)
    is_doubled = len(once) < len(glyphs)
    if len(lines) > 1 and not is_doubled:
        return list(lines)
    parts = part_turned(once)
    if len(parts) == 1:
        return [_line(once, max(line.height for line in lines), hyphen)] if is_doubled else list(lines)
    return [_line(part, _height(text_page, part, is_first_page=is_first_page)) for part in parts]


def _say_the_same(text: str, other: str) -> bool:
    return "".join(text.split()) == "".join(other.split())


def _spell(glyphs: Sequence[Glyph]) -> str:
    return clean_characters("".join(glyph.text for glyph in glyphs)).strip()


def _line(glyphs: Sequence[Glyph], height: float, hyphen: str = "") -> Line:
    printed = [glyph for glyph in glyphs if glyph.text.strip()]
    first, last = printed[0], printed[-1]
    return Line(_spell(glyphs) + hyphen, first.left, first.bottom, last.left, last.bottom, height)


def _height(text_page: Any, glyphs: Sequence[Glyph], *, is_first_page: bool) -> float:
    ends = glyphs[0], glyphs[-1]
    if is_first_page or is_turned(glyphs[0].angle):
        return max(printed_size(text_page, glyph.at) for glyph in ends)
    return max(glyph.top - glyph.bottom for glyph in ends)
