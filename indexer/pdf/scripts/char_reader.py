"""Reads with PDFium where the characters of a line are drawn."""

import ctypes
import math
import re
import unicodedata
from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain, compress, repeat
from typing import Any

import pypdfium2.raw as pdfium

from indexer.pdf.ink.page_objects import FORM, TEXT, address, quick, walk
from indexer.pdf.scripts.listed_chars import Chars, bidi_classes

_BLANK, _DIGIT = re.compile(" "), re.compile("[0-9]")
_LEVEL = 0.5  # points

_Pointer, _Int = ctypes.c_void_p, ctypes.c_int
_box = quick(pdfium.FPDFText_GetLooseCharBox, _Int, _Pointer, _Int, _Pointer)
_ink = quick(pdfium.FPDFText_GetCharBox, _Int, _Pointer, _Int, *[_Pointer] * 4)
_origin = quick(pdfium.FPDFText_GetCharOrigin, _Int, _Pointer, _Int, _Pointer, _Pointer)
_object_of = quick(pdfium.FPDFText_GetTextObject, _Pointer, _Pointer, _Int)
_unicode = quick(pdfium.FPDFText_GetUnicode, ctypes.c_uint, _Pointer, _Int)
_size = quick(pdfium.FPDFText_GetFontSize, ctypes.c_double, _Pointer, _Int)
_get_matrix = quick(pdfium.FPDFText_GetMatrix, _Int, _Pointer, _Int, _Pointer)
_object_at = quick(pdfium.FPDFPage_GetObject, _Pointer, _Pointer, _Int)
_type = quick(pdfium.FPDFPageObj_GetType, _Int, _Pointer)
_count_marks = quick(pdfium.FPDFPageObj_CountMarks, _Int, _Pointer)


class CharReader:
    """Reads characters from PDFium's list.

    Attributes:
        has_replacements: whether any was drawn with a replacement text.
    """

    def __init__(self, text_page: Any) -> None:
        self._page = address(text_page)
        self._drawn: dict[int, tuple[int, float]] = {0: (0, 0.0)}
        self.has_replacements = False

    def read(self, lines: Sequence[range], text: str | None) -> Chars:
        """The characters of some lines, one line after the other.

        Args:
            lines: for each, the indexes of its characters.
            text: all of these characters, if they are known.
        """
        chars = self._measure(lines, text)
        drawn = [
            self._drawn.get(of or 0) or self._learn(of or 0, index)
            for index, of in zip(chars.place, map(_object_of, repeat(self._page), chars.place), strict=True)
        ]
        chars.size = [size for _, size in drawn]
        chars.source = [source for source, _ in drawn]
        return chars

    def read_simply(self, lines: Sequence[range], text: str | None) -> Chars:
        """As `read`, where no glyph has a replacement text: the box of a character tells enough."""
        chars = self._measure(lines, text)
        text = "".join(chars.text)
        sources = chars.source
        for at in map(re.Match.start, _BLANK.finditer(text)):
            if chars.right[at] <= chars.left[at]:
                sources[at] = 0  # PDFium made it up
        sizes = chars.size
        stop = 0
        for line in lines:
            if not line:
                continue
            start, stop = stop, stop + len(line)
            first, base = start, stop - 1
            if not (sources[first] and sources[base]):
                drawn = list(compress(range(start, stop), sources[start:stop]))
                if not drawn:
                    continue
                first, base = drawn[0], drawn[-1]
            size = _size(self._page, chars.place[base])
            if (other := _size(self._page, chars.place[first])) > size:  # either end may be a raised mark
                size, base = other, first
            sizes[start:stop] = [size] * len(line)
            for found in _DIGIT.finditer(text, start, stop):
                at = found.start()
                if abs(chars.y[at] - chars.y[base]) > _LEVEL:
                    sizes[at] = _size(self._page, chars.place[at])
        return chars

    def _measure(self, lines: Sequence[range], text: str | None) -> Chars:
        """The characters without their sizes; all have source 1.

        Asks for all characters at once, so that Python has nothing to do between the calls.
        """
        page = repeat(self._page)
        places = list(chain.from_iterable(lines))
        count = len(places)
        if text is None or len(text) != count:  # a character beyond U+FFFF can be two for PDFium
            text = "".join(map(chr, map(_unicode, page, places)))
        boxes, origins = array("f", bytes(16 * count)), array("d", bytes(16 * count))
        _run(map(_box, page, places, *_addresses(boxes, 16, 1)))
        _run(map(_origin, page, places, *_addresses(origins, 16, 2)))
        left, right = boxes[0::4].tolist(), boxes[2::4].tolist()
        marked = {char for char in set(text) if unicodedata.category(char) == "Mn" and char <= "\uffff"}
        if marked:  # the boxes of their ink: a mark stands where its ink is
            marks = list(compress(range(count), map(marked.__contains__, text)))
            inks = array("d", bytes(32 * len(marks)))
            _run(map(_ink, page, [places[at] for at in marks], *_addresses(inks, 32, 4)))
            for at, start, end in zip(marks, inks[0::4], inks[1::4], strict=True):
                left[at], right[at] = start, end
        pen, y = origins[0::2].tolist(), origins[1::2].tolist()
        sizes, sources, kinds = [0.0] * count, [1] * count, list(bidi_classes(text))
        return Chars(list(text), places, pen, list(pen), y, left, right, sizes, sources, kinds)

    def _learn(self, of: int, index: int) -> tuple[int, float]:
        self._drawn[of] = self.source(of), _size(self._page, index)
        return self._drawn[of]

    def scale(self, place: int) -> float:
        """How high the character with this index is printed, for each point of its font's size."""
        matrix = pdfium.FS_MATRIX()
        _get_matrix(self._page, place, ctypes.addressof(matrix))
        return math.hypot(matrix.c, matrix.d)

    def source(self, at: int) -> int:
        """The `Char.source` of the object at an address."""
        if at in self._drawn:
            return self._drawn[at][0]
        replaced = -replacement(at)
        self.has_replacements |= replaced < 0
        return replaced or at


def _addresses(of: "array[float]", step: int, parts: int) -> Iterator[range]:
    """Where PDFium has to write: the addresses of the first numbers of all records, of the second, …

    Args:
        of: the numbers.
        step: bytes from one record to the next.
        parts: how many numbers of a record are written one by one.
    """
    start, count = of.buffer_info()
    for part in range(parts):
        first = start + part * of.itemsize
        yield range(first, first + count * of.itemsize, step)


def _run(calls: Iterator[Any]) -> None:
    deque(calls, maxlen=0)


def replacement(of: int) -> int:
    """The address of the mark that gives a replacement text (/ActualText) for the object there, or 0."""
    drawn = ctypes.cast(of, pdfium.FPDF_PAGEOBJECT)
    for at in range(_count_marks(of)):
        mark = pdfium.FPDFPageObj_GetMark(drawn, at)
        if mark and pdfium.FPDFPageObjMark_GetParamValueType(mark, b"ActualText"):
            return address(mark)
    return 0


def has_replacements(page: Any, most: int) -> bool:
    """Whether any of the first objects that are drawn on a page, at most `most`, has a replacement text."""
    count = min(max(pdfium.FPDFPage_CountObjects(page), 0), most)
    objects = list(filter(None, map(_object_at, repeat(address(page)), range(count))))
    if FORM in map(_type, objects):
        objects = [seen.at for seen in walk(page, (TEXT,))]
    return any(map(replacement, compress(objects, map(_count_marks, objects))))
