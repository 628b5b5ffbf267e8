"""The terms of a query as one index has them, and what the index is asked for: its clauses."""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TypeVar

from stackroom.common.characters import numbers
from stackroom.indexes.clauses import Clause, HasPart, HasTerm, RequiredWord, Way
from stackroom.indexes.misspelt import most_frequent, one_letter_off, separate_words
from stackroom.indexes.parts import HAVE_PARTS, Wanted, beside_pairs, wanted_parts
from stackroom.indexes.stems import may_cut
from stackroom.indexes.terms import OTHER, Analyzer, folded
from stackroom.indexes.vocabulary import Stems, Vocabulary

# A word that more than this share of the passages have is not looked for if the query has others. _RARE is
# the number of passages that may always have it: in a library of a few passages, a share says nothing.
_COMMON, _RARE = 0.25, 5


# A number that is written in another way than in the query ("4,730.00" for "4730") counts for so much of it,
# if there is the query's way as well.
_OTHER_WAY = 0.5

# A word of so many characters that is nowhere (fewer, if there is a digit in it) may be the start of one that
# has so many: of a hash, a string of DNA, a line of base64.
_START, _START_WITH_DIGIT, _LONG = 8, 6, 20
_DIGIT = re.compile(r"\d")

# What a passage that has a word only as a part of another gets of the word's weight.
_PART = 0.5

MOST_PARTS = 64
"""The most parts of words that are looked for, for one word."""

# So many letters, and such a share of a word's letters, are left whatever ending is cut.
_SURE_LETTERS, _SURE_SHARE = 3, 0.4

# Of a query as long as a page only the rarest words are looked for: so many say what it is about.
_MOST_WORDS = 64


QUERIES = 16
"""How many queries' words are kept: each of the three indexes is asked for them, and up to three times."""

# How many words are kept with what an index has of them, because queries share words: 1 MB.
_WORDS = 2000

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Analyzers:
    """The analyzers of all languages, each made when it is needed, and the words of the last queries.

    Not thread-safe.
    """

    def __init__(self) -> None:
        """Makes none yet."""
        self.of = cache(Analyzer)  # each keeps the terms of words
        """Gives the analyzer of a language."""
        self.words = lru_cache(QUERIES)(self._words)
        """For each word of a query its terms, in the languages of a library. The caller must not change
        them.
        """

    def _words(self, query: str, languages: tuple[str, ...]) -> list[list[Stems]]:
        # A word has another stem in each of the library's languages; a passage has that of its own language.
        by_language = [self.of(language).words(query) for language in (OTHER, *languages)]
        with_parts = [(at, code) for at, code in enumerate(languages) if code in HAVE_PARTS]

        def stems(plain: str, *forms: str) -> Stems:
            parts = [one for at, code in with_parts for one in wanted_parts(plain, forms[at], code)]
            return Stems(plain, tuple(dict.fromkeys(forms)), tuple(dict.fromkeys(parts)))

        return [
            [stems(*forms) for forms in zip(*terms, strict=True)]
            for terms in zip(*by_language, strict=True)
            if terms[0]
        ]


@dataclass(slots=True, eq=False)
class _Word:
    """A term of a query, as one index has it.

    Attributes:
        term: it in the library's languages.
        known: those of its forms that entries have, each with the number of these.
        others: likewise, other ways of writing the same number; if there is neither, long words that begin
            so.
        count: how many entries have the form that most have.
    """

    term: Stems
    known: tuple[tuple[str, int], ...]
    others: tuple[tuple[str, int], ...]
    count: int


