"""What PDFium tells of how a text is drawn: its colour, its size, its clip."""

import ctypes
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import repeat
from typing import Any

import pypdfium2.raw as pdfium

from indexer.pdf.ink.page_objects import IDENTITY, Matrix, address, box_of, matrix_of, multiply, quick

_Pointer, _Int = ctypes.c_void_p, ctypes.c_int
_fill = quick(pdfium.FPDFPageObj_GetFillColor, _Int, *[_Pointer] * 5)
_fill_of_character = quick(pdfium.FPDFText_GetFillColor, _Int, _Pointer, _Int, *[_Pointer] * 4)
_size = quick(pdfium.FPDFTextObj_GetFontSize, _Int, _Pointer, _Pointer)
_draw_mode = quick(pdfium.FPDFPath_GetDrawMode, _Int, _Pointer, _Pointer, _Pointer)
_get_clip = quick(pdfium.FPDFPageObj_GetClipPath, _Pointer, _Pointer)
_count_paths = quick(pdfium.FPDFClipPath_CountPaths, _Int, _Pointer)
_count_clip_segments = quick(pdfium.FPDFClipPath_CountPathSegments, _Int, _Pointer, _Int)
_get_clip_segment = quick(pdfium.FPDFClipPath_GetPathSegment, _Pointer, _Pointer, _Int, _Int)
_get_point = quick(pdfium.FPDFPathSegment_GetPoint, _Int, _Pointer, _Pointer, _Pointer)
_get_matrix = quick(pdfium.FPDFPageObj_GetMatrix, _Int, _Pointer, _Pointer)

# What PDFium writes a colour, a size and a matrix into: it is asked for those of each text.
_colour, _float, _matrix = (ctypes.c_uint * 4)(), ctypes.c_float(), pdfium.FS_MATRIX()
_COLOUR_AT = tuple(range(ctypes.addressof(_colour), ctypes.addressof(_colour) + 16, 4))
_SIZE_AT, _MATRIX_AT = ctypes.addressof(_float), ctypes.addressof(_matrix)

# Shades, of 255, and opacity: lighter and fainter text is suspected. The lightest grey that is printed to be
# read, in watermarks, is 224.
_LIGHT, FAINT = 230, 40
_ALIKE = 24  # shades by which two colours may differ and still be one

# Text of so many points or less cannot be read. A diagram that is scaled down, to be looked at
# enlarged, has 1.1.
TINY = 1.05

_EVERY = 48  # characters of a page with many objects: of each line at least one
_MOST_CLIPS, _MOST_CLIP_SEGMENTS, _RECTANGLE = 4, 12, 5

Colour = tuple[int, int, int, int]
"""Red, green, blue and opacity, from 0 to 255."""


def fill_colour(at: int) -> Colour | None:
    """Red, green, blue and opacity; None for a pattern."""
    if not _fill(at, *_COLOUR_AT):
        return None
    red, green, blue, opacity = _colour
    return red, green, blue, opacity


def is_faint(colour: Colour | None) -> bool:
    """Whether text in this colour may be hard to see."""
    if colour is None:
        return False
    red, green, blue, opacity = colour
    return (red >= _LIGHT and green >= _LIGHT and blue >= _LIGHT) or opacity <= FAINT


def are_alike(first: Colour, second: Colour) -> bool:
    """Whether nobody can tell two colours apart."""
    return all(abs(ours - theirs) <= _ALIKE for ours, theirs in zip(first[:3], second[:3], strict=True))


def has_faint_character(text_page: Any) -> bool:
    """Whether one of some characters of a text page is faint: of each longer line at least one is asked."""
    places = range(_EVERY // 2, pdfium.FPDFText_CountChars(text_page), _EVERY)
    return _is_any_faint(len(places), partial(map, _fill_of_character, repeat(address(text_page)), places))


def has_faint_text(texts: Sequence[int]) -> bool:
    """Whether one of these texts is faint."""
    return _is_any_faint(len(texts), partial(map, _fill, texts))


def _is_any_faint(count: int, ask: Callable[..., Iterable[int]]) -> bool:
    """Whether one of so many colours is faint. `ask` has PDFium write them to addresses."""
    sides = (ctypes.c_uint * (4 * count))()
    start = ctypes.addressof(sides)
    known = list(ask(*(range(start + 4 * side, start + 16 * count, 16) for side in range(4))))
    if max(sides[0::4], default=0) < _LIGHT and min(sides[3::4], default=255) > FAINT:
        return False
    return any(
        is_known and is_faint((sides[at], sides[at + 1], sides[at + 2], sides[at + 3]))
        for is_known, at in zip(known, range(0, len(sides), 4), strict=True)
    )


def is_tiny(at: int, around: Matrix = IDENTITY) -> bool:
    """Whether a text, in forms with this matrix, is so small that nobody can read it."""
    if not _size(at, _SIZE_AT) or not _get_matrix(at, _MATRIX_AT):
        return False
    across, up = _matrix.c, _matrix.d
    if around is not IDENTITY:
        across, up = multiply(matrix_of(at), around)[2:4]
    return bool(0 < abs(_float.value) * max(abs(across), abs(up)) <= TINY)


def is_any_cut(texts: Sequence[int]) -> bool:
    """Whether one of these texts is cut. Hardly any has a clip around it."""
    return max(map(_count_paths, map(_get_clip, texts)), default=0) > 0 and any(map(is_cut, texts))


def is_cut(at: int) -> bool:
    """Whether the middle of a text is outside one of the clips around it."""
    clip = _get_clip(at)
    count = _count_paths(clip)
    if count <= 0:
        return False
    box = box_of(at)  # in the units of the form it is in, as its clips are
    if box is None:
        return False
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    for path in range(min(count, _MOST_CLIPS)):
        segments = _count_clip_segments(clip, path)
        if not 0 < segments <= _MOST_CLIP_SEGMENTS:
            continue
        # Nearly all clips are rectangles, of which two corners are enough.
        points = list(_clip_points(clip, path, (0, 2)))
        if len({point[0] for point in points}) < 2 or len({point[1] for point in points}) < 2:
            points = list(_clip_points(clip, path, range(segments)))
        xs, ys = [point[0] for point in points], [point[1] for point in points]
        if points and not (min(xs) <= x <= max(xs) and min(ys) <= y <= max(ys)):
            return segments <= _RECTANGLE or _is_beyond(clip, path, segments, x, y)
    return False


def _is_beyond(clip: int, path: int, segments: int, x: float, y: float) -> bool:
    points = list(_clip_points(clip, path, range(segments)))
    xs, ys = [point[0] for point in points], [point[1] for point in points]
    return not (min(xs) <= x <= max(xs) and min(ys) <= y <= max(ys))


def _clip_points(clip: int, path: int, places: Sequence[int]) -> Iterator[tuple[float, float]]:
    x, y = ctypes.c_float(), ctypes.c_float()
    for at in places:
        segment = _get_clip_segment(clip, path, at)
        if segment and _get_point(segment, ctypes.addressof(x), ctypes.addressof(y)):
            yield x.value, y.value


def is_filled(path: int) -> bool:
    """Whether a shape is filled."""
    fill, stroke = _Int(), _Int()
    is_known = _draw_mode(path, ctypes.addressof(fill), ctypes.addressof(stroke))
    return bool(is_known and fill.value != pdfium.FPDF_FILLMODE_NONE)


def is_transparent(at: int) -> bool:
    """Whether an object, which may be a form, is hardly drawn."""
    colour = fill_colour(at)
    return colour is not None and colour[3] <= FAINT
