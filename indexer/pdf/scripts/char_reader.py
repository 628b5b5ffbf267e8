"""Reads with PDFium where the characters of a line are drawn."""

import ctypes
import math
import re
import unicodedata
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, compress, repeat
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

from indexer.pdf.ink.page_objects import FORM, TEXT, address, quick, walk
from indexer.pdf.scripts.drawn_glyphs import Char

_MARKS = frozenset(chr(code) for code in range(0x10000) if unicodedata.category(chr(code)) == "Mn")

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


class _Columns(NamedTuple):
    """The characters of lines, one after the other; see `Char`."""

    text: str
    places: list[int]
    x: list[float]
    y: list[float]
    left: list[float]
    right: list[float]


class CharReader:
    """Reads characters from PDFium's list.

    Attributes:
        has_replacements: whether any was drawn with a replacement text.
    """

    def __init__(self, text_page: Any) -> None:
        self._page = address(text_page)
        self._drawn: dict[int, tuple[int, float]] = {0: (0, 0.0)}
        self.has_replacements = False

    def read(self, lines: Sequence[range], text: str | None) -> list[list[Char]]:
        """The characters of some lines.

        Args:
            lines: for each, the indexes of its characters.
            text: all of these characters, if they are known.
        """
        columns = self._measure(lines, text)
        drawn = [
            self._drawn.get(of or 0) or self._learn(of or 0, index)
            for index, of in zip(
                columns.places, map(_object_of, repeat(self._page), columns.places), strict=True
            )
        ]
        return _as_lines(lines, columns, [size for _, size in drawn], [source for source, _ in drawn])

    def read_simply(self, lines: Sequence[range], text: str | None) -> list[list[Char]]:
        """As `read`, where no glyph has a replacement text: the box of a character tells enough."""
        columns = self._measure(lines, text)
        sources = [1] * len(columns.text)
        for at in map(re.Match.start, _BLANK.finditer(columns.text)):
            if columns.right[at] <= columns.left[at]:
                sources[at] = 0  # PDFium made it up
        sizes: list[float] = []
        for line in lines:
            done = len(sizes)
            drawn = list(compress(line, sources[done : done + len(line)]))
            # Either end may be a raised mark.
            size, base = max(
                ((_size(self._page, at), at) for at in (*drawn[:1], *drawn[-1:])), default=(0.0, -1)
            )
            sizes += [size] * len(line)
            level = columns.y[done + base - line.start] if drawn else 0.0
            for found in _DIGIT.finditer(columns.text, done, done + len(line)):
                at = found.start()
                if abs(columns.y[at] - level) > _LEVEL:
                    sizes[at] = _size(self._page, columns.places[at])
        return _as_lines(lines, columns, sizes, sources)

    def _measure(self, lines: Sequence[range], text: str | None) -> _Columns:
        """Asks for all characters at once, so that Python has nothing to do between the calls."""
        page = repeat(self._page)
        places = list(chain.from_iterable(lines))
        count = len(places)
        if text is None or len(text) != count:  # a character beyond U+FFFF can be two for PDFium
            text = "".join(map(chr, map(_unicode, page, places)))
        boxes, origins = array("f", bytes(16 * count)), array("d", bytes(16 * count))
        _run(map(_box, page, places, *_addresses(boxes, 16, 1)))
        _run(map(_origin, page, places, *_addresses(origins, 16, 2)))
        left, right = boxes[0::4].tolist(), boxes[2::4].tolist()
        marks = list(compress(range(count), map(_MARKS.__contains__, text)))
        if marks:  # the boxes of their ink: a mark stands where its ink is
            inks = array("d", bytes(32 * len(marks)))
            _run(map(_ink, page, [places[at] for at in marks], *_addresses(inks, 32, 4)))
            for at, start, end in zip(marks, inks[0::4], inks[1::4], strict=True):
                left[at], right[at] = start, end
        return _Columns(text, places, origins[0::2].tolist(), origins[1::2].tolist(), left, right)

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


_make: Callable[[type[Char], tuple[Any, ...]], Char] = tuple.__new__  # a fifth of the time of `Char(…)`


def _as_lines(
    lines: Sequence[range], columns: _Columns, sizes: Sequence[float], sources: Sequence[int]
) -> list[list[Char]]:
    text, places, x, y, left, right = columns
    rows = zip(text, places, x, x, y, left, right, sizes, sources, strict=True)
    chars = list(map(_make, repeat(Char), rows))
    read = []
    start = 0
    for line in lines:
        read.append(chars[start : start + len(line)])
        start += len(line)
    return read


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
