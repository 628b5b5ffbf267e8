"""Puts the glyphs of a printed line into the order in which they are read. Pure functions.

In lines with Arabic or Hebrew, what is read first may stand anywhere: words run from right to left, numbers
and Latin words in them from left to right. PDFium takes the line as it is drawn, cuts it where letters meet
digits, signs and blanks, and turns the pieces round one by one: "Model X200" becomes "200X Model". So we
take its work back (`drawn_glyphs.undo`), sort by the places of the glyphs, and turn the Unicode bidirectional
algorithm (UAX #9) back as a whole.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from indexer.pdf.drawn_glyphs import MIRRORED, Glyph


class Piece(NamedTuple):
    """A glyph of a line in the order in which it is read, and whether it is read from right to left."""

    glyph: Glyph
    is_rtl: bool


_OPENING = frozenset("([{«‹⟨⁅")
# Times the size of the font: a wider gap parts cells of a table. Justified lines of TeX have blanks of 1.2.
_APART = {True: 1.0, False: 2.0}

# Units that follow their number, where a number and a Latin word stand side by side in a line from right to
# left: "5 GB" and "GB 5" look the same there. Any other word is taken to come first ("Linux 6").
_UNITS = frozenset(
    re.findall(
        r"\S+", "B KB MB GB TB Hz kHz MHz GHz W kW kWh MW V kV A mA g kg mg m cm mm km nm l ml s ms dB"
    )
)


# In Thai and Lao the tone follows the vowel above or below, which is no matter of Unicode's normal forms.
_TONE_FIRST = re.compile("([\u0e48-\u0e4c\u0ec8-\u0ecc])([\u0e31\u0e34-\u0e3a\u0eb1\u0eb4-\u0ebc])")


# The order in which a line is read


def in_reading_order(drawn: Sequence[Glyph], *, is_rtl: bool) -> list[Piece]:
    """The glyphs of a line in the order in which they are read.

    Args:
        drawn: from left to right.
        is_rtl: whether the line as a whole runs from right to left.
    """
    classes = [unicodedata.bidirectional(glyph.text[0]) for glyph in drawn]
    apart = "L" if not is_rtl else "AL" if "AL" in classes else "R"
    for at, glyph in enumerate(drawn):
        if glyph.text == " " and glyph.right - glyph.left > _APART[is_rtl] * glyph.size:
            classes[at] = apart  # cells of a table: no run goes over it
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
        start = at
        while at < len(classes) and classes[at] not in ("R", "AL"):
            at += 1
        yield start, at, True
        stop = last = min(at + 1, len(classes))
        while stop < len(classes) and classes[stop] != "L":
            stop += 1
            if classes[stop - 1] in ("R", "AL"):
                last = stop
        numbers = list(_numbers(classes, at, last, "R"))
        end = last
        for start, stop in reversed(numbers):
            yield stop, end, False
            yield start, stop, True
            end = start
        yield at, end, False
        at = last


def _left_to_right(drawn: Sequence[Glyph], classes: Sequence[str]) -> list[tuple[int, int, bool]]:
    """The runs of a line from right to left, as they are read: (start, stop, whether from left to right)."""
    default = "AL" if "AL" in classes else "R"  # what the line before ends in is not known
    numbers = dict(_numbers(classes, 0, len(classes), default))
    runs: list[tuple[int, int, bool]] = []
    at = 0
    while at < len(classes):
        stop = at
        while stop < len(classes) and classes[stop] not in ("R", "AL", "AN"):
            stop += 1
        if "L" in classes[at:stop]:
            # From the first Latin letter or number to the last is one run, with the blanks and signs in it.
            first = next(place for place in range(at, stop) if classes[place] == "L" or place in numbers)
            ends = {numbers[place] for place in range(first, stop) if place in numbers}
            letters = max(place for place in range(first, stop) if classes[place] == "L")
            last = _before_bracket(drawn, first, letters, max(ends | {letters + 1}))
            last += _closing(drawn, first, last, stop)
            last += _signs(drawn, last, stop)
            runs.append((at, first, False))
            runs += _parted(drawn, first, last, numbers)
            at = last
        stop = max(stop, at + 1)  # a letter or number that is read from right to left
        start = at
        while at < min(stop, len(classes)):
            if drawn[at].text == "+" and at + 1 in numbers:
                # Numbers that are read one by one would have it to the right: a telephone number.
                end = max(numbers[place] for place in range(at, stop) if place in numbers)
                runs += [(start, at, False), (at, end, True)]
                start = at = end
            elif at in numbers:
                runs += [(start, at, False), (at, numbers[at], True)]
                start = at = numbers[at]
            else:
                at += 1
        runs.append((start, at, False))
    return runs[::-1]


def _before_bracket(drawn: Sequence[Glyph], first: int, letters: int, last: int) -> int:
    """The end of a run without a number behind a bracket whose other half is not in it: "2024 (Version 2)".

    Args:
        drawn: the line.
        first: where the run begins.
        letters: where its last letter is.
        last: its end.
    """
    inside = Counter(glyph.text for glyph in drawn[first:last])
    for at in range(letters + 1, last):
        text = drawn[at].text
        if text in MIRRORED and inside[text] != inside[MIRRORED[text]]:
            return at if not drawn[at - 1].text.isspace() else at - 1
    return last


def _closing(drawn: Sequence[Glyph], start: int, last: int, stop: int) -> int:
    """How many brackets after a run close those that it opens: those of "f(x)" belong to it."""
    inside = Counter(glyph.text for glyph in drawn[start:last])
    count = 0
    for glyph in drawn[last:stop]:
        text = glyph.text
        if text not in MIRRORED or text in _OPENING or inside[MIRRORED[text]] <= inside[text]:
            break
        inside[text] += 1
        count += 1
    return count


def _signs(drawn: Sequence[Glyph], last: int, stop: int) -> int:
    """How many signs after a run belong to it, as those of "C++" and "C#" where they stand to its right."""
    at = last
    while at < stop and drawn[at].text in "+#":
        at += 1
    return at - last if at == len(drawn) or drawn[at].text.isspace() else 0


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


def _numbers(classes: Sequence[str], start: int, stop: int, default: str) -> Iterator[tuple[int, int]]:
    """The numbers in a part of a line: (start, stop), from left to right.

    What belongs to a number depends on the last letter before it, which stands to its right: after an Arabic
    one, "2024-03" is two numbers, and a sign of percent or of a currency is none of it. `default` is the
    class of the letter before, if the line has none.
    """
    at = reached = start
    strong = -1  # where the next letter is
    while at < stop:
        if classes[at] not in ("EN", "AN"):
            at += 1
            continue
        first = at
        if strong < at:
            letters = (place for place in range(at, len(classes)) if classes[place] in ("L", "R", "AL"))
            strong = next(letters, len(classes))
        before = classes[strong] if strong < len(classes) else default
        joins = ("CS",) if before == "AL" or classes[at] == "AN" else ("CS", "ES")
        while at < stop and (
            classes[at] == classes[first]
            or (classes[at] in joins and at + 1 < stop and classes[at + 1] == classes[first])
        ):
            at += 1
        if joins != ("CS",):
            while at < stop and classes[at] == "ET":
                at += 1
            while first > reached and classes[first - 1] == "ET":
                first -= 1
        reached = at
        yield first, at


# Brackets


def bracket_votes(read: Sequence[Piece]) -> int:
    """How many pairs of brackets, in what is read from right to left, are there as they are read; less those
    that are there as they look, the closing one first.
    """
    signs = [piece.glyph.text for piece in read if piece.is_rtl and piece.glyph.text in MIRRORED]
    pairs = [(one in _OPENING) for one, other in pairwise(signs) if MIRRORED[one] == other]
    return 2 * sum(pairs) - len(pairs)


def spell(read: Sequence[Piece], *, are_brackets_shapes: bool) -> str:
    """The text of a line.

    Args:
        read: the glyphs as they are read.
        are_brackets_shapes: whether the file names brackets after how they look, so that an opening one that
            is read from right to left is there as ")".
    """
    text = "".join(
        MIRRORED.get(glyph.text, glyph.text) if is_rtl and are_brackets_shapes else glyph.text
        for glyph, is_rtl in read
    )
    return _TONE_FIRST.sub(r"\2\1", text)
