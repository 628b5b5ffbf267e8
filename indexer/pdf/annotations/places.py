"""Puts what annotations show into the text of their page, as marks. Pure functions.

A form's field and a typed text stand in the line that names them: "Berth: [form field: berth: Pier 7]".
Notes, stamps and what has no such line stand below the page's text: in the middle they would part sentences.
"""

from collections.abc import Sequence

from indexer.pdf.annotations.read_annotations import Annotation
from indexer.pdf.text.page_lines import HYPHENATED, Line
from stackroom.page.own_marks import own_mark

# How far, in points, a line's start may be to the right of a box that it names (a check box and its label),
# and how far above a box its name may stand, in heights of the line.
_FURTHEST_RIGHT = 60.0
_FURTHEST_ABOVE = 1.5


def add_marks(lines: Sequence[Line], annotations: Sequence[Annotation]) -> tuple[list[Line], str]:
    """The lines of a page with the marks that stand in them, and the text of the others, a mark a line.

    Args:
        lines: in reading order.
        annotations: of the page, from top to bottom.
    """
    inserted: dict[int, list[tuple[int, str]]] = {}
    below = []
    for annotation in annotations:
        mark = own_mark(annotation.kind, annotation.text, annotation.label)
        place = _place(lines, annotation)
        if place is None:
            below.append(mark)
        else:
            inserted.setdefault(place[0], []).append((place[1], mark))
    marked = list(lines)
    for at, marks in inserted.items():
        text = lines[at].text
        for offset, mark in sorted(marks, key=lambda one: one[0], reverse=True):
            parts = (text[:offset].rstrip(), mark, text[offset:].lstrip())
            text = " ".join(part for part in parts if part)
        marked[at] = lines[at]._replace(text=text)
    return marked, "\n".join(below)


def _place(lines: Sequence[Line], annotation: Annotation) -> tuple[int, int] | None:
    """The line that an annotation stands in and the offset in its text; None for below the text."""
    if annotation.box is None:
        return None
    left, bottom, right, top = annotation.box
    one_line = min(top - bottom, 30.0)
    middle = (top + bottom) / 2 if top - bottom <= 30 else top - 10
    before = _letters(annotation.before)
    best: tuple[float, int, int] | None = None
    for at, line in enumerate(lines):
        if not line.height or line.text[-1:] == HYPHENATED or abs(line.end_y - line.start_y) > line.height:
            continue
        begin, end = min(line.start_x, line.end_x), max(line.start_x, line.end_x)
        if line.start_y - 0.2 * line.height <= middle <= line.start_y + max(line.height, one_line / 2):
            if line.start_x > line.end_x:  # from right to left
                offset, distance = len(line.text), abs(begin - right)
            elif begin >= right - 2:
                offset, distance = 0, begin - right
                if distance > _FURTHEST_RIGHT:
                    continue
            else:
                offset = _offset(line.text, before) or len(line.text)
                distance = max(0.0, left - end)
        elif 0 <= line.start_y + 0.3 * line.height - top <= _FURTHEST_ABOVE * line.height and (
            begin < right and end > left - 2
        ):
            offset, distance = len(line.text), 1000 + line.start_y - top
        else:
            continue
        if best is None or distance < best[0]:
            best = distance, at, offset
    return best[1:] if best else None


def _offset(text: str, before: str) -> int:
    """Where a line's text is parted by a box: after as much of it as stands to the left of the box; 0 if
    nothing does.

    Args:
        text: of the line.
        before: the letters and digits to the left of the box, also of other columns.
    """
    places = [at for at, char in enumerate(text) if char.isalnum()]
    letters = _letters(text)
    if len(letters) != len(places):
        return 0
    for count in range(min(len(letters), len(before)), 0, -1):
        if before.endswith(letters[:count]):
            blank = text.find(" ", places[count - 1])
            return blank if blank >= 0 else len(text)
    return 0


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
