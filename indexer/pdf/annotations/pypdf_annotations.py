"""What the annotations of a page show, as pypdf gives them: for the files that PDFium cannot open.

There are no places: all of it stands below the page's text, and what only a drawing says is not read.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from indexer.pdf.annotations.field_names import readable_name
from indexer.pdf.annotations.read_annotations import LONGEST_TEXT, MOST_ANNOTATIONS, Annotation
from indexer.pdf.text.clean_text import flatten

_HIDDEN = 2 | 32  # flags of an annotation: hidden, no view
_PASSWORD = 1 << 13
_PUSHBUTTON = 1 << 16
_DEEPEST = 10  # fields within fields


def annotations_of(reader: Any, at: int) -> list[Annotation]:
    """What the annotations of the page at index `at` (from 0) show; `reader` is pypdf's."""
    return list(_annotations(reader.pages[at]))


def _annotations(page: Any) -> Iterator[Annotation]:
    for reference in islice(page.annotations or (), MOST_ANNOTATIONS):
        annotation = reference.get_object()
        subtype = annotation.get("/Subtype")
        if int(annotation.get("/F", 0)) & _HIDDEN or subtype == "/Link" or "/State" in annotation:
            continue
        if subtype == "/FileAttachment":
            file = annotation.get("/FS", {}).get_object()
            if said := _text(annotation.get("/Contents")):
                yield Annotation("attachment", said, _text(file.get("/UF")) or _text(file.get("/F")))
        elif subtype == "/Widget":
            label, text = _field(annotation)
            if text:
                yield Annotation("form field", text, label)
        elif text := _text(annotation.get("/Contents")):
            yield Annotation("stamp" if subtype == "/Stamp" else "note", text)


def _field(widget: Any) -> tuple[str, str]:
    """The label and the value of a field; without a value, if it shows none."""
    kind, flags, value = (_inherited(widget, key) for key in ("/FT", "/Ff", "/V"))
    flags = int(flags or 0)
    if kind == "/Btn":
        state = str(widget.get("/AS", "/Off"))
        value = "" if state == "/Off" or flags & _PUSHBUTTON else state.removeprefix("/")
    elif kind not in ("/Tx", "/Ch") or flags & _PASSWORD:
        value = ""
    label = readable_name(_text(_inherited(widget, "/TU")), _text(_inherited(widget, "/T")))
    values = value if isinstance(value, list) else [value]
    return label, "; ".join(filter(None, map(_text, islice(values, MOST_ANNOTATIONS))))[:LONGEST_TEXT]


def _inherited(field: Any, key: str) -> Any:
    for _ in range(_DEEPEST):
        if key in field:
            return field[key]
        if "/Parent" not in field:
            return None
        field = field["/Parent"]
    return None


def _text(value: Any) -> str:
    return flatten(value[: 2 * LONGEST_TEXT])[:LONGEST_TEXT] if isinstance(value, str) else ""
