"""Tells which pages are pictures of text, which only OCR can read."""

import ctypes
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pypdfium2.raw as pdfium

from indexer.pdf.page_lines import Line
from stackroom.common.characters.scripts import UNSPACED

# A page with fewer characters may be a scan. The limit is not 0, because a real court scan has a stamp of 63
# characters. Of 8,422 real pages, 45 are scans.
_FEWEST_CHARACTERS = 100
_LEAST_COVERED = 0.5

# Of 8,422 real pages, this rule finds 8 garbled ones: their fonts do not say which characters they draw.
_MOST_UNKNOWN = 0.1
_LONGEST_MEAN_WORD = 14
_UNKNOWN = re.compile("[\ue000-\uf8ff\ufffd\U000f0000-\U000ffffd\U00100000-\U0010fffd]")
_WORD = re.compile(r"[^\W\d_]+")
_IN_UNSPACED = re.compile(f"[{UNSPACED}]")

# How many objects of a page are looked at, and how deep in forms: a scan has few, an attack has any number.
_MOST_OBJECTS = 10_000
_DEEPEST = 4

_Box = tuple[float, float, float, float]  # left, bottom, right, top


def needs_ocr(page: Any, lines: Sequence[Line]) -> bool:
    """Whether only OCR can read what is printed on a page.

    Invisible text was written by somebody else's OCR: a page with such text does not need ours.

    Args:
        page: an open page of PDFium.
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
    """Whether a page's text is not what is printed: characters without a meaning, or words that
    are too long.
    """
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
