"""Reads what the annotations of a page show: the values of a form's fields, notes, stamps, signatures.

PDFium's page text has none of it. What an annotation shows and the page prints as well (a form that was
flattened, a highlight that keeps a copy of the words below it) is left out.
"""

import ctypes
import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import pypdfium2.raw as pdfium

from indexer.pdf.annotations.field_names import readable_name
from indexer.pdf.ink.page_objects import address, quick
from indexer.pdf.text.clean_text import flatten
from indexer.pdf.text.utf16 import read_utf16
from stackroom.page.own_marks import Kind

# How many annotations of a page are looked at, and how much of their texts is kept, in characters. A tax form
# has 300 fields on a page; the texts of a page have a few thousand characters at most.
MOST_ANNOTATIONS = 10_000
LONGEST_TEXT, _LONGEST_TEXTS = 20_000, 200_000
_MOST_OPTIONS = 500  # of a list to choose from; countries are 250

# On a page with more characters it is not looked for whether they say the same as its annotations: for each
# annotation, PDFium goes through all of them.
_MOST_CHARACTERS = 100_000

_NOTES = frozenset(
    (
        pdfium.FPDF_ANNOT_TEXT, pdfium.FPDF_ANNOT_FREETEXT, pdfium.FPDF_ANNOT_LINE, pdfium.FPDF_ANNOT_SQUARE,
        pdfium.FPDF_ANNOT_CIRCLE, pdfium.FPDF_ANNOT_POLYGON, pdfium.FPDF_ANNOT_POLYLINE,
        pdfium.FPDF_ANNOT_HIGHLIGHT, pdfium.FPDF_ANNOT_UNDERLINE, pdfium.FPDF_ANNOT_SQUIGGLY,
        pdfium.FPDF_ANNOT_STRIKEOUT, pdfium.FPDF_ANNOT_CARET, pdfium.FPDF_ANNOT_INK, pdfium.FPDF_ANNOT_POPUP,
        pdfium.FPDF_ANNOT_FILEATTACHMENT,
    )
)  # fmt: skip
_IN_PLACE = frozenset((pdfium.FPDF_ANNOT_FREETEXT, pdfium.FPDF_ANNOT_WIDGET))
_HIDDEN = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW
_PASSWORD = 1 << 13  # flags of a text field and of a button, as ISO 32000 numbers them (table 229 and 230)
_PUSHBUTTON = 1 << 16

_TAGS = re.compile(r"<[^<>]{0,1000}>")
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")

_STRIP = 0.15  # half the height of the strip that is looked at beside an annotation, as a share of its height
_ONE_LINE = 30.0  # points; a higher annotation has several lines, of which the first stands beside its name
_AROUND = 2.0  # points around an annotation that count as within it

_count_annotations = quick(pdfium.FPDFPage_GetAnnotCount, ctypes.c_int, ctypes.c_void_p)
_next_link = quick(pdfium.FPDFLink_Enumerate, ctypes.c_int, *[ctypes.c_void_p] * 3)

_Box = tuple[float, float, float, float]  # left, bottom, right, top


@dataclass(frozen=True, slots=True)
class Annotation:
    """What an annotation shows.

    Attributes:
        kind: what it is.
        text: what it says.
        label: what a field is called; empty if its name says nothing.
        box: left, bottom, right and top, in points of the page; None if it is to stand below the page's text.
        before: what is printed at the same height to the left of it.
    """

    kind: Kind
    text: str
    label: str = ""
    box: _Box | None = None
    before: str = ""


@dataclass(frozen=True, slots=True)
class _Found:
    """An annotation that may show something. Without a text, it shows what its appearance draws."""

    kind: Kind
    subtype: int
    box: _Box | None
    text: str
    label: str = ""


def has_only_links(page: Any) -> bool:
    """Whether all annotations of a page are links, as nearly all are. Quicker than to look at each."""
    count = _count_annotations(address(page))
    if not 0 < count <= MOST_ANNOTATIONS:
        return bool(count <= 0)
    position, link = ctypes.c_int(0), ctypes.c_void_p()
    asked = (address(page), ctypes.addressof(position), ctypes.addressof(link))
    links = 0
    while links < count and _next_link(*asked):
        links += 1
    return bool(links >= count)


