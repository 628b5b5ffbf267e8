"""Where the words of a query are in a text that is shown; pure."""

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property, lru_cache

from stackroom.common.characters import numbers
from stackroom.common.characters.punctuation import RAISED
from stackroom.indexes.korean import korean_words, readings
from stackroom.indexes.stop_words import is_stop_word
from stackroom.reading.query.folded_text import UNBOUNDED, words
from stackroom.reading.showing.word_forms import HAVE_FORMS, WordForms

# Characters of scripts without blanks, and what is one of them in a query: radicals, "㈱", narrow ones.
_CHARACTER = f"{UNBOUNDED.pattern[1:-1]}\u2e80-\u2fdf\u3200-\u33ff\uff66-\uff9f"
_CHARACTERS = re.compile(f"[{_CHARACTER}]+")
_LETTER = rf"[^\W_{RAISED}]"
# A word; or a number, with what it is written onto.
_WORD = re.compile(rf"(?:\.(?<![\w.,].)(?=\d))?{_LETTER}+(?:(?<=\d)[.,'’/-](?=\d){_LETTER}+)*")
_PIECE = re.compile(rf"{numbers.DATE}|{numbers.NUMBER}|[^\W\d_]+")
_DIGIT = re.compile(r"\d")
_RUN = re.compile(rf"[{_CHARACTER}](?:\s*[{_CHARACTER}])*")

# How many letters a word's ending may have more or less than the query's word ("committees", "Hauses"), and
# how many letters both must have before it.
_ENDING, _STEM = 3, 4

# A hash or a string of DNA is found by its start: see `stackroom.indexes.words`.
_LONG, _START = 20, 6

_Spans = list[tuple[int, int]]
# Of a longer word, so many last letters may be its ending.
_MOST_ENDING = 2
# Shorter words, such as "of", are in most texts.
_LEAST_LETTERS = 3


class Matcher:
    """Finds what a reader would call the words of one query; see `_Words`. The query is read when they are
    first looked for: most answers have no need of it.
    """

    def __init__(self, query: str) -> None:
        """`query` has no operators."""
        self._query = query

    @cached_property
    def _words(self) -> "_Words":
        return _Words(self._query)

    @cached_property
    def stems(self) -> list[str]:
        """What the query's words begin with, in small letters, without the shortest words; and pairs of
        characters in scripts without blanks.
        """
        found = {word for part in self._query.split() for word in words(part).split()}
        long = [word for word in sorted(found) if len(word) >= _LEAST_LETTERS or word.isdecimal()]
        stems = [word[: max(_STEM, len(word) - _MOST_ENDING)] for word in long]
        return stems if self._query.isascii() else stems + sorted(_pairs(self._query))

    def find(self, page: str, start: int, stop: int, language: str = "") -> list[tuple[int, int]]:
        """Spans (start, stop) of `page` that match, from `start` up to, not including, `stop`; in order.

        `language` is the ISO 639-1 code of the page's, if it is known.
        """
        found = self._words.find(page[start:stop], language)
        return [(start + first, start + last) for first, last in found]

    def telling(self, text: str, spans: Iterable[tuple[int, int]], language: str) -> list[tuple[int, int]]:
        """Of these spans of `text`, which match, those that tell a reader why it was found: none of words
        such as "the", unless the query has only such words.

        `language` is the ISO 639-1 code of the text's, or "".
        """
        asked = [word for part in self._query.split() for word in words(part).split()]
        if all(is_stop_word(word, language) for word in asked):
            return list(spans)
        return [span for span in spans if not is_stop_word(text[slice(*span)], language)]


