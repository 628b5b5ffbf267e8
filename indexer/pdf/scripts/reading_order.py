"""Puts the glyphs of a printed line into the order in which they are read. Pure functions.

In lines with Arabic or Hebrew, what is read first may stand anywhere: words run from right to left, numbers
and Latin words in them from left to right. PDFium takes the line as it is drawn, cuts it where letters meet
digits, signs and blanks, and turns the pieces round one by one: "Model X200" becomes "200X Model". So we
take its work back (`drawn_glyphs.undo`), sort by the places of the glyphs, and turn the Unicode bidirectional
algorithm (UAX #9) back as a whole.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

from indexer.pdf.scripts.drawn_glyphs import LEAST_CELL, MIRRORED
from indexer.pdf.scripts.listed_chars import Chars


class Run(NamedTuple):
    """Glyphs of a line in the order in which they are read.

    Attributes:
        glyphs: their indexes; see `Chars`.
        texts: of each.
        is_rtl: whether they are read from right to left.
    """

    glyphs: Sequence[int]
    texts: Sequence[str]
    is_rtl: bool


_OPENING = frozenset("([{«‹⟨⁅")
# In letters of `bidi_classes`: of Arabic and Hebrew, of all scripts, what is read from left to right, digits,
# and what ends Latin text.
_RTL = re.compile("[RA]+")
_LETTER = re.compile("[LRA]")
_FROM_LEFT = re.compile("[LEN]")
_DIGIT = re.compile("[EN]")
_END = re.compile("[RAN]")
# Times the size of the font: a wider gap parts cells of a table. Justified lines of TeX have blanks of 1.2.
_APART = {True: LEAST_CELL, False: 2.0}

# Units that follow their number, where a number and a Latin word stand side by side in a line from right to
# left: "5 GB" and "GB 5" look the same there. Any other word is taken to come first ("Linux 6").
_UNITS = frozenset(
    re.findall(
        r"\S+", "B KB MB GB TB Hz kHz MHz GHz W kW kWh MW V kV A mA g kg mg m cm mm km nm l ml s ms dB"
    )
)


# In the same way a day comes before its month, where a year follows that: "14 May 2024" is drawn as
# "May 2024 14".
_MONTH = "jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec"
_MONTH += "|january|february|march|april|august|september|october|november|december"
_MONTH_AND_YEAR = re.compile(rf"(?:{_MONTH})[.,]? \d{{4}}", re.IGNORECASE)
_DAY = re.compile(r"0?[1-9]|[12]\d|3[01]")

# In Thai and Lao the tone follows the vowel above or below, which is no matter of Unicode's normal forms.
_TONE_FIRST = re.compile("([\u0e48-\u0e4c\u0ec8-\u0ecc])([\u0e31\u0e34-\u0e3a\u0eb1\u0eb4-\u0ebc])")


# The order in which a line is read


def in_reading_order(chars: Chars, drawn: Sequence[int], *, is_rtl: bool) -> list[Run]:
    """The glyphs of a line in the order in which they are read.

    Args:
        chars: all that there are.
        drawn: those of the line, from left to right.
        is_rtl: whether the line as a whole runs from right to left.
    """
    texts = [chars.text[at] for at in drawn]
    classes = "".join([chars.kind[at] for at in drawn])
    if is_rtl and not _FROM_LEFT.search(classes):
        return [Run(drawn[::-1], texts[::-1], is_rtl=True)]
    apart = "L" if not is_rtl else "A" if "A" in classes else "R"
    widest = _APART[is_rtl]
    cells = [
        place
        for place, (at, text) in enumerate(zip(drawn, texts, strict=True))
        if text == " " and chars.right[at] - chars.left[at] > widest * chars.size[at]
    ]
    if cells:  # cells of a table: no run goes over what is between them
        parted = list(classes)
        for place in cells:
            parted[place] = apart
        classes = "".join(parted)
    runs = _around(_left_to_right(texts, classes), len(texts)) if is_rtl else _right_to_left(classes)
    return [
        Run(drawn[start:stop], texts[start:stop], is_rtl=False)
        if is_ltr
        else Run(drawn[start:stop][::-1], texts[start:stop][::-1], is_rtl=True)
        for start, stop, is_ltr in runs
        if start < stop
    ]


def _right_to_left(classes: str) -> Iterator[tuple[int, int, bool]]:
    """The runs of a line from left to right, as they are read: (start, stop, whether from left to right)."""
    at = 0
    while found := _RTL.search(classes, at):
        yield at, found.start(), True
        at = found.start()
        stop = classes.find("L", at)
        stop = stop if stop >= 0 else len(classes)
        last = max(classes.rfind("R", at, stop), classes.rfind("A", at, stop)) + 1
        end = last
        for start, stop in reversed(list(_numbers(classes, at, last, "R"))):
            yield stop, end, False
            yield start, stop, True
            end = start
        yield at, end, False
        at = last
    yield at, len(classes), True


def _around(pieces: Sequence[tuple[int, int]], count: int) -> list[tuple[int, int, bool]]:
    """The runs of a line from right to left, as they are read: (start, stop, whether from left to right).

    Args:
        pieces: see `_left_to_right`.
        count: how many glyphs the line has.
    """
    runs: list[tuple[int, int, bool]] = []
    at = 0
    for start, stop in pieces:
        runs += [(at, start, False), (start, stop, True)]
        at = stop
    return [*runs, (at, count, False)][::-1]


def _left_to_right(texts: Sequence[str], classes: str) -> list[tuple[int, int]]:
    """What is read from left to right in a line from right to left: (start, stop), from left to right."""
    default = "A" if "A" in classes else "R"  # what the line before ends in is not known
    numbers = dict(_numbers(classes, 0, len(classes), default))
    pieces: list[tuple[int, int]] = []
    at = 0
    while at < len(classes):
        if found := _RTL.match(classes, at):
            at = found.end()
            continue
        found = _END.search(classes, at)
        stop = found.start() if found else len(classes)
        if "L" in classes[at:stop]:
            # From the first Latin letter or number to the last is one run, with the blanks and signs in it.
            first = next(place for place in range(at, stop) if classes[place] == "L" or place in numbers)
            ends = {numbers[place] for place in range(first, stop) if place in numbers}
            letters = classes.rindex("L", first, stop)
            last = _before_bracket(texts, first, letters, max(ends | {letters + 1}))
            last += _closing(texts, first, last, stop)
            last += _signs(texts, last, stop, "+#-" if first == 0 else "+#")
            pieces += _parted(texts, first, last, numbers)
            at = last
        stop = max(stop, at + 1)  # a number that is read from right to left
        while at < min(stop, len(classes)):
            if texts[at] == "+" and at + 1 < stop and at + 1 in numbers:
                # Numbers that are read one by one would have it to the right: a telephone number.
                end = max(numbers[place] for place in range(at, stop) if place in numbers)
                pieces.append((at, end))
                at = end
            elif at in numbers:
                pieces.append((at, numbers[at]))
                at = numbers[at]
            else:
                at += 1
    return pieces


def _before_bracket(texts: Sequence[str], first: int, letters: int, last: int) -> int:
    """The end of a run without a number behind a bracket whose other half is not in it: "2024 (Version 2)".

    Args:
        texts: of the line's glyphs.
        first: where the run begins.
        letters: where its last letter is.
        last: its end.
    """
    for at in range(letters + 1, last):
        text = texts[at]
        if text in MIRRORED:
            inside = texts[first:last]
            if inside.count(text) != inside.count(MIRRORED[text]):
                return at if not texts[at - 1].isspace() else at - 1
    return last


def _closing(texts: Sequence[str], start: int, last: int, stop: int) -> int:
    """How many brackets after a run close those that it opens: those of "f(x)" belong to it."""
    for at in range(last, stop):
        text = texts[at]
        if text not in MIRRORED or text in _OPENING:
            return at - last
        inside = texts[start:at]
        if inside.count(MIRRORED[text]) <= inside.count(text):
            return at - last
    return max(stop - last, 0)


def _signs(texts: Sequence[str], last: int, stop: int, signs: str) -> int:
    """How many of some signs after a run belong to it: those of "C++" and "C#" where they stand to its right.

    At the left end of a line, so does the hyphen of a code that goes on in the next.
    """
    at = last
    while at < stop and texts[at] in signs:
        at += 1
    return at - last if at == len(texts) or texts[at].isspace() else 0


def _parted(texts: Sequence[str], start: int, stop: int, numbers: dict[int, int]) -> list[tuple[int, int]]:
    """A run; in two if it is a unit and the number it follows, or a month, a year and the day they follow:
    the number stands to the right.
    """
    *words, last = "".join(texts[start:stop]).split()
    is_unit = len(words) == 1 and words[0] in _UNITS
    if is_unit or (_DAY.fullmatch(last) and _MONTH_AND_YEAR.fullmatch(" ".join(words))):
        number = next((at for at, end in numbers.items() if at > start and end == stop), stop)
        before = max((at for at in range(start, number) if texts[at].isspace()), default=number)
        if number < stop:
            return [(start, before), (number, stop)]
    return [(start, stop)]


def _numbers(classes: str, start: int, stop: int, default: str) -> Iterator[tuple[int, int]]:
    """The numbers in a part of a line: (start, stop), from left to right.

    What belongs to a number depends on the last letter before it, which stands to its right: after an Arabic
    one, "2024-03" is two numbers, and a sign of percent or of a currency is none of it. `default` is the
    class of the letter before, if the line has none.
    """
    at = reached = start
    strong = -1  # where the next letter is
    while found := _DIGIT.search(classes, at, stop):
        at = first = found.start()
        if strong < at:
            letter = _LETTER.search(classes, at)
            strong = letter.start() if letter else len(classes)
        before = classes[strong] if strong < len(classes) else default
        is_arabic = before == "A" or classes[at] == "N"
        joins = "C" if is_arabic else "CS"
        while at < stop and (
            classes[at] in "EN"  # in Persian numbers the separators have the class of Arabic digits: ۱۲٬۵۰۰
            or (classes[at] in joins and at + 1 < stop and classes[at + 1] == classes[first])
        ):
            at += 1
        if not is_arabic:
            while at < stop and classes[at] == "T":
                at += 1
            while first > reached and classes[first - 1] == "T":
                first -= 1
        reached = at
        yield first, at


# Brackets


def bracket_votes(read: Sequence[Run]) -> int:
    """How many pairs of brackets, in what is read from right to left, are there as they are read; less those
    that are there as they look, the closing one first.
    """
    texts = chain.from_iterable([run.texts for run in read if run.is_rtl])
    signs = list(filter(MIRRORED.__contains__, texts))
    pairs = [(one in _OPENING) for one, other in pairwise(signs) if MIRRORED[one] == other]
    return 2 * sum(pairs) - len(pairs)


def spell(read: Sequence[Run], *, are_brackets_shapes: bool) -> str:
    """The text of a line.

    Args:
        read: the glyphs as they are read.
        are_brackets_shapes: whether the file names brackets after how they look, so that an opening one that
            is read from right to left is there as ")".
    """
    parts: list[str] = []
    for run in read:
        is_mirrored = are_brackets_shapes and run.is_rtl
        parts += [MIRRORED.get(text, text) for text in run.texts] if is_mirrored else run.texts
    return _TONE_FIRST.sub(r"\2\1", "".join(parts))
