"""Reads again, glyph by glyph, the lines of a page in which PDFium's order or blanks cannot be trusted.

These are lines with Arabic, Hebrew and their like.
"""

import ctypes
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

from indexer.pdf import visual_order
from indexer.pdf.clean_text import clean_characters
from indexer.pdf.visual_order import Char, Piece

_RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_LATIN = re.compile("[A-Za-z\u00c0-\u052f]")  # and Greek and Cyrillic

# A line from left to right does not begin with these; the left end of one from right to left may be one.
_NO_BEGINNING = frozenset(".,:;!?)]}»،؛؟۔")

_MOST_OBJECTS = 20_000  # of a page that are looked at; a full page drawn glyph by glyph has 5,000


class MendedLine(NamedTuple):
    """A line as it is read.

    Attributes:
        text: of it, clean.
        first, last: indexes of its first and last character in PDFium's list.
    """

    text: str
    first: int
    last: int


NOT_MENDED = MendedLine("", -1, -1)
"""Stands for a line that is as PDFium lists it."""


@dataclass(slots=True)
class _Line:
    """A line of PDFium's: where it begins in its text, and its characters."""

    start: int
    has_rtl: bool
    chars: list[Char]


def mend_lines(page: Any, text_page: Any, text: str, *, one_to_one: bool) -> dict[int, MendedLine | None]:
    """The lines that have to be read otherwise than PDFium lists them, by where they begin in its text.

    None stands for a line that is part of another.

    Args:
        page: open, of PDFium.
        text_page: its text.
        text: what PDFium lists of it.
        one_to_one: whether the characters of `text` are those of PDFium's list.
    """
    if not _RTL.search(text):
        return {}
    is_rtl = len(_RTL.findall(text)) > len(_LATIN.findall(text))
    reader = _CharReader(text_page)
    lines = [
        _Line(start, bool(_RTL.search(raw)), [reader.read(index) for index in range(first, stop)])
        for start, raw, first, stop in _places(text_page, text, one_to_one)
        if is_rtl or _RTL.search(raw)
    ]
    if reader.has_replacements:
        _complete(page, lines, reader)
    return _mend_rtl(lines, is_rtl=is_rtl)


def _places(text_page: Any, text: str, one_to_one: bool) -> Iterator[tuple[int, str, int, int]]:
    """For each line that is not empty: where it begins in the text, the line, and the indexes of its first
    character in PDFium's list and after its last.
    """
    start = 0
    for raw in text.split("\r\n"):
        units = len(raw) if raw.isascii() else len(raw.encode("utf-16-le", "surrogatepass")) // 2
        if raw and not raw.isspace():
            first, stop = start, start + units
            if not one_to_one:
                first = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, first)
                stop = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, stop - 1) + 1
            yield start, raw, first, stop
        start += units + 2


class _CharReader:
    """Reads characters from PDFium's list.

    Attributes:
        sources: address of each object that was drawn → `Char.source`.
        has_replacements: whether any was drawn with a replacement text.
    """

    def __init__(self, text_page: Any) -> None:
        self._text_page = text_page
        self._box = pdfium.FS_RECTF()
        self._x, self._y = ctypes.c_double(), ctypes.c_double()
        self._left, self._right, self._low, self._high = (ctypes.c_double() for _ in range(4))
        self.sources: dict[int, int] = {}
        self.has_replacements = False

    def read(self, index: int) -> Char:
        """The character at `index` of the list."""
        text_page, box = self._text_page, self._box
        code = pdfium.FPDFText_GetUnicode(text_page, index)
        drawn = pdfium.FPDFText_GetTextObject(text_page, index)
        source = self.source(drawn) if drawn else 0
        pdfium.FPDFText_GetCharOrigin(text_page, index, self._x, self._y)
        if unicodedata.category(chr(code)) == "Mn":
            # The box of its ink: a mark stands where its ink is.
            pdfium.FPDFText_GetCharBox(text_page, index, self._left, self._right, self._low, self._high)
            box.left, box.right = self._left.value, self._right.value
        else:
            pdfium.FPDFText_GetLooseCharBox(text_page, index, box)
        size = pdfium.FPDFText_GetFontSize(text_page, index)
        return Char(chr(code), index, self._x.value, self._y.value, box.left, box.right, size, source)

    def source(self, drawn: Any) -> int:
        """The `Char.source` of what was drawn."""
        address = _address(drawn)
        source = self.sources.get(address)
        if source is None:
            replaced = -_replacement(drawn)
            self.has_replacements |= replaced < 0
            source = self.sources[address] = replaced or address
        return source


def _address(pointer: Any) -> int:
    return ctypes.cast(pointer, ctypes.c_void_p).value or 0


