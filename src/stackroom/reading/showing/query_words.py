"""Where the words of a query are in a text that is shown; pure."""

import re
from collections import defaultdict

from stackroom.common.characters.punctuation import RAISED
from stackroom.indexes.korean import korean_words, readings
from stackroom.reading.query.folded_text import UNBOUNDED, words
from stackroom.reading.showing.word_forms import HAVE_FORMS, WordForms

_WORD = re.compile(rf"[^\W_{RAISED}]+")

# How many letters a word's ending may have more or less than the query's word ("committees", "Hauses"), and
# how many letters both must have before it.
_ENDING, _STEM = 3, 4


class Matcher:
    """Finds what a reader would call the words of one query.

    A word matches that differs from the query's in case, accents and a short ending at most; in languages
    whose words have other forms, or are parts of others, these match as well. In scripts without blanks, each
    two characters match that stand together in the query. The index of words may have found the passage by
    other forms: these matches are only for the eye.
    """

    def __init__(self, query: str) -> None:
        """`query` has no operators."""
        self._query = query
        self._forms: dict[str, WordForms] = {}  # by language
        exact = {word for part in query.split() for word in words(part).split()}
        self._known = dict.fromkeys(exact, True)  # whether a word matches: texts repeat words
        self._stems = defaultdict[str, list[str]](list)
        for word in exact:
            self._stems[word[:_STEM]].append(word)
        self._pairs = {
            word[at : at + 2]
            for word in exact
            if UNBOUNDED.search(word)
            for at in range(max(1, len(word) - 1))
        }
        # 책이 finds 책을.
        self._pairs |= {one for word in korean_words(query) for one in readings(word) if len(one) == 1}

    def find(self, page: str, start: int, stop: int, language: str = "") -> list[tuple[int, int]]:
        """Spans (start, stop) of `page` that match, from `start` up to, not including, `stop`; in order.

        `language` is the ISO 639-1 code of the page's, if it is known.
        """
        found: list[tuple[int, int]] = []
        forms = self._forms_in(language)
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
            if matches or (forms and forms.has(word)):
                found.append(match.span())
        return found

    def _forms_in(self, language: str) -> WordForms | None:
        if language in HAVE_FORMS and language not in self._forms:
            self._forms[language] = WordForms(self._query, language)
        return self._forms.get(language)

    def _matches(self, word: str) -> bool:
        return self._known.get(word, False) or any(
            _are_alike(word, other) for other in self._stems.get(word[:_STEM], ())
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