class _Words:
    """Finds what a reader would call the words of one query.

    A word matches that differs from the query's in case, accents and a short ending at most; a number that
    is worth the same, and a date that has it. In languages whose words have other forms, or are parts of
    others, these match as well. In scripts without blanks, each two characters match that stand together in
    the query. The index of words may have found the passage by other forms: these matches are only for the
    eye.
    """

    def __init__(self, query: str) -> None:
        self._pairs = _pairs(query)
        # 책이 finds 책을.
        self._pairs |= {one for word in korean_words(query) for one in readings(word) if len(one) == 1}
        self._numbers = set[str]()
        exact = set[str]()
        for word in _WORD.findall(_spaced(numbers.without_blanks(numbers.ascii_digits(query)))):
            exact.add(words(word))
            if _DIGIT.search(word):
                for piece in _PIECE.findall(numbers.plain(word)):
                    if piece[0].isdecimal():
                        self._numbers.update(_values(piece))
                    else:
                        exact.add(words(piece))
        self._exact = exact
        self._alike = defaultdict[str, list[str]](list)  # by their first letters
        for word in exact:
            self._alike[word[:_STEM]].append(word)
        self._query = query
        self._forms: dict[str, WordForms] = {}  # by language
        # By language, for each word of the texts, which repeat words, the spans of it that match.
        self._known = defaultdict[str, dict[str, _Spans]](dict)

    def find(self, text: str, language: str) -> _Spans:
        """Spans (start, stop) of `text` that match, in order; `language` is its ISO 639-1 code, or ""."""
        found: _Spans = []
        forms = self._forms_in(language)
        known = self._known[language]
        text = numbers.ascii_digits(text)
        for match in _WORD.finditer(_spaced(text)):
            word = match.group()
            spans = known.get(word)
            if spans is None:
                spans = self._matches(word)
                if not spans and forms and forms.has(word):
                    spans = [(0, len(word))]
                known[word] = spans
            if spans:
                found += [(match.start() + first, match.start() + last) for first, last in spans]
        if self._numbers:
            found += [
                (first, last)
                for first, last, number in numbers.apart(text)
                if not self._numbers.isdisjoint(_values(number))
            ]
        if self._pairs:
            for run in _RUN.finditer(text):
                found += self._matching_pairs(text, *run.span())
        return _joined(found)

    def _forms_in(self, language: str) -> WordForms | None:
        if language in HAVE_FORMS and language not in self._forms:
            self._forms[language] = WordForms(self._query, language)
        return self._forms.get(language)

    def _matches(self, word: str) -> _Spans:
        """Spans of a word of a text, or of a number and what it is written onto."""
        folded = word.lower() if word.isascii() else words(word)
        if folded in self._exact:
            return [(0, len(word))]
        if word.isalpha() or not _DIGIT.search(word) or (len(word) >= _LONG and word.isalnum()):
            return [(0, len(word))] if self._is_alike(folded) else []
        plain = numbers.plain(word)
        added = len(plain) - len(word)  # the zero before a point
        found = []
        for piece in _PIECE.finditer(plain):
            if piece.group()[0].isdecimal():
                matches = bool(self._numbers) and not self._numbers.isdisjoint(_values(piece.group()))
            else:
                matches = (folded := words(piece.group())) in self._exact or self._is_alike(folded)
            if matches:
                found.append((max(piece.start() - added, 0), piece.end() - added))
        return found

    def _is_alike(self, word: str) -> bool:
        others = self._alike.get(word[:_STEM])
        return others is not None and any(_are_alike(word, other) for other in others)

    def _matching_pairs(self, text: str, start: int, stop: int) -> _Spans:
        """Spans of a run of characters without words' ends, and perhaps with blanks and line ends."""
        at = [offset for offset in range(start, stop) if not text[offset].isspace()]
        run = [_one(text[offset]) for offset in at]
        found = []
        for first, last, one, other in zip(at, [*at[1:], stop], run, [*run[1:], ""], strict=True):
            if one in self._pairs:
                found.append((first, first + 1))
            if other and one + other in self._pairs:
                found.append((first, last + 1))
        return found


def _pairs(query: str) -> set[str]:
    """Each two characters that stand together, in scripts without blanks."""
    runs = [run for part in query.split() for run in re.findall(f"{UNBOUNDED.pattern}+", words(part))]
    return {run[at : at + 2] for run in runs for at in range(max(1, len(run) - 1))}


def _spaced(text: str) -> str:
    """The text with blanks for what is in scripts without blanks."""
    return text if text.isascii() else _CHARACTERS.sub(lambda found: " " * len(found.group()), text)


def _values(number: str) -> list[str]:
    """How a number, or the parts of a date, may be written."""
    terms = numbers.terms(number)
    return terms + [same for term in terms for same in numbers.same_value(term)]


@lru_cache(20_000)
def _one(character: str) -> str:
    """A character as queries have it. Chinese has some thousands."""
    return words(character) or character


def _joined(spans: _Spans) -> _Spans:
    """The spans in order, those that touch as one."""
    found: _Spans = []
    for start, stop in sorted(spans):
        if found and found[-1][1] > start:
            start, stop = found[-1][0], max(stop, found.pop()[1])
        found.append((start, stop))
    return found


def _are_alike(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    if len(long) >= _LONG and len(short) >= _START and long.startswith(short):
        return True
    # The last letter may change: "libraries", "library". Numbers have no endings.
    return (
        _STEM <= len(short) >= len(long) - _ENDING
        and short.isalpha()
        and long.startswith(short[: max(_STEM, len(short) - 1)])
    )
