"""Takes text off a page that nobody sees on it: on a layer that is off, in the colour of the paper, under a
box, cut off by a clip, transparent, or a point high.

Attributes only raise a suspicion: white text may stand on a dark ground. Of a page with such text the picture
decides. It is drawn with and without the text; if both are the same, the text is not seen.

Text that is not drawn at all but lies over a picture is somebody's OCR of that picture, and stays.
"""

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pypdfium2.raw as pdfium

from indexer.pdf.ink.layers import Layers
from indexer.pdf.ink.page_drawing import PageDrawing
from indexer.pdf.ink.page_objects import (
    FORM,
    IMAGE,
    PATH,
    SHADING,
    TEXT,
    Box,
    Glance,
    Seen,
    area,
    box_of,
    overlap,
    quick,
    walk,
)
from indexer.pdf.ink.text_attributes import (
    FAINT,
    TINY,
    Colour,
    are_alike,
    fill_colour,
    has_faint_character,
    has_faint_text,
    is_any_cut,
    is_cut,
    is_faint,
    is_filled,
    is_tiny,
    is_transparent,
)
from indexer.pdf.text.page_lines import Line

_Pointer, _Int = ctypes.c_void_p, ctypes.c_int
_mode = quick(pdfium.FPDFTextObj_GetTextRenderMode, _Int, _Pointer)
_count_marks = quick(pdfium.FPDFPageObj_CountMarks, _Int, _Pointer)
set_active = quick(pdfium.FPDFPageObj_SetIsActive, _Int, _Pointer, _Int)


_INVISIBLE, _CLIP = pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP
_FILLED = (pdfium.FPDF_TEXTRENDERMODE_FILL, pdfium.FPDF_TEXTRENDERMODE_FILL_CLIP)

# A box that could hide text is higher and wider than this, in points: rules are thinner.
THIN = 3.0
# A text that is thinner is not seen in the picture: a dash of a small font.
_THINNEST = 0.5
OPAQUE = 230  # of 255
_COVERED = 0.9  # of a text's box

# It counts on a page so many times as high: pages in other units exist.
_TINY_ON = 400
_LONG = 6.0  # points of a piece of such text: of shorter ones there are some in such diagrams
_LOW = 2.2  # points of a line of such text: the boxes of its characters may be twice as high as the letters

# In the picture, text shows if it changes so many shades of so many of the dots of its box. Letters change
# about a fifth of these.
SEEN_SHADES, SEEN_DOTS = 12, 0.02

_MOST_SUSPECTS, _MOST_COVERS = 3000, 500
_MOST_COVERS_GLANCED = 40
_NOWHERE: Box = (-1e7, -1e7, -1e7, -1e7)


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
    if _INVISIBLE in map(_mode, texts) or has_faint_text(texts) or _has_cover(look):
        return True
    if has_forms and (_has_faint_form(look) or has_faint_character(text_page)):
        return True
    return look.is_whole and is_any_cut(texts)


def may_be_tiny(lines: Sequence[Line]) -> bool:
    """Whether a line is so low that it may be text that nobody can read."""
    return any(0 < line.height <= _LOW for line in lines)


def hide_text(page: Any, layers: Layers, *, is_low: bool = True) -> int:
    """Turns off what is not seen of a page's texts: PDFium then neither draws it nor hands it out.

    Args:
        page: an open page of PDFium.
        layers: of the PDF.
        is_low: whether there may be text that is too small to be read.

    Returns:
        How many pieces of text.
    """
    suspects = _find_suspects(page, layers, is_low=is_low)
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
        set_active(suspect.at, False)
    return len(hidden)


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A text that may not be seen: its address, its box on the page, and why."""

    at: int
    box: Box
    reason: str


def _find_suspects(page: Any, layers: Layers, *, is_low: bool) -> list[_Suspect]:
    objects = walk(page)
    height = max(pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)) if is_low else 0.0
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
    if height > _TINY_ON * TINY and is_tiny(text.at, text.matrix):
        return "tiny" if is_long else "tiny part"
    if is_cut(text.at):
        return "cut"
    if any(map(is_transparent, text.forms)):
        return "faint"
    if layers.may_exist and (text.forms or _count_marks(text.at) > 0):
        return "layer"
    ground: _Cover | None = None
    x, y = (text.box[0] + text.box[2]) / 2, (text.box[1] + text.box[3]) / 2
    for cover in covers:
        left, bottom, right, top = cover[1].box
        if left <= x <= right and bottom <= y <= top and _covers(cover[1].box, text.box):
            if cover[0] > at:
                return "covered"
            ground = cover
    colour = fill_colour(text.at) if mode in _FILLED else None
    if colour is None:
        return ""
    if ground is None:
        return "faint" if is_faint(colour) else ""
    if colour[3] <= FAINT:
        return "faint"
    # A picture as the ground has no colour: then the drawing has to tell.
    return "faint" if ground[2] is None or are_alike(colour, ground[2]) else ""


def _find_covers(objects: Sequence[Seen]) -> Iterator[_Cover]:
    for at, seen in enumerate(objects):
        left, bottom, right, top = seen.box
        if seen.kind == TEXT or right - left <= THIN or top - bottom <= THIN:
            continue
        if seen.kind in (IMAGE, SHADING):
            yield at, seen, None
        elif is_filled(seen.at):
            colour = fill_colour(seen.at)
            if colour is None or colour[3] >= OPAQUE:
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
        if box is None or box[2] - box[0] <= THIN or box[3] - box[1] <= THIN:
            continue
        if look.kinds[place] == PATH and not is_filled(at):
            continue
        if before is None:
            before = [
                (box_of(at) if kind == TEXT else None) or _NOWHERE
                for at, kind in zip(look.objects, look.kinds, strict=True)
            ]
        left, bottom, right, top = box
        colour = fill_colour(at) if look.kinds[place] == PATH else None
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
            own = fill_colour(at)
            if own is not None and are_alike(own, colour):
                return True
    return False


def _covers(cover: Box, text: Box) -> bool:
    if text[0] > cover[2] or text[2] < cover[0] or text[1] > cover[3] or text[3] < cover[1]:
        return False
    return overlap(cover, text) >= _COVERED * area(text)


def _has_faint_form(look: Glance) -> bool:
    return any(kind == FORM and is_transparent(at) for at, kind in zip(look.objects, look.kinds, strict=True))


# The picture


def _find_unseen(drawing: PageDrawing, suspects: Sequence[_Suspect]) -> list[_Suspect]:
    """Those without which the page looks the same."""
    if not suspects:
        return []
    for suspect in suspects:
        set_active(suspect.at, False)
    without = drawing.draw()
    for suspect in suspects:
        set_active(suspect.at, True)
    return [
        suspect for suspect in suspects if not drawing.differs(without, suspect.box, SEEN_SHADES, SEEN_DOTS)
    ]


def _has_ink(drawing: PageDrawing, box: Box) -> bool:
    """Whether letters are drawn under a text that is not: as shapes, not as a picture."""
    return drawing.ink_share(box) >= SEEN_DOTS
