"""The characters that PDFium lists of a page, and what of them has to be known to put them in order."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Char(NamedTuple):
    """A character as PDFium lists it, or a glyph: what was drawn at one place, with the marks on it.

    Attributes:
        text: one character; of a glyph, its characters in the order in which they are read.
        place: index of its first character in PDFium's list; -1 for a blank that is a gap.
        pen: how far right the pen stood before it was drawn, in points.
        x, y: where its glyph stands, in points: the same as the pen; for a replacement text, that of one of
            its glyphs.
        left, right: edges of its box, in points.
        size: of the font, in points.
        source: tells what was drawn: equal for all characters of one object; negative if it is one
            replacement text, of several glyphs; 0 for blanks and line ends that PDFium made up.
    """

    text: str
    place: int
    pen: float
    x: float
    y: float
    left: float
    right: float
    size: float
    source: int


@dataclass(slots=True)
class Chars:
    """Characters and glyphs, told by their indexes: a list for each attribute of `Char`.

    Most glyphs are one character as it is listed. To make an object of each would take longer than to put
    them in order.

    Attributes:
        kind: the class of its first character; see `bidi_classes`.
    """

    text: list[str]
    place: list[int]
    pen: list[float]
    x: list[float]
    y: list[float]
    left: list[float]
    right: list[float]
    size: list[float]
    source: list[int]
    kind: list[str] = field(default_factory=list)

    def __getitem__(self, at: int) -> Char:
        return Char(*(column[at] for column in self._columns()))

    def __setitem__(self, at: int, char: Char) -> None:
        for column, value in zip(self._columns(), char, strict=True):
            column[at] = value
        self.kind[at] = bidi_classes(char.text[0])

    def append(self, char: Char) -> int:
        """Adds one, and returns its index."""
        for column, value in zip(self._columns(), char, strict=True):
            column.append(value)
        self.kind.append(bidi_classes(char.text[0]))
        return len(self.text) - 1

    def _columns(self) -> Sequence[list[Any]]:
        return (
            self.text, self.place, self.pen, self.x, self.y, self.left, self.right, self.size, self.source
        )  # fmt: skip


class _Known(dict[int, str]):
    """For `str.translate`: each character's class in the Unicode bidirectional algorithm, as one letter.

    L, R (also for AL: A), N for AN, E, S, T and C for EN, ES, ET and CS, M for NSM and BN, "." for others.
    """

    def __missing__(self, code: int) -> str:
        found = _CLASSES.get(unicodedata.bidirectional(chr(code)), ".")
        if len(self) < _MOST_KNOWN:
            self[code] = found
        return found


_CLASSES = dict(zip(["L", "R", "AL", "AN", "EN", "ES", "ET", "CS", "NSM", "BN"], "LRANESTCMM", strict=True))
_MOST_KNOWN = 20_000  # of all 155,000 that Unicode has
_known = _Known()


def bidi_classes(text: str) -> str:
    """A letter for each character, its class in the Unicode bidirectional algorithm: see `_Known`."""
    return text.translate(_known)
