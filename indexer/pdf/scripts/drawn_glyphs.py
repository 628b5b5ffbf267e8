"""Makes of the characters that PDFium lists of a line the glyphs that are drawn, from left to right.

A glyph is a letter with its marks, or what a replacement text (/ActualText) stands for. For the order in
which they are read see `reading_order`. Nothing is changed but the `Chars` that are given.
"""

import math
import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import compress, islice
from operator import eq, not_

from indexer.pdf.scripts.listed_chars import Char, Chars, bidi_classes

MIRRORED = dict(zip("()[]{}<>«»‹›≤≥⟨⟩⁅⁆", ")(][}{><»«›‹≥≤⟩⟨⁆⁅", strict=True))
"""Brackets and quotation marks that Unicode mirrors in text from right to left."""

# PDFium turns these round as well, which Unicode does not.
_TURNED = MIRRORED | dict(zip("“”‘’", "”“’‘", strict=True))

# A gap between two boxes of at least this share of the font's size is a blank. Blanks of fonts are .2 to .33
# of it.
_LEAST_BLANK = 0.16
# The same where a box is that of ink, which lacks the bearings of its glyph, or where blanks are drawn, too.
_LEAST_GAP = 0.22

LEAST_CELL = 1.0
"""Times the size of the font: no narrower gap parts cells of a table."""

_MOST_ALIKE = 50  # glyphs of one text in a line with which another is compared

_LAM = "\u0644"
_ALEFS = frozenset("\u0627\u0623\u0625\u0622\u0671")
# Words that are one character, which PDFium spells out in the order in which they are read.
_WORDS = frozenset(
    unicodedata.normalize("NFKC", chr(code)).replace(" ", "") for code in range(0xFDF0, 0xFDFC)
)


# What PDFium did, taken back

# PDFium's own kinds: right, left, weak and neutral.
_KINDS = str.maketrans("RALNESTCM.", "RRLwwwwwwn")
_RIGHT, _LEFT = re.compile("R+"), re.compile("L+")
# What PDFium turns round: words, and the neutral signs behind them, which are marked "t" below.
_WITH_NEUTRALS = re.compile("R[Rwn]*n[Rwn]*")
_TURNED_PIECE = re.compile("RR+|tt+")
_OTHER_PIECE = re.compile("LL+|ww+|nn+")
_TURNED_SIGN = re.compile(f"[{re.escape(''.join(_TURNED))}]")


def undo(chars: Chars, lines: Sequence[range]) -> list[list[int]]:
    """The characters of lines as PDFium had them before it turned pieces of the lines round.

    It turns round what its own table calls right-to-left, and signs and blanks after it, and mirrors the
    brackets in these (CPDF_TextPage::CloseTempLine, CFX_BidiString; PDFium 7951). In `chars`, which are as
    they are listed, the texts of these are mirrored back.
    """
    text, kinds = "".join(chars.text), "".join(chars.kind).translate(_KINDS)
    return [
        _undo(chars.text, line, text[line.start : line.stop], kinds[line.start : line.stop]) for line in lines
    ]


def _undo(texts: list[str], line: range, text: str, kinds: str) -> list[int]:
    undone = list(line)
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
            texts[line[found.start()]] = _TURNED[found[0]]
    # If the line as a whole is turned round, these pieces are not.
    for found in (_OTHER_PIECE if is_right else _TURNED_PIECE).finditer(kinds):
        start, stop = found.span()
        undone[start:stop] = undone[start:stop][::-1]
    return undone[::-1] if is_right else undone


def _is_rtl(char: str) -> bool:
    return bidi_classes(char) in "RA"


# Glyphs


def glyphs(chars: Chars, line: Sequence[int], *, are_blanks_drawn: bool = False) -> list[int]:
    """The glyphs of a line from left to right, each with its marks, and with the blanks between them.

    Args:
        chars: what is drawn; glyphs of several characters are added to it.
        line: those of the line as they are drawn; see `undo`. Blanks that PDFium made up are left out: how
            far apart the glyphs are tells where blanks are.
        are_blanks_drawn: whether there is a blank in `line` between any two words.
    """
    texts = chars.text
    found = _together(chars, line)
    are_marks = list(map(_is_mark, [texts[at] for at in found]))
    if True not in are_marks:
        bases = sorted(found, key=chars.pen.__getitem__)
    else:
        bases = sorted(compress(found, map(not_, are_marks)), key=chars.pen.__getitem__)
        bases += _put_marks(chars, bases, list(compress(found, are_marks)))
    return _with_blanks(chars, bases, are_blanks_drawn=are_blanks_drawn)


