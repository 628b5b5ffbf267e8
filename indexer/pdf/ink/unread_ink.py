"""Tells whether a page shows writing that its text does not cover: pictures of it, or letters drawn as
shapes.

Counts and areas of objects come first; only a page on which these leave the question open is drawn.
"""

import ctypes
from collections.abc import Sequence
from typing import Any

import pypdfium2.raw as pdfium

from indexer.pdf.ink.page_drawing import PageDrawing
from indexer.pdf.ink.page_objects import (
    FORM,
    IMAGE,
    PATH,
    TEXT,
    Box,
    Glance,
    Seen,
    area,
    overlap,
    quick,
    walk,
)
from indexer.pdf.ink.visible_box import find_visible_box
from indexer.pdf.text.page_lines import Line

# A page with fewer characters has hardly any text: all of its ink is in question. The limit is not 0, because
# a real court scan has a stamp of 63 characters. Of 8,422 real pages, 45 are scans.
_FEW_CHARACTERS = 100
# A page of prose has 1,500 characters and more: with more than these, shapes are drawings, and pictures that
# do not cover half of the page are figures.
_SOME_CHARACTERS = 1000

# Pictures over more than this share of a page without text are a scan. A receipt on A4 covers a fifth, a
# label a twentieth; a logo less.
_WHOLE_PAGE = 0.5
_LEAST_PICTURE = 0.03
# Beside a page's own text, only pictures of this share of the page are looked at: a scan under a stamp.
_LARGE_PICTURE = 0.25
# Of the squares of a large picture, text covers so many at least if it is the picture's own: a page from
# somebody's OCR covers six tenths of them, a stamp one twentieth.
_COVERED = 0.25

# Segments of shapes: a letter has 10 to 40. Fewer are a logo; beside text a frame has 2,500.
_FEWEST_SEGMENTS = 200
_MANY_SEGMENTS = 3000
_LETTER_SEGMENTS = 8
# Letters as bitmaps, each a picture of its own.
_MANY_PICTURES = 30

# Pieces of strokes (see PageDrawing) that text does not cover, for the page to be worth reading: those of a
# few words on a page without text, more than a logo has (500) on a title page, and of some lines, and more
# than half of all, on a page with text.
_FEWEST_STROKES = 100
_MANY_STROKES = 600
_LEAST_UNREAD = 0.5

_MOST_RECTANGLES = 5000
_GRID = 20

_count_segments = quick(pdfium.FPDFPath_CountSegments, ctypes.c_int, ctypes.c_void_p)
_render_mode = quick(pdfium.FPDFTextObj_GetTextRenderMode, ctypes.c_int, ctypes.c_void_p)


def has_unread_ink(page: Any, text_page: Any, lines: Sequence[Line], characters: int, look: Glance) -> bool:
    """Whether there is writing on a page that its text does not have.

    Args:
        page: an open page of PDFium.
        text_page: its text.
        lines: what was read of that.
        characters: how many these have, without blanks.
        look: at the page's objects.
    """
    if characters >= _FEW_CHARACTERS:
        return _may_be_read_in_part(look, characters) and _is_read_in_part(page, text_page, lines, characters)
    sheet = find_visible_box(page).sides
    space = area(sheet)
    if not 0 < space < 1e12:
        return False
    objects = walk(page)
    is_layered = characters > 0 and any(is_invisible(seen) for seen in objects if seen.kind == TEXT)
    pictures = [seen.box for seen in objects if seen.kind == IMAGE]
    covered = sum(overlap(box, sheet) for box in pictures) / space
    if covered > _WHOLE_PAGE and not is_layered:
        return True
    is_suspect = (
        covered >= _LEAST_PICTURE
        or len(pictures) >= _MANY_PICTURES
        or _segments(objects) >= _FEWEST_SEGMENTS
        or (not characters and any(seen.kind == TEXT and not is_invisible(seen) for seen in objects))
    )
    if not is_suspect:
        return False
    strokes = PageDrawing(page).strokes(own_text_boxes(text_page))
    return strokes >= (_MANY_STROKES if characters and not is_layered else _FEWEST_STROKES)


