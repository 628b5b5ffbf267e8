"""Reads the straight lines that are drawn on a page: the rules of tables."""

import ctypes
from array import array
from collections import deque
from collections.abc import Sequence
from itertools import compress, repeat
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

from indexer.pdf.ink.page_objects import (
    FORM,
    IDENTITY,
    PATH,
    Glance,
    Matrix,
    address,
    matrix_of,
    multiply,
    quick,
    walk,
)

# What is thinner is a line, whether it was drawn as one or as a filled box. Borders of 3 pt are the thickest
# that browsers and office programs draw unless they are told to.
_THICKEST = 3.0
_SHORTEST = 4.0

# A page of drawings or a map has any number of paths. The tables of 52 real documents have up to 300.
_MOST_OBJECTS = 10_000
_MOST_RULES = 2_000
_SAMPLE = 40
_MOST_SEGMENTS = 400  # of a path; ReportLab draws all rules of one weight as one path

_Pointer, _Int = ctypes.c_void_p, ctypes.c_int
_count_objects = quick(pdfium.FPDFPage_CountObjects, _Int, _Pointer)
_get = quick(pdfium.FPDFPage_GetObject, _Pointer, _Pointer, _Int)
_type = quick(pdfium.FPDFPageObj_GetType, _Int, _Pointer)
_bounds = quick(pdfium.FPDFPageObj_GetBounds, _Int, *[_Pointer] * 5)
_draw_mode = quick(pdfium.FPDFPath_GetDrawMode, _Int, *[_Pointer] * 3)
_count_segments = quick(pdfium.FPDFPath_CountSegments, _Int, _Pointer)
_segment = quick(pdfium.FPDFPath_GetPathSegment, _Pointer, _Pointer, _Int)
_point = quick(pdfium.FPDFPathSegment_GetPoint, _Int, *[_Pointer] * 3)
_closes = quick(pdfium.FPDFPathSegment_GetClose, _Int, _Pointer)
_kind = quick(pdfium.FPDFPathSegment_GetType, _Int, _Pointer)

# What PDFium writes into how a path is filled, and whether it is stroked.
_modes = (ctypes.c_int * 2)()
_MODES_AT = (ctypes.addressof(_modes), ctypes.addressof(_modes) + 4)


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


def count_paths(page: Any, look: Glance) -> float:
    """The share of a page's objects that are paths, judged by some of them: quickly."""
    kinds = look.kinds
    if not look.is_whole:
        count = _count_objects(address(page))
        looked_at = range(0, max(count, 0), max(1, count // _SAMPLE))
        kinds = list(map(_type, map(_get, repeat(address(page)), looked_at)))
    if FORM in kinds:  # what is in it may be anything
        return 1.0
    return kinds.count(PATH) / len(kinds) if kinds else 0.0


def read_rules(page: Any, look: Glance) -> Rules:
    """The lines of an open page of PDFium; none of a page that has more than tables have."""
    rules = Rules([], [])
    found, kinds = look.objects, look.kinds
    if not look.is_whole:
        count = _count_objects(address(page))
        if not 0 < count <= _MOST_OBJECTS:
            return rules
        found = list(map(_get, repeat(address(page)), range(count)))
        kinds = list(map(_type, found))
    paths = list(compress(found, map(PATH.__eq__, kinds)))
    places = array("f", bytes(16 * len(paths)))
    start, _ = places.buffer_info()
    stop = start + 16 * len(paths)
    are_known = map(_bounds, paths, *(range(start + 4 * side, stop, 16) for side in range(4)))
    known = list(compress(range(len(paths)), are_known))
    lefts, bottoms, rights, tops = (places[side::4] for side in range(4))
    drawn = [(paths[at], IDENTITY, (lefts[at], bottoms[at], rights[at], tops[at])) for at in known]
    if FORM in kinds:
        forms = list(compress(found, map(FORM.__eq__, kinds)))
        drawn += [(seen.at, seen.matrix, seen.box) for seen in walk(page, (PATH,), forms)]
    for path, matrix, (left, bottom, right, top) in drawn:
        width, height = right - left, top - bottom
        if not (0 <= width < 1e5 and 0 <= height < 1e5):
            continue
        if height <= _THICKEST < width:
            rules.across.append(Rule((bottom + top) / 2, left, right))
        elif width <= _THICKEST < height:
            rules.down.append(Rule((left + right) / 2, bottom, top))
        elif width > _THICKEST:
            _read_path(path, matrix, rules)
        if len(rules.across) + len(rules.down) > _MOST_RULES:
            return Rules([], [])
    return rules


def _read_path(path: int, around: Matrix, rules: Rules) -> None:
    """Adds the lines of a stroked path with several: a box, or all rules of a table at once.

    `around` is the matrix of the forms that it is in.
    """
    if not _draw_mode(path, *_MODES_AT) or not _modes[1]:
        return
    count = _count_segments(path)
    if not 0 < count <= _MOST_SEGMENTS:
        return
    segments = list(map(_segment, repeat(path), range(count)))
    kinds, closed = list(map(_kind, segments)), list(map(_closes, segments))
    if pdfium.FPDF_SEGMENT_LINETO not in kinds and not any(closed):
        return
    before: tuple[float, float] | None = None
    start: tuple[float, float] | None = None
    for kind, point, closes in zip(kinds, _points(path, segments, around), closed, strict=True):
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            start = point
        elif kind == pdfium.FPDF_SEGMENT_LINETO and before:
            _add(rules, before, point)
        if closes and start:
            _add(rules, point, start)
        before = point


def _points(path: int, segments: Sequence[int], around: Matrix) -> list[tuple[float, float]]:
    """Where the segments of a path end."""
    own = matrix_of(path)
    a, b, c, d, e, f = own if around is IDENTITY else multiply(own, around)
    places = array("f", bytes(8 * len(segments)))
    start, _ = places.buffer_info()
    stop = start + 8 * len(segments)
    deque(map(_point, segments, range(start, stop, 8), range(start + 4, stop, 8)), maxlen=0)
    xs, ys = places[::2], places[1::2]
    return [(a * x + c * y + e, b * x + d * y + f) for x, y in zip(xs, ys, strict=True)]


def _add(rules: Rules, one: tuple[float, float], other: tuple[float, float]) -> None:
    (x, y), (to_x, to_y) = one, other
    width, height = abs(to_x - x), abs(to_y - y)
    if height <= 1 and _SHORTEST <= width < 1e5:
        rules.across.append(Rule(y, min(x, to_x), max(x, to_x)))
    elif width <= 1 and _SHORTEST <= height < 1e5:
        rules.down.append(Rule(x, min(y, to_y), max(y, to_y)))
