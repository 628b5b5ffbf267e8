"""Makes the terms that a text is found by, the same way for passages and for queries. Pure functions.

A word becomes its stem, in the language of its document, without accents: `Universitäten` is found by
`Universität` and by `universitat`. Words joined by hyphens or the like become terms of their own and one
together: `ZULU-7788` is `zulu`, `7788` and `zulu7788`, and is found by `ZULU7788` and by `zulu_7788`;
`e-mail` is found by `email`, and `exam-ple`, broken at a line end, by `example`. A number is one term,
whatever it is written onto: `10.5-12.7mm` is `10.5`, `12.7` and `mm`. Text of scripts without blanks between
words becomes pairs of neighbouring characters; in Chinese, Japanese and Korean each character of a passage is
a term as well, and a word of one character is found by it. A raised mark is a word of its own: `4,250¹` is
found by `4,250`, and `m²` by `m` and `m2`. A lowered one is not: `H₂O` is `H2O`.
"""

import re
import unicodedata

from stackroom.common.characters import languages, numbers
from stackroom.common.characters.han import ONE_FORM
from stackroom.common.characters.invisible import SOFT_HYPHEN
from stackroom.common.characters.lookalikes import one_of_each
from stackroom.common.characters.punctuation import RAISED
from stackroom.common.characters.radicals import unified
from stackroom.common.characters.scripts import (
    ACCENTS,
    ARABIC_HONORIFICS,
    ARABIC_LENGTHENING,
    ARABIC_VOWELS,
    HAN,
    HAN_BEYOND,
    HANGUL,
    HEBREW_POINTS,
    HEBREW_POINTS_WITH_SIGNS,
    INDIAN,
    KANA,
    SOUTHEAST_ASIAN,
    TIBETAN,
    UNSPACED,
)
from stackroom.indexes.stems import dictionary, stemmer

_STEMMED = tuple(code for code, language in languages.LANGUAGES.items() if language.stemmer)

# The stemmers of these know no accents, or remove them themselves. Others need accents to recognise an
# ending.
_FOLDED_FIRST = ("de", "en", "id", "ms", "nl")

OTHER = "?"
"""Stands for every language without a stemmer."""

LANGUAGES = (OTHER, *_STEMMED)
"""The languages in which terms are made: those with a stemmer, and OTHER."""

# Marks that belong to the letter before them. Python's \w leaves them out, which would cut Hindi at vowels.
_MARKS = (
    f"{ACCENTS}\u0483-\u0489{HEBREW_POINTS}{ARABIC_HONORIFICS}{ARABIC_VOWELS}\u06d6-\u06dc\u06df-\u06ed"
    f"{INDIAN}{SOUTHEAST_ASIAN}{TIBETAN}"
)
# A word, or several joined by what codes, numbers and addresses are joined with; and C++, C#.
_TOKEN = re.compile(rf"[\w{_MARKS}]+(?:[-./:,@'’+&][\w{_MARKS}]+)*(?:\+\+|#)?")
# What it is taken apart into: hashes, dates, numbers, and what is between them.
_HASH = r"(?:[a-z]+\d+){4,}[a-z]*|(?:\d+[a-z]+){4,}\d*"
_PART = re.compile(rf"{_HASH}|{numbers.DATE}|{numbers.NUMBER}|[^\d\-./:,@'’+&_#]+")
_NUMBER = re.compile(rf"{numbers.DATE}|{numbers.NUMBER}")
# Several parts are also one term together (a code, or a word that was broken) if they have a digit, or are
# not joined by any of these signs.
_JOINED = re.compile(r"[^\d/,:'’+]+|.*\d.*")
# Together, "10-12" is not 1012. So many digits are the number of a thing, which may be written without signs.
_LONG_NUMBER = 7
_SIGN = re.compile(r"(?:\+\+|#)$")
_DIGIT = re.compile(r"\d")
# Chinese and Japanese characters, with those that say "as before", "see below" and "zero".
_HAN_AND_KANA = f"{HAN}{HAN_BEYOND}{KANA}\u3005-\u3007"

