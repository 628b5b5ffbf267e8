"""Draws scanned pages for OCR, turned so that their lines are level."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from math import cos, radians, sin
from pathlib import Path
from typing import Any

import pypdfium2.raw as pdfium
from pypdfium2 import PdfBitmap

from indexer.ocr.skew import find_skew
from stackroom.common.documents import AttachmentPlace
from stackroom.page.open_pdf import open_pdf
from stackroom.page.word_boxes import UNITS, WordBox

_DPI = 300
# An A3 page at 300 dots an inch has 17 million pixels, of one byte each.
_MOST_PIXELS = 20_000_000
_MOST_PIXELS_A_SIDE = 12_000


@dataclass(frozen=True, slots=True)
class Drawing:
    """A page in shades of grey.

    Attributes:
        pgm: a portable graymap.
        dpi: pixels an inch.
        width, height: in pixels.
        turned: degrees by which the page was turned clockwise about its middle, so that its lines are level.
    """

    pgm: bytes
    dpi: int
    width: int
    height: int
    turned: float = 0.0

    def on_page(self, letters: int, left: int, top: int, right: int, bottom: int) -> WordBox:
        """The box of a word on the page as it was before it was turned.

        Args:
            letters: how many the word has.
            left: of the word in the drawing, in pixels.
            top: likewise.
            right: likewise.
            bottom: likewise.
        """
        across, down = cos(radians(self.turned)), sin(radians(self.turned))
        middle_x, middle_y = self.width / 2, self.height / 2
        # Only the middle of the box is turned back; the box keeps its size and stays level.
        x, y = (left + right) / 2 - middle_x, (top + bottom) / 2 - middle_y
        x, y = middle_x + x * across + y * down, middle_y - x * down + y * across
        half_width, half_height = (right - left) / 2, (bottom - top) / 2
        sides = (
            ((x - half_width) / self.width, (y - half_height) / self.height),
            ((x + half_width) / self.width, (y + half_height) / self.height),
        )
        units = [min(max(round(side * UNITS), 0), UNITS) for corner in sides for side in corner]
        return WordBox(letters, *units)


def draw_page(
    path: Path,
    number: int,
    passwords: tuple[str, ...],
    is_scan: Callable[[Any], bool],
    inside: AttachmentPlace | None = None,
) -> Drawing | None:
    """The page with this 1-based number at 300 dots an inch, or less if it is large; its lines level.

    Args:
        path: of the PDF.
        number: of the page.
        passwords: see `open_pdf`, which raises the same.
        is_scan: gets PDFium's page; if it says no, nothing is drawn and None is returned.
        inside: see `open_pdf`.

    Raises:
        IndexError: there is no such page.
    """
    with closing(open_pdf(path, passwords, inside)) as pdf:
        pdf.init_forms()  # so that filled-in forms are drawn
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
        dpi = max(70, round(72 * scale))  # tesseract takes a lower number for a mistake
        return Drawing(head + pixels, dpi, bitmap.width, bitmap.height, skew)


def _draw_turned(page: Any, scale: float, degrees: float, width: int, height: int) -> Any:
    """The page as a bitmap of this size in pixels, turned clockwise about its middle."""
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
