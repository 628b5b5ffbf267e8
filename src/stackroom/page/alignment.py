"""Finds where a passage of a page's repaired text stands in the text that the PDF itself has. Pure functions.

Repairing joins hyphenated words, drops running headers, changes spaces and composes letters. What stays in
the same order is letters and digits: only these are compared, without case and accents. What our own marks
say is not printed.
"""

import re
import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from stackroom.page.own_marks import without_marks

# Aligning takes time in proportion to the square of the number of words. A page of small print has 2,000.
_MOST_WORDS = 4000

# If less than this share of a passage's letters is found, it is taken for something else.
_LEAST_FOUND = 0.5

# So many words between two that were found are marked as well: half of a hyphenated one, a footnote's number.
_GAP = 4

_WORD = re.compile(r"\S+")


def locate(page: str, start: int, stop: int, drawn: str) -> list[tuple[int, int]]:
    """Finds the spans of the PDF's text in which a passage of the repaired text stands.

    Args:
        page: the repaired text of the page.
        start: offset of the passage's first character in it.
        stop: offset after its last character.
        drawn: the page's text as the PDF has it, character by character.

    Returns:
        Spans (start, stop) of `drawn`, in order, none touching another; none at all if it can't be found.
    """
    page = without_marks(page)
    before, _ = _letters(page[:start])
    passage, _ = _letters(page[start:stop])
    after, _ = _letters(page[stop:])
    whole, places = _letters(drawn)
    if not passage:
        return []
    found = _occurrences(whole, passage)
    if found:
        # If both texts have it equally often, take the one with the same number; else the one at about the
        # same height of the page.
        ours = _occurrences(before + passage + after, passage)
        ordinal = ours.index(len(before))
        expected = len(before) * len(whole) // len(before + passage + after)
        same = len(found) == len(ours)
        at = found[ordinal] if same else min(found, key=lambda place: abs(place - expected))
        return [(places[at], places[at + len(passage) - 1] + 1)]
    return _align(page, start, stop, drawn)


def _align(page: str, start: int, stop: int, drawn: str) -> list[tuple[int, int]]:
    """As `locate`, but word by word, for a passage that is not in one piece."""
    ours, theirs = _words(page), _words(drawn)
    if not ours or not theirs or max(len(ours), len(theirs)) > _MOST_WORDS:
        return []
    wanted = {at for at, (first, last, _) in enumerate(ours) if first < stop and last > start}
    matcher = SequenceMatcher(
        None, [word for *_, word in ours], [word for *_, word in theirs], autojunk=False
    )
    pairs = [
        (block.a + step, block.b + step)
        for block in matcher.get_matching_blocks()
        for step in range(block.size)
        if block.a + step in wanted
    ]
    letters = sum(len(ours[at][2]) for at in wanted)
    if sum(len(ours[at][2]) for at, _ in pairs) < _LEAST_FOUND * letters:
        return []
    spans: list[tuple[int, int]] = []
    last = -_GAP - 2
    for _, at in pairs:
        start_there, stop_there, _ = theirs[at]
        if at - last <= _GAP + 1:
            start_there = spans.pop()[0]
        spans.append((start_there, stop_there))
        last = at
    return spans


def _words(text: str) -> list[tuple[int, int, str]]:
    """Start, stop and letters of each word that has any."""
    found = ((match.start(), match.end(), _letters(match.group())[0]) for match in _WORD.finditer(text))
    return [word for word in found if word[2]]


def count_letters(text: str) -> int:
    """How many letters and digits a text has, as they are counted when texts are compared."""
    return sum(len(_fold(char)) for char in text)


def _letters(text: str) -> tuple[str, Sequence[int]]:
    """The folded letters and digits of a text, and for each the offset of the character it comes from."""
    letters: list[str] = []
    places: list[int] = []
    for at, char in enumerate(text):
        for letter in _fold(char):
            letters.append(letter)
            places.append(at)
    return "".join(letters), places


@lru_cache(maxsize=4096)
def _fold(char: str) -> str:
    if "\uf720" < char < "\uf7ff":  # small capitals and old-style figures, as Adobe's fonts name them
        char = chr(ord(char) - 0xF700)
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", char).casefold()))


def _occurrences(text: str, wanted: str) -> list[int]:
    found, at = [], text.find(wanted)
    while at >= 0:
        found.append(at)
        at = text.find(wanted, at + 1)
    return found