# Text in scripts without blanks between words, and Korean, whose words are whole phrases, becomes pairs.
_IN_PAIRS = re.compile(f"[{UNSPACED}{_HAN_AND_KANA}{HANGUL}]+")
_ALONE = re.compile(f"[{_HAN_AND_KANA}{HANGUL}]")

# Between two lines of such text no word need end.
_LINE_END = re.compile(f"(?<=[{UNSPACED}])\n(?=[{UNSPACED}])")
# Nor between two blanks that OCR has put, nor at a line end of Korean; but there they may.
_PERHAPS_NO_END = re.compile(
    rf"(?<=([{_HAN_AND_KANA}]))\s+(?=([{_HAN_AND_KANA}]))|(?<=([{HANGUL}]))[^\S\n]*\n\s*(?=([{HANGUL}]))"
)

# Accents, and the points of Hebrew and Arabic, which are mostly left out; and Arabic's lengthening stroke.
_ACCENTS = re.compile(
    f"[{ACCENTS}{HEBREW_POINTS_WITH_SIGNS}{ARABIC_HONORIFICS}{ARABIC_VOWELS}{ARABIC_LENGTHENING}]+"
)
_LIKE_ASCII = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)

# Where a raised mark parts from what is beside it: a number, a sign; a letter, where that is one of several
# joined words, whose term together would have the mark in it.
_RAISED = re.compile(f"[{RAISED}]")
_RAISED_APART = re.compile(
    rf"(?<=[^\s{RAISED}])(?<=[\W\d_])(?=[{RAISED}])|(?<=[{RAISED}])(?=\d|[^\W\d_{RAISED}]+[-./:@'’+&]\w)"
)
_RAISED_AFTER_JOINED = re.compile(rf"(?<=\w[-./:@'’+&])([^\W\d_{RAISED}]+)([{RAISED}]+)")

_HYPHEN_AT_END = re.compile(r"(?<=\w)-\n(?=\w)")
# Dashes, and what Persian has inside a word for a blank that takes no room: many leave it out.
# By pattern, because to translate every character of a text takes longer.
_NOT_TYPED = re.compile("[\u2010-\u2013\u2212\u200c×]")

# Characters. Of a longer word (a string of DNA, a line of base64) this is the term: so many from its start.
_LONGEST_WORD = 64

# How many words are kept with their terms: some 30 MB. A book has 20,000 different words.
_KEPT = 200_000


class Analyzer:
    """Makes terms of texts in one language. It keeps the terms of words, and so is not thread-safe."""

    def __init__(self, language: str) -> None:
        """`language` is one of LANGUAGES."""
        self._lemma = dictionary(language)
        self._stemmer = stemmer(language)
        self._fold_first = language in _FOLDED_FIRST
        self._kept: dict[str, tuple[str, ...]] = {}  # of texts
        self._asked: dict[str, tuple[str, ...]] = {}  # of queries

    def terms(self, text: str) -> list[str]:
        """The terms that a text is found by, in order; one that comes again is there again."""
        text = _normal(numbers.with_and_without_blanks(text))
        if _ALONE.search(text):
            text = _PERHAPS_NO_END.sub(_both_beside, text)
        return [term for terms in self._words(text, self._kept) for term in terms]

    def words(self, query: str) -> list[tuple[str, ...]]:
        """For each word of a query the terms that are looked for. The same query gives the same numbers of
        both in every language.
        """
        return self._words(_normal(query), self._asked)

    def _words(self, text: str, kept: dict[str, tuple[str, ...]]) -> list[tuple[str, ...]]:
        if len(kept) > _KEPT:
            kept.clear()
        found = []
        for token in _TOKEN.findall(text):
            terms = kept.get(token)
            if terms is None:
                terms = self._terms(token, singly=kept is self._kept)
                if len(token) <= _LONGEST_WORD:
                    kept[token] = terms
            found.append(terms)
        return found

    def _terms(self, token: str, *, singly: bool) -> tuple[str, ...]:
        token = token.lower()
        # Accents alone are no word.
        words = [token] if token.isalpha() else [word for word in _PART.findall(token) if _has_letters(word)]
        parts: list[str] = []
        for word in words:
            parts += (
                numbers.terms(word)
                if _NUMBER.fullmatch(word)
                else filter(_has_letters, _cut(word, singly=singly))
            )
        if "'" in token or "’" in token:  # l'homme, world's
            parts = [part for part in parts if len(part) > 1 or part.isdecimal()] or parts
        terms = [self._stem(part[:_LONGEST_WORD]) for part in parts]
        if len(words) > 1 and _JOINED.fullmatch(token):
            terms.append(self._stem(_together(words)[:_LONGEST_WORD]))
        if terms and (sign := _SIGN.search(token)):
            terms[-1] += sign.group()
        return tuple(terms)

    def _stem(self, word: str) -> str:
        if len(word) == _LONGEST_WORD or _DIGIT.search(word):
            return _fold(word)
        return self.regular_term(self._lemma(word) if self._lemma else word)

    def regular_term(self, word: str) -> str:
        """The term of a word if its forms are regular: no dictionary is asked, which takes 20 times as long.

        `word` is of letters alone, in lower case.
        """
        if self._stemmer is None:
            return _fold(word)
        return _fold(self._stemmer(_fold(word) if self._fold_first else word))