class IndexTerms:
    """The terms of one index, as one commit left them. Not thread-safe."""

    def __init__(self, vocabulary: Vocabulary, analyzers: Analyzers) -> None:
        """Looks nothing up yet.

        Args:
            vocabulary: of the index.
            analyzers: of all languages.
        """
        self._vocabulary = vocabulary
        self._entries = vocabulary.entries
        self._analyzers = analyzers
        self._queries: dict[tuple[str, str], list[list[_Word]]] = {}  # by query and field
        self._found: dict[tuple[Stems, str], _Word] = {}  # by term and field
        self._near: dict[str, tuple[str, ...]] = {}  # by word; see `nearest`

    def clauses(self, query: str, field: str) -> tuple[list[Clause], float]:
        """What matches the words of a query, and the sum of their weights: see `WordMatches.most`."""
        # Two words of the query may have the same stem.
        found = (word for terms in self._words(query, field) for word in terms)
        words = {word.known or word.term.forms: word for word in found}.values()
        # Words such as "in" and "the", in any language, are those that many passages have. They do not tell
        # one passage from another, and take longest to look through. Names of files have no such words, and
        # if a few files share a word, each of them may be meant.
        common = self._entries if field == "name" else max(self._entries * _COMMON, _RARE)
        wanted = [word for word in words if word.count <= common]
        if not any(word.count for word in wanted):
            wanted = list(words)
        wanted = sorted(wanted, key=lambda word: word.count)[:_MOST_WORDS]
        clauses = []
        for word in wanted:
            ways: list[Way] = [*self._matches(word)] if word.count else []
            parts = self._parts_of(word) if field == "text" else {}
            if parts:
                ways.append(HasPart(tuple(parts), _PART * _idf(self._entries, word.count)))
            if ways:
                clauses.append(Clause(tuple(ways)))
        most = sum(_idf(self._entries, word.count) for word in wanted)
        for readings in beside_pairs(query) if field == "text" else ():
            known: list[HasPart] = []
            for reading in readings:
                having_it = self._parts([reading])
                having = min(sum(having_it.values()), self._entries)
                if 0 < having <= common:
                    known.append(HasPart(tuple(having_it), _idf(self._entries, having)))
            if known:
                clauses.append(Clause(tuple(known)))
                most += max(one.score for one in known)
        return clauses, most

    def required(self, text: str, field: str) -> list[RequiredWord]:
        """The words that an entry must have that has all of `text`."""
        found = []
        for terms in self._words(text, field):
            # A word with digits is its last term, which is all of it together, or its others: "12.7mm" may be
            # written as "12.7 mm", and a date in another notation.
            either = _DIGIT.search(terms[-1].term.forms[0]) is not None
            found.append(RequiredWord(tuple(Clause(self._matches(term)) for term in terms), either))
        return found

    def nowhere(self, query: str) -> list[str]:
        """The words of a query that no text has; see `know` and `separate_words`."""
        terms = [term for terms in self._words(query, "text") for term in terms]
        if all(term.count for term in terms):
            return []
        known = {term.term.plain for term in terms if term.count}
        return [word for word in separate_words(query) if folded(word) not in known and not self.know(word)]

    def know(self, word: str) -> bool:
        """Whether any text has a word, in any form or as a part of another; so if it is no word."""
        terms = [term for terms in self._words(word, "text") for term in terms]
        return not terms or any(term.count or self._parts_of(term) for term in terms)

    def nearest(self, word: str) -> tuple[str, ...]:
        """Words that are here and one letter from `word`: see `most_frequent`."""
        return _kept(self._near, word, _WORDS, self._look_near)

    def _look_near(self, word: str) -> tuple[str, ...]:
        # To cut the endings of some hundred words in all languages takes milliseconds.
        cutting = {code for code in self._vocabulary.languages if may_cut(code, folded(word))}
        regular_terms = [self._analyzers.of(language).regular_term for language in {OTHER, *cutting}]
        beginning = {near: folded(_sure_beginning(near)) for near in one_letter_off(word)}
        known = self._vocabulary.beginnings(dict.fromkeys(beginning.values()), "text")
        forms = {
            near: {term(near) for term in regular_terms}
            for near, letters in beginning.items()
            if letters in known
        }
        counts = dict(self._vocabulary.known({form for some in forms.values() for form in some}, "text"))
        return most_frequent(forms, forms.__getitem__, lambda form: counts.get(form, 0))

    def _parts_of(self, word: _Word) -> dict[str, int]:
        """The parts by which a word of a query is found; see `_parts`."""
        return self._parts(word.term.parts) if word.term.parts else {}

    def _parts(self, wanted: Iterable[Wanted]) -> dict[str, int]:
        """The parts of words that are looked for, and how many passages have each; those of most passages."""
        found: dict[str, int] = {}
        for one in wanted:
            if not one.whole:
                found.update(self._vocabulary.with_prefix("parts", one.text, MOST_PARTS))
            else:
                found.update(self._vocabulary.known([one.text], "parts"))
        return dict(sorted(found.items(), key=lambda part: -part[1])[:MOST_PARTS])

    def _words(self, query: str, field: str) -> list[list[_Word]]:
        """For each word of a query its terms, in all forms in which the index has them."""
        return _kept(self._queries, (query, field), QUERIES, self._look_up)

    def _look_up(self, asked: tuple[str, str]) -> list[list[_Word]]:
        query, field = asked

        def is_one(number: str) -> bool:
            (form,) = numbers.terms(number)
            return bool(self._vocabulary.known([form, *numbers.same_value(form)], field))

        query = numbers.without_blanks(query, is_one)
        words = self._analyzers.words(query, self._vocabulary.languages)
        self._vocabulary.expect([term for terms in words for term in terms], field)
        return [[_kept(self._found, (term, field), _WORDS, self._word) for term in terms] for terms in words]

    def _word(self, asked: tuple[Stems, str]) -> _Word:
        term, field = asked
        here = self._vocabulary.known(term.forms, field)
        others = self._vocabulary.known(other_numbers(term), field)
        if not here and not others:
            others = self._long_words(term, field)
        count = max([count for _, count in here or others], default=0)
        return _Word(term, here, others, count)

    def _long_words(self, term: Stems, field: str) -> tuple[tuple[str, int], ...]:
        beginning = long_beginning(term)
        if not beginning:
            return ()
        start = min(term.forms, key=len)
        # Or it goes on in a second line, and the index has what the first one has of it.
        near = [pair for pair in self._vocabulary.with_prefix(field, beginning) if len(pair[0]) >= _LONG]
        found = [pair for pair in near if pair[0].startswith(start) or start.startswith(pair[0])]
        return tuple(found[:_MOST_WORDS])

    def _matches(self, word: _Word) -> tuple[HasTerm, ...]:
        """The ways of matching a word in any of its forms; the form that scores best counts."""
        forms = [form for form, _ in word.known] or (() if word.others else word.term.forms)
        ways = [HasTerm(form) for form in forms]
        for form, count in word.others:
            # As rare as the form that was asked for, so that a rarer one is not taken for a better one.
            boost = (
                (_OTHER_WAY if word.known else 1)
                * _idf(self._entries, word.count)
                / _idf(self._entries, count)
            )
            ways.append(HasTerm(form, boost))
        return tuple(ways)


