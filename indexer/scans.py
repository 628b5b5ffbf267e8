"""Pages that are pictures: telling them from pages with text, and drawing them for OCR."""

import ctypes
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import cos, radians, sin
from pathlib import Path
from typing import Any

import pypdfium2.raw as pdfium
from pypdfium2 import PdfBitmap

from indexer.lines import Line
from indexer.straighten import find_skew
from stackroom.unlock import open_pdf
from stackroom.word_boxes import UNITS, WordBox

# Not none: a real court scan carries a stamp of 63 characters. Of 8,422 real pages, 45 are scans.
_FEWEST_CHARACTERS = 100
_LEAST_COVERED = 0.5

# Of 8,422 real pages, 8 are garbled by this rule: fonts that do not say which characters they draw.
_MOST_UNKNOWN = 0.1
_LONGEST_MEAN_WORD = 14
_UNKNOWN = re.compile("[\ue000-\uf8ff\ufffd\U000f0000-\U000ffffd\U00100000-\U0010fffd]")
_WORD = re.compile(r"[^\W\d_]+")
# Chinese, Japanese, Thai, Lao, Burmese, Khmer: scripts that write no blanks between words.
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff"
_IN_UNSPACED = re.compile(f"[{UNSPACED}]")

# Objects of a page that are looked at, and forms inside forms: a scan has few, an attack has any number.
_MOST_OBJECTS = 10_000
_DEEPEST = 4

_DPI = 300
# An A3 page at 300 dots an inch has 17 million; one byte each.
_MOST_PIXELS = 20_000_000
_MOST_PIXELS_A_SIDE = 12_000

_Box = tuple[float, float, float, float]  # left, bottom, right, top


@dataclass(frozen=True, slots=True)
class Drawing:
    """A page in shades of grey.

    Attributes:
        pgm: a portable graymap.
        dpi: pixels an inch.
        width, height: in pixels.
        turned: by how many degrees it was turned clockwise round its middle, so that its lines are level.
    """

    pgm: bytes
    dpi: int
    width: int
    height: int
    turned: float = 0.0

    def on_page(self, letters: int, left: int, top: int, right: int, bottom: int) -> WordBox:
        """The box of a word on the page as it was, from the pixels where it is in the drawing."""
        across, down = cos(radians(self.turned)), sin(radians(self.turned))
        middle_x, middle_y = self.width / 2, self.height / 2
        # The middle is turned back; the box stays as large as it is, and level.
        x, y = (left + right) / 2 - middle_x, (top + bottom) / 2 - middle_y
        x, y = middle_x + x * across + y * down, middle_y - x * down + y * across
        half_width, half_height = (right - left) / 2, (bottom - top) / 2
        sides = (
            ((x - half_width) / self.width, (y - half_height) / self.height),
            ((x + half_width) / self.width, (y + half_height) / self.height),
        )
        units = [min(max(round(side * UNITS), 0), UNITS) for corner in sides for side in corner]
        return WordBox(letters, *units)


def needs_ocr(page: Any, lines: Sequence[Line]) -> bool:
    """Whether what is printed on a page can only be had by OCR.

    Text that nobody sees is that of somebody else's OCR, and kept.

    Args:
        page: PDFium's.
        lines: what PDFium found on it.
    """
    text = "\n".join(line.text for line in lines)
    characters = len("".join(text.split()))
    if characters >= _FEWEST_CHARACTERS:
        return is_garbled(text)
    width, height = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
    if not (width > 0 and height > 0):
        return False
    left, bottom, right, top = _page_box(page, width, height)
    covered = 0.0
    for kind, box, is_invisible in _objects(page):
        if kind == pdfium.FPDF_PAGEOBJ_TEXT and is_invisible and characters:
            return False
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE and box:
            across = min(box[2], right) - max(box[0], left)
            along = min(box[3], top) - max(box[1], bottom)
            covered += max(across, 0.0) * max(along, 0.0)
    return bool(covered > _LEAST_COVERED * width * height)


def is_garbled(text: str) -> bool:
    """Whether a page's text is not what is printed: characters without a meaning, or words without end."""
    words = text.split()
    characters = "".join(words)
    if not characters:
        return False
    if not text.isascii() and len(_UNKNOWN.findall(characters)) > _MOST_UNKNOWN * len(characters):
        return True
    if len(characters) <= _LONGEST_MEAN_WORD * len(words) or _IN_UNSPACED.search(text):
        return False
    # Addresses and lines of dots are long as well, and made of short words.
    words = _WORD.findall(text)
    return sum(map(len, words)) > _LONGEST_MEAN_WORD * len(words)


