"""Where OCR saw each word of a page, so that a passage can be marked in its picture. Pure functions."""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields, replace
from itertools import accumulate, pairwise

from stackroom.page.alignment import count_letters
from stackroom.page.own_marks import without_marks

UNITS = 4095
"""Coordinates run from 0 to 4095, across the page and down it: seven to a point of an A4 page."""

# A number of letters is stored in two bytes.
_MOST_LETTERS = 60_000

# The widest gap between two words of a line that is marked with them, in heights of the line.
_WIDEST_GAP = 2.5


@dataclass(frozen=True, slots=True)
class WordBox:
    """The box of a word on a page. Coordinates are in UNITS, from the page's upper left corner.

    Attributes:
        letters: how many letters and digits it has; see `stackroom.page.alignment.count_letters`.
        left, right: from the left edge of the page (0) to the right one (UNITS).
        top, bottom: from the upper edge of the page (0) to the lower one (UNITS).
    """

    letters: int
    left: int
    top: int
    right: int
    bottom: int


def pack(words: Sequence[WordBox]) -> bytes:
    """The boxes of a page's words, compressed."""
    columns = zip(*map(astuple, words), strict=True)
    # Column by column, as differences from word to word: small numbers that are alike compress well.
    steps = [(now - before) % 2**16 for column in columns for before, now in pairwise((0, *column))]
    return zlib.compress(struct.pack(f"<{len(steps)}H", *steps), 9)


def unpack(content: bytes) -> tuple[WordBox, ...]:
    """The boxes that `pack` compressed; none if the bytes are damaged."""
    try:
        steps = [step for (step,) in struct.iter_unpack("<H", zlib.decompress(content))]
    except (zlib.error, struct.error):
        return ()
    count = len(steps) // len(fields(WordBox))
    columns = [accumulate(steps[at : at + count]) for at in range(0, len(steps), count or 1)]
    return tuple(WordBox(*(value % 2**16 for value in row)) for row in zip(*columns, strict=True))


def without_places(letters: int) -> list[WordBox]:
    """Boxes without an area for so many letters of a page that OCR did not see: the PDF has them itself."""
    whole, rest = divmod(max(letters, 0), _MOST_LETTERS)
    return [WordBox(count, 0, 0, 0, 0) for count in [_MOST_LETTERS] * whole + [rest] if count]


def find_own_stop(words: Sequence[WordBox], page: str) -> int:
    """Up to which character the text of a page is the PDF's own, and not from OCR.

    Args:
        words: of the page.
        page: its text.
    """
    own = sum(word.letters for word in words if not _has_place(word))
    if not words or count_letters(page) != sum(word.letters for word in words):
        return len(page)
    for at, char in enumerate(page):
        if own <= 0:
            return at
        own -= count_letters(char)
    return len(page)


def _has_place(word: WordBox) -> bool:
    return word.right > 0 or word.bottom > 0


def find_passage(words: Sequence[WordBox], page: str, start: int, stop: int) -> Iterator[WordBox]:
    """The boxes of a passage's words, without the gaps between those of a line.

    Args:
        words: of the page, in the order of its text. If they have other letters than the text, nothing is
            found.
        page: the page's text.
        start: offset of the passage's first character in it.
        stop: offset after its last character.
    """
    page = without_marks(page)  # what they say is in none of the boxes
    first, passage = count_letters(page[:start]), count_letters(page[start:stop])
    if first + passage + count_letters(page[stop:]) != sum(word.letters for word in words):
        return
    at = 0
    last: WordBox | None = None
    for word in words:
        at += word.letters
        if not word.letters or not first < at < first + passage + word.letters or not _has_place(word):
            continue
        yield _joined(last, word) if last else word
        last = word


def _joined(last: WordBox, word: WordBox) -> WordBox:
    height = min(last.bottom - last.top, word.bottom - word.top)
    is_same_line = min(last.bottom, word.bottom) - max(last.top, word.top) > height / 2
    if is_same_line and 0 < word.left - last.right < _WIDEST_GAP * height:
        return replace(word, left=last.right)
    return word
