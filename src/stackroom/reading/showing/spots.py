"""The most telling place of a passage, for further pages of an answer: quick, and as good as a glance.

`snippets.cut` parts a whole passage into sentences and weighs all of them, which takes a third of a
millisecond; an answer has twenty further pages. Here only the text around the chosen place is looked at. Pure
functions.
"""

import re
from collections.abc import Sequence

from stackroom.common.characters.punctuation import CLOSERS, SENTENCE_ENDS, WIDE_SENTENCE_ENDS
from stackroom.reading.showing.snippets import Snippet

# What ends a sentence, a paragraph, or the line before an item or a row. It begins with a set of characters,
# so that the others are passed over quickly.
_BREAK = re.compile(
    rf"[{SENTENCE_ENDS}{WIDE_SENTENCE_ENDS}\n](?:"
    rf"(?<=[{SENTENCE_ENDS}])[{CLOSERS}]{{0,2}}\s+(?=[^\s\W\d_a-z]|[\W\d])|(?<=[{WIDE_SENTENCE_ENDS}])\s*"
    r"|(?<=\n)\s*(?=[|•▪*(\d-])|(?<=\n)\s*\n)"
)
_ENDS = f"{SENTENCE_ENDS}{WIDE_SENTENCE_ENDS}|"

# The share of the room that is left for what stands before the first word found.
_BEFORE = 1 / 3


def spot(page: str, start: int, stop: int, stems: Sequence[str], limit: int) -> Snippet:
    """The part of a passage that has most of the query's words, from a sentence's start if one is near.

    Args:
        page: the page's text.
        start: offset of the passage's first character in it.
        stop: offset after its last one.
        stems: what the query's words begin with, in small letters; see `query_words.Matcher.stems`.
        limit: most characters of the result; "…" at its ends comes on top.
    """
    passage = page[start:stop]
    first, last = _densest(passage.lower(), stems, round(limit * (1 - _BEFORE)))
    begin = _begin(passage, first, limit - (last - first))
    end = _end(passage, begin, max(last, begin + 1), limit)
    while begin < end and passage[begin].isspace():
        begin += 1
    text = passage[begin:end].rstrip()
    before = "" if begin == 0 or _starts(passage, begin) else "… "
    after = "" if begin + len(text) == len(passage.rstrip()) or text[-1:] in _ENDS else " …"
    return Snippet(before + text + after, (), start + begin, start + begin + len(text))


def _densest(passage: str, stems: Sequence[str], width: int) -> tuple[int, int]:
    """Where the first word of the best `width` characters begins, and where their last one ends.

    A word counts more the longer it is. Only places are tried where a word comes for the first or the last
    time. (0, 0) if no word is there.
    """
    found = [(stem, at) for stem in stems if (at := passage.find(stem)) >= 0]
    present = [stem for stem, _ in found]
    starts = dict.fromkeys([at for _, at in found] + [passage.rfind(stem) for stem in present])
    most = sum(map(len, present))
    best, first = 0, 0
    for start in starts:
        piece = passage[start : start + width]
        worth = sum([len(stem) for stem in present if stem in piece])
        if worth > best:
            best, first = worth, start
            if worth == most:
                break
    piece = passage[first : first + width]
    return first, first + max([piece.find(stem) + len(stem) for stem in present if stem in piece], default=0)


def _begin(passage: str, first: int, room: int) -> int:
    """Where to begin so that `first` is shown: at the last break before it, within half of `room`."""
    earliest = max(0, first - room // 2)
    begin = 0 if earliest == 0 else -1
    for found in _BREAK.finditer(passage, earliest, first + 1):
        begin = found.end()
    if begin >= 0:
        return begin
    blank = passage.find(" ", earliest, first)
    return blank + 1 if blank >= 0 else first


def _end(passage: str, begin: int, least: int, limit: int) -> int:
    """Where to end, `least` or later: with a sentence if that leaves enough of the room used, or a word."""
    most = begin + limit
    if most >= len(passage):
        return len(passage)
    end = -1
    for found in _BREAK.finditer(passage, least, most):
        end = found.end()
    if end >= begin + limit // 2:
        return end
    blank = max(passage.rfind(" ", least, most), passage.rfind("\n", least, most))
    return blank if blank >= 0 else most


def _starts(passage: str, begin: int) -> bool:
    """Whether what ends at `begin` is a break."""
    before = passage[:begin].rstrip()
    return "\n" in passage[len(before) : begin] or before[-1:] in _ENDS or not before
