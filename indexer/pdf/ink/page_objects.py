"""The objects of a page: texts, shapes, pictures and the forms that hold others.

PDFium's functions are called by address here: the types that pypdfium2 declares for them cost as much as the
calls, and a page has hundreds of objects.
"""

import ctypes
from collections.abc import Collection, Sequence
from itertools import repeat
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

TEXT, PATH, IMAGE = pdfium.FPDF_PAGEOBJ_TEXT, pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_IMAGE
SHADING, FORM = pdfium.FPDF_PAGEOBJ_SHADING, pdfium.FPDF_PAGEOBJ_FORM

# How many objects of a page are looked at, and how deep in forms: a scan has few, an attack has any number.
_MOST_OBJECTS = 10_000
_DEEPEST = 4

# A page with more objects is not looked at closely, unless this is wanted. Then so many of the first and of
# the last are glanced at, and some between: a scan's picture comes first or last, and so does what is laid
# over a page later on.
_FEW, _MOST_CLOSELY = 48, 2000
_ENDS, _BETWEEN = 6, 6

_Pointer, _Int = ctypes.c_void_p, ctypes.c_int


def quick(function: Any, result: Any, *arguments: Any) -> Any:
    """The same function of PDFium, taking addresses as plain numbers.

    Python's lock is kept during a call: to give it up and take it again costs as much as some of these.
    """
    return ctypes.PYFUNCTYPE(result, *arguments)(address(function))


def address(of: Any) -> int:
    """Of a page, a text page or a function of PDFium."""
    return _Pointer.from_buffer(of).value or 0  # `cast` takes five times as long


_count_objects = quick(pdfium.FPDFPage_CountObjects, _Int, _Pointer)
_get = quick(pdfium.FPDFPage_GetObject, _Pointer, _Pointer, _Int)
_type = quick(pdfium.FPDFPageObj_GetType, _Int, _Pointer)
_bounds = quick(pdfium.FPDFPageObj_GetBounds, _Int, _Pointer, _Pointer, _Pointer, _Pointer, _Pointer)
_count_in_form = quick(pdfium.FPDFFormObj_CountObjects, _Int, _Pointer)
_get_in_form = quick(pdfium.FPDFFormObj_GetObject, _Pointer, _Pointer, ctypes.c_ulong)
_get_matrix = quick(pdfium.FPDFPageObj_GetMatrix, _Int, _Pointer, _Pointer)

# What PDFium writes a box and a matrix into: it is asked for those of many objects.
_sides = (ctypes.c_float * 4)()
_SIDES_AT = tuple(range(ctypes.addressof(_sides), ctypes.addressof(_sides) + 16, 4))
_matrix = (ctypes.c_float * 6)()
_MATRIX_AT = ctypes.addressof(_matrix)

Box = tuple[float, float, float, float]
"""Left, bottom, right, top, in points of the page."""

Matrix = tuple[float, float, float, float, float, float]
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
"""Of an object in no form."""


class Glance(NamedTuple):
    """What a look at objects of a page tells, without those in forms.

    Attributes:
        objects: the address of each, in the order in which they are drawn.
        kinds: the kind of each.
        is_whole: whether these are all that the page has.
    """

    objects: list[int]
    kinds: list[int]
    is_whole: bool