def other_numbers(term: Stems) -> Sequence[str]:
    """The terms of the same number in other notations, if a term is one."""
    first = term.forms[0]
    return numbers.same_value(first) if first[0].isdecimal() else ()


def long_beginning(term: Stems) -> str:
    """What a long word begins with if a term that is nowhere is its start; empty if the term is too short."""
    start = min(term.forms, key=len)
    return start[:_LONG] if len(start) >= (_START_WITH_DIGIT if _DIGIT.search(start) else _START) else ""


def _kept(kept: dict[_Key, _Value], key: _Key, most: int, make: Callable[[_Key], _Value]) -> _Value:
    """The value of a key, made if it is not kept; when `most` are, they are forgotten first.

    `lru_cache` would make a cycle of the object whose method it keeps, with its open files.
    """
    value = kept.get(key)
    if value is None:
        if len(kept) >= most:
            kept.clear()
        value = kept[key] = make(key)
    return value


def _sure_beginning(word: str) -> str:
    return word[: max(_SURE_LETTERS, int(_SURE_SHARE * len(word)))]


def _idf(documents: int, having: int) -> float:
    """A word's weight, as the engine's BM25 (Robertson and Zaragoza 2009, with Lucene's + 1) has it."""
    return math.log(1 + (documents - having + 0.5) / (having + 0.5))
