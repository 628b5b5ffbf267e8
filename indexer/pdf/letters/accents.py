"""Composes letters whose accents are printed as characters of their own: `G¨odel` is Gödel.

TeX's old fonts have no accented letters; an accent is drawn first and the letter under it. PDFium gives both,
one after the other, or the accent at the next blank, or at the end of the line. The places tell to which
letter it belongs.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from itertools import chain
from string import ascii_letters
from typing import Any

from indexer.pdf.letters.char_boxes import InkRuler
from indexer.pdf.letters.page_text import PageText

_ABOVE = dict(
    zip(
        "`´ˆ˜¯˘˙¨˚˝ˇ",
        map(chr, (*range(0x300, 0x305), *range(0x306, 0x309), *range(0x30A, 0x30D))),
        strict=True,
    )
)
_BELOW = {"¸": "\u0327", "˛": "\u0328"}
_ACCENTS = _ABOVE | _BELOW
_ACCENT = re.compile("[`´ˆ˜¯˘˙¨˚˝ˇ¸˛]")
_VOWEL = re.compile("[ ]?[aeiouAEIOU]")  # after a grave accent: elsewhere it is a quotation mark
_LETTERS = frozenset(f"{ascii_letters}ıȷ")
_WITH_DOT = {"ı": "i", "ȷ": "j"}

# More on a page are a table of characters, or an attack.
_MOST = 2_000
_FAR = 200  # characters from an accent to its letter

# Of a letter's width: how far the middle of its accent may be beside its own. Of its height: above what an
# accent is, and below what; and the narrowest gap that is a blank.
_BESIDE = 0.4
_HIGH, _LOW = 0.45, 0.35
_BLANK = 0.25


_Box = tuple[float, float, float, float]
"""Where the ink of a character is: left, right, bottom and top, in points."""


class _Page:
    """Measures the characters of an open page, each once."""

    def __init__(self, text_page: Any) -> None:
        self._measure = InkRuler(text_page).measure
        self._known: dict[int, _Box] = {}

    def box(self, index: int) -> _Box:
        box = self._known.get(index)
        if box is None:
            box = self._known[index] = self._measure(index)
        return box


def may_have_accents(source: PageText, codes: Mapping[int, str] | None) -> bool:
    """Whether a page has an accent of its own. `codes` is what `old_codes` says of it."""
    return bool(codes or "`" in source.text or _ACCENT.search(source.odd))


def find_accents(text_page: Any, text: str) -> dict[int, str]:
    """What to write instead of characters of a page: place → text. The accents become empty.

    Args:
        text_page: of PDFium, which has the characters at the same places as the text.
        text: of the page.
    """
    page = _Page(text_page)
    written: dict[int, str] = {}
    for number, found in enumerate(_ACCENT.finditer(text)):
        if number >= _MOST:
            break
        at = found.start()
        if text[at] == "`" and not _VOWEL.match(text, at + 1):
            continue
        accent = page.box(at)
        place = _find_letter(page, text, at, accent, written)
        if place is None:
            continue
        base = text[place]
        composed = unicodedata.normalize("NFC", _WITH_DOT.get(base, base) + _ACCENTS[text[at]])
        if len(composed) > 1:
            continue
        written[place], written[at] = composed, ""
    for at in [at for at, char in written.items() if not char]:
        _close_gap(page, text, at, written)
    return written


def _close_gap(page: _Page, text: str, at: int, written: dict[int, str]) -> None:
    """Keeps one of the blanks around an accent that is taken away, or none where nothing is printed."""
    start, stop = at, at + 1
    while start > 0 and (text[start - 1] == " " or written.get(start - 1) == ""):
        start -= 1
    while stop < len(text) and (text[stop] == " " or written.get(stop) == ""):
        stop += 1
    blanks = [place for place in range(start, stop) if text[place] == " "]
    if not blanks or start == 0 or stop == len(text):
        return
    _, right, bottom, top = page.box(start - 1)
    left, _, next_bottom, next_top = page.box(stop)
    is_blank = not left - right < _BLANK * max(top - bottom, next_top - next_bottom)
    written.update(dict.fromkeys(blanks, ""))
    if is_blank:
        written[blanks[0]] = " "


def _find_letter(page: _Page, text: str, at: int, accent: _Box, taken: dict[int, str]) -> int | None:
    """The place of the letter that an accent stands on, or hangs under; None if there is none."""
    is_above = text[at] in _ABOVE
    for place in chain((at + 1, at + 2, at - 1, at - 2), _find_far(text, at)):
        if (
            0 <= place < len(text)
            and text[place] in _LETTERS
            and place not in taken
            and _belongs(accent, page.box(place), is_above=is_above)
        ):
            return place
    return None


def _find_far(text: str, at: int) -> Iterator[int]:
    """The places where the letter of an accent may be that has nothing beside it."""
    # With anything printed beside it, it is beside its own letter.
    if text[at] == "`" or text[max(at - 1, 0) : at + 2].replace(text[at], "").strip():
        return
    start = text.rfind("\n", 0, at) + 1
    stop = text.find("\r", at)
    stop = len(text) if stop < 0 else stop
    yield from range(max(start, at - _FAR), min(stop, at + _FAR))
    if not text[start:stop].replace(text[at], "").strip():
        # Alone: in the line before or after.
        yield from range(max(0, text.rfind("\n", 0, max(start - 2, 0)) + 1, at - _FAR), start)
        yield from range(stop, min(len(text), at + _FAR))


def _belongs(accent: _Box, letter: _Box, *, is_above: bool) -> bool:
    accent_left, accent_right, accent_bottom, accent_top = accent
    left, right, bottom, top = letter
    width, height = right - left, top - bottom
    beside = abs(accent_left + accent_right - left - right)
    if not (width > 0 and height > 0 and (beside < 2 * _BESIDE * width or beside < _BESIDE * height)):
        return False
    if is_above:
        return bottom + _HIGH * height < accent_bottom < top + height / 2
    return bottom - height / 2 < accent_top < bottom + _LOW * height


def write_accents(line: str, start: int, written: dict[int, str]) -> str:
    """A line with what `find_accents` says; `start` is the place of its first character."""
    return "".join([written.get(place, char) for place, char in enumerate(line, start)])
