"""Reads the straight lines that are drawn on a page: the rules of tables."""

import ctypes
from collections.abc import Iterator
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

# What is thinner is a line, whether it was drawn as one or as a filled box. Borders of 3 pt are the thickest
# that browsers and office programs draw unless they are told to.
_THICKEST = 3.0
_SHORTEST = 4.0

# A page of drawings or a map has any number of paths. The tables of 52 real documents have up to 300.
_MOST_OBJECTS = 10_000
_MOST_RULES = 2_000
_SAMPLE = 40
_MOST_SEGMENTS = 400  # of a path; ReportLab draws all rules of one weight as one path


class Rule(NamedTuple):
    """A straight line, horizontal or vertical.

    Attributes:
        at: its y if it is horizontal, its x if it is vertical, in points.
        start, stop: where it begins and ends on the other axis, in points.
    """

    at: float
    start: float
    stop: float


class Rules(NamedTuple):
    """The horizontal and the vertical lines of a page."""

    across: list[Rule]
    down: list[Rule]


def count_paths(page: Any) -> float:
    """The share of a page's objects that are paths, judged by some of them: quickly."""
    count = pdfium.FPDFPage_CountObjects(page)
    looked_at = range(0, max(count, 0), max(1, count // _SAMPLE))
    paths = sum(
        pdfium.FPDFPageObj_GetType(pdfium.FPDFPage_GetObject(page, at)) == pdfium.FPDF_PAGEOBJ_PATH
        for at in looked_at
    )
    return paths / len(looked_at) if paths else 0.0


def read_rules(page: Any) -> Rules:
    """The lines of an open page of PDFium; none of a page that has more than tables have."""
    rules = Rules([], [])
    count = pdfium.FPDFPage_CountObjects(page)
    if not 0 < count <= _MOST_OBJECTS:
        return rules
    sides = [ctypes.c_float() for _ in range(4)]
    into = [ctypes.byref(side) for side in sides]
    for at in range(count):
        found = pdfium.FPDFPage_GetObject(page, at)
        if pdfium.FPDFPageObj_GetType(found) != pdfium.FPDF_PAGEOBJ_PATH:
            continue
        if not pdfium.FPDFPageObj_GetBounds(found, *into):
            continue
        left, bottom, right, top = (side.value for side in sides)
        width, height = right - left, top - bottom
        if not (0 <= width < 1e5 and 0 <= height < 1e5):
            continue
        if height <= _THICKEST < width:
            rules.across.append(Rule((bottom + top) / 2, left, right))
        elif width <= _THICKEST < height:
            rules.down.append(Rule((left + right) / 2, bottom, top))
        elif width > _THICKEST:
            _read_path(found, rules)
        if len(rules.across) + len(rules.down) > _MOST_RULES:
            return Rules([], [])
    return rules


def _read_path(found: Any, rules: Rules) -> None:
    """Adds the lines of a stroked path with several: a box, or all rules of a table at once."""
    mode, is_stroked = ctypes.c_int(), ctypes.c_int()
    if not pdfium.FPDFPath_GetDrawMode(found, ctypes.byref(mode), ctypes.byref(is_stroked)):
        return
    if not is_stroked.value or pdfium.FPDFPath_CountSegments(found) > _MOST_SEGMENTS:
        return
    before: tuple[float, float] | None = None
    start: tuple[float, float] | None = None
    for kind, point, closes in _segments(found):
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            start = point
        elif kind == pdfium.FPDF_SEGMENT_LINETO and before:
            _add(rules, before, point)
        if closes and start:
            _add(rules, point, start)
        before = point


def _segments(found: Any) -> Iterator[tuple[int, tuple[float, float], bool]]:
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFPageObj_GetMatrix(found, ctypes.byref(matrix))
    x, y = ctypes.c_float(), ctypes.c_float()
    for at in range(pdfium.FPDFPath_CountSegments(found)):
        segment = pdfium.FPDFPath_GetPathSegment(found, at)
        pdfium.FPDFPathSegment_GetPoint(segment, ctypes.byref(x), ctypes.byref(y))
        point = (
            matrix.a * x.value + matrix.c * y.value + matrix.e,
            matrix.b * x.value + matrix.d * y.value + matrix.f,
        )
        closes = bool(pdfium.FPDFPathSegment_GetClose(segment))
        yield pdfium.FPDFPathSegment_GetType(segment), point, closes


def _add(rules: Rules, one: tuple[float, float], other: tuple[float, float]) -> None:
    (x, y), (to_x, to_y) = one, other
    width, height = abs(to_x - x), abs(to_y - y)
    if height <= 1 and _SHORTEST <= width < 1e5:
        rules.across.append(Rule(y, min(x, to_x), max(x, to_x)))
    elif width <= 1 and _SHORTEST <= height < 1e5:
        rules.down.append(Rule(x, min(y, to_y), max(y, to_y)))