def read_annotations(pdf: Any, page: Any, at: int) -> list[Annotation]:
    """What the annotations of a page show, from top to bottom. To be called last: it may change the page.

    Args:
        pdf: an open document of pypdfium2.
        page: an open page of it.
        at: the page's index, from 0.
    """
    count = pdfium.FPDFPage_GetAnnotCount(page)
    found: list[_Found] = []
    characters = 0
    for place in range(min(count, MOST_ANNOTATIONS)):
        annotation = pdfium.FPDFPage_GetAnnot(page, place)
        if not annotation:
            continue
        try:
            one = _read(pdf, annotation)
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)
        if one is not None:
            found.append(one)
            characters += len(one.text) + len(one.label)
            if characters > _LONGEST_TEXTS:
                break
    if not found:
        return []
    return sorted(_on_page(pdf, page, at, found), key=_height)


def _height(annotation: Annotation) -> tuple[float, float]:
    left, _, _, top = annotation.box or (0.0, 0.0, 0.0, -1e9)
    return -top, left


# One annotation


def _read(pdf: Any, annotation: Any) -> _Found | None:
    subtype = pdfium.FPDFAnnot_GetSubtype(annotation)
    if subtype == pdfium.FPDF_ANNOT_LINK:
        return None
    is_field, is_stamp = subtype == pdfium.FPDF_ANNOT_WIDGET, subtype == pdfium.FPDF_ANNOT_STAMP
    if not (is_field or is_stamp or subtype in _NOTES):
        return None
    if pdfium.FPDFAnnot_GetFlags(annotation) & _HIDDEN:
        return None
    box = _box(annotation)
    if is_field:
        return _read_field(pdf, annotation, box)
    if subtype == pdfium.FPDF_ANNOT_FILEATTACHMENT:
        return _read_attachment(annotation, box)
    if pdfium.FPDFAnnot_HasKey(annotation, b"State"):  # "Accepted set by …": no text of anybody's
        return None
    text = _string(annotation, b"Contents") or flatten(_TAGS.sub(" ", _string(annotation, b"RC")))
    is_drawn = is_stamp or (subtype == pdfium.FPDF_ANNOT_FREETEXT and not text)
    if is_drawn and box and _has_appearance(annotation):
        return _Found("stamp" if is_stamp else "note", subtype, box, "", text)
    if is_stamp and not text:
        text = _CAPITAL.sub(" ", _string(annotation, b"Name").removeprefix("SB"))
    return _Found("stamp" if is_stamp else "note", subtype, box, text) if text else None


def _read_attachment(annotation: Any, box: _Box | None) -> _Found | None:
    """What is said of a file that is pinned to the page. The file itself: see `attachments`."""
    said = _string(annotation, b"Contents")
    attachment = pdfium.FPDFAnnot_GetFileAttachment(annotation)
    name = _text(pdfium.FPDFAttachment_GetName, attachment) if attachment else ""
    return _Found("attachment", pdfium.FPDF_ANNOT_FILEATTACHMENT, box, said, name) if said else None


