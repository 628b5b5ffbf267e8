"""A small drawing of a page, and how much of its ink looks like writing."""

import ctypes
from functools import cached_property
from typing import Any

import pypdfium2.raw as pdfium

from indexer.pdf.ink.page_objects import Box

# At 72 dots an inch a letter of 10 points is five dots high and its strokes are one or two wide. A larger
# page is drawn at fewer dots, to have no more than an A3 page.
_MOST_PIXELS = 1_000_000
_MOST_A_SIDE = 4000

# Of the columns, every fourth is enough to count strokes down the page.
_STEP = 4

# The longest run of ink that is a stroke, in dots: of letters that are not huge.
_LONGEST = 16
_LONG_RUN, _NO_INK = b"\1" * _LONGEST, b"\2" * _LONGEST

# Shades by which ink differs from the paper around it. Faint pencil and grey print differ by 80 or so.
_CONTRAST = 48


class PageDrawing:
    """A page in shades of grey, at 72 dots an inch or less."""

    def __init__(self, page: Any) -> None:
        """Draws an open page of PDFium."""
        self._page = page
        width, height = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
        width, height = min(max(width, 1.0), 1e6), min(max(height, 1.0), 1e6)
        scale = min(1.0, (_MOST_PIXELS / (width * height)) ** 0.5, _MOST_A_SIDE / max(width, height))
        self.width, self.height = max(1, round(width * scale)), max(1, round(height * scale))
        self.pixels = self.draw()

    def draw(self) -> bytes:
        """The page as it is now: objects may have been turned off since it was drawn first."""
        pixels = bytearray(self.width * self.height)
        buffer = (ctypes.c_char * len(pixels)).from_buffer(pixels)
        bitmap = pdfium.FPDFBitmap_CreateEx(
            self.width, self.height, pdfium.FPDFBitmap_Gray, ctypes.addressof(buffer), self.width
        )
        if not bitmap:
            return bytes(pixels)
        try:
            pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, self.width, self.height, 0xFFFFFFFF)
            flags = pdfium.FPDF_GRAYSCALE
            pdfium.FPDF_RenderPageBitmap(bitmap, self._page, 0, 0, self.width, self.height, 0, flags)
        finally:
            pdfium.FPDFBitmap_Destroy(bitmap)
        return bytes(pixels)

    def in_dots(self, box: Box) -> tuple[int, int, int, int]:
        """The columns and rows of a box: the first, and the one after the last, of each."""
        x, y = ctypes.c_int(), ctypes.c_int()
        xs, ys = [], []
        for corner in (box[:2], box[2:]):
            pdfium.FPDF_PageToDevice(
                self._page, 0, 0, self.width, self.height, 0, *corner, ctypes.byref(x), ctypes.byref(y)
            )
            xs.append(x.value)
            ys.append(y.value)
        left, right = max(min(xs), 0), min(max(xs) + 1, self.width)
        top, bottom = max(min(ys), 0), min(max(ys) + 1, self.height)
        return left, top, right, bottom

    def strokes(self, hidden: list[Box]) -> int:
        """How many pieces of strokes there are outside these boxes: a letter of 10 points has about eight.

        A piece is a short run of dots of ink, along a row or down a column, whichever are fewer: a ruled line
        has short runs one way only, and a filled box none.
        """
        marks = bytearray(self._ink)
        for box in hidden:
            left, top, right, bottom = self.in_dots(box)
            blank = bytes(max(right - left, 0))
            for row in range(top, bottom):
                marks[row * self.width + left : row * self.width + left + len(blank)] = blank
        columns = (marks[column :: self.width] for column in range(0, self.width, _STEP))
        return min(_count_short_runs(marks), _STEP * sum(map(_count_short_runs, columns)))

    def differs(self, other: bytes, box: Box, shades: int, share: float) -> bool:
        """Whether another drawing differs in a box.

        Args:
            other: the drawing.
            box: on the page.
            shades: by which a dot must differ more.
            share: of the dots of the box, of which more must differ.
        """
        left, top, right, bottom = self.in_dots(box)
        enough = share * max(right - left, 0) * max(bottom - top, 0)
        found = 0
        for row in range(top, bottom):
            places = slice(row * self.width + left, row * self.width + right)
            ours, theirs = self.pixels[places], other[places]
            if ours != theirs:
                found += sum(abs(one - two) > shades for one, two in zip(ours, theirs, strict=True))
                if found > enough:
                    return True
        return False

    def ink_share(self, box: Box) -> float:
        """Which share of the dots of a box are ink."""
        left, top, right, bottom = self.in_dots(box)
        marks = self._ink
        rows = [marks[row * self.width + left : row * self.width + right] for row in range(top, bottom)]
        dots = sum(map(len, rows))
        return sum(row.count(1) for row in rows) / dots if dots else 0.0

    @cached_property
    def _ink(self) -> bytes:
        """1 for each dot that is much darker than the paper, 0 for others; or lighter, on a dark page."""
        sample = self.pixels[::29]
        counts = [sample.count(shade) for shade in range(256)]
        paper = max(range(256), key=lambda shade: sum(counts[max(shade - 6, 0) : shade + 7]))
        is_ink = bytes(abs(shade - paper) > _CONTRAST for shade in range(256))
        return self.pixels.translate(is_ink)


def _count_short_runs(marks: bytes | bytearray) -> int:
    """How many runs of 1 that follow a 0 are short."""
    return marks.replace(_LONG_RUN, _NO_INK).count(b"\0\1")
