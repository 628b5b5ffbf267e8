"""The terms of a query as one index has them, and what the full-text engine is asked of them."""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple, TypeVar

import tantivy

from stackroom.common.characters import numbers
from stackroom.indexes.clauses import any_of, has_part
from stackroom.indexes.misspelt import most_frequent, one_letter_off, separate_words
from stackroom.indexes.parts import HAVE_PARTS, Wanted, beside_pairs, wanted_parts
from stackroom.indexes.stems import may_cut
from stackroom.indexes.terms import OTHER, Analyzer, folded

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

# What a passage that has a word only as a part of another gets of the word's weight, and the most parts that
# are looked for.
_PART, _MOST_PARTS = 0.5, 64

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


class _Stems(NamedTuple):
    """A term of a query, before any index is asked.

    Attributes:
        plain: as it is written, in lower case and without accents.
        forms: it in the library's languages.
        parts: of other words, by which it is found in these languages.
    """

    plain: str
    forms: tuple[str, ...]
    parts: tuple[Wanted, ...]


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

    def _words(self, query: str, languages: tuple[str, ...]) -> list[list[_Stems]]:
        # A word has another stem in each of the library's languages; a passage has that of its own language.
        by_language = [self.of(language).words(query) for language in (OTHER, *languages)]
        with_parts = [(at, code) for at, code in enumerate(languages) if code in HAVE_PARTS]

        def stems(plain: str, *forms: str) -> _Stems:
            parts = [one for at, code in with_parts for one in wanted_parts(plain, forms[at], code)]
            return _Stems(plain, tuple(dict.fromkeys(forms)), tuple(dict.fromkeys(parts)))

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

    term: _Stems
    known: tuple[tuple[str, int], ...]
    others: tuple[tuple[str, int], ...]
    count: int


