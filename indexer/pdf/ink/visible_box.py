"""Tells which characters of a line lie on the part of the page that is shown: inside its crop box.

A spread that a tool has split has the text of both halves in the content of each; only the crop boxes
differ. PDFium's text has all of it.
"""

import ctypes
import math
import re
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

from indexer.pdf.ink.page_objects import Box
from stackroom.common.characters.scripts import UNSPACED

_WORD = re.compile(rf"[{UNSPACED}]|[^\s{UNSPACED}]+")


class VisibleBox(NamedTuple):
    """The part of a page that is shown, in points, counted as the places of characters are.

    Attributes:
        left, bottom, right, top: its sides.
        page: the open page of PDFium.
        bars: boxes on it under which nothing is seen; see `bars`.
    """

    left: float
    bottom: float
    right: float
    top: float
    page: Any = None
    bars: tuple[Box, ...] = ()

    @property
    def sides(self) -> tuple[float, float, float, float]:
        """Left, bottom, right, top."""
        return self.left, self.bottom, self.right, self.top

    def shows(self, box: Any) -> bool:
        """Whether the middle of an FS_RECTF is on it. A place that is no number counts as shown."""
        x, y = (box.left + box.right) / 2, (box.bottom + box.top) / 2
        if x < self.left or x > self.right or y < self.bottom or y > self.top:
            return False
        return not any(bar[0] <= x <= bar[2] and bar[1] <= y <= bar[3] for bar in self.bars)

    def has_bar(self, bottom: float, top: float) -> bool:
        """Whether there is a bar between two heights."""
        return any(bar[1] < top and bar[3] > bottom for bar in self.bars)


_ENDLESS = VisibleBox(-math.inf, -math.inf, math.inf, math.inf)


def find_visible_box(page: Any) -> VisibleBox:
    """The crop box of an open page of PDFium, as far as it is in the media box; endless if it has no area."""
    box = pdfium.FS_RECTF()
    is_known = pdfium.FPDF_GetPageBoundingBox(page, ctypes.byref(box))
    if not (is_known and box.left < box.right and box.bottom < box.top):
        return _ENDLESS
    return VisibleBox(box.left, box.bottom, box.right, box.top, page)


def _is_cropped(page: Any) -> bool:
    """Whether the paper is larger than what is shown: the page has a crop box that is not its media box."""
    crop, media = ([ctypes.c_float() for _ in range(4)] for _ in range(2))
    if not pdfium.FPDFPage_GetCropBox(page, *map(ctypes.byref, crop)):
        return False
    pdfium.FPDFPage_GetMediaBox(page, *map(ctypes.byref, media))
    return any(ours.value != theirs.value for ours, theirs in zip(crop, media, strict=True))


class Shown(NamedTuple):
    """What of a line is shown.

    Attributes:
        text: of it.
        first, last: PDFium's numbers of its first and last character.
    """

    text: str
    first: int
    last: int


def cut_line(text_page: Any, text: str, start: int, visible: VisibleBox, *, one_to_one: bool) -> Shown | None:
    """What is shown of a line that is not on the visible part of its page as a whole; None if nothing is.

    What a crop box cuts off is left out, but for the rest of a word. A line that runs off the paper, as long
    addresses and lines of code do, stays whole: no other page has the rest.

    Args:
        text_page: PDFium's.
        text: of the line.
        start: the place of its first character in PDFium's text, in UTF-16 units.
        visible: the part of the page that is shown.
        one_to_one: whether such a place is PDFium's number of the character as well.
    """
    places = _find_places(text_page, text, start, one_to_one=one_to_one)
    words = _find_words(text_page, text, places, visible)
    if words and not _is_cropped(visible.page):
        words = _find_words(text_page, text, places, _ENDLESS._replace(bars=visible.bars))
    if not words:
        return None
    parts = [text[words[0][0] : words[0][1]]]
    for (_, before), (begin, end) in pairwise(words):
        parts += ["" if begin == before else " ", text[begin:end]]
    return Shown("".join(parts), places[words[0][0]], places[words[-1][1] - 1])


def _find_words(
    text_page: Any, text: str, places: Sequence[int], visible: VisibleBox
) -> list[tuple[int, int]]:
    """From where to where words of a line reach of which a character is shown; with bars, most of them."""
    words = []
    for found in _WORD.finditer(text):
        shown = [_is_shown(text_page, place, visible) for place in places[found.start() : found.end()]]
        if any(shown) and (not visible.bars or 2 * sum(shown) > len(shown)):
            words.append(found.span())
    return words


def _is_shown(text_page: Any, place: int, visible: VisibleBox) -> bool:
    box = pdfium.FS_RECTF()
    return not pdfium.FPDFText_GetLooseCharBox(text_page, place, ctypes.byref(box)) or visible.shows(box)


def _find_places(text_page: Any, text: str, start: int, *, one_to_one: bool) -> list[int]:
    """PDFium's number of each character."""
    # A hyphen at the end is a character as any other here: it goes with its word.
    units = accumulate((2 if ord(char) > 0xFFFF else 1 for char in text[:-1]), initial=start)
    if one_to_one:
        return list(units)
    return [pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, unit) for unit in units]