def _replacement(drawn: Any) -> int:
    """The address of the mark that gives a replacement text (/ActualText) for what was drawn; 0 if none does."""
    for at in range(pdfium.FPDFPageObj_CountMarks(drawn)):
        mark = pdfium.FPDFPageObj_GetMark(drawn, at)
        if mark and pdfium.FPDFPageObjMark_GetParamValueType(mark, b"ActualText"):
            return _address(mark)
    return 0


def _complete(page: Any, lines: Sequence[_Line], reader: _CharReader) -> None:
    """Adds what PDFium does not list where replacement texts are given: blanks that are drawn one by one, and
    the places of all but one of the glyphs that a text stands for.

    Chromium draws each glyph on its own there.
    """
    listed = {char.source for line in lines for char in line.chars}
    matrix = pdfium.FS_MATRIX()
    blanks: list[tuple[float, float]] = []
    pens: dict[int, float] = {}
    for at in range(min(pdfium.FPDFPage_CountObjects(page), _MOST_OBJECTS)):
        drawn = pdfium.FPDFPage_GetObject(page, at)
        if pdfium.FPDFPageObj_GetType(drawn) != pdfium.FPDF_PAGEOBJ_TEXT:
            continue
        source = reader.source(drawn)
        if (source < 0 or source not in listed) and pdfium.FPDFPageObj_GetMatrix(drawn, matrix):
            if source < 0:
                pens[source] = min(matrix.e, pens.get(source, matrix.e))
            else:
                blanks.append((matrix.e, matrix.f))
    for line in lines:
        line.chars = [char._replace(x=pens.get(char.source, char.x)) for char in line.chars]
        ys = sorted({char.y for char in line.chars if char.source})
        xs = [char.x for char in line.chars if char.source]
        size = max((char.size for char in line.chars), default=0)
        line.chars += [
            Char(" ", -1, x, y, x, x + 0.01 * size, size, at + 1)
            for at, (x, y) in enumerate(blanks)
            if xs and min(xs) < x < max(xs) and _is_near(y, ys, 0.1 * size)
        ]


def _is_near(value: float, others: Sequence[float], distance: float) -> bool:
    at = bisect_left(others, value - distance)
    return at < len(others) and others[at] <= value + distance


def _mend_rtl(lines: Sequence[_Line], *, is_rtl: bool) -> dict[int, MendedLine | None]:
    mended: dict[int, MendedLine | None] = {}
    read: list[tuple[int, list[Piece]]] = []
    for parts in _printed(lines):
        drawn = visual_order.glyphs([char for part in parts for char in visual_order.undo(part.chars)])
        if not any(part.has_rtl for part in parts) and drawn[0].text not in _NO_BEGINNING:
            continue
        read.append((parts[0].start, visual_order.in_reading_order(drawn, is_rtl=True)))
        mended.update({part.start: None for part in parts[1:]})
    votes = sum(visual_order.bracket_votes(pieces) for _, pieces in read)
    for start, pieces in read:
        spelled = clean_characters(visual_order.spell(pieces, are_brackets_shapes=votes < 0))
        places = [piece.glyph.index for piece in pieces if piece.glyph.index >= 0]
        mended[start] = MendedLine(spelled, places[0], places[-1])
    return mended


def _printed(lines: Sequence[_Line]) -> Iterator[list[_Line]]:
    """The lines, those together that are parts of one printed line.

    PDFium begins a line where a mark, or a letter of a slanting line of Nastaliq, stands too high.
    """
    together: list[_Line] = []
    around = None
    for line in lines:
        drawn = [char for char in line.chars if char.source]
        if not drawn:
            continue
        box = _Box(
            min(char.x for char in drawn),
            max(char.right for char in drawn),
            min(char.y for char in drawn),
            max(char.y for char in drawn),
        )
        size = max(char.size for char in drawn)
        if around and box.is_beside(around, size):
            together.append(line)
            around = around.joined(box)
        else:
            if together:
                yield together
            together, around = [line], box
    if together:
        yield together


class _Box(NamedTuple):
    """Where the glyphs of a line stand: edges in x, lowest and highest baseline; in points."""

    left: float
    right: float
    low: float
    high: float

    def is_beside(self, other: "_Box", size: float) -> bool:
        """Whether both belong to one printed line, in a font of this size."""
        is_near = max(self.left, other.left) - min(self.right, other.right) < 2 * size
        return is_near and max(self.low, other.low) - min(self.high, other.high) < 0.6 * size

    def joined(self, other: "_Box") -> "_Box":
        """Around both."""
        return _Box(
            min(self.left, other.left),
            max(self.right, other.right),
            min(self.low, other.low),
            max(self.high, other.high),
        )
