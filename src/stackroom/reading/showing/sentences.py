"""Where sentences, list items, headings and table rows begin in the text of a page; pure.

The rules are simple, and in doubt a sentence goes on: a wrong end shows the reader a sentence cut in two,
while a missed end only makes a unit longer.
"""

import re
from bisect import bisect_left
from itertools import pairwise

from stackroom.common.characters.punctuation import CLOSERS, SENTENCE_ENDS, WIDE_CLOSERS, WIDE_SENTENCE_ENDS

_WIDE_CLOSERS = f"{WIDE_CLOSERS}”’\"'"
# Where a unit may end: at a line break, at a blank after a sign, and in Chinese and Japanese without a blank.
_GAP = re.compile(
    r"(?<![^\S\n])[^\S\n]*\n\s*|(?<=[^\w\s])[^\S\n]+(?:\n\s*)?"
    rf"|(?<=[{WIDE_SENTENCE_ENDS}])(?=[^\s{WIDE_SENTENCE_ENDS}{_WIDE_CLOSERS})])"
    rf"|(?<=[{WIDE_SENTENCE_ENDS}][{_WIDE_CLOSERS}])(?=[^\s{_WIDE_CLOSERS})])"
)
_ENDING = re.compile(rf"([{SENTENCE_ENDS}])[{CLOSERS}“]{{0,3}}\Z")
_LOOK_BACK = 30  # characters: more than the longest abbreviation, and the marks after it

# After these a full stop ends nothing, whatever follows: "Fig. 3", "Dr. Meier", "vgl. S. 7", "p. ej.".
_ABBREVIATED = (
    "fig figs tab eq eqs eqn no nos nr nrs vol vols pp p pg ch chap sec sect art par para app ed eds "
    "al cf vs viz approx ca resp incl excl est ref refs dept univ inc ltd corp co jr sr st mt dr mr "
    "mrs ms prof hon rev gen col lt sgt capt gov sen rep jan feb mar apr jun jul aug sep sept oct nov "
    "dec abb bd bzw evtl ggf hrsg kap s sog usf vgl z zb mme mlle chap cap págs pág núm sra dra sig "
    "dott ing"
)
_ABBREVIATIONS = frozenset(_ABBREVIATED.split())
_LAST_WORD = re.compile(r"([^\W\d_]+)\.\Z")
_DOTTED = re.compile(r"(?<!\w)(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,3}\.\Z")  # "e.g.", "U.S.", "z.B.", "Ph.D."
_NUMBERED = re.compile(r"(?:\A|\n)[^\S\n]*\(?(?:\d{1,3}|[a-z]|[ivx]{1,4})(?:\.\d{1,3}){0,4}[.)]\Z")
_SECTION = re.compile(r"§\s?[\d.]+\Z")
# What a list item starts with. Private characters are the bullets of symbol fonts.
_ITEM = re.compile(
    r"[-*•–—▪▫◦‣·●○■□➢✓\uf0a7\uf0b7][^\S\n]|\(?(?:\d{1,2}|[a-z])(?:\.\d{1,2}){0,3}[.)][^\S\n]|\[\d{1,3}\][^\S\n]"
)
_DIGIT = re.compile(r"\d")
_OPENERS = "'\"‘’“”„«(["

# A line shorter than this share of the longest one around ends where its writer wanted, not at the margin.
_SHORT = 0.7


def units(text: str) -> list[tuple[int, int, bool]]:
    """The sentences, items, headings and rows of `text`, in order, without the blanks around them.

    Returns:
        Triples (start, stop, whether it begins a line of its own: an item, a heading, a row, a paragraph).
    """
    lines = _Lines(text)
    starts = [(0, True)]
    for gap in _GAP.finditer(text):
        if gap.end() == len(text):
            break
        if "\n" in gap.group() and lines.ends_unit(gap):
            starts.append((gap.end(), True))
        elif _ends_sentence(text, gap.start(), gap.end()) and not lines.is_in_table(gap.start()):
            starts.append((gap.end(), False))
    cut = [(start, stop, own) for (start, own), (stop, _) in pairwise([*starts, (len(text), True)])]
    trimmed = [
        (start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip()), own)
        for start, piece, own in ((start, text[start:stop], own) for start, stop, own in cut)
    ]
    return [unit for unit in trimmed if unit[0] < unit[1]]


def _ends_sentence(text: str, stop: int, start: int) -> bool:
    """Whether a sentence ends at `stop`, if the next word starts at `start`."""
    if stop == start:
        return True  # a full stop of a script without blanks
    if text[stop - 1].isalnum():
        return False  # nearly always, and quickly
    before = text[max(0, stop - _LOOK_BACK) : stop]
    if before[-1:] in WIDE_SENTENCE_ENDS or before[-2:-1] in tuple(WIDE_SENTENCE_ENDS):
        return True
    ending = _ENDING.search(before)
    if not ending:
        return False
    following = next((char for char in text[start : start + 4] if char not in _OPENERS), "")
    if following.islower():
        return False  # '"What?" he said', "approx. five", "etc. in the"
    return ending[1] != "." or not _is_abbreviation(before[: ending.end(1)])


def _is_abbreviation(before: str) -> bool:
    word = _LAST_WORD.search(before)
    if word and (word[1].lower() in _ABBREVIATIONS or (len(word[1]) == 1 and word[1].isupper())):
        return True  # also the initials of names: "J. Smith"
    return bool(_DOTTED.search(before) or _NUMBERED.search(before) or _SECTION.search(before[:-1]))


class _Lines:
    """The lines of a text, to tell which line breaks end a sentence or another unit."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]
        lines = text.split("\n")
        self._lengths = [len(line.strip()) for line in lines]
        self._is_row = [_is_row(line) for line in lines]

    def is_in_table(self, offset: int) -> bool:
        """Whether the line there is a row of a table: sentences in its cells are not parted."""
        return self._text.startswith("|", self._starts[bisect_left(self._starts, offset + 1) - 1])

    def ends_unit(self, gap: re.Match[str]) -> bool:
        """Whether the line break in this gap ends a unit, and was not just made because the line was full."""
        if gap.group().count("\n") > 1:
            return True
        at = bisect_left(self._starts, gap.end() + 1) - 1  # the line that begins here
        if _ITEM.match(self._text, gap.end()) or self._is_row[at - 1] or self._is_row[at]:
            return True
        following = next((char for char in self._text[gap.end() : gap.end() + 4] if char not in _OPENERS), "")
        last = self._text[gap.start() - 1 : gap.start()]
        if following.islower() or last in (",", "-", "–", "、", "，"):
            return False
        # A page may have columns: only the lines around tell how wide a line can be.
        width = max(self._lengths[max(0, at - 3) : at + 3])
        return self._lengths[at - 1] < _SHORT * width


def _is_row(line: str) -> bool:
    """Whether a line is a row of a table: it is written as one, or has three cells or more, and most have
    digits.
    """
    if line.startswith("|"):
        return True
    if not _DIGIT.search(line):
        return False
    cells = line.split()
    return len(cells) >= 3 and sum(any(map(str.isdigit, cell)) for cell in cells) > len(cells) / 2