def _together(chars: Chars, line: Sequence[int]) -> list[int]:
    """What is drawn as one: first all of one replacement text at one place, then characters in a row."""
    texts, left, right, source = chars.text, chars.left, chars.right, chars.source
    drawn = [at for at in line if source[at] and not (right[at] <= left[at] and texts[at].isspace())]
    if min(map(source.__getitem__, drawn), default=0) < 0:
        several = _replacement_texts(chars, drawn)
        drawn = [at for at in drawn if source[at] > 0]
        found = list(several)
    else:
        several, found = [], []
    done = 0
    for start, stop in _at_one_place(chars, drawn):
        cluster = _cluster(chars, drawn[start:stop])
        several.append(cluster)
        found += drawn[done:start]
        found.append(cluster)
        done = stop
    if not several:
        return drawn
    repeats = _repeats(chars, several)
    found += drawn[done:]
    return [at for at in found if at not in repeats] if repeats else found


def _replacement_texts(chars: Chars, drawn: Sequence[int]) -> list[int]:
    replaced: defaultdict[tuple[int, float, float], list[int]] = defaultdict(list)
    for at in drawn:
        if chars.source[at] < 0:
            replaced[chars.source[at], chars.x[at], chars.y[at]].append(at)
    # PDFium divides the box of all of a text among its characters, from right to left for these scripts.
    texts = (
        sorted(text, key=chars.left.__getitem__, reverse=any(_is_rtl(chars.text[at]) for at in text))
        for text in replaced.values()
    )
    return [_cluster(chars, text) if len(text) > 1 else text[0] for text in texts]


