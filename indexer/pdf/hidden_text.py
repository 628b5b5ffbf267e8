"""Takes text off a page that nobody sees on it: on a layer that is off, in the colour of the paper, under a
box, cut off by a clip, transparent, or a point high.

Attributes only raise a suspicion: white text may stand on a dark ground. Of a page with such text the picture
decides. It is drawn with and without the text; if both are the same, the text is not seen.

Text that is not drawn at all but lies over a picture is somebody's OCR of that picture, and stays.
"""

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from typing import Any

import pypdfium2.raw as pdfium

from indexer.pdf.layers import Layers
from indexer.pdf.page_drawing import PageDrawing
from indexer.pdf.page_lines import Line
from indexer.pdf.page_objects import (
    FORM,
    IDENTITY,
    IMAGE,
    PATH,
    SHADING,
    TEXT,
    Box,
    Glance,
    Matrix,
    Seen,
    address,
    area,
    box_of,
    matrix_of,
    multiply,
    overlap,
    quick,
    walk,
)

_Pointer, _Int = ctypes.c_void_p, ctypes.c_int
_fill = quick(pdfium.FPDFPageObj_GetFillColor, _Int, *[_Pointer] * 5)
_fill_of_character = quick(pdfium.FPDFText_GetFillColor, _Int, _Pointer, _Int, *[_Pointer] * 4)
_mode = quick(pdfium.FPDFTextObj_GetTextRenderMode, _Int, _Pointer)
_size = quick(pdfium.FPDFTextObj_GetFontSize, _Int, _Pointer, _Pointer)
_draw_mode = quick(pdfium.FPDFPath_GetDrawMode, _Int, _Pointer, _Pointer, _Pointer)
_count_marks = quick(pdfium.FPDFPageObj_CountMarks, _Int, _Pointer)
_get_clip = quick(pdfium.FPDFPageObj_GetClipPath, _Pointer, _Pointer)
_count_paths = quick(pdfium.FPDFClipPath_CountPaths, _Int, _Pointer)
_count_clip_segments = quick(pdfium.FPDFClipPath_CountPathSegments, _Int, _Pointer, _Int)
_get_clip_segment = quick(pdfium.FPDFClipPath_GetPathSegment, _Pointer, _Pointer, _Int, _Int)
_get_point = quick(pdfium.FPDFPathSegment_GetPoint, _Int, _Pointer, _Pointer, _Pointer)
_set_active = quick(pdfium.FPDFPageObj_SetIsActive, _Int, _Pointer, _Int)

_get_matrix = quick(pdfium.FPDFPageObj_GetMatrix, _Int, _Pointer, _Pointer)

# What PDFium writes a colour, a size and a matrix into: it is asked for those of each text.
_colour, _float, _matrix = (ctypes.c_uint * 4)(), ctypes.c_float(), pdfium.FS_MATRIX()
_COLOUR_AT = tuple(range(ctypes.addressof(_colour), ctypes.addressof(_colour) + 16, 4))
_SIZE_AT, _MATRIX_AT = ctypes.addressof(_float), ctypes.addressof(_matrix)

_INVISIBLE, _CLIP = pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP
_FILLED = (pdfium.FPDF_TEXTRENDERMODE_FILL, pdfium.FPDF_TEXTRENDERMODE_FILL_CLIP)

# Shades, of 255, and opacity: lighter and fainter text is suspected. The lightest grey that is printed to be
# read, in watermarks, is 224.
_LIGHT, _FAINT, _OPAQUE = 230, 40, 230
_ALIKE = 24  # shades by which two colours may differ and still be one

# A box that could hide text is higher and wider than this, in points: rules are thinner.
_THIN = 3.0
_THINNEST = (
    0.5  # of a text of which the picture can tell whether it is seen: a dash of a small font is thinner
)
_COVERED = 0.9  # of a text's box

# Text of so many points or less cannot be read, on a page so many times as high: pages in other units exist.
# A diagram that is scaled down, to be looked at enlarged, has 1.1.
_TINY, _TINY_ON = 1.05, 400
_LONG = 6.0  # points of a piece of such text: of shorter ones there are some in such diagrams
_LOW = 2.2  # points of a line of such text: the boxes of its characters may be twice as high as the letters

# In the picture, text shows if it changes so many shades of so many of the dots of its box. Letters change
# about a fifth of these.
_SEEN_SHADES, _SEEN_DOTS = 12, 0.02

_EVERY = 48  # characters of a page with many objects: of each line at least one
_MOST_SUSPECTS, _MOST_COVERS = 3000, 500
_MOST_COVERS_GLANCED = 40
_MOST_CLIPS, _MOST_CLIP_SEGMENTS, _RECTANGLE = 4, 12, 5
_NOWHERE: Box = (-1e7, -1e7, -1e7, -1e7)

Colour = tuple[int, int, int, int]


