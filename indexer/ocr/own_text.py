"""Where a page's own text stands, so that OCR adds only what it lacks."""

import ctypes
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import pypdfium2.raw as pdfium

from indexer.pdf.ink.page_objects import TEXT, walk
from indexer.pdf.ink.scanned_pages import is_garbled
from indexer.pdf.ink.unmapped_text import find_unmapped
from indexer.pdf.ink.unread_ink import is_invisible
from indexer.pdf.text.page_lines import Line
from stackroom.page.word_boxes import UNITS, WordBox

# A page of small print has 10,000 characters.
_MOST_CHARACTERS = 20_000

# If more of a page's characters are unmapped, OCR's text takes the place of all of them.
_MOST_UNMAPPED = 0.5

# The page's own text has a word if so many of the word's letters have a character of it there. Letters of a
# word are counted by OCR, so that there may be one more or less.
_LEAST_LETTERS = 0.5

_CELL = 64  # units of a WordBox: characters are looked up in squares of a hundredth of an inch or so


class OwnText:
    """The places of a page's own characters, in the units of a WordBox."""

    def __init__(self, middles: Sequence[tuple[int, int]]) -> None:
        """Of characters with these middles."""
        self._cells: defaultdict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        for x, y in middles:
            self._cells[x // _CELL, y // _CELL].append((x, y))

    def has(self, word: WordBox) -> bool:
        """Whether the page's own text has a word at this place."""
        here = 0
        for column in range(word.left // _CELL, word.right // _CELL + 1):
            for row in range(word.top // _CELL, word.bottom // _CELL + 1):
                here += sum(
                    word.left <= x <= word.right and word.top <= y <= word.bottom
                    for x, y in self._cells.get((column, row), ())
                )
        return here > 0 and here >= _LEAST_LETTERS * word.letters


def find_own_text(page: Any, lines: Sequence[Line]) -> OwnText | None:
    """The text of an open page of PDFium that OCR must not replace: visible, and in characters.

    Args:
        page: the page.
        lines: what was read of it.

    Returns:
        None if there is no such text: OCR's takes its place. Text that is not drawn is somebody else's OCR.
    """
    if not lines or is_garbled("\n".join(line.text for line in lines)):
        return None
    if not any(seen.kind == TEXT and not is_invisible(seen) for seen in walk(page)):
        return None
    text_page = pdfium.FPDFText_LoadPage(page)
    if not text_page:
        return None
    try:
        count = min(max(pdfium.FPDFText_CountChars(text_page), 0), _MOST_CHARACTERS)
        unmapped = set(find_unmapped(text_page, range(count)))
        if len(unmapped) > _MOST_UNMAPPED * count:
            return None
        return OwnText(_find_middles(page, text_page, (at for at in range(count) if at not in unmapped)))
    finally:
        pdfium.FPDFText_ClosePage(text_page)


def _find_middles(page: Any, text_page: Any, places: Iterable[int]) -> list[tuple[int, int]]:
    box, x, y = pdfium.FS_RECTF(), ctypes.c_int(), ctypes.c_int()
    middles = []
    for at in places:
        if chr(min(pdfium.FPDFText_GetUnicode(text_page, at), 0x10FFFF)).isspace():
            continue
        if not pdfium.FPDFText_GetLooseCharBox(text_page, at, ctypes.byref(box)):
            continue
        across, up = (box.left + box.right) / 2, (box.bottom + box.top) / 2
        if -1e6 < across < 1e6 and -1e6 < up < 1e6:
            pdfium.FPDF_PageToDevice(
                page, 0, 0, UNITS, UNITS, 0, across, up, ctypes.byref(x), ctypes.byref(y)
            )
            middles.append((x.value, y.value))
    return middles
