"""Turns pages whose text lies on its side or upside down, so that it is read as any other.

How the letters stand is what counts, not how the page is shown (`/Rotate`): a landscape table in a portrait
document, a sheet that was scanned the wrong way round. PDFium's text, and all that repairs it, is made for
lines from left to right, one below the other.
"""

import ctypes
import math
from collections import Counter
from itertools import repeat
from typing import Any

import pypdfium2.raw as pdfium

from indexer.pdf.ink.page_objects import address, quick

_get_angle = quick(pdfium.FPDFText_GetCharAngle, ctypes.c_float, ctypes.c_void_p, ctypes.c_int)

_FEW, _MANY = 8, 64  # characters of a page that are asked how they stand: of each, and if one is turned
_MOST_OF_THEM = 0.75
_SLANT = 5.0  # degrees that a scan's letters may slant

_Box = tuple[float, float, float, float]  # left, bottom, right, top


def find_turn(page: Any, text_page: Any) -> int | None:
    """How often the page has to be turned to the left, by 90 degrees, for its text to stand upright.

    None if it is to be read as it is: most pages, and those with text in several directions.

    Args:
        page: of PDFium, open.
        text_page: its text.
    """
    count = pdfium.FPDFText_CountChars(text_page)
    is_shown_turned = pdfium.FPDFPage_GetRotation(page) != 0
    places = range(0, count, max(1, count // _FEW))
    if not is_shown_turned and not any(map(_get_angle, repeat(address(text_page)), places)):
        return None
    turns = Counter(map(_turns, _angles(text_page, count)))
    if not turns:
        return None
    turn, votes = turns.most_common(1)[0]
    if turn is None or votes < _MOST_OF_THEM * turns.total() or (turn == 0 and not is_shown_turned):
        return None
    return turn


def turn_page(page: Any, turn: int) -> None:
    """Turns the content of an open page of PDFium to the left by so often 90 degrees, and has it shown so.

    If `turn` is not 0, the page has to be loaded again.
    """
    pdfium.FPDFPage_SetRotation(page, 0)
    if turn == 0:
        return
    shown = pdfium.FS_RECTF()
    pdfium.FPDF_GetPageBoundingBox(page, ctypes.byref(shown))
    crop = (shown.left, shown.bottom, shown.right, shown.top)
    media = _media_box(page) or crop
    cosine, sine = (1, 0, -1, 0)[turn], (0, 1, 0, -1)[turn]
    left, bottom, _, _ = _turned(crop, cosine, sine)
    matrix = (cosine, sine, -sine, cosine, -left, -bottom)
    pdfium.FPDFPage_TransFormWithClip(page, pdfium.FS_MATRIX(*matrix), None)
    pdfium.FPDFPage_TransformAnnots(page, *matrix)
    for set_box, box in ((pdfium.FPDFPage_SetMediaBox, media), (pdfium.FPDFPage_SetCropBox, crop)):
        sides = _turned(box, cosine, sine)
        set_box(page, sides[0] - left, sides[1] - bottom, sides[2] - left, sides[3] - bottom)


def _angles(text_page: Any, count: int) -> list[float]:
    """How far some printed characters are turned to the right, in radians."""
    at = address(text_page)
    places = range(0, count, max(1, count // _MANY))
    return [_get_angle(at, place) for place in places if pdfium.FPDFText_GetUnicode(text_page, place) > 0x20]


def _turns(angle: float) -> int | None:
    """How often 90 degrees an angle is; None if it is slanted."""
    if not math.isfinite(angle):
        return None
    degrees = math.degrees(angle)
    turns = round(degrees / 90)
    return turns % 4 if abs(degrees - 90 * turns) <= _SLANT else None


def _media_box(page: Any) -> _Box | None:
    sides = [ctypes.c_float() for _ in range(4)]
    if not pdfium.FPDFPage_GetMediaBox(page, *map(ctypes.byref, sides)):
        return None
    left, bottom, right, top = (side.value for side in sides)
    return left, bottom, right, top


def _turned(box: _Box, cosine: int, sine: int) -> _Box:
    corners = [(cosine * x - sine * y, sine * x + cosine * y) for x in box[::2] for y in box[1::2]]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return min(xs), min(ys), max(xs), max(ys)