def may_hide_text(look: Glance, text_page: Any, layers: Layers) -> bool:
    """Whether a page may have text that is not seen. Quick: it is asked of every page.

    Args:
        look: at its objects.
        text_page: its text.
        layers: of the PDF.
    """
    texts = [at for at, kind in zip(look.objects, look.kinds, strict=True) if kind == TEXT]
    has_forms = FORM in look.kinds
    if (has_forms or any(map(_count_marks, texts))) and layers.may_exist:
        return True
    if _INVISIBLE in map(_mode, texts) or any(map(_is_faint, map(_fill_colour, texts))) or _has_cover(look):
        return True
    if has_forms and (_has_faint_form(look) or _has_faint_character(text_page)):
        return True
    return look.is_whole and any(map(_is_cut, texts))


def may_be_tiny(lines: Sequence[Line]) -> bool:
    """Whether a line is so low that it may be text that nobody can read."""
    return any(0 < line.height <= _LOW for line in lines)


def hide_text(page: Any, layers: Layers) -> int:
    """Turns off what is not seen of a page's texts: PDFium then neither draws it nor hands it out.

    Args:
        page: an open page of PDFium.
        layers: of the PDF.

    Returns:
        How many pieces of text.
    """
    suspects = _find_suspects(page, layers)
    if not suspects:
        return 0
    drawing = PageDrawing(page)
    tiny = {suspect.reason for suspect in suspects} & {"tiny"} and ("tiny", "tiny part")
    hidden = [suspect for suspect in suspects if suspect.reason in tiny]
    for reasons in (("covered",), ("faint", "cut", "layer")):
        group = [suspect for suspect in suspects if suspect.reason in reasons]
        hidden += _find_unseen(drawing, group)
    hidden += [one for one in suspects if one.reason == "not drawn" and not _has_ink(drawing, one.box)]
    for suspect in hidden:
        _set_active(suspect.at, False)
    return len(hidden)


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A text that may not be seen: its address, its box on the page, and why."""

    at: int
    box: Box
    reason: str


def _find_suspects(page: Any, layers: Layers) -> list[_Suspect]:
    objects = list(walk(page))
    height = max(pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page))
    covers = list(islice(_find_covers(objects), _MOST_COVERS))
    pictures = [seen.box for seen in objects if seen.kind == IMAGE]
    suspects = []
    for at, seen in enumerate(objects):
        left, bottom, right, top = seen.box
        if seen.kind != TEXT or min(right - left, top - bottom) < _THINNEST:
            continue
        reason = _suspicion(at, seen, covers, pictures, height, layers)
        if reason:
            suspects.append(_Suspect(seen.at, seen.box, reason))
        if len(suspects) >= _MOST_SUSPECTS:
            break
    return suspects


_Cover = tuple[int, Seen, Colour | None]
"""What hides what is under it, and is the ground of what is on it: its place among the objects, and its
colour.
"""


def _suspicion(
    at: int, text: Seen, covers: Sequence[_Cover], pictures: Sequence[Box], height: float, layers: Layers
) -> str:
    """Why a text may not be seen; "" if there is no reason to think so."""
    mode = _mode(text.at)
    if mode == _CLIP:
        return ""
    if mode == _INVISIBLE:
        return "" if any(_covers(box, text.box) for box in pictures) else "not drawn"
    is_long = text.box[2] - text.box[0] > _LONG or text.box[3] - text.box[1] > _LONG
    if _is_tiny(text.at, text.matrix) and height > _TINY_ON * _TINY:
        return "tiny" if is_long else "tiny part"
    if _is_cut(text.at):
        return "cut"
    if any(map(_is_transparent, text.forms)):
        return "faint"
    if layers.may_exist and (text.forms or _count_marks(text.at) > 0):
        return "layer"
    ground: _Cover | None = None
    for cover in covers:
        if _covers(cover[1].box, text.box):
            if cover[0] > at:
                return "covered"
            ground = cover
    colour = _fill_colour(text.at) if mode in _FILLED else None
    if colour is None:
        return ""
    if colour[3] <= _FAINT:
        return "faint"
    if ground is None:
        return "faint" if _is_faint(colour) else ""
    # A picture as the ground has no colour: then the drawing has to tell.
    return "faint" if ground[2] is None or _are_alike(colour, ground[2]) else ""


def _find_covers(objects: Sequence[Seen]) -> Iterator[_Cover]:
    for at, seen in enumerate(objects):
        left, bottom, right, top = seen.box
        if seen.kind == TEXT or right - left <= _THIN or top - bottom <= _THIN:
            continue
        if seen.kind in (IMAGE, SHADING):
            yield at, seen, None
        elif _is_filled(seen.at):
            colour = _fill_colour(seen.at)
            if colour is None or colour[3] >= _OPAQUE:
                yield at, seen, colour


def _has_cover(look: Glance) -> bool:
    """Whether one of the objects is drawn over a text that comes before it."""
    if not any(kind in look.kinds for kind in (PATH, IMAGE, SHADING)):
        return False
    places = [at for at, kind in enumerate(look.kinds) if kind in (PATH, IMAGE, SHADING)]
    before: list[Box] | None = None
    for place in places[-_MOST_COVERS_GLANCED:]:
        at = look.objects[place]
        box = box_of(at)
        if box is None or box[2] - box[0] <= _THIN or box[3] - box[1] <= _THIN:
            continue
        if look.kinds[place] == PATH and not _is_filled(at):
            continue
        if before is None:
            before = [
                (box_of(at) if kind == TEXT else None) or _NOWHERE
                for at, kind in zip(look.objects, look.kinds, strict=True)
            ]
        left, bottom, right, top = box
        colour = _fill_colour(at) if look.kinds[place] == PATH else None
        if colour is not None and _has_alike(look, place, before, box, colour):
            return True
        if any(
            left <= (text[0] + text[2]) / 2 <= right
            and bottom <= (text[1] + text[3]) / 2 <= top
            and _covers(box, text)
            for text in before[:place]
        ):
            return True
    return False


def _has_alike(look: Glance, place: int, boxes: Sequence[Box], ground: Box, colour: Colour) -> bool:
    """Whether a text that comes after a filled shape, and is on it, has its colour."""
    for at, kind, box in zip(look.objects[place:], look.kinds[place:], boxes[place:], strict=True):
        if kind == TEXT and ground[0] <= box[0] <= ground[2] and ground[1] <= box[1] <= ground[3]:
            own = _fill_colour(at)
            if own is not None and _are_alike(own, colour):
                return True
    return False


def _covers(cover: Box, text: Box) -> bool:
    return overlap(cover, text) >= _COVERED * area(text)


def _is_filled(path: int) -> bool:
    fill, stroke = _Int(), _Int()
    is_known = _draw_mode(path, ctypes.addressof(fill), ctypes.addressof(stroke))
    return bool(is_known and fill.value != pdfium.FPDF_FILLMODE_NONE)


def _fill_colour(at: int) -> Colour | None:
    """Red, green, blue and opacity; None for a pattern."""
    if not _fill(at, *_COLOUR_AT):
        return None
    red, green, blue, opacity = _colour
    return red, green, blue, opacity


def _is_faint(colour: Colour | None) -> bool:
    if colour is None:
        return False
    red, green, blue, opacity = colour
    return (red >= _LIGHT and green >= _LIGHT and blue >= _LIGHT) or opacity <= _FAINT


def _are_alike(first: Colour, second: Colour) -> bool:
    return all(abs(ours - theirs) <= _ALIKE for ours, theirs in zip(first[:3], second[:3], strict=True))


def _has_faint_form(look: Glance) -> bool:
    return any(
        kind == FORM and _is_transparent(at) for at, kind in zip(look.objects, look.kinds, strict=True)
    )


def _is_transparent(at: int) -> bool:
    colour = _fill_colour(at)
    return colour is not None and colour[3] <= _FAINT


def _has_faint_character(text_page: Any) -> bool:
    places = range(_EVERY // 2, pdfium.FPDFText_CountChars(text_page), _EVERY)
    sides = (ctypes.c_uint * (4 * len(places) + 4))()
    start = ctypes.addressof(sides)
    colours = [range(start + 4 * side, start + 16 * len(places) + 4 * side, 16) for side in range(4)]
    known = list(map(_fill_of_character, repeat(address(text_page)), places, *colours))
    if max(sides[0::4]) < _LIGHT and min(sides[3:-4:4], default=255) > _FAINT:
        return False
    return any(
        is_known and _is_faint((sides[at], sides[at + 1], sides[at + 2], sides[at + 3]))
        for is_known, at in zip(known, range(0, len(sides), 4), strict=False)
    )


def _is_tiny(at: int, around: Matrix = IDENTITY) -> bool:
    if not _size(at, _SIZE_AT) or not _get_matrix(at, _MATRIX_AT):
        return False
    across, up = _matrix.c, _matrix.d
    if around is not IDENTITY:
        across, up = multiply(matrix_of(at), around)[2:4]
    return bool(0 < abs(_float.value) * max(abs(across), abs(up)) <= _TINY)


def _is_cut(at: int) -> bool:
    """Whether the middle of a text is outside one of the clips around it."""
    clip = _get_clip(at)
    count = _count_paths(clip) if clip else 0
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


# The picture


def _find_unseen(drawing: PageDrawing, suspects: Sequence[_Suspect]) -> list[_Suspect]:
    """Those without which the page looks the same."""
    if not suspects:
        return []
    for suspect in suspects:
        _set_active(suspect.at, False)
    without = drawing.draw()
    for suspect in suspects:
        _set_active(suspect.at, True)
    return [
        suspect for suspect in suspects if not drawing.differs(without, suspect.box, _SEEN_SHADES, _SEEN_DOTS)
    ]


def _has_ink(drawing: PageDrawing, box: Box) -> bool:
    """Whether letters are drawn under a text that is not: as shapes, not as a picture."""
    return drawing.ink_share(box) >= _SEEN_DOTS
