"""Makes of the characters that PDFium lists of a line the glyphs that are drawn, from left to right.

A glyph is a letter with its marks, or what a replacement text (/ActualText) stands for. For the order in
which they are read see `reading_order`. Pure functions.
"""

import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple


class Char(NamedTuple):
    """A character as PDFium lists it.

    Attributes:
        text: one character.
        place: its index in PDFium's list.
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


class Glyph(NamedTuple):
    """What was drawn at one place, with the marks on it.

    Attributes:
        text: its characters in the order in which they are read.
        place: index of its first character in PDFium's list; -1 for a blank that is a gap.
        x: where the pen stood, in points.
        left, right: edges of its box, in points.
        size: of the font, in points.
        source: see `Char`.
    """

    text: str
    place: int
    x: float
    left: float
    right: float
    size: float
    source: int = 0


MIRRORED = dict(zip("()[]{}<>«»‹›≤≥⟨⟩⁅⁆", ")(][}{><»«›‹≥≤⟩⟨⁆⁅", strict=True))
"""Brackets and quotation marks that Unicode mirrors in text from right to left."""

# PDFium turns these round as well, which Unicode does not.
_TURNED = MIRRORED | dict(zip("“”‘’", "”“’‘", strict=True))

# A gap between two boxes of at least this share of the font's size is a blank. Blanks of fonts are .2 to .33
# of it.
_LEAST_BLANK = 0.16
# The same where a box is that of ink, which lacks the bearings of its glyph, or where blanks are drawn, too.
_LEAST_GAP = 0.22

_MOST_ALIKE = 50  # glyphs of one text in a line with which another is compared

_LAM = "\u0644"
_ALEFS = frozenset("\u0627\u0623\u0625\u0622\u0671")
# Words that are one character, which PDFium spells out in the order in which they are read.
_WORDS = frozenset(
    unicodedata.normalize("NFKC", chr(code)).replace(" ", "") for code in range(0xFDF0, 0xFDFC)
)


# What PDFium did, taken back


def undo(chars: Sequence[Char]) -> list[Char]:
    """The characters of a line as PDFium had them before it turned pieces of the line round.

    It turns round what its own table calls right-to-left, and signs and blanks after it, and mirrors the
    brackets in these (CPDF_TextPage::CloseTempLine, CFX_BidiString; PDFium 7951).
    """
    pieces = [(kind, list(piece)) for kind, piece in groupby(chars, lambda char: _kind(char.text))]
    kinds = [kind for kind, _ in pieces]
    is_right = kinds.count("R") > kinds.count("L")
    current = "R" if is_right else "L"
    undone: list[list[Char]] = []
    for kind, piece in pieces:
        if kind == "R" or (kind == "neutral" and current == "R"):
            current = "R"
            undone.append([_mirror(char) if char.text in _TURNED else char for char in reversed(piece)])
        else:
            current = current if kind == "weak" else "L"
            undone.append(piece)
    return [char for piece in (reversed(undone) if is_right else undone) for char in piece]


@lru_cache(maxsize=4096)
def _kind(char: str) -> str:
    bidi = unicodedata.bidirectional(char)
    if bidi == "L":
        return "L"
    if bidi in ("R", "AL"):
        return "R"
    return "weak" if bidi in ("AN", "EN", "NSM", "CS", "ES", "ET", "BN") else "neutral"


def _mirror(char: Char) -> Char:
    return char._replace(text=_TURNED[char.text])


# Glyphs


def glyphs(chars: Iterable[Char], *, are_blanks_drawn: bool = False) -> list[Glyph]:
    """The glyphs of a line from left to right, each with its marks, and with the blanks between them.

    Args:
        chars: as drawn; see `undo`. Blanks that PDFium made up are left out: how far apart the glyphs are
            tells where blanks are.
        are_blanks_drawn: whether there is a blank in `chars` between any two words.
    """
    found = _without_repeats(map(_cluster, _together(chars)))
    marks = [glyph for glyph in found if _is_mark(glyph.text)]
    bases = [glyph for glyph in found if not _is_mark(glyph.text)] if marks else found
    return _with_blanks(_with_marks(sorted(bases, key=_pen), marks), are_blanks_drawn=are_blanks_drawn)


_pen = attrgetter("x")


def _together(chars: Iterable[Char]) -> list[list[Char]]:
    """The characters of each glyph: first all of one replacement text at one place, then those in a row."""
    replaced: defaultdict[tuple[int, float, float], list[Char]] = defaultdict(list)
    groups: list[list[Char]] = []
    last: tuple[int, float, float, bool] | None = None
    for char in chars:
        if not char.source or (char.text.isspace() and char.right <= char.left):
            continue
        if char.source < 0:
            replaced[char.source, char.x, char.y].append(char)
            continue
        place = (char.source, char.x, char.y, char.text.isspace())
        if place == last:
            groups[-1].append(char)
        else:
            groups.append([char])
        last = place
    # PDFium divides the box of all of a text among its characters, from right to left for these scripts.
    texts = (
        sorted(text, key=lambda char: char.left, reverse=any(_kind(char.text) == "R" for char in text))
        for text in replaced.values()
    )
    return [*texts, *groups]


def _cluster(chars: list[Char]) -> Glyph:
    first = chars[0]
    if len(chars) == 1:
        return Glyph(first.text, first.place, first.pen, first.left, first.right, first.size, first.source)
    text = "".join(char.text for char in chars)
    left, right = min(char.left for char in chars), max(char.right for char in chars)
    place = min(char.place for char in chars)
    return Glyph(_in_order(text), place, first.pen, left, right, first.size, first.source)


def _without_repeats(drawn: Iterable[Glyph]) -> list[Glyph]:
    """The glyphs without those that say again what was said.

    PDFium lists a replacement text again if the objects that it stands for are not in a row, and Typst 0.15
    names a raised mark after its letter and itself.
    """
    found: list[Glyph] = []
    replaced: set[int] = set()
    marked: defaultdict[str, list[Glyph]] = defaultdict(list)
    for glyph in drawn:
        if glyph.source < 0:
            if glyph.source in replaced:
                continue
            replaced.add(glyph.source)
        if len(glyph.text) > 1 and any(map(_is_mark, glyph.text)):
            same = marked[unicodedata.normalize("NFC", glyph.text)]
            if any(_overlap(glyph, other) for other in same[-_MOST_ALIKE:]):
                continue
            same.append(glyph)
        found.append(glyph)
    return found


def _overlap(glyph: Glyph, other: Glyph) -> bool:
    """Whether the middle of either is inside the other."""
    left, right = min(glyph.x, glyph.left), glyph.right
    other_left, other_right = min(other.x, other.left), other.right
    middle, other_middle = (left + right) / 2, (other_left + other_right) / 2
    return left < other_middle < right or other_left < middle < other_right


def _in_order(text: str) -> str:
    """The characters of one glyph: a letter before the marks on it, and lam before the alef it carries."""
    if len(text) == 1:
        return text
    at = 0
    while at < len(text) - 1 and _is_mark(text[at]):
        at += 1
    if _kind(text[at]) == "R":
        text = text[at] + text[:at] + text[at + 1 :]
    if text[::-1] in _WORDS:
        return text[::-1]
    if len(text) == 2 and text[0] in _ALEFS and text[1] == _LAM:
        return text[::-1]
    return text


@lru_cache(maxsize=4096)
def _is_mark(text: str) -> bool:
    return all(unicodedata.category(char) in ("Mn", "Me") for char in text)


def _with_marks(bases: list[Glyph], marks: Sequence[Glyph]) -> list[Glyph]:
    """Puts each mark behind the letter that it stands on or under."""
    letters = [at for at, base in enumerate(bases) if not base.text.isspace()]
    if not letters or not marks:
        return [*bases, *marks]
    pens = [bases[at].x for at in letters]
    # From left to right, a mark is drawn after its letter, as a rule.
    after = {bases[at].place + len(bases[at].text): at for at in letters if _kind(bases[at].text[0]) == "L"}
    for mark in marks:
        at = after.get(mark.place, -1)
        if at >= 0 and _is_near(bases[at], mark):
            after[mark.place + len(mark.text)] = at
        else:
            near = bisect_left(pens, (mark.left + mark.right) / 2)
            # A letter begins to the left of the marks on it, as a rule; of its neighbours some reach over it.
            around = letters[max(near - 3, 0) : near + 3]
            at = min(around, key=lambda at: _distance(bases[at], mark))
        bases[at] = bases[at]._replace(text=bases[at].text + mark.text)
    return bases


def _is_near(base: Glyph, mark: Glyph) -> bool:
    slack = base.size / 10
    return base.left - slack < (mark.left + mark.right) / 2 < base.right + slack


def _distance(base: Glyph, mark: Glyph) -> tuple[float, float]:
    middle = (mark.left + mark.right) / 2
    return max(base.left - middle, middle - base.right, 0.0), abs(middle - (base.left + base.right) / 2)


def _with_blanks(bases: Sequence[Glyph], *, are_blanks_drawn: bool) -> list[Glyph]:
    spaced: list[Glyph] = []
    reach = 0.0
    for glyph in bases:
        before = spaced[-1] if spaced else None
        if glyph.text == " ":
            if not before or before.text == " " or glyph.x == before.x:
                continue  # the line begins with it, or it lies under a letter (Typst 0.15 at line ends)
        elif before and glyph.left - reach > _LEAST_BLANK * glyph.size and before.text != " ":
            is_replaced = glyph.source < 0 or before.source < 0
            least = _LEAST_GAP if is_replaced or are_blanks_drawn else _LEAST_BLANK
            if glyph.left - reach > least * glyph.size and not _is_part(glyph.text[0]):
                spaced.append(Glyph(" ", -1, reach, reach, glyph.left, glyph.size))
        elif before and before.text == " ":
            spaced[-1] = before._replace(right=max(before.right, glyph.left))
        spaced.append(glyph)
        reach = max(reach, glyph.right) if before else glyph.right
    return spaced


def _is_part(char: str) -> bool:
    """Whether a character is part of the syllable before it: a mark, or a vowel sign."""
    return unicodedata.category(char) in ("Mn", "Me", "Mc")