def _read_field(pdf: Any, annotation: Any, box: _Box | None) -> _Found | None:
    if box is None:
        return None  # it has no extent: nobody sees it
    pdf.init_forms()  # once for a document; the later calls do nothing
    form = pdf.formenv
    kind = pdfium.FPDFAnnot_GetFormFieldType(form, annotation) if form else -1
    widget = pdfium.FPDF_ANNOT_WIDGET
    if kind <= pdfium.FPDF_FORMFIELD_UNKNOWN:
        return _read_stray_field(annotation, box)
    if kind == pdfium.FPDF_FORMFIELD_SIGNATURE:
        return _Found("signature", widget, box, "") if _has_appearance(annotation) else None
    if kind == pdfium.FPDF_FORMFIELD_PUSHBUTTON:
        return None
    if kind in (pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON):
        # PDFium's own FPDFAnnot_IsChecked knows only pages that were opened for filling in.
        state = _string(annotation, b"AS")
        value = _text(pdfium.FPDFAnnot_GetFormFieldValue, form, annotation)
        text = "" if state in ("", "Off") else state if value in ("", "Off") else value
    elif kind in (pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX):
        chosen = _chosen(form, annotation)
        if len(chosen) > 1 and kind == pdfium.FPDF_FORMFIELD_COMBOBOX:
            chosen = []  # only one can be: their export values are all the same (WeasyPrint, without values)
        value = _text(pdfium.FPDFAnnot_GetFormFieldValue, form, annotation)
        text = "; ".join(chosen)[:LONGEST_TEXT] or value
    elif pdfium.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD:
        return None
    else:
        text = _text(pdfium.FPDFAnnot_GetFormFieldValue, form, annotation)
    if not text:
        return None
    alternate = _text(pdfium.FPDFAnnot_GetFormFieldAlternateName, form, annotation)
    name = _text(pdfium.FPDFAnnot_GetFormFieldName, form, annotation)
    return _Found("form field", widget, box, text, readable_name(alternate, name))


def _read_stray_field(annotation: Any, box: _Box) -> _Found | None:
    """A field that belongs to no form: programs that join PDFs leave such."""
    number = ctypes.c_float()
    pdfium.FPDFAnnot_GetNumberValue(annotation, b"Ff", ctypes.byref(number))
    flags = int(number.value) if 0 <= number.value < 2**31 else 0
    state = _string(annotation, b"AS")
    if state:
        text = "" if state == "Off" or flags & _PUSHBUTTON else state
        if not text:
            return None
    elif flags & _PASSWORD:
        return None
    else:
        text = _string(annotation, b"V")
    if not text and (pdfium.FPDFAnnot_HasKey(annotation, b"MK") or not _has_appearance(annotation)):
        return None  # a button, or nothing
    label = readable_name(_string(annotation, b"TU"), _string(annotation, b"T"))
    return _Found("form field", pdfium.FPDF_ANNOT_WIDGET, box, text, label)


def _chosen(form: Any, annotation: Any) -> list[str]:
    """What is chosen from a list, as it is shown there."""
    count = pdfium.FPDFAnnot_GetOptionCount(form, annotation)
    return [
        _text(pdfium.FPDFAnnot_GetOptionLabel, form, annotation, at)
        for at in range(min(count, _MOST_OPTIONS))
        if pdfium.FPDFAnnot_IsOptionSelected(form, annotation, at)
    ]


def _has_appearance(annotation: Any) -> bool:
    size: int = pdfium.FPDFAnnot_GetAP(annotation, pdfium.FPDF_ANNOT_APPEARANCEMODE_NORMAL, None, 0)
    return size > 2


def _box(annotation: Any) -> _Box | None:
    """Where it is; None if it has no extent, or one that cannot be."""
    rect = pdfium.FS_RECTF()
    if not pdfium.FPDFAnnot_GetRect(annotation, ctypes.byref(rect)):
        return None
    if not all(-1e5 < side < 1e5 for side in (rect.left, rect.bottom, rect.right, rect.top)):
        return None  # also "not a number"
    # WeasyPrint writes the upper corner first, and PDFium gives the rectangle as it is written.
    left, right = sorted((rect.left, rect.right))
    bottom, top = sorted((rect.bottom, rect.top))
    return (left, bottom, right, top) if right - left > 0.1 and top - bottom > 0.1 else None


def _string(annotation: Any, key: bytes) -> str:
    return _text(pdfium.FPDFAnnot_GetStringValue, annotation, key)


def _text(function: Callable[..., int], *arguments: object) -> str:
    return flatten(read_utf16(function, *arguments, most=2 * LONGEST_TEXT))[:LONGEST_TEXT]


# All of a page


