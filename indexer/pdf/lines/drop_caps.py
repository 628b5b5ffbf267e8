"""Puts the large letter that a paragraph begins with before the rest of its word.

PDFium has it in a line of its own, before all other text or after the paragraph, because it is drawn there.
"""

import re
from collections.abc import Sequence

from indexer.pdf.text.page_lines import Line

_CAPITAL = re.compile(r"[\"'«„“‘(\[]{0,2}[^\W\d_]")  # with the marks before it
_WORDS = frozenset("AIOÀÉÓY")  # letters that are words, too

LONGEST = 12  # letters of a first word that is drawn large as a whole
_LINE = 15  # characters of a line of a paragraph, at least
_LARGER = 1.6  # times the height of the lines beside it: it is two lines high
_BESIDE = 1.3  # times its height: from its left edge to the lines beside it
_MOST = 20  # of a page


def join_drop_caps(lines: Sequence[Line], short: Sequence[int]) -> list[Line]:
    """The lines, in which drop caps are part of the line that they belong to.

    Args:
        lines: of a page.
        short: the places of those that are short enough to be one.
    """
    joined: list[Line | None] = list(lines)
    for at in short[:_MOST]:
        placed = [_join(cap, lines, joined) for cap in _capitals(lines[at])]
        if all(placed):
            joined[at] = None
            for first, line in filter(None, placed):
                joined[first] = line
    return [line for line in joined if line is not None]


def _capitals(line: Line) -> list[Line]:
    """What stands large in a line: PDFium has those of two columns in one."""
    words = line.text.split()
    if len(words) == 2 and all(map(_CAPITAL.fullmatch, words)):
        left = Line(words[0], line.start_x, line.start_y, line.start_x, line.start_y, line.height)
        return [left, Line(words[1], line.end_x, line.end_y, line.end_x, line.end_y, line.height)]
    return [line]


def _join(cap: Line, lines: Sequence[Line], joined: Sequence[Line | None]) -> tuple[int, Line] | None:
    """The place of the line that a large letter belongs to, and that line with it; None if there is none."""
    text = cap.text.strip()
    beside = _lines_beside(cap, lines)
    if len(beside) < 2 or not (text[-1:].isupper() or text.istitle()):
        return None
    first = max(beside, key=lambda place: lines[place].start_y)
    line = joined[first]
    if line is None or not (line.text[0].isalpha() or line.text[0] == " "):
        return None
    if not (_CAPITAL.fullmatch(text) or (text.isalpha() and line.text[0] == " ")):
        return None
    blank = " " if text in _WORDS and _is_word(line.text, lines) else ""
    return first, line._replace(text=text + blank + line.text)


def _lines_beside(cap: Line, lines: Sequence[Line]) -> list[int]:
    """The places of the lines that run beside a large letter."""
    top, right = cap.start_y + cap.height, cap.end_x + _BESIDE * cap.height
    return [
        at
        for at, line in enumerate(lines)
        if cap.start_x <= line.start_x < right
        and cap.start_y < line.start_y + 0.5 * line.height < top
        and line.height * _LARGER < cap.height
        and len(line.text) >= _LINE
        and line.start_x + 2 * cap.height < line.end_x
    ]


def _is_word(text: str, lines: Sequence[Line]) -> bool:
    """Whether what a line begins with is a word elsewhere on the page."""
    word = text.split(maxsplit=1)[0].strip(".,;:!?")
    return text[0] != " " and any(
        re.search(rf"\s{re.escape(word)}\b", line.text) is not None for line in lines if word in line.text
    )
