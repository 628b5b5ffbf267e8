"""Lines in scripts that write no blanks between words: blanks and line ends that stand inside words go. Pure
functions.
"""

import re
from collections.abc import Sequence
from statistics import median

from indexer.pdf.text.page_lines import Line
from stackroom.common.characters.scripts import HAN, HAN_BEYOND, KANA, SOUTHEAST_ASIAN

# Chinese characters and kana, with the signs that stand among them.
_WIDE = f"\u3001-\u3029\u3030-\u303c{KANA}{HAN}{HAN_BEYOND}\uff01-\uff60"
_GAP = re.compile(f"(?<=[{_WIDE}]) (?=[{_WIDE}])")
_RUN = re.compile(f"[{_WIDE}]+")

# tesseract 5.3 writes a blank between what it takes for words: of 1.3 to 1.5 characters on average. Cells of
# a table have two and more.
_LONGEST_RUN = 1.8
_FEWEST_RUNS = 8

# A line that ends in a stop or a bracket may as well end there.
_LETTERS = f"\u3005-\u3007{KANA}{HAN}{HAN_BEYOND}"
_LETTER = re.compile(f"[{_LETTERS}]")
# Thai and its neighbours: where a word ends only a dictionary can tell, so that lines end earlier.
_ASIAN = re.compile(f"[{SOUTHEAST_ASIAN}]")
_RAGGED, _RAGGED_ASIAN = 2.0, 6.0  # heights of a line that a full one may be short of the right edge
_INDENT = 0.6  # heights that a line may begin further right than the one before
_PITCH = 2.4  # heights from line to line
_LARGER = 1.18  # times the usual height: a heading


# High bytes of UTF-16: Latin, Greek, Cyrillic, punctuation, symbols, surrogates and private characters.
_EUROPEAN = bytes([*range(0x05), 0x1E, 0x1F, *range(0x20, 0x2E), *range(0xD8, 0xF9), 0xFF])


def is_european(text: str) -> bool:
    """Whether nothing in a text calls for this module or `glyph_lines`; quicker than any search."""
    return not text.encode("utf-16-le", "surrogatepass")[1::2].translate(None, _EUROPEAN)


def close_gaps(lines: list[Line]) -> list[Line]:
    """The lines of a page without the blanks that somebody's OCR wrote inside Chinese and Japanese words."""
    if not any(_GAP.search(line.text) for line in lines):
        return lines
    runs = [len(run) for line in lines for run in _RUN.findall(line.text)]
    if len(runs) < _FEWEST_RUNS or sum(runs) > _LONGEST_RUN * len(runs):
        return lines
    return [line._replace(text=_GAP.sub("", line.text)) for line in lines]


def join_lines(texts: Sequence[str], lines: Sequence[Line]) -> list[str]:
    """Puts together the lines of a paragraph that end inside a word.

    Args:
        texts: of the lines, with an empty one wherever a paragraph ends; see `page_lines.break_paragraphs`.
        lines: of the page.
    """
    ends = {text[-1:] for text in texts}
    if not any(_LETTER.match(end) or _ASIAN.match(end) for end in ends if end >= "\u0e00"):
        return list(texts)
    usual = median(line.height for line in lines)
    joined: list[str] = []
    before: Line | None = None
    own = iter([line for line in lines if line.text])
    for text in texts:
        line = next(own) if text else None
        if before and line and _goes_on(before, line, lines, usual):
            joined[-1] += text
        else:
            joined.append(text)
        before = line
    return joined


def _goes_on(before: Line, line: Line, lines: Sequence[Line], usual: float) -> bool:
    """Whether `line` continues a word, or a sentence without blanks, of the line before it."""
    if _LETTER.match(before.text[-1:]) and _LETTER.match(line.text):
        ragged = _RAGGED
    elif _ASIAN.match(before.text[-1:]) and _ASIAN.match(line.text):
        ragged = _RAGGED_ASIAN
    else:
        return False
    if _GAP.search(before.text) or _GAP.search(line.text):
        return False  # cells of a table
    height = max(before.height, line.height)
    if not 0 < height <= _LARGER * usual or min(before.height, line.height) * _LARGER < height:
        return False
    if not 0 < before.end_y - line.start_y < _PITCH * height:
        return False
    if line.start_x - before.start_x > _INDENT * height:
        return False
    # The right edge of the column: of the lines that begin at about the same place.
    column = [other.end_x for other in lines if abs(other.start_x - line.start_x) < 3 * height]
    return before.end_x > max(column) - ragged * height