class IndexTerms:
    """The terms of one index, as one commit left them. Not thread-safe."""

    def __init__(
        self,
        searcher: tantivy.Searcher,
        schema: tantivy.Schema,
        entries: int,
        languages: Sequence[str],
        analyzers: Analyzers,
    ) -> None:
        """Looks nothing up yet.

        Args:
            searcher: the engine's.
            schema: of the index.
            entries: how many entries it has.
            languages: those of its entries, of `terms.LANGUAGES`.
            analyzers: of all languages.
        """
        self.searcher = searcher
        self.schema = schema
        self.entries = entries
        self.languages = tuple(languages) or (OTHER,)
        self._analyzers = analyzers
        self._queries: dict[tuple[str, str], list[list[_Word]]] = {}  # by query and field
        self._found: dict[tuple[_Stems, str], _Word] = {}  # by term and field
        self._near: dict[str, tuple[str, ...]] = {}  # by word; see `nearest`

    def clauses(self, query: str, field: str) -> tuple[list[tantivy.Query], float]:
        """What matches the words of a query, and the sum of their weights: see `WordMatches.most`."""
        # Two words of the query may have the same stem.
        found = (word for terms in self._words(query, field) for word in terms)
        words = {word.known or word.term.forms: word for word in found}.values()
        # Words such as "in" and "the", in any language, are those that many passages have. They do not tell
        # one passage from another, and take longest to look through. Names of files have no such words, and
        # if a few files share a word, each of them may be meant.
        common = self.entries if field == "name" else max(self.entries * _COMMON, _RARE)
        wanted = [word for word in words if word.count <= common]
        if not any(word.count for word in wanted):
            wanted = list(words)
        wanted = sorted(wanted, key=lambda word: word.count)[:_MOST_WORDS]
        clauses = []
        for word in wanted:
            ways = [self._matches(field, word)] if word.count else []
            parts = self._parts_of(word) if field == "text" else {}
            if parts:
                ways.append(has_part(self.schema, list(parts), _PART * _idf(self.entries, word.count)))
            if ways:
                clauses.append(any_of(ways))
        most = sum(_idf(self.entries, word.count) for word in wanted)
        for readings in beside_pairs(query) if field == "text" else ():
            weights: list[tuple[float, list[str]]] = []
            for reading in readings:
                having_it = self._parts([reading])
                having = min(sum(having_it.values()), self.entries)
                if 0 < having <= common:
                    weights.append((_idf(self.entries, having), list(having_it)))
            if weights:
                clauses.append(any_of([has_part(self.schema, found, weight) for weight, found in weights]))
                most += max(weight for weight, _ in weights)
        return clauses, most

    def required(self, text: str, field: str) -> list[tantivy.Query]:
        """What an entry must have that has all words of `text`."""
        found = []
        for terms in self._words(text, field):
            has = _all_or_last([self._matches(field, word) for word in terms], terms)
            found.append(tantivy.Query.const_score_query(has, 0.0))
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
        languages = {OTHER, *(code for code in self.languages if may_cut(code, folded(word)))}
        regular_terms = [self._analyzers.of(language).regular_term for language in languages]
        has = self.searcher.terms_with_prefix
        is_beginning = cache(lambda letters: bool(has("text", folded(letters), limit=1)))
        return most_frequent(
            (near for near in one_letter_off(word) if is_beginning(_sure_beginning(near))),
            lambda near: {term(near) for term in regular_terms},
            lambda form: int(self.searcher.doc_freq("text", form)),
        )

    def _parts_of(self, word: _Word) -> dict[str, int]:
        """The parts by which a word of a query is found; see `_parts`."""
        return self._parts(word.term.parts) if word.term.parts else {}

    def _parts(self, wanted: Iterable[Wanted]) -> dict[str, int]:
        """The parts of words that are looked for, and how many passages have each; those of most passages."""
        found: dict[str, int] = {}
        for one in wanted:
            if not one.whole:
                found.update(self.searcher.terms_with_prefix("parts", one.text, limit=_MOST_PARTS))
            elif count := self.searcher.doc_freq("parts", one.text):
                found[one.text] = count
        return dict(sorted(found.items(), key=lambda part: -part[1])[:_MOST_PARTS])

    def _words(self, query: str, field: str) -> list[list[_Word]]:
        """For each word of a query its terms, in all forms in which the index has them."""
        return _kept(self._queries, (query, field), QUERIES, self._look_up)

    def _look_up(self, asked: tuple[str, str]) -> list[list[_Word]]:
        query, field = asked

        def is_one(number: str) -> bool:
            (form,) = numbers.terms(number)
            return bool(self._known([form, *numbers.same_value(form)], field))

        query = numbers.without_blanks(query, is_one)
        words = self._analyzers.words(query, self.languages)
        return [[_kept(self._found, (term, field), _WORDS, self._word) for term in terms] for terms in words]

    def _word(self, asked: tuple[_Stems, str]) -> _Word:
        term, field = asked
        here = self._known(term.forms, field)
        first = term.forms[0]
        others = self._known(numbers.same_value(first), field) if first[0].isdecimal() else ()
        if not here and not others:
            others = self._long_words(min(term.forms, key=len), field)
        count = max([count for _, count in here or others], default=0)
        return _Word(term, here, others, count)

    def _known(self, forms: Iterable[str], field: str) -> tuple[tuple[str, int], ...]:
        frequency = self.searcher.doc_freq
        return tuple([(form, count) for form in forms if (count := frequency(field, form))])

    def _long_words(self, start: str, field: str) -> tuple[tuple[str, int], ...]:
        if len(start) < (_START_WITH_DIGIT if _DIGIT.search(start) else _START):
            return ()
        # Or it goes on in a second line, and the index has what the first one has of it.
        near = [
            pair for pair in self.searcher.terms_with_prefix(field, start[:_LONG]) if len(pair[0]) >= _LONG
        ]
        found = [pair for pair in near if pair[0].startswith(start) or start.startswith(pair[0])]
        return tuple(found[:_MOST_WORDS])

    def _matches(self, field: str, word: _Word) -> tantivy.Query:
        """Matches a word in any of its forms; the form that scores best counts."""
        forms = [form for form, _ in word.known] or (() if word.others else word.term.forms)
        queries = [tantivy.Query.term_query(self.schema, field, form, "freq") for form in forms]
        for form, count in word.others:
            # As rare as the form that was asked for, so that a rarer one is not taken for a better one.
            boost = (
                (_OTHER_WAY if word.known else 1) * _idf(self.entries, word.count) / _idf(self.entries, count)
            )
            other = tantivy.Query.term_query(self.schema, field, form, "freq")
            queries.append(tantivy.Query.boost_query(other, boost))
        return any_of(queries)


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


def _all_or_last(queries: Sequence[tantivy.Query], terms: Sequence[_Word]) -> tantivy.Query:
    """Matches what has all terms of one word. If that has digits, its last term, which is all of it together,
    or its others are enough: "12.7mm" may be written as "12.7 mm", and a date in another notation.
    """
    *parts, whole = queries
    if not parts:
        return whole
    together = tantivy.Query.boolean_query([(tantivy.Occur.Must, part) for part in parts])
    how = tantivy.Occur.Should if _DIGIT.search(terms[-1].term.forms[0]) else tantivy.Occur.Must
    return tantivy.Query.boolean_query([(how, together), (how, whole)])


def _idf(documents: int, having: int) -> float:
    """A word's weight, as the engine's BM25 (Robertson and Zaragoza 2009, with Lucene's + 1) has it."""
    return math.log(1 + (documents - having + 0.5) / (having + 0.5))