def draw_page(
    path: Path, number: int, passwords: tuple[str, ...], is_scan: Callable[[Any], bool]
) -> Drawing | None:
    """The page with this 1-based number at 300 dots an inch, or less if it is large; its lines level.

    Args:
        path: of the PDF.
        number: of the page.
        passwords: see `open_pdf`, which raises the same.
        is_scan: asked about PDFium's page first; None is returned if it says no.

    Raises:
        IndexError: there is no such page.
    """
    with closing(open_pdf(path, passwords)) as pdf:
        pdf.init_forms()  # what is filled in
        page = pdf[number - 1]
        if not is_scan(page):
            return None
        width, height = (max(1.0, side) for side in page.get_size())
        scale = min(
            _DPI / 72, (_MOST_PIXELS / (width * height)) ** 0.5, _MOST_PIXELS_A_SIDE / max(width, height)
        )
        bitmap = page.render(scale=scale, grayscale=True)
        pixels = _pixels(bitmap)
        skew = find_skew(pixels, bitmap.width, bitmap.height)
        if skew:
            pixels = _pixels(_draw_turned(page, scale, skew, bitmap.width, bitmap.height))
        head = b"P5\n%d %d\n255\n" % (bitmap.width, bitmap.height)
        dpi = max(70, round(72 * scale))  # tesseract takes less for a mistake
        return Drawing(head + pixels, dpi, bitmap.width, bitmap.height, skew)


def _draw_turned(page: Any, scale: float, degrees: float, width: int, height: int) -> Any:
    """A bitmap of so many pixels, turned clockwise round its middle."""
    bitmap = PdfBitmap.new_native(width, height, pdfium.FPDFBitmap_Gray)
    bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, height)
    across, down = scale * cos(radians(degrees)), scale * sin(radians(degrees))
    x, y = width / scale / 2, height / scale / 2
    matrix = pdfium.FS_MATRIX(
        across, down, -down, across, width / 2 - x * across + y * down, height / 2 - x * down - y * across
    )
    flags = pdfium.FPDF_ANNOT | pdfium.FPDF_GRAYSCALE
    pdfium.FPDF_RenderPageBitmapWithMatrix(bitmap, page, matrix, pdfium.FS_RECTF(0, 0, width, height), flags)
    return bitmap


def _pixels(bitmap: Any) -> bytes:
    pixels = bytes(bitmap.buffer)
    if bitmap.stride == bitmap.width:
        return pixels
    return b"".join(pixels[at : at + bitmap.width] for at in range(0, len(pixels), bitmap.stride))


def _page_box(page: Any, width: float, height: float) -> _Box:
    sides = [ctypes.c_float() for _ in range(4)]
    for find in (pdfium.FPDFPage_GetCropBox, pdfium.FPDFPage_GetMediaBox):
        if find(page, *map(ctypes.byref, sides)):
            left, bottom, right, top = (side.value for side in sides)
            return left, bottom, right, top
    return 0.0, 0.0, width, height


def _objects(page: Any) -> Iterator[tuple[int, _Box | None, bool]]:
    """The kind of each object, its box in points of the page, and whether it is invisible text."""
    left_to_see = _MOST_OBJECTS
    identity = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    waiting = [(page, pdfium.FPDFPage_CountObjects, pdfium.FPDFPage_GetObject, identity, 0)]
    while waiting:
        holder, count, get, matrix, depth = waiting.pop()
        for at in range(max(count(holder), 0)):
            if not left_to_see:
                return
            left_to_see -= 1
            found = get(holder, at)
            if not found:
                continue
            kind = pdfium.FPDFPageObj_GetType(found)
            if kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _DEEPEST:
                inner = (pdfium.FPDFFormObj_CountObjects, pdfium.FPDFFormObj_GetObject)
                waiting.append((found, *inner, _multiply(_matrix(found), matrix), depth + 1))
            is_text = kind == pdfium.FPDF_PAGEOBJ_TEXT
            mode = pdfium.FPDFTextObj_GetTextRenderMode(found) if is_text else None
            yield kind, _box(found, matrix), mode == pdfium.FPDF_TEXTRENDERMODE_INVISIBLE


_Matrix = tuple[float, float, float, float, float, float]


def _matrix(found: Any) -> _Matrix:
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFPageObj_GetMatrix(found, ctypes.byref(matrix))
    return matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f


def _multiply(inner: _Matrix, outer: _Matrix) -> _Matrix:
    a, b, c, d, e, f = inner
    p, q, r, s, t, u = outer
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u


def _box(found: Any, matrix: _Matrix) -> _Box | None:
    sides = [ctypes.c_float() for _ in range(4)]
    if not pdfium.FPDFPageObj_GetBounds(found, *map(ctypes.byref, sides)):
        return None
    left, bottom, right, top = (side.value for side in sides)
    a, b, c, d, e, f = matrix
    corners = [(a * x + c * y + e, b * x + d * y + f) for x in (left, right) for y in (bottom, top)]
    xs, ys = zip(*corners, strict=True)
    return min(xs), min(ys), max(xs), max(ys)