def _on_page(pdf: Any, page: Any, at: int, found: list[_Found]) -> list[Annotation]:
    """What the page does not print itself, with what is printed beside it."""
    bounds = pdfium.FS_RECTF()
    if not pdfium.FPDF_GetPageBoundingBox(page, ctypes.byref(bounds)):
        return []
    visible = [one for one in found if one.box is None or _is_on(one.box, bounds)]
    with closing(_Printed(page)) as printed:
        below = [printed.within(one.box) if one.box and not one.text else "" for one in visible]
        annotations = [_placed(one, printed) for one in visible]
    drawn = [number for number, one in enumerate(visible) if not one.text]
    if drawn:
        with closing(_Flattened(pdf, page, at)) as flattened:
            for number in drawn:
                text = flattened.appearance(visible[number], below[number])
                placed = annotations[number]
                annotations[number] = replace(placed, text=text) if placed and text else None
    seen: set[tuple[Kind, str]] = set()
    kept = []
    for annotation in annotations:
        if annotation is None:
            continue
        if annotation.kind == "note":  # a note and the window that it opens say the same
            if ("note", annotation.text) in seen:
                continue
            seen.add(("note", annotation.text))
        kept.append(annotation)
    return kept


def _placed(one: _Found, printed: "_Printed") -> Annotation | None:
    """The annotation in its place; None if the page prints what it says."""
    if one.text and one.box and _letters(one.text) in _letters(printed.within(one.box)):
        return None
    if one.subtype in _IN_PLACE and one.box:
        return Annotation(one.kind, one.text, one.label, one.box, printed.before(one.box))
    label = "" if one.kind == "stamp" else one.label
    return Annotation(one.kind, one.text, label, one.box if one.subtype in _IN_PLACE else None)


def _is_on(box: _Box, page: Any) -> bool:
    left, bottom, right, top = box
    return bool(left < page.right and right > page.left and bottom < page.top and top > page.bottom)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold())) or text.strip()


class _Printed:
    """The text of an open page, by places."""

    def __init__(self, page: Any) -> None:
        self._text = pdfium.FPDFText_LoadPage(page)
        if self._text and pdfium.FPDFText_CountChars(self._text) > _MOST_CHARACTERS:
            self.close()

    def close(self) -> None:
        if self._text:
            pdfium.FPDFText_ClosePage(self._text)
        self._text = None

    def within(self, box: _Box) -> str:
        left, bottom, right, top = box
        return self._bounded(left - _AROUND, bottom - _AROUND, right + _AROUND, top + _AROUND)

    def before(self, box: _Box) -> str:
        """What is printed to the left of a box, at the height of its first line."""
        left, bottom, _, top = box
        half = _STRIP * min(top - bottom, _ONE_LINE)
        middle = (top + bottom) / 2 if top - bottom <= _ONE_LINE else top - _ONE_LINE / 3
        return self._bounded(-1e5, middle - half, left + _AROUND, middle + half)

    def _bounded(self, left: float, bottom: float, right: float, top: float) -> str:
        if not self._text:
            return ""
        size = pdfium.FPDFText_GetBoundedText(self._text, left, top, right, bottom, None, 0)
        if size <= 0:
            return ""
        buffer = (ctypes.c_ushort * (size + 1))()
        written = pdfium.FPDFText_GetBoundedText(self._text, left, top, right, bottom, buffer, size + 1)
        return bytes(memoryview(buffer)[: max(0, min(written, size))]).decode("utf-16-le", "replace")


class _Flattened:
    """The page with its annotations drawn into it: what they draw becomes text of the page."""

    def __init__(self, pdf: Any, page: Any, at: int) -> None:
        pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY)
        self._page = pdfium.FPDF_LoadPage(pdf, at)  # only a page that is loaded anew has them
        self._printed = _Printed(self._page) if self._page else None

    def close(self) -> None:
        if self._printed:
            self._printed.close()
        if self._page:
            pdfium.FPDF_ClosePage(self._page)

    def appearance(self, one: _Found, below: str) -> str:
        """What an annotation draws; if that is no text, what it says of itself.

        Args:
            one: the annotation.
            below: the page's own text in the same place.
        """
        text = self._printed.within(one.box) if self._printed and one.box else ""
        own = text.split()
        for word in below.split():
            if word in own:
                own.remove(word)
        drawn = flatten(" ".join(own))
        return drawn if any(map(str.isalnum, drawn)) else one.label if one.kind != "form field" else ""
