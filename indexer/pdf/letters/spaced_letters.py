"""Puts words together whose letters are spaced out: `O R C H A R D` is ORCHARD; by the gaps between letters.

PDFium takes a gap for a blank where CSS letter-spacing is .2em or more, or a word processor spaces by .25 cm.
"""

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise, repeat
from statistics import median
from typing import Any

import pypdfium2.raw as pdfium

from indexer.pdf.letters.char_boxes import InkRuler

# Letters; fewer are initials, or the cells of a table.
_FEWEST, _MOST = 5, 200
# Times the usual gap between letters: a wider one is between words, and a gap that differs by more is none of
# an even spacing.
_WORD = 1.5
_UNEVEN = 0.35
_SORTED = 0.8  # of the letters are in the alphabet's order
_MADE = 0.7  # of the blanks are PDFium's own; those of single letters in a sentence are in the file
# Blanks that somebody typed: capitals of a word, not of the days of the week, nor of cells, which are farther
# apart than this share of their height.
_FEWEST_TYPED, _TYPED, _VOWELS = 6, 0.7, frozenset("aeiouαεηιουωаеиоуыя")


_SINGLES = re.compile(r" \S +\S ")


def may_be_spaced(page: str) -> bool:
    """Whether a line of a page may be spaced out: it has two letters one after the other that stand alone."""
    return _SINGLES.search(page) is not None


def find_spaced(lines: Sequence[str]) -> list[int]:
    """The places of lines that may be spaced out: nearly every second character of them is a blank."""
    return [
        at
        for at, (line, blanks) in enumerate(zip(lines, map(str.count, lines, repeat(" ")), strict=True))
        if 5 * blanks > 2 * len(line) >= 4 * _FEWEST - 2
    ]


def close_spacing(text_page: Any, line: str, start: int) -> str:
    """The line with its words together, if all of it is spaced out evenly; else as it is.

    Args:
        text_page: of PDFium, which has the characters at the same places as the text.
        line: as PDFium gives it.
        start: the place of its first character.
    """
    words = line.split()
    if sum(map((1).__lt__, map(len, words))) > len(words) // 8:
        return line
    printed = line.replace(" ", "")
    letters, digits = sum(map(str.isalpha, printed)), sum(map(str.isdecimal, printed))
    if not _FEWEST <= len(printed) <= _MOST or letters + digits < 0.8 * len(printed) or letters < 2 * digits:
        return line
    folded = [unicodedata.normalize("NFD", char.lower())[0] for char in printed]
    if sum(one <= other for one, other in pairwise(folded)) > _SORTED * len(folded):
        return line  # an alphabet
    blanks = [place for place, char in enumerate(line, start) if char == " "]
    made = sum(pdfium.FPDFText_IsGenerated(text_page, place) == 1 for place in blanks)
    is_typed = made < _MADE * len(blanks)
    if is_typed and not (len(printed) >= _FEWEST_TYPED and printed.isupper() and _VOWELS & {*folded}):
        return line
    places = [place for place, char in enumerate(line) if char != " "]
    ruler = InkRuler(text_page)
    boxes = [ruler.measure(start + place) for place in places]
    gaps = [left - right for (_, right, _, _), (left, _, _, _) in pairwise(boxes)]
    usual = median(gaps)
    if not 0 < usual < (_TYPED if is_typed else 1) * max(top - bottom for _, _, bottom, top in boxes):
        return line
    inside = [gap for gap in gaps if gap < _WORD * usual]
    if sum(abs(gap - usual) > _UNEVEN * usual for gap in inside) > len(inside) // 4:
        return line
    written = line[places[0]]
    for place, gap in zip(places[1:], gaps, strict=True):
        written += f" {line[place]}" if gap >= _WORD * usual else line[place]
    return written