def _at_one_place(chars: Chars, drawn: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The first of some characters in a row that are one glyph, and the place after the last."""
    x = chars.x
    xs = [x[at] for at in drawn]
    start = stop = 0
    for at in compress(range(1, len(xs)), map(eq, xs, islice(xs, 1, None))):
        if not _are_one(chars, drawn[at - 1], drawn[at]):
            continue
        if at != stop:
            if stop:
                yield start, stop
            start = at - 1
        stop = at + 1
    if stop:
        yield start, stop


def _are_one(chars: Chars, one: int, other: int) -> bool:
    return (
        chars.y[one] == chars.y[other]
        and chars.source[one] == chars.source[other]
        and chars.text[one].isspace() == chars.text[other].isspace()
    )


def _cluster(chars: Chars, parts: Sequence[int]) -> int:
    """Makes the first of some characters the glyph of all of them."""
    first = parts[0]
    text = _in_order("".join([chars.text[at] for at in parts]))
    chars.text[first], chars.kind[first] = text, bidi_classes(text[0])
    chars.place[first] = min([chars.place[at] for at in parts])
    chars.left[first] = min([chars.left[at] for at in parts])
    chars.right[first] = max([chars.right[at] for at in parts])
    return first


def _repeats(chars: Chars, several: Sequence[int]) -> set[int]:
    """Those of the glyphs that were several characters, or have a replacement text, that say again what was
    said.

    PDFium lists a replacement text again if the objects that it stands for are not in a row, and Typst 0.15
    names a raised mark after its letter and itself.
    """
    texts, source = chars.text, chars.source
    repeats: set[int] = set()
    replaced: set[int] = set()
    marked: defaultdict[str, list[Char]] = defaultdict(list)
    for at in several:
        if source[at] < 0:
            if source[at] in replaced:
                repeats.add(at)
                continue
            replaced.add(source[at])
        if len(texts[at]) > 1 and any(map(_is_mark, texts[at])):
            same = marked[unicodedata.normalize("NFC", texts[at])]
            glyph = chars[at]
            if any(_overlap(glyph, other) for other in same[-_MOST_ALIKE:]):
                repeats.add(at)
            else:
                same.append(glyph)
    return repeats


def _overlap(glyph: Char, other: Char) -> bool:
    """Whether the middle of either is inside the other."""
    left, right = min(glyph.pen, glyph.left), glyph.right
    other_left, other_right = min(other.pen, other.left), other.right
    middle, other_middle = (left + right) / 2, (other_left + other_right) / 2
    return left < other_middle < right or other_left < middle < other_right


@lru_cache(maxsize=4096)
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


def _put_marks(chars: Chars, bases: Sequence[int], marks: Sequence[int]) -> Sequence[int]:
    """Puts each mark behind the letter that it stands on or under. Returns those that stand alone."""
    texts, places, pen, left, right = chars.text, chars.place, chars.pen, chars.left, chars.right
    letters = [at for at in bases if not texts[at].isspace()]
    if not letters:
        return marks
    pens = [pen[at] for at in letters]
    # From left to right, a mark is drawn after its letter, as a rule.
    after = {places[at] + len(texts[at]): at for at in letters if chars.kind[at] == "L"}
    for mark in marks:
        middle = (left[mark] + right[mark]) / 2
        of = after.get(places[mark], -1)
        slack = chars.size[of] / 10
        if of >= 0 and left[of] - slack < middle < right[of] + slack:
            after[places[mark] + len(texts[mark])] = of
        else:
            near = bisect_left(pens, middle)
            # A letter begins to the left of the marks on it, as a rule; of its neighbours some reach over it.
            of = _nearest(left, right, middle, letters[near - 3 if near > 3 else 0 : near + 3])
        texts[of] += texts[mark]
    return ()


def _nearest(left: Sequence[float], right: Sequence[float], x: float, letters: Sequence[int]) -> int:
    """Which of some letters is the nearest to a place; of two that are both over it, whose middle is.

    Args:
        left: the left edge of each character.
        right: the right one.
        x: the place.
        letters: the indexes of the letters.
    """
    nearest, least, least_of_middle = letters[0], math.inf, math.inf
    for at in letters:
        start, end = left[at], right[at]
        distance = start - x if start > x else x - end if x > end else 0.0
        if distance <= least:
            of_middle = abs(x - (start + end) / 2)
            if distance < least or of_middle < least_of_middle:
                nearest, least, least_of_middle = at, distance, of_middle
    return nearest


def _with_blanks(chars: Chars, bases: Sequence[int], *, are_blanks_drawn: bool) -> list[int]:
    texts, pen, left, right, size = chars.text, chars.pen, chars.left, chars.right, chars.size
    first = next((place for place, at in enumerate(bases) if texts[at] != " "), len(bases))
    spaced = list(bases[first : first + 1])
    if not spaced:
        return spaced
    before = spaced[0]
    reach = right[before]
    is_after_blank = False
    narrow = -1  # one gap stands for all those of the line of which no more is asked than that they are there
    for at in bases[first + 1 :]:
        if texts[at] == " ":
            if is_after_blank or pen[at] == pen[before]:
                continue  # or it lies under a letter (Typst 0.15 at line ends)
            is_after_blank = True
        elif is_after_blank:
            if left[at] > right[before]:
                right[before] = left[at]
            is_after_blank = False
        elif left[at] - reach > _LEAST_BLANK * size[at]:
            is_replaced = chars.source[at] < 0 or chars.source[before] < 0
            least = _LEAST_GAP if is_replaced or are_blanks_drawn else _LEAST_BLANK
            if left[at] - reach > least * size[at] and not _is_part(texts[at][0]):
                is_narrow = left[at] - reach <= LEAST_CELL * size[at]
                if narrow < 0 or not is_narrow:
                    gap = chars.append(Char(" ", -1, reach, reach, chars.y[at], reach, left[at], size[at], 0))
                    narrow = gap if is_narrow else narrow
                spaced.append(narrow if is_narrow else gap)
        if right[at] > reach:
            reach = right[at]
        spaced.append(at)
        before = at
    return spaced


def _is_part(char: str) -> bool:
    """Whether a character is part of the syllable before it: a mark, or a vowel sign."""
    return unicodedata.category(char) in ("Mn", "Me", "Mc")
