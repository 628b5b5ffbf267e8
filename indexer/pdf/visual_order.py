"""Puts the glyphs of a printed line into the order in which they are read. Pure functions.

In lines with Arabic or Hebrew, what is read first may stand anywhere: words run from right to left, numbers
and Latin words in them from left to right. PDFium takes the line as it is drawn, cuts it where letters meet
digits, signs and blanks, and turns the pieces round one by one: "Model X200" becomes "200X Model". So we
take its work back, sort by the places of the glyphs, and turn the Unicode bidirectional algorithm (UAX #9)
back as a whole.
"""

import math
import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby, pairwise
from operator import attrgetter
from typing import NamedTuple


class Char(NamedTuple):
    """A character as PDFium lists it.

    Attributes:
        text: one character.
        index: its place in PDFium's list.
        pen: how far right the pen stood before it was drawn, in points.
        x, y: where its glyph stands, in points: the same as the pen, or for a replacement text, that of one of
            its glyphs.
        left, right: edges of its box, in points.
        size: of the font, in points.
        source: tells what was drawn: equal for all characters of one object; negative if it is one replacement
            text, of several glyphs; 0 for blanks and line ends that PDFium made up.
    """

    text: str
    index: int
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
        index: of its first character in PDFium's list; -1 for a blank that is a gap.
        x: where the pen stood, in points.
        left, right: edges of its box, in points.
        size: of the font, in points.
        source: see `Char`.
    """

    text: str
    index: int
    x: float
    left: float
    right: float
    size: float
    source: int = 0


class Piece(NamedTuple):
    """A glyph of a line in the order in which it is read, and whether it is read from right to left."""

    glyph: Glyph
    is_rtl: bool


# Brackets and quotation marks that Unicode mirrors in text from right to left.
_MIRRORED = dict(zip("()[]{}<>«»‹›≤≥⟨⟩⁅⁆", ")(][}{><»«›‹≥≤⟩⟨⁆⁅", strict=True))
# PDFium turns these round as well, which Unicode does not.
_TURNED = _MIRRORED | dict(zip("“”‘’", "”“’‘", strict=True))
_OPENING = frozenset("([{«‹⟨⁅")

# A gap between two boxes of at least this share of the font's size is a blank. Blanks of fonts are .2 to .33
# of it.
_LEAST_BLANK = 0.16
# The same where a box is that of ink, which lacks the bearings of its glyph.
_LEAST_GAP = 0.22

_LAM = "\u0644"
_ALEFS = frozenset("\u0627\u0623\u0625\u0622\u0671")
# Words that are one character, which PDFium spells out in the order in which they are read.
_WORDS = frozenset(unicodedata.normalize("NFKC", chr(code)).replace(" ", "") for code in range(0xFDF0, 0xFDFC))

# Units that follow their number, where a number and a Latin word stand side by side in a line from right to
# left: "5 GB" and "GB 5" look the same there. Any other word is taken to come first ("Linux 6").
_UNITS = frozenset("B KB MB GB TB Hz kHz MHz GHz W kW kWh MW V kV A mA g kg mg m cm mm km nm l ml s ms dB".split())


# In Thai and Lao the tone follows the vowel above or below, which is no matter of Unicode's normal forms.
_TONE_FIRST = re.compile("([\u0e48-\u0e4c\u0ec8-\u0ecc])([\u0e31\u0e34-\u0e3a\u0eb1\u0eb4-\u0ebc])")


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
        return Glyph(first.text, first.index, first.pen, first.left, first.right, first.size, first.source)
    text = "".join(char.text for char in chars)
    left, right = min(char.left for char in chars), max(char.right for char in chars)
    index = min(char.index for char in chars)
    return Glyph(_in_order(text), index, first.pen, left, right, first.size, first.source)


def _without_repeats(drawn: Iterable[Glyph]) -> list[Glyph]:
    """The glyphs without those that say again what was said.

    PDFium lists a replacement text again if the objects that it stands for are not in a row, and Typst 0.15 names
    a raised mark after its letter and itself.
    """
    found: list[Glyph] = []
    replaced: set[int] = set()
    marked: defaultdict[str, list[Glyph]] = defaultdict(list)
    for glyph in drawn:
        if glyph.source in replaced:
            continue
        if glyph.source < 0:
            replaced.add(glyph.source)
        if len(glyph.text) > 1 and any(map(_is_mark, glyph.text)):
            same = marked[unicodedata.normalize("NFC", glyph.text)]
            if any(_overlap(glyph, other) for other in same):
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
    """The characters of one glyph, with a letter before the marks on it, and lam before the alef it carries."""
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
    after = {
        bases[at].index + len(bases[at].text): at for at in letters if _kind(bases[at].text[0]) == "L"
    }
    for mark in marks:
        at = after.get(mark.index, -1)
        if at >= 0 and _is_near(bases[at], mark):
            after[mark.index + len(mark.text)] = at
        else:
            near = bisect_left(pens, (mark.left + mark.right) / 2)
            # A letter begins to the left of the marks on it, as a rule; of its neighbours some reach over it.
            around = letters[max(near - 3, 0) : near + 3]
            at = min(around, key=lambda at: _distance(bases[at], mark))
        bases[at] = bases[at]._replace(text=bases[at].text + mark.text)
    return bases


def _is_near(base: Glyph, mark: Glyph) -> bool:
    return base.left - base.size / 2 < (mark.left + mark.right) / 2 < base.right + base.size / 2


def _distance(base: Glyph, mark: Glyph) -> tuple[float, float]:
    middle = (mark.left + mark.right) / 2
    return max(base.left - middle, middle - base.right, 0.0), abs(middle - (base.left + base.right) / 2)


def _with_blanks(bases: Sequence[Glyph], *, are_blanks_drawn: bool) -> list[Glyph]:
    spaced: list[Glyph] = []
    reach = 0.0
    for glyph in bases:
        before = spaced[-1] if spaced else None
        if glyph.text.isspace() and (not before or before.text.isspace() or glyph.x == before.x):
            continue  # the line begins with it, or it lies under a letter (Typst 0.15 at line ends)
        if before and not (glyph.text.isspace() or before.text.isspace()):
            is_replaced = glyph.source < 0 or before.source < 0
            least = _LEAST_GAP if is_replaced or are_blanks_drawn else _LEAST_BLANK
            if is_replaced and are_blanks_drawn:
                least = math.inf
            if glyph.left - reach > least * glyph.size and not _is_part(glyph.text[0]):
                spaced.append(Glyph(" ", -1, reach, reach, glyph.left, glyph.size))
        spaced.append(glyph)
        reach = max(reach, glyph.right) if before else glyph.right
    return spaced


def _is_part(char: str) -> bool:
    """Whether a character is part of the syllable before it: a mark, or a vowel sign with a width of its own."""
    return unicodedata.category(char) in ("Mn", "Me", "Mc")


# The order in which a line is read


def in_reading_order(drawn: Sequence[Glyph], *, is_rtl: bool) -> list[Piece]:
    """The glyphs of a line in the order in which they are read.

    Args:
        drawn: from left to right.
        is_rtl: whether the line as a whole runs from right to left.
    """
    classes = [unicodedata.bidirectional(glyph.text[0]) for glyph in drawn]
    runs = _left_to_right(drawn, classes) if is_rtl else _right_to_left(classes)
    read: list[Piece] = []
    for start, stop, is_ltr in runs:
        run = drawn[start:stop]
        read += [Piece(glyph, not is_ltr) for glyph in (run if is_ltr else reversed(run))]
    return read


def _right_to_left(classes: Sequence[str]) -> Iterator[tuple[int, int, bool]]:
    """The runs of a line from left to right, as they are read: (start, stop, whether from left to right)."""
    at = 0
    while at < len(classes):
        if classes[at] not in ("R", "AL"):
            yield at, at + 1, True
            at += 1
            continue
        stop = last = at + 1
        while stop < len(classes) and classes[stop] != "L":
            stop += 1
            if classes[stop - 1] in ("R", "AL"):
                last = stop
        numbers = list(_numbers(classes, at, last))
        end = last
        for start, stop in reversed(numbers):
            yield from ((one - 1, one, False) for one in range(end, stop, -1))
            yield start, stop, True
            end = start
        yield from ((one - 1, one, False) for one in range(end, at, -1))
        at = last


def _left_to_right(drawn: Sequence[Glyph], classes: Sequence[str]) -> list[tuple[int, int, bool]]:
    """The runs of a line from right to left, as they are read: (start, stop, whether from left to right)."""
    numbers = list(_numbers(classes, 0, len(classes)))
    at_number = {start: stop for start, stop in numbers}
    runs: list[tuple[int, int, bool]] = []
    at = 0
    while at < len(classes):
        if classes[at] == "L" or at in at_number:
            stop = _end_of_run(drawn, classes, at, at_number)
            runs += _parted(drawn, at, stop, at_number)
            at = stop
        else:
            runs.append((at, at + 1, False))
            at += 1
    return runs[::-1]


def _end_of_run(
    drawn: Sequence[Glyph], classes: Sequence[str], start: int, numbers: dict[int, int]
) -> int:
    """Where a run of Latin words and numbers ends that begins at `start`; a number alone is a run."""
    at = start
    last = has_letters = 0
    while at < len(classes) and classes[at] not in ("R", "AL", "AN"):
        if classes[at] == "L":
            last, has_letters, at = at + 1, 1, at + 1
        elif at in numbers:
            last = at = numbers[at]
        else:
            at += 1
    if not has_letters:
        return numbers[start]
    inside = "".join(glyph.text for glyph in drawn[start:last])
    while last < len(drawn) and drawn[last].text in _MIRRORED and drawn[last].text not in _OPENING:
        opening = _MIRRORED[drawn[last].text]
        if inside.count(opening) <= inside.count(drawn[last].text):
            break
        inside += drawn[last].text
        last += 1
    return last


def _parted(
    drawn: Sequence[Glyph], start: int, stop: int, numbers: dict[int, int]
) -> Iterator[tuple[int, int, bool]]:
    """A run; in three if it is a unit and the number it follows, which stands to its right."""
    words = "".join(glyph.text for glyph in drawn[start:stop]).split()
    if len(words) == 2 and words[0] in _UNITS:
        number = next((at for at, end in numbers.items() if at > start and end == stop), stop)
        unit = next(at for at in range(start, stop) if drawn[at].text.isspace())
        if number < stop:
            yield from ((start, unit, True), (unit, number, False), (number, stop, True))
            return
    yield start, stop, True


def _numbers(classes: Sequence[str], start: int, stop: int) -> Iterator[tuple[int, int]]:
    """The numbers in a part of a line: (start, stop), from left to right.

    What belongs to a number depends on the last letter before it, which stands to its right: after an Arabic
    one, "2024-03" is two numbers, and a sign of percent or of a currency is none of it.
    """
    at = start
    while at < stop:
        if classes[at] not in ("EN", "AN"):
            at += 1
            continue
        first = at
        before = next((kind for kind in classes[at:] if kind in ("L", "R", "AL")), "AL" if "AL" in classes else "R")
        joins = ("CS",) if before == "AL" or classes[at] == "AN" else ("CS", "ES")
        while at < stop and (
            classes[at] == classes[first]
            or (classes[at] in joins and at + 1 < stop and classes[at + 1] == classes[first])
        ):
            at += 1
        if joins != ("CS",):
            while at < stop and classes[at] == "ET":
                at += 1
            while first > start and classes[first - 1] == "ET":
                first -= 1
        yield first, at


# Brackets


def bracket_votes(read: Sequence[Piece]) -> int:
    """How many pairs of brackets, in what is read from right to left, are there as they are read; less those
    that are there as they look, the closing one first.
    """
    signs = [piece.glyph.text for piece in read if piece.is_rtl and piece.glyph.text in _MIRRORED]
    pairs = [(one in _OPENING) for one, other in pairwise(signs) if _MIRRORED[one] == other]
    return 2 * sum(pairs) - len(pairs)


def spell(read: Sequence[Piece], *, are_brackets_shapes: bool) -> str:
    """The text of a line.

    Args:
        read: the glyphs as they are read.
        are_brackets_shapes: whether the file names brackets after how they look, so that an opening one that is
            read from right to left is there as ")".
    """
    text = "".join(
        _MIRRORED.get(glyph.text, glyph.text) if is_rtl and are_brackets_shapes else glyph.text
        for glyph, is_rtl in read
    )
    return _TONE_FIRST.sub(r"\2\1", text)
