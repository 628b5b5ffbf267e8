"""Measures many characters of a page of PDFium: the boxes of their fonts, and those of their ink.

Half of what this took was spent on passing arguments. So PDFium's functions have no declared types here: they
take whole numbers of 32 bits, and pointers that ctypes has made before.
"""

import ctypes
from array import array
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any

import pypdfium2.raw as pdfium

from indexer.pdf.ink.page_objects import address


def bare(function: Any, result: Any = ctypes.c_int) -> Any:
    """The same function of PDFium, for arguments as `pointer` and `byref` make them."""
    return ctypes.PYFUNCTYPE(result)(address(function))  # it keeps the lock, for so short a call


def pointer(of: Any) -> Any:
    """To a page or a text page, as an argument for what `bare` returns."""
    return ctypes.c_void_p.from_param(address(of))


_measure_loosely = bare(pdfium.FPDFText_GetLooseCharBox)
_measure_ink = bare(pdfium.FPDFText_GetCharBox)

# What is not wanted is written here.
_nowhere = ctypes.c_double()
_NOWHERE = ctypes.byref(_nowhere)


def measure_boxes(text_page: Any, characters: Sequence[int]) -> list[float]:
    """The left, top, right and bottom side of the box of each character, one after the other, in points.

    A box that is not known is that of the character before.
    """
    stop = 16 * len(characters)
    boxes = array("f", bytes(stop + 16))  # one more: there is no pointer to nothing
    into = map(ctypes.byref, repeat(ctypes.c_char.from_buffer(boxes)), range(0, stop, 16))
    are_known = list(map(_measure_loosely, repeat(pointer(text_page)), characters, into))
    if 0 in are_known:
        for at, is_known in enumerate(are_known):
            if at and not is_known:
                boxes[4 * at : 4 * at + 4] = boxes[4 * at - 4 : 4 * at]
    return boxes.tolist()[:-4]


def measure_bottoms(text_page: Any, characters: Iterable[int], count: int) -> list[float]:
    """How high the ink of each of so many characters begins, in points."""
    bottoms = array("d", bytes(8 * count + 8))
    into = map(ctypes.byref, repeat(ctypes.c_char.from_buffer(bottoms)), range(0, 8 * count, 8))
    no = repeat(_NOWHERE)
    deque(map(_measure_ink, repeat(pointer(text_page)), characters, no, no, into, no), maxlen=0)
    return bottoms.tolist()[:-1]


class InkRuler:
    """Measures the ink of single characters of a page."""

    def __init__(self, text_page: Any) -> None:
        self._edges = array("d", bytes(32))
        edges = ctypes.c_char.from_buffer(self._edges)
        self._arguments = [ctypes.byref(edges, 8 * edge) for edge in range(4)]
        self._page = pointer(text_page)

    def measure(self, index: int) -> tuple[float, float, float, float]:
        """The left, right, lower and upper edge of a character; those of the one before if there is none."""
        _measure_ink(self._page, index, *self._arguments)
        left, right, bottom, top = self._edges
        return left, right, bottom, top