def glance(page: Any, *, closely: bool) -> Glance:
    """Looks at objects of an open page of PDFium.

    Args:
        page: the page.
        closely: whether to look at all of them, also if there are many.
    """
    at = address(page)
    count = max(_count_objects(at), 0)
    is_whole = count <= (_MOST_CLOSELY if closely else _FEW)
    places: Sequence[int] = range(count)
    if not is_whole:
        middle = range(_ENDS, count - _ENDS, count // _BETWEEN + 1)
        places = (*range(_ENDS), *middle, *range(count - _ENDS, count))
    found = list(map(_get, repeat(at), places))
    return Glance(found, list(map(_type, found)), is_whole)


class Seen(NamedTuple):
    """An object of a page.

    Attributes:
        at: its address.
        kind: one of TEXT, PATH, IMAGE, SHADING.
        box: on the page.
        matrix: of the forms around it.
        forms: the addresses of these, the outermost first.
    """

    at: int
    kind: int
    box: Box
    matrix: Matrix
    forms: tuple[int, ...]


def walk(
    page: Any,
    kinds: Collection[int] = (TEXT, PATH, IMAGE, SHADING),
    objects: Sequence[int] | None = None,
) -> list[Seen]:
    """The objects of a page and of its forms in the order in which they are drawn; those with a place.

    Args:
        page: an open page of PDFium.
        kinds: of the objects that are wanted.
        objects: those of the page, without those in forms, that are looked at; all if not given.
    """
    seen: list[Seen] = []
    if objects is None:
        objects = list(map(_get, repeat(address(page)), range(_count(page))))
    _walk(list(filter(None, objects)), kinds, IDENTITY, (), seen, _MOST_OBJECTS)
    return seen


def _walk(
    objects: Sequence[int],
    kinds: Collection[int],
    matrix: Matrix,
    forms: tuple[int, ...],
    seen: list[Seen],
    most: int,
) -> int:
    """Adds objects that are in these forms to `seen`, and those in forms among them; `most` in all.

    Returns how many more there may be.
    """
    objects = objects[:most]
    most -= len(objects)
    for at, kind in zip(objects, map(_type, objects), strict=True):
        if kind in kinds:
            box = box_of(at, matrix)
            if box is not None:
                seen.append(Seen(at, kind, box, matrix, forms))
        elif kind == FORM and len(forms) < _DEEPEST:
            count = min(max(_count_in_form(at), 0), _MOST_OBJECTS)
            inner = list(filter(None, map(_get_in_form, repeat(at), range(count))))
            most = _walk(inner, kinds, multiply(matrix_of(at), matrix), (*forms, at), seen, most)
    return most


def _count(page: Any) -> int:
    count: int = _count_objects(address(page))
    return min(max(count, 0), _MOST_OBJECTS)


def matrix_of(found: int) -> Matrix:
    """The matrix of an object; zeros if it has none."""
    if not _get_matrix(found, _MATRIX_AT):
        return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    a, b, c, d, e, f = _matrix
    return a, b, c, d, e, f


def multiply(inner: Matrix, outer: Matrix) -> Matrix:
    """The matrix that does first the inner one, then the outer one."""
    a, b, c, d, e, f = inner
    p, q, r, s, t, u = outer
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u


def box_of(found: int, matrix: Matrix = IDENTITY) -> Box | None:
    """Where an object is, in a form with this matrix; None if it has no place, or one that is no number."""
    if not _bounds(found, *_SIDES_AT):
        return None
    left, bottom, right, top = _sides
    if matrix is not IDENTITY:
        a, b, c, d, e, f = matrix
        if b == c == 0.0 < min(a, d):  # most forms only move and scale what is in them
            return _place(a * left + e, d * bottom + f, a * right + e, d * top + f)
        corners = [(a * x + c * y + e, b * x + d * y + f) for x in (left, right) for y in (bottom, top)]
        xs, ys = zip(*corners, strict=True)
        left, bottom, right, top = min(xs), min(ys), max(xs), max(ys)
    return _place(left, bottom, right, top)


def _place(left: float, bottom: float, right: float, top: float) -> Box | None:
    is_place = -1e6 < left <= right < 1e6 and -1e6 < bottom <= top < 1e6
    return (left, bottom, right, top) if is_place else None


def overlap(first: Box, second: Box) -> float:
    """The area that two boxes share, in square points."""
    across = min(first[2], second[2]) - max(first[0], second[0])
    along = min(first[3], second[3]) - max(first[1], second[1])
    return across * along if across > 0 and along > 0 else 0.0


def area(box: Box) -> float:
    """Of a box, in square points."""
    return (box[2] - box[0]) * (box[3] - box[1])
