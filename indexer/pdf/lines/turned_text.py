"""Parts what is turned from upright text that PDFium has in one line with it: labels and stamps in the
margin, heads of columns, a word across the page.
"""

import math
import re
from collections.abc import Sequence
from typing import Any

from indexer.pdf.lines.line_glyphs import Glyph, angles_of_ends, find_angle
from indexer.pdf.text.page_lines import Line
from stackroom.common.characters.scripts import UNSPACED

SLOPING = 0.48  # times the height: a line with a turned part begins and ends further apart
_TURNED = 0.1  # radians; slanting by less is a crooked scan's
_FEWEST = 3  # letters and digits of a part: letters along a curve are turned one by one
_MOST_LINES = 100  # of a page that are looked at

# Times the height: where an upright line goes on behind a turned part.
_SAME_LEVEL, _BESIDE = 0.2, 3
_BLANK = 0.15

_UPRIGHT_COLUMN = re.compile(f"[{UNSPACED}]")  # beside their signs, other letters are turned in the same line


def may_be_turned(text_page: Any, lines: Sequence[Line], sloping: Sequence[int]) -> set[int]:
    """The places of lines that begin upright and end turned, or the other way round.

    Args:
        text_page: of PDFium.
        lines: of the page.
        sloping: the places of those that end higher or lower than they begin.
    """
    found = set(sloping[:_MOST_LINES])
    # A stamp is drawn before or after everything else.
    first, last = angles_of_ends(text_page) if lines else (0.0, 0.0)
    if _differ(first, last):
        found |= {0, len(lines) - 1}
    return {at for at in found if _turns(text_page, lines[at])}


def _turns(text_page: Any, line: Line) -> bool:
    if len(line.text) <= _FEWEST or _UPRIGHT_COLUMN.search(line.text):
        return False
    first = find_angle(text_page, line.start_x, line.start_y, line.height)
    last = find_angle(text_page, line.end_x, line.end_y, line.height)
    return first is not None and last is not None and _differ(first, last)


def is_turned(angle: float) -> bool:
    """Whether a glyph with this angle is not upright."""
    return _differ(angle, 0.0)


def _differ(angle: float, other: float) -> bool:
    return math.cos(angle - other) < math.cos(_TURNED) if math.isfinite(angle - other) else False


def part_turned(glyphs: Sequence[Glyph]) -> list[list[Glyph]]:
    """The glyphs of a line in parts that are turned alike; an upright part that goes on is one."""
    parts: list[list[Glyph]] = []
    blanks: list[Glyph] = []
    for glyph in glyphs:
        if not glyph.text.strip():
            blanks.append(glyph)
            continue
        if parts and not _differ(parts[-1][-1].angle, glyph.angle):
            parts[-1] += [*blanks, glyph]
        else:
            parts.append([glyph])
        blanks = []
    if any(
        sum(glyph.text.isalnum() for glyph in part) < _FEWEST for part in parts if is_turned(part[0].angle)
    ):
        return [list(glyphs)]
    return _go_on(parts)


def _go_on(parts: Sequence[list[Glyph]]) -> list[list[Glyph]]:
    joined: list[list[Glyph]] = []
    upright: list[Glyph] | None = None
    for part in parts:
        if is_turned(part[0].angle):
            joined.append(part)
        elif upright and _is_beside(upright[-1], part[0]):
            first = part[0]
            is_apart = first.left - upright[-1].right > _BLANK * (first.top - first.bottom)
            upright += [first._replace(text=" ", drawn=0), *part] if is_apart else part
        else:
            upright = part
            joined.append(part)
    return joined


def _is_beside(before: Glyph, glyph: Glyph) -> bool:
    height = glyph.top - glyph.bottom
    return (
        abs(glyph.y - before.y) < _SAME_LEVEL * height
        and -height < glyph.left - before.right < _BESIDE * height
    )
