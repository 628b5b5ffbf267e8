"""Makes of the characters that PDFium lists of a line the glyphs that are drawn, from left to right.

A glyph is a letter with its marks, or what a replacement text (/ActualText) stands for. For the order in
which they are read see `reading_order`. Pure functions.
"""

import math
import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import compress, islice
from operator import attrgetter, eq, not_
from typing import NamedTuple


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


Glyph = Char
"""The same, so that a glyph of one character has not to be made: most are."""

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


# PDFium's own kinds: right, left, weak and neutral.
_KINDS = str.maketrans("RALNESTCM.", "RRLwwwwwwn")
_RIGHT, _LEFT = re.compile("R+"), re.compile("L+")
# What PDFium turns round: words, and the neutral signs behind them, which are marked "t" below.
_WITH_NEUTRALS = re.compile("R[Rwn]*n[Rwn]*")
_TURNED_PIECE = re.compile("RR+|tt+")
_OTHER_PIECE = re.compile("LL+|ww+|nn+")
_TURNED_SIGN = re.compile(f"[{re.escape(''.join(_TURNED))}]")


def undo(chars: Sequence[Char]) -> list[Char]:
    """The characters of a line as PDFium had them before it turned pieces of the line round.

    It turns round what its own table calls right-to-left, and signs and blanks after it, and mirrors the
    brackets in these (CPDF_TextPage::CloseTempLine, CFX_BidiString; PDFium 7951).
    """
    text = "".join([char[0] for char in chars])
    kinds = bidi_classes(text).translate(_KINDS)
    undone = list(chars)
    if "R" not in kinds:
        return undone
    if "L" in kinds:
        is_right = len(_RIGHT.findall(kinds)) > len(_LEFT.findall(kinds))
        before = "R" if is_right else "L"
        kinds = _WITH_NEUTRALS.sub(lambda found: found[0].replace("n", "t"), before + kinds)[1:]
    else:
        is_right = True
        kinds = kinds.replace("n", "t")
    for found in _TURNED_SIGN.finditer(text):
        if kinds[found.start()] == "t":
            undone[found.start()] = _mirror(chars[found.start()])
    if is_right:  # the line as a whole is turned round, so that these pieces are not
        for found in _OTHER_PIECE.finditer(kinds):
            start, stop = found.span()
            undone[start:stop] = undone[start:stop][::-1]
        undone.reverse()
        return undone
    for found in _TURNED_PIECE.finditer(kinds):
        start, stop = found.span()
        undone[start:stop] = undone[start:stop][::-1]
    return undone


def _is_rtl(char: str) -> bool:
    return bidi_classes(char) in "RA"


def _mirror(char: Char) -> Char:
    return char._replace(text=_TURNED[char.text])


# Glyphs


def glyphs(chars: Sequence[Char], *, are_blanks_drawn: bool = False) -> list[Glyph]:
    """The glyphs of a line from left to right, each with its marks, and with the blanks between them.

    Args:
        chars: as drawn; see `undo`. Blanks that PDFium made up are left out: how far apart the glyphs are
            tells where blanks are.
        are_blanks_drawn: whether there is a blank in `chars` between any two words.
    """
    found = _together(chars)
    are_marks = [_is_mark(glyph[0]) for glyph in found]
    bases, marks = found, []
    if True in are_marks:
        marks = list(compress(found, are_marks))
        bases = list(compress(found, map(not_, are_marks)))
    return _with_blanks(_with_marks(sorted(bases, key=_pen), marks), are_blanks_drawn=are_blanks_drawn)


_pen, _source = attrgetter("pen"), attrgetter("source")


def _together(chars: Sequence[Char]) -> list[Glyph]:
    """What is drawn as one: first all of one replacement text at one place, then characters in a row."""
    drawn = [char for char in chars if char[8] and not (char[6] <= char[5] and char[0].isspace())]
    found: list[Glyph] = []
    if min(map(_source, drawn), default=0) < 0:
        found = _replacement_texts(drawn)
        drawn = [char for char in drawn if char.source > 0]
    done = 0
    for start, stop in _at_one_place(drawn):
        found += drawn[done:start]
        found.append(_cluster(drawn[start:stop]))
        done = stop
    return _without_repeats(found + drawn[done:]) if found else drawn


def _replacement_texts(drawn: Iterable[Char]) -> list[Glyph]:
    replaced: defaultdict[tuple[int, float, float], list[Char]] = defaultdict(list)
    for char in drawn:
        if char.source < 0:
            replaced[char.source, char.x, char.y].append(char)
    # PDFium divides the box of all of a text among its characters, from right to left for these scripts.
    texts = (
        sorted(text, key=lambda char: char.left, reverse=any(_is_rtl(char.text) for char in text))
        for text in replaced.values()
    )
    return [_cluster(text) if len(text) > 1 else text[0] for text in texts]


def _at_one_place(drawn: Sequence[Char]) -> Iterator[tuple[int, int]]:
    """The first of some characters in a row that are one glyph, and the place after the last."""
    xs = [char[3] for char in drawn]
    start = stop = 0
    for at in compress(range(1, len(xs)), map(eq, xs, islice(xs, 1, None))):
        if not _are_one(drawn[at - 1], drawn[at]):
            continue
        if at != stop:
            if stop:
                yield start, stop
            start = at - 1
        stop = at + 1
    if stop:
        yield start, stop


def _are_one(char: Char, other: Char) -> bool:
    return char.y == other.y and char.source == other.source and char.text.isspace() == other.text.isspace()