def stemmed(language: str) -> str:
    """Which of LANGUAGES a document is indexed in.

    Args:
        language: of the document, ISO 639-1; any.
    """
    return language if language in _STEMMED else OTHER


def _normal(text: str) -> str:
    if "-\n" in text:
        text = _HYPHEN_AT_END.sub("-", text)
    if text.isascii():
        return numbers.plain(text)
    if _RAISED.search(text):
        text = _RAISED_AFTER_JOINED.sub(r"\1 \1\2", _RAISED_APART.sub(" ", text))
    normal = unicodedata.normalize("NFKC", text).replace(SOFT_HYPHEN, "")
    normal = _NOT_TYPED.sub(lambda found: "x" if found.group() == "×" else "-", normal)
    normal = numbers.plain(one_of_each(unified(normal)))
    return _LINE_END.sub("", normal) if "\n" in normal else normal


def _both_beside(blank: re.Match[str]) -> str:
    return f" {blank[1] or blank[3]}{blank[2] or blank[4]} "


def _together(words: list[str]) -> str:
    together = "".join(numbers.terms(word)[-1] if _NUMBER.fullmatch(word) else word for word in words)
    return together if not together.isdecimal() or len(together) >= _LONG_NUMBER else "-".join(words)


def _cut(word: str, *, singly: bool) -> list[str]:
    """Cuts a word where a script without blanks begins or ends, and text in such a script into pairs.

    If `singly`, also into characters, where one may be a word.
    """
    if word.isascii():
        return [word]
    parts = []
    start = 0
    for run in _IN_PAIRS.finditer(word):
        if run.start() > start:
            parts.append(word[start : run.start()])
        characters = run.group()
        parts += [characters[at : at + 2] for at in range(max(len(characters) - 1, 1))]
        if singly and len(characters) > 1:
            parts += _ALONE.findall(characters)
        start = run.end()
    return [*parts, word[start:]] if start < len(word) else parts


def _has_letters(word: str) -> bool:
    return bool(word) and (word.isascii() or not _ACCENTS.fullmatch(word))


class _Folding(dict[int, str]):
    """Code point of a character → the character without accents, computed when it is first needed."""

    def __missing__(self, code: int) -> str:
        character = chr(code).translate(_LIKE_ASCII).translate(ONE_FORM)
        folded = _ACCENTS.sub("", unicodedata.normalize("NFD", character))
        self[code] = unicodedata.normalize("NFC", folded)
        return self[code]


_FOLDING = _Folding()


def _fold(word: str) -> str:
    return word if word.isascii() else unicodedata.normalize("NFC", word.translate(_FOLDING))


def folded(text: str) -> str:
    """A text in lower case, without accents, and with as many kinds of each character as terms have."""
    return _fold(_normal(text).lower())
