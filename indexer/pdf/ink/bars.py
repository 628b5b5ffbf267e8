"""Finds bars that are laid over a part of a text: a name in a line that somebody has blackened.

Text that is covered as a whole is taken off the page: see `hidden_text`. Here the text is one piece with what
is printed around the bar, so that the words under it have to be left out one by one.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from indexer.pdf.ink.hidden_text import OPAQUE, SEEN_DOTS, SEEN_SHADES, THIN, set_active
from indexer.pdf.ink.page_drawing import PageDrawing
from indexer.pdf.ink.page_objects import PATH, TEXT, Box, Glance, box_of
from indexer.pdf.ink.text_attributes import fill_colour, is_filled

_MOST_BARS, _MOST_TEXTS = 40, 500
_MOST_PARTS = 200
_HEIGHT, _WIDTH = 0.7, 0.8  # times the height of a text's box: what a bar covers of it at least


def find_bars(page: Any, look: Glance) -> list[Box]:
    """The parts of texts that are under bars, and of which nothing is seen.

    Args:
        page: an open page of PDFium.
        look: at its objects.
    """
    parts = list(islice(_parts(look), _MOST_PARTS))
    if not parts:
        return []
    drawing = PageDrawing(page)
    texts = {at for at, _ in parts}
    for at in texts:
        set_active(at, False)
    without = drawing.draw()
    for at in texts:
        set_active(at, True)
    return [box for _, box in parts if not drawing.differs(without, _inside(box), SEEN_SHADES, SEEN_DOTS)]


def _parts(look: Glance) -> Iterator[tuple[int, Box]]:
    """The address of each text of which a part is under a shape that is drawn later, and that part."""
    if TEXT not in look.kinds or PATH not in look.kinds[look.kinds.index(TEXT) :]:
        return
    first = look.kinds.index(TEXT)
    bars = [at for at in range(len(look.kinds) - 1, first, -1) if look.kinds[at] == PATH][:_MOST_BARS]
    for place in bars:
        bar = box_of(look.objects[place])
        if bar is None or bar[2] - bar[0] <= THIN or bar[3] - bar[1] <= THIN:
            continue
        if not is_filled(look.objects[place]):
            continue
        colour = fill_colour(look.objects[place])
        if colour is not None and colour[3] < OPAQUE:
            continue
        before = range(max(0, place - _MOST_TEXTS), place)
        for at in (look.objects[number] for number in before if look.kinds[number] == TEXT):
            text = box_of(at)
            part = _covered(bar, text) if text is not None else None
            if part is not None:
                yield at, part


def _covered(bar: Sequence[float], text: Sequence[float]) -> Box | None:
    """What a bar covers of a text, if that is some letters in their height and less than all."""
    left, bottom = max(bar[0], text[0]), max(bar[1], text[1])
    right, top = min(bar[2], text[2]), min(bar[3], text[3])
    height = text[3] - text[1]
    is_part = top - bottom >= _HEIGHT * height and _WIDTH * height <= right - left < text[2] - text[0] - 0.1
    return (left, bottom, right, top) if is_part and height > 0 else None


def _inside(box: Box) -> Box:
    """A box without its edges, where the bar's own may be drawn in shades."""
    left, bottom, right, top = box
    return left + 1, bottom + 1, right - 1, top - 1