def _may_be_read_in_part(seen: Glance, characters: int) -> bool:
    """Whether a page with text may have pictures or shapes that are more than ornament."""
    if IMAGE in seen.kinds:
        return True
    if characters >= _SOME_CHARACTERS:
        return False
    shapes = (at for at, kind in zip(seen.objects, seen.kinds, strict=True) if kind == PATH)
    return FORM in seen.kinds or sum(map(_count_segments, shapes)) >= _FEWEST_SEGMENTS


def _is_read_in_part(page: Any, text_page: Any, lines: Sequence[Line], characters: int) -> bool:
    sheet = find_visible_box(page).sides
    pictures = [seen.box for seen in walk(page, (IMAGE,))]
    covered = sum(overlap(box, sheet) for box in pictures)
    least = _LARGE_PICTURE if characters < _SOME_CHARACTERS else _WHOLE_PAGE
    is_suspect = covered >= least * area(sheet) and not _is_written_over(pictures, lines)
    if not is_suspect and characters < _SOME_CHARACTERS:
        is_suspect = _segments(walk(page, (PATH,))) >= _MANY_SEGMENTS
    if not is_suspect:
        return False
    drawing = PageDrawing(page)
    unread = drawing.strokes(own_text_boxes(text_page))
    return unread >= _MANY_STROKES and unread > _LEAST_UNREAD * drawing.strokes([])


def _segments(objects: Sequence[Seen]) -> int:
    """How many segments the shapes have that may be letters, which have more than boxes and lines."""
    counts = (_count_segments(seen.at) for seen in objects if seen.kind == PATH)
    return sum(count for count in counts if count >= _LETTER_SEGMENTS)


def is_invisible(text: Seen) -> bool:
    """Whether a text is not drawn: somebody's OCR has put it behind a scan."""
    return bool(_render_mode(text.at) == pdfium.FPDF_TEXTRENDERMODE_INVISIBLE)


def _is_written_over(pictures: Sequence[Box], lines: Sequence[Line]) -> bool:
    """Whether lines of text are spread over the pictures, as over a scan that somebody's OCR has read."""
    left, bottom = min(box[0] for box in pictures), min(box[1] for box in pictures)
    right, top = max(box[2] for box in pictures), max(box[3] for box in pictures)
    across, along = (right - left) / _GRID, (top - bottom) / _GRID
    if not (across > 0 and along > 0):
        return False
    squares: set[tuple[int, int]] = set()
    for line in lines:
        x = [int(min(max((side - left) / across, -1), _GRID)) for side in (line.start_x, line.end_x)]
        y = [int(min(max((side - bottom) / along, -1), _GRID)) for side in (line.start_y, line.end_y)]
        squares.update(
            (column, row) for column in range(min(x), max(x) + 1) for row in range(min(y), max(y) + 1)
        )
    inside = sum(0 <= column < _GRID and 0 <= row < _GRID for column, row in squares)
    return inside >= _COVERED * _GRID**2


def own_text_boxes(text_page: Any) -> list[Box]:
    """Where a page's own text stands: the boxes of its lines, or of parts of them, a little larger."""
    count = min(max(pdfium.FPDFText_CountRects(text_page, 0, -1), 0), _MOST_RECTANGLES)
    sides = [ctypes.c_double() for _ in range(4)]
    boxes = []
    for at in range(count):
        if not pdfium.FPDFText_GetRect(text_page, at, *map(ctypes.byref, sides)):
            continue
        left, top, right, bottom = (side.value for side in sides)
        if -1e6 < left <= right < 1e6 and -1e6 < bottom <= top < 1e6:
            more = 0.2 * min(top - bottom, right - left)
            boxes.append((left - more, bottom - more, right + more, top + more))
    return boxes
