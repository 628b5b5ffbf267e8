"""Where the words of a query are in a text that is shown; pure."""

import re
from collections import defaultdict

from stackroom.common.characters.punctuation import RAISED
from stackroom.reading.query.folded_text import UNBOUNDED, words

_WORD = re.compile(rf"[^\W_{RAISED}]+")

# How many letters a word's ending may have more or less than the query's word ("committees", "Hauses"), and
# how many letters both must have before it.
_ENDING, _STEM = 3, 4

# Of a longer word, so many last letters may be its ending.
_MOST_ENDING = 2
# Shorter words, such as "of", are in most texts.
_LEAST_LETTERS = 3


class Matcher:
    """Finds what a reader would call the words of one query.

    A word matches that differs from the query's in case, accents and a short ending at most. In scripts
    without blanks, each two characters match that stand together in the query. The index of words may have
    found the passage by other forms: these matches are only for the eye.
    """

    def __init__(self, query: str) -> None:
        """`query` has no operators."""
        exact = {word for part in query.split() for word in words(part).split()}
        long = [word for word in exact if len(word) >= _LEAST_LETTERS or word.isdecimal()]
        self.stems = [word[: max(_STEM, len(word) - _MOST_ENDING)] for word in sorted(long)]
        """What the query's words begin with, in small letters; without the shortest words."""
        self._known = dict.fromkeys(exact, True)  # whether a word matches: texts repeat words
        self._alike = defaultdict[str, list[str]](list)  # by their first letters
        for word in exact:
            self._alike[word[:_STEM]].append(word)
        self._pairs = {
            word[at : at + 2]
            for word in exact
            if UNBOUNDED.search(word)
            for at in range(max(1, len(word) - 1))
        }
        self.stems += sorted(self._pairs)

    def find(self, page: str, start: int, stop: int) -> list[tuple[int, int]]:
        """Spans (start, stop) of `page` that match, from `start` up to, not including, `stop`; in order."""
        found: list[tuple[int, int]] = []
        for match in _WORD.finditer(page, start, stop):
            word = match.group()
            if not word.isascii() and UNBOUNDED.search(word):
                for at in range(match.start(), match.end()):
                    if page[at] in self._pairs:
                        _add(found, at, at + 1)
                    if at + 2 <= match.end() and page[at : at + 2] in self._pairs:
                        _add(found, at, at + 2)
                continue
            matches = self._known.get(word)
            if matches is None:
                matches = self._known[word] = self._matches(word.lower() if word.isascii() else words(word))
            if matches:
                found.append(match.span())
        return found

    def _matches(self, word: str) -> bool:
        return self._known.get(word, False) or any(
            _are_alike(word, other) for other in self._alike.get(word[:_STEM], ())
        )


def _add(found: list[tuple[int, int]], start: int, stop: int) -> None:
    """Adds a span, as one with the last if they touch."""
    if found and found[-1][1] >= start:
        start = found.pop()[0]
    found.append((start, stop))


def _are_alike(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    # The last letter may change: "libraries", "library". Numbers have no endings.
    return (
        _STEM <= len(short) >= len(long) - _ENDING
        and short.isalpha()
        and long.startswith(short[: max(_STEM, len(short) - 1)])
    )
