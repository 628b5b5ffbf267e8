"""Measures words of lines, two characters each, and gaps between them."""

import ctypes
import re
import unicodedata
from array import array
from collections.abc import Collection, Sequence
from typing import Any

import pypdfium2.raw as pdfium

from indexer.pdf.ink.page_objects import address, quick
from indexer.pdf.letters.char_boxes import measure_boxes
from indexer.pdf.letters.raised_marks import as_units
from indexer.pdf.lines.line_reader import Piece
from indexer.pdf.tables.checks import has_leader, leads_to_values, may_part_columns
from indexer.pdf.tables.grid import Word
from indexer.pdf.text.page_lines import Line

_Pointer, _Int = ctypes.c_void_p, ctypes.c_int

_WORD = re.compile(r"\S+")
_JOINED_WORD = re.compile(r"\S+(?:\r\n\S+)*")  # where a line was made of two, beside a raised mark
_LEADER = ".·…_"
_SHORTEST_LEADER = 3  # an ellipsis; a full stop stays

_loose_box = quick(pdfium.FPDFText_GetLooseCharBox, _Int, _Pointer, _Int, _Pointer)


class Ruler:
    """Measures pairs of a page's characters."""

    def __init__(self, text_page: Any) -> None:
        self._page, self._sides = address(text_page), array("f", bytes(32))

    def first_gap(self, piece: Piece) -> tuple[float, float] | None:
        """From where to where the first gap of a line reaches that may be one between columns."""
        start, text = piece
        page, sides = self._page, self._sides
        into, _ = sides.buffer_info()
        at = text.find(" ", 1)
        while 0 < at < len(text) - 1:
            _loose_box(page, start + at - 1, into)
            _loose_box(page, start + at + 1, into + 16)
            left, top, right, bottom, next_left, _, next_right, _ = sides
            least = 1.2 * (top - bottom)
            if (next_left - right > least or left - next_right > least) and may_part_columns(text, at):
                return (right, next_left) if next_left > right else (next_right, left)
            at = text.find(" ", at + 1)
        return None


def measure_words(
    text_page: Any,
    numbers: Sequence[int],
    lines: Sequence[Line],
    pieces: Sequence[Piece],
    prose: Collection[int] = (),
) -> dict[int, list[Word]]:
    """The words of some lines with their places.

    Args:
        text_page: of the page.
        numbers: of the lines.
        lines: of the page.
        pieces: what PDFium has of each.
        prose: the numbers of those that are each taken as one word, because they are most likely prose.
    """
    split = [split_words(lines[at].text, pieces[at][1], is_whole=at in prose) for at in numbers]
    ends = [
        end
        for at, (_, spans) in zip(numbers, split, strict=True)
        for start, stop in spans
        for end in (pieces[at][0] + start, pieces[at][0] + stop - 1)
    ]
    sides = measure_boxes(text_page, ends)
    boxes = zip(*(sides[side::8] for side in (0, 1, 2, 3, 4, 6)), strict=True)
    measured: dict[int, list[Word]] = {}
    for number, (texts, spans) in zip(numbers, split, strict=True):
        words = measured[number] = []
        first = pieces[number][0]
        is_known = True
        for text, (start, _) in zip(texts, spans, strict=True):
            left, top, right, bottom, last_left, last_right = next(boxes)
            if last_left < left:  # from right to left
                left = last_left
            else:
                right = last_right
            is_known = is_known and 0 < right - left < 1e4 and 0 < top - bottom < 1e3  # no "not a number"
            words.append(Word(text, left, bottom, right, top, number, first + start))
        if not is_known:
            words.clear()
    return measured


def split_words(text: str, raw: str, *, is_whole: bool = False) -> tuple[list[str], list[tuple[int, int]]]:
    """The words of a line, or all of it as one, and where they are in PDFium's text of it."""
    if not text:
        return [], []
    if has_leader(raw):
        return _without_leader(text) if text == raw and leads_to_values(text) else ([], [])
    if not raw.isascii() and max(raw) > "\uffff":
        raw = as_units(raw)
    if is_whole:
        return _whole(text, raw)
    texts = text.split()
    spans = [found.span() for found in _WORD.finditer(raw)]
    if text == raw or _is_same(texts, [raw[start:stop] for start, stop in spans]):
        return texts, spans
    if "\r\n" in raw:
        spans = [found.span() for found in _JOINED_WORD.finditer(raw)]
        if _is_same(texts, [raw[start:stop] for start, stop in spans]):
            return texts, spans
    return _whole(text, raw)  # it was repaired so much that it can't be taken apart


def _without_leader(text: str) -> tuple[list[str], list[tuple[int, int]]]:
    """The words of a row whose first column has a leader, without that."""
    found = [(match.start(), match.group(), match.group().rstrip(_LEADER)) for match in _WORD.finditer(text)]
    kept = [
        (start, word if len(word) - len(plain) < _SHORTEST_LEADER else plain)
        for start, word, plain in found
        if plain
    ]
    return [word for _, word in kept], [(start, start + len(word)) for start, word in kept]


def _whole(text: str, raw: str) -> tuple[list[str], list[tuple[int, int]]]:
    inner = raw.strip()
    start = raw.find(inner)
    return ([" ".join(text.split())], [(start, start + len(inner))]) if inner else ([], [])


def _is_same(texts: Sequence[str], raw: Sequence[str]) -> bool:
    """Whether these are the same words, but for how they are written."""
    return texts == raw or (
        len(texts) == len(raw)
        and all(
            text == other or _letters(text) == _letters(other) for text, other in zip(texts, raw, strict=True)
        )
    )


def _letters(text: str) -> list[str]:
    """What stays the same where accents are composed and ligatures spelled out, in any order."""
    return sorted(char for char in unicodedata.normalize("NFKD", text).casefold() if char.isalnum())