def _cluster(chars: Sequence[Char]) -> Glyph:
    return chars[0]._replace(
        text=_in_order("".join([char.text for char in chars])),
        place=min([char.place for char in chars]),
        left=min([char.left for char in chars]),
        right=max([char.right for char in chars]),
    )


def _without_repeats(drawn: Sequence[Glyph]) -> list[Glyph]:
    """The glyphs without those that say again what was said.

    PDFium lists a replacement text again if the objects that it stands for are not in a row, and Typst 0.15
    names a raised mark after its letter and itself.
    """
    found: list[Glyph] = []
    replaced: set[int] = set()
    marked: defaultdict[str, list[Glyph]] = defaultdict(list)
    for glyph in drawn:
        if len(glyph[0]) == 1 and glyph[8] > 0:
            found.append(glyph)
            continue
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
    left, right = min(glyph.pen, glyph.left), glyph.right
    other_left, other_right = min(other.pen, other.left), other.right
    middle, other_middle = (left + right) / 2, (other_left + other_right) / 2
    return left < other_middle < right or other_left < middle < other_right


def _in_order(text: str) -> str:
    """The characters of one glyph: a letter before the marks on it, and lam before the alef it carries."""
    if len(text) == 1:
        return text
    at = 0
    while at < len(text) - 1 and _is_mark(text[at]):
        at += 1
    if _is_rtl(text[at]):
        text = text[at] + text[:at] + text[at + 1 :]
    if text[::-1] in _WORDS:
        return text[::-1]
    if text[0] in _ALEFS and _LAM in text:
        letters = [char for char in text if not _is_mark(char)]
        if len(letters) == 2 and letters[1] == _LAM:
            return _LAM + text.replace(_LAM, "")
    return text


@lru_cache(maxsize=4096)
def _is_mark(text: str) -> bool:
    return all(unicodedata.category(char) in ("Mn", "Me") for char in text)


def _with_marks(bases: list[Glyph], marks: Sequence[Glyph]) -> list[Glyph]:
    """Puts each mark behind the letter that it stands on or under."""
    if not marks:
        return bases
    letters = [at for at, base in enumerate(bases) if not base[0].isspace()]
    if not letters:
        return [*bases, *marks]
    drawn = [bases[at] for at in letters]
    pens = [base[2] for base in drawn]
    edges = [(base[5], base[6]) for base in drawn]
    firsts = bidi_classes("".join([base[0][0] for base in drawn]))
    # From left to right, a mark is drawn after its letter, as a rule.
    after = {}
    if "L" in firsts:
        after = {
            base.place + len(base.text): at
            for at, (base, first) in enumerate(zip(drawn, firsts, strict=True))
            if first == "L"
        }
    marked: dict[int, str] = {}
    for mark in marks:
        middle = (mark[5] + mark[6]) / 2
        at = after.get(mark.place, -1) if after else -1
        if at >= 0 and _is_near(drawn[at], mark):
            after[mark.place + len(mark.text)] = at
        else:
            near = bisect_left(pens, middle)
            # A letter begins to the left of the marks on it, as a rule; of its neighbours some reach over it.
            at = _nearest(edges, middle, range(near - 3 if near > 3 else 0, min(near + 3, len(edges))))
        marked[at] = marked.get(at, "") + mark[0]
    for at, text in marked.items():
        base = drawn[at]
        bases[letters[at]] = base._replace(text=base.text + text)
    return bases


def _is_near(base: Glyph, mark: Glyph) -> bool:
    slack = base.size / 10
    return base.left - slack < (mark.left + mark.right) / 2 < base.right + slack


def _nearest(edges: Sequence[tuple[float, float]], x: float, among: range) -> int:
    """Which of some letters is the nearest to a place; of two that are both over it, whose middle is.

    Args:
        edges: the left and the right one of each.
        x: the place.
        among: which letters.
    """
    nearest, least, least_of_middle = among.start, math.inf, math.inf
    for at in among:
        left, right = edges[at]
        distance = left - x if left > x else x - right if x > right else 0.0
        if distance <= least:
            of_middle = abs(x - (left + right) / 2)
            if distance < least or of_middle < least_of_middle:
                nearest, least, least_of_middle = at, distance, of_middle
    return nearest


def _with_blanks(bases: Sequence[Glyph], *, are_blanks_drawn: bool) -> list[Glyph]:
    spaced: list[Glyph] = []
    reach = 0.0
    before: Glyph | None = None
    for glyph in bases:
        text, _, pen, _, y, left, right, size, source = glyph
        if text == " ":
            if not before or before[0] == " " or pen == before[2]:
                continue  # the line begins with it, or it lies under a letter (Typst 0.15 at line ends)
        elif before:
            if before[0] == " ":
                if left > before[6]:
                    spaced[-1] = before._replace(right=left)
            elif left - reach > _LEAST_BLANK * size:
                is_replaced = source < 0 or before[8] < 0
                least = _LEAST_GAP if is_replaced or are_blanks_drawn else _LEAST_BLANK
                if left - reach > least * size and not _is_part(text[0]):
                    spaced.append(Glyph(" ", -1, reach, reach, y, reach, left, size, 0))
        if not before or right > reach:
            reach = right
        spaced.append(glyph)
        before = glyph
    return spaced


def _is_part(char: str) -> bool:
    """Whether a character is part of the syllable before it: a mark, or a vowel sign."""
    return unicodedata.category(char) in ("Mn", "Me", "Mc")
