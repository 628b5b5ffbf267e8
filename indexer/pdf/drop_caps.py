"""Puts the large letter that a paragraph begins with before the rest of its word.

PDFium has it in a line of its own, before all other text or after the paragraph, because it is drawn there.
"""

import re
from collections.abc import Sequence

from indexer.pdf.page_lines import Line

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
        cap = lines[at]
        text = cap.text.strip()
        beside = _lines_beside(cap, lines)
        if len(beside) < 2 or not (text[-1:].isupper() or text.istitle()):
            continue
        first = max(beside, key=lambda place: lines[place].start_y)
        line = joined[first]
        if line is None or not (line.text[0].isalpha() or line.text[0] == " "):
            continue
        if _CAPITAL.fullmatch(text) or (text.isalpha() and line.text[0] == " "):
            blank = " " if text in _WORDS and _is_word(line.text, lines) else ""
            joined[first] = line._replace(text=text + blank + line.text)
            joined[at] = None
    return [line for line in joined if line is not None]


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
