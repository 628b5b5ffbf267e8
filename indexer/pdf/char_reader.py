"""Reads with PDFium where the characters of a line are drawn."""

import ctypes
import unicodedata
from collections.abc import Callable
from typing import Any

import pypdfium2.raw as pdfium

from indexer.pdf.drawn_glyphs import Char

_MARKS = frozenset(chr(code) for code in range(0x10000) if unicodedata.category(chr(code)) == "Mn")


class CharReader:
    """Reads characters from PDFium's list.

    Attributes:
        has_replacements: whether any was drawn with a replacement text.
    """

    def __init__(self, text_page: Any) -> None:
        self._text_page = text_page
        self._drawn: dict[int, tuple[int, float]] = {0: (0, 0.0)}
        self.has_replacements = False

    def read(self, first: int, stop: int, text: str | None) -> list[Char]:
        """The characters at indexes from `first` to before `stop`.

        Args:
            first: index of the first character.
            stop: index after the last one.
            text: what they are, if that is known.
        """
        text_page, box = self._text_page, pdfium.FS_RECTF()
        x, y, left, right, low, high = (ctypes.c_double() for _ in range(6))
        into, into_x, into_y = ctypes.byref(box), ctypes.byref(x), ctypes.byref(y)
        object_of = _function(pdfium.FPDFText_GetTextObject)
        measure, place = pdfium.FPDFText_GetLooseCharBox, pdfium.FPDFText_GetCharOrigin
        chars = []
        for index in range(first, stop):
            char = text[index - first] if text else chr(pdfium.FPDFText_GetUnicode(text_page, index))
            address = object_of(text_page, index) or 0
            source, size = self._drawn.get(address) or self._learn(address, index)
            place(text_page, index, into_x, into_y)
            if char in _MARKS:
                # The box of its ink: a mark stands where its ink is.
                pdfium.FPDFText_GetCharBox(text_page, index, left, right, low, high)
                edges = left.value, right.value
            else:
                measure(text_page, index, into)
                edges = box.left, box.right
            chars.append(Char(char, index, x.value, x.value, y.value, *edges, size, source))
        return chars

    def read_simply(self, first: int, stop: int, text: str | None) -> list[Char]:
        """As `read`, where no glyph has a replacement text: the box of a character tells enough."""
        text_page, box = self._text_page, pdfium.FS_RECTF()
        x, y, left, right, low, high = (ctypes.c_double() for _ in range(6))
        into, into_x, into_y = ctypes.byref(box), ctypes.byref(x), ctypes.byref(y)
        measure, place = pdfium.FPDFText_GetLooseCharBox, pdfium.FPDFText_GetCharOrigin
        size = 0.0
        chars = []
        for index in range(first, stop):
            char = text[index - first] if text else chr(pdfium.FPDFText_GetUnicode(text_page, index))
            measure(text_page, index, into)
            start, end = box.left, box.right
            if char in _MARKS:
                # The box of its ink: a mark stands where its ink is.
                pdfium.FPDFText_GetCharBox(text_page, index, left, right, low, high)
                start, end = left.value, right.value
            made_up = char == " " and end <= start
            if not size and not made_up:
                size = pdfium.FPDFText_GetFontSize(text_page, index)
            place(text_page, index, into_x, into_y)
            chars.append(Char(char, index, x.value, x.value, y.value, start, end, size, 0 if made_up else 1))
        return chars

    def _learn(self, address: int, index: int) -> tuple[int, float]:
        source = self.source(ctypes.cast(address, pdfium.FPDF_PAGEOBJECT))
        self._drawn[address] = source, pdfium.FPDFText_GetFontSize(self._text_page, index)
        return self._drawn[address]

    def source(self, drawn: Any) -> int:
        """The `Char.source` of an object that was drawn."""
        address = _address(drawn)
        if address in self._drawn:
            return self._drawn[address][0]
        replaced = -replacement(drawn)
        self.has_replacements |= replaced < 0
        return replaced or address


def _function(function: Any) -> Callable[[Any, int], int | None]:
    """The function, returning a number, not a pointer: that takes a third of the time."""
    prototype = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
    return prototype(ctypes.cast(function, ctypes.c_void_p).value or 0)


def _address(pointer: Any) -> int:
    return ctypes.cast(pointer, ctypes.c_void_p).value or 0


def replacement(drawn: Any) -> int:
    """The address of the mark that gives a replacement text (/ActualText) for what was drawn, or 0."""
    for at in range(pdfium.FPDFPageObj_CountMarks(drawn)):
        mark = pdfium.FPDFPageObj_GetMark(drawn, at)
        if mark and pdfium.FPDFPageObjMark_GetParamValueType(mark, b"ActualText"):
            return _address(mark)
    return 0
