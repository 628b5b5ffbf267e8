"""Finds in PDFium's list the glyphs of a line that was read."""

import ctypes
import math
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

from indexer.pdf.ink.page_objects import address, quick
from indexer.pdf.text.page_lines import Line

_MOST = 1000  # characters of a line; a line of a page has 200
_NEIGHBOURS = sorted(range(-10, 11), key=abs)  # characters; with line ends and shadows between them
_CLOSE = 0.01  # points: the place of a character is that of another
_LINE_ENDS = frozenset((0x0D, 0x0A, 0x02, 0xFFFE))  # the last two are PDFium's hyphen of a word that goes on

_Pointer, _Int, _Double = ctypes.c_void_p, ctypes.c_int, ctypes.c_double
_index_at = quick(pdfium.FPDFText_GetCharIndexAtPos, _Int, _Pointer, _Double, _Double, _Double, _Double)
_count_of = quick(pdfium.FPDFText_CountChars, _Int, _Pointer)
_code_of = quick(pdfium.FPDFText_GetUnicode, ctypes.c_uint, _Pointer, _Int)
_object_of = quick(pdfium.FPDFText_GetTextObject, _Pointer, _Pointer, _Int)
_matrix_of = quick(pdfium.FPDFText_GetMatrix, _Int, _Pointer, _Int, _Pointer)

# What PDFium writes a matrix into: it is asked for that of many characters.
_matrix = pdfium.FS_MATRIX()
_MATRIX_AT = ctypes.addressof(_matrix)


class Glyph(NamedTuple):
    """What one glyph says, and where it is; in points.

    Attributes:
        text: several letters if it is a ligature.
        x, y: where the pen stood when it was drawn.
        left, bottom, right, top: of its box; of a ligature's, that of all of its letters.
        angle: by which it is turned, counterclockwise, in radians from -π to π.
        drawn: the address of the text object that it is part of; 0 for a blank of PDFium's own.
        at: index of its first character in PDFium's list.
    """

    text: str
    x: float
    y: float
    left: float
    bottom: float
    right: float
    top: float
    angle: float
    drawn: int
    at: int


def angles_of_ends(text_page: Any) -> tuple[float, float]:
    """By how much the first and the last character of PDFium's list are turned (see `Glyph`)."""
    page = address(text_page)
    last = max(0, _count_of(page) - 1)
    return _angle_at(page, 0), _angle_at(page, last)


def _angle_at(page: int, at: int) -> float:
    """By how much a character is turned. PDFium's function for it takes slanted letters for turned."""
    _matrix_of(page, at, _MATRIX_AT)
    return math.atan2(_matrix.b, _matrix.a)  # the direction in which the text runs


def find_angle(text_page: Any, x: float, y: float, height: float) -> float | None:
    """By how much the character is turned (see `Glyph`) whose box of this height begins at a place; None if
    there is none.
    """
    at = _find(text_page, x, y, height)
    return None if at is None else _angle_at(address(text_page), at)


def read_glyphs(text_page: Any, line: Line) -> list[Glyph]:
    """The glyphs of PDFium's line that begins where `line` begins; none if that is not found."""
    at = _find(text_page, line.start_x, line.start_y, line.height)
    if at is None:
        return []
    page = address(text_page)
    first = last = at
    while first > 0 and at - first < _MOST and _code_of(page, first - 1) not in _LINE_ENDS:
        first -= 1
    count = _count_of(page)
    while last + 1 < count and last - first < _MOST and _code_of(page, last + 1) not in _LINE_ENDS:
        last += 1
    return _read(text_page, first, last)


def _find(text_page: Any, x: float, y: float, height: float) -> int | None:
    at: int = _index_at(address(text_page), x + 0.1 * height, y + 0.3 * height, height, height)
    if at < 0:
        return None
    box = pdfium.FS_RECTF()
    # The ink of a neighbour may be there, too.
    for index in map(at.__add__, _NEIGHBOURS):
        if (
            pdfium.FPDFText_GetLooseCharBox(text_page, index, ctypes.byref(box))
            and abs(box.left - x) + abs(box.bottom - y) < _CLOSE
        ):
            return index
    return None


def _read(text_page: Any, first: int, last: int) -> list[Glyph]:
    """The glyphs of the characters at indexes `first` to `last`."""
    page = address(text_page)
    box, x, y = pdfium.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
    into, into_x, into_y = ctypes.byref(box), ctypes.byref(x), ctypes.byref(y)
    glyphs: list[Glyph] = []
    for index in range(first, last + 1):
        char = chr(min(_code_of(page, index), 0x10FFFF))
        drawn = _object_of(page, index) or 0
        pdfium.FPDFText_GetCharOrigin(text_page, index, into_x, into_y)
        pdfium.FPDFText_GetLooseCharBox(text_page, index, into)
        if char.isspace() and box.left == box.right:
            drawn = 0  # PDFium's, though it may give the object beside it
        before = glyphs[-1] if glyphs else None
        if before and drawn and (before.drawn, before.x, before.y) == (drawn, x.value, y.value):
            sides = min(before.left, box.left), min(before.bottom, box.bottom)
            ends = max(before.right, box.right), max(before.top, box.top)
            glyphs[-1] = before._replace(
                text=before.text + char, left=sides[0], bottom=sides[1], right=ends[0], top=ends[1]
            )
        else:
            angle = _angle_at(page, index)
            sides, ends = (box.left, box.bottom), (box.right, box.top)
            glyphs.append(Glyph(char, x.value, y.value, *sides, *ends, angle, drawn, index))
    return glyphs


def printed_size(text_page: Any, char: int) -> float:
    """The font size of a character in points, as printed; 0 if it is none.

    A title stands out by it; the height of a box depends on the font, too.
    """
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFText_GetMatrix(text_page, char, matrix)
    size = float(pdfium.FPDFText_GetFontSize(text_page, char)) * math.hypot(matrix.c, matrix.d)
    return round(size, 1) if 0 <= size < 1e5 else 0.0
