"""Reads text once that is drawn twice: with a shadow, or fill and outline one after the other.

PDFium leaves out what is drawn again at nearly the same place, but no ligature (`offiffice`), and nothing
that lies further away. It mixes the two by their place: `SSttrrookkee`, `WWide ide Shadow Shadow`.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from indexer.pdf.lines.line_glyphs import Glyph
from indexer.pdf.text.page_lines import Line

_LIGATURES = ("ffff", "fifi", "flfl", "ffiffi", "fflffl")
# What most pages do not have. A line of doubled letters without these is found by its width.
_SIGNS = (*_LIGATURES, "aa", "hh", "kk", "uu")
_PAIRS = re.compile(r"([^\W\d_])\1(?!\1)(\w)\2(\w)\3")

# A line with more characters than this for its width may have some twice. In times of its height: of 60,000
# lines of 52 documents, one in forty, mostly in Indian scripts. One in 700 has words that come again, too.
NARROW = 0.25
_WORD = 4  # letters of a word that comes again in such a line

# Times the height of a glyph's box: a shadow is nearer. A browser's or word processor's is .1 of the size.
_NEAR = 0.35
_SAME = 0.04  # shadows of a line differ by less in where they fall
_WIDER = 1.3  # times the shadow's distance: such a letter cannot be followed by another that near
_BLANK = 0.18  # times the height: a gap between words

_MOST_PAIRS = 2000  # of a line
_MOST_NEAR = 30  # glyphs of one text at one place
_MOST_SHADOWS = 8  # of one text; an outline made of shadows has four or eight
_MOST_CHARACTERS = 500  # of a line that are looked at for parts that come again


def may_be_doubled(lines: Sequence[Line], narrow: Sequence[int]) -> set[int]:
    """The places of lines that may have something twice.

    Args:
        lines: of a page.
        narrow: the places of those that are narrow for their characters.
    """
    found = {at for at in narrow if _comes_again(lines[at].text)}
    texts = "\n".join([line.text for line in lines])
    if any(map(texts.__contains__, _SIGNS)) and _has_doubles(texts):
        found |= {at for at, line in enumerate(lines) if _has_doubles(line.text)}
    return found


def _comes_again(text: str) -> bool:
    """Whether a word of a line comes twice, or has doubled letters."""
    words = [word for word in text[:_MOST_CHARACTERS].split() if len(word) >= _WORD and word.isalpha()]
    return len(set(words)) < len(words) or _has_doubles(text[:_MOST_CHARACTERS])


def _has_doubles(text: str) -> bool:
    """Whether a ligature is doubled, or three letters in a row: `SSttrr`."""
    return any(map(text.__contains__, _LIGATURES)) or _PAIRS.search(text) is not None


class _Pair(NamedTuple):
    """Two glyphs that say the same; the first one is so far to the right of the other, and above it."""

    glyph: Glyph
    other: Glyph
    across: float
    along: float


def read_once(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """The glyphs of a line, without those of text objects that only draw again what others draw.

    The blanks that PDFium makes are left out or added beside those, as the gaps tell.
    """
    extra: set[int] = set()
    for _ in range(_MOST_SHADOWS):
        found = _find_shadow([glyph for glyph in glyphs if glyph.drawn and glyph.drawn not in extra])
        if not found:
            break
        extra |= found
    return _without(glyphs, extra) if extra else list(glyphs)


def _find_shadow(glyphs: Sequence[Glyph]) -> set[int]:
    """The addresses of the objects that are the shadow of others, all at one distance."""
    by_object: defaultdict[int, list[Glyph]] = defaultdict(list)
    for glyph in glyphs:
        if glyph.text.strip():
            by_object[glyph.drawn].append(glyph)
    pairs = _find_pairs([glyph for own in by_object.values() for glyph in own])
    usual = _usual(pairs)
    if usual is None:
        return set()
    tolerance = _SAME * (usual.glyph.top - usual.glyph.bottom)
    mains: defaultdict[int, set[int]] = defaultdict(set)
    for pair in pairs:
        if _is_alike(pair, usual, tolerance):
            mains[pair.glyph.at].add(pair.other.drawn)
    extra: set[int] = set()
    # What lies in the same place is a shadow of each other: the shorter one goes, or the later one.
    for drawn, own in sorted(by_object.items(), key=lambda item: (len(item[1]), -item[1][0].at)):
        if all(mains[glyph.at] - extra for glyph in own):
            extra.add(drawn)
    return extra


def _find_pairs(glyphs: Sequence[Glyph]) -> list[_Pair]:
    by_text: defaultdict[str, list[Glyph]] = defaultdict(list)
    for glyph in glyphs:
        by_text[glyph.text].append(glyph)
    pairs = []
    for alike in by_text.values():
        alike.sort(key=lambda glyph: (glyph.x, glyph.y))
        for at, glyph in enumerate(alike):
            farthest = _NEAR * (glyph.top - glyph.bottom)
            for other in reversed(alike[max(0, at - _MOST_NEAR) : at]):
                across, along = glyph.x - other.x, glyph.y - other.y
                if not across < farthest:
                    break
                if abs(along) < farthest and glyph.drawn != other.drawn and glyph.angle == other.angle:
                    pairs.append(_Pair(glyph, other, across, along))
                    if abs(across) + abs(along) < _SAME * (glyph.top - glyph.bottom):
                        pairs.append(_Pair(other, glyph, -across, -along))
            if len(pairs) > _MOST_PAIRS:
                return pairs
    return pairs


def _usual(pairs: Sequence[_Pair]) -> _Pair | None:
    """A pair at the distance that most have; None if no such pair must be a shadow."""
    groups: list[list[_Pair]] = []
    for pair in pairs:
        tolerance = _SAME * (pair.glyph.top - pair.glyph.bottom)
        group = next((group for group in groups if _is_alike(pair, group[0], tolerance)), None)
        if group:
            group.append(pair)
        elif len(groups) < _MOST_SHADOWS * 4:
            groups.append([pair])
    groups = [group for group in groups if _letters_of_shadow(group) > 1]
    return max(groups, key=len)[0] if groups else None


def _letters_of_shadow(pairs: Sequence[_Pair]) -> int:
    """How many different letters have a shadow, and are not just followed by the same letter."""
    texts = {pair.glyph.text for pair in pairs if pair.glyph.right - pair.glyph.left > _WIDER * pair.across}
    return sum(sum(map(str.isalnum, text)) for text in texts)


def _is_alike(one: _Pair, other: _Pair, tolerance: float) -> bool:
    return abs(one.across - other.across) < tolerance and abs(one.along - other.along) < tolerance


def _without(glyphs: Sequence[Glyph], extra: set[int]) -> list[Glyph]:
    """A line without the `extra` objects."""
    kept: list[Glyph] = []
    blank: Glyph | None = None
    is_beside_extra = False
    for glyph in glyphs:
        if glyph.drawn in extra:
            is_beside_extra = True
        elif not glyph.drawn and glyph.text.isspace():
            blank = glyph
        else:
            if kept and is_beside_extra:
                is_apart = is_gap(kept[-1], glyph)
                blank = glyph._replace(text=" ", drawn=0) if is_apart else None
            kept += [blank, glyph] if blank else [glyph]
            blank, is_beside_extra = None, False
    return kept


def is_gap(before: Glyph, glyph: Glyph) -> bool:
    """Whether there is a blank between two glyphs of a line, or another line begins."""
    height, gap = glyph.top - glyph.bottom, glyph.x - before.right
    return not -height < gap < _BLANK * height or glyph.angle != before.angle
