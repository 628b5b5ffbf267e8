"""Makes the terms that a text is found by, the same way for passages and for queries. Pure functions.

A word becomes its stem, in the language of its document, without accents: `Universitäten` is found by
`Universität` and by `universitat`. Words joined by hyphens or the like become terms of their own and one
together: `ZULU-7788` is `zulu`, `7788` and `zulu7788`, and is found by `ZULU7788` and by `zulu_7788`;
`e-mail` is found by `email`, and `exam-ple`, broken at a line end, by `example`. Text of scripts without
blanks between words becomes pairs of neighbouring characters. A raised mark is a word of its own: `4,250¹` is
found by `4,250`, and `m²` by `m` and `m2`. A lowered one is not: `H₂O` is `H2O`.
"""

import re
import unicodedata

from stackroom.common.characters import languages
from stackroom.common.characters.invisible import SOFT_HYPHEN
from stackroom.common.characters.lookalikes import one_of_each
from stackroom.common.characters.punctuation import RAISED
from stackroom.common.characters.scripts import (
    ACCENTS,
    ARABIC_HONORIFICS,
    ARABIC_LENGTHENING,
    ARABIC_VOWELS,
    HANGUL,
    HEBREW_POINTS,
    HEBREW_POINTS_WITH_SIGNS,
    INDIAN,
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
# Where it is taken apart; also between letters and digits, as in FY2017.
_JOINT = re.compile(r"[-./:,@'’+&_#]+|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
# Several words are also one term together (a code, or a word that was broken) if they have a digit, or are
# not joined by any of these signs.
_JOINED = re.compile(r"[^\d/,:'’+]+|.*\d.*")
_SIGN = re.compile(r"(?:\+\+|#)$")
_DIGIT = re.compile(r"\d")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)+")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")

# Text in scripts without blanks between words, and Korean, whose words are whole phrases, becomes pairs.
_IN_PAIRS = re.compile(f"[{UNSPACED}{HANGUL}]+")

# Between two lines of such text no word need end.
_LINE_END = re.compile(f"(?<=[{UNSPACED}])\n(?=[{UNSPACED}])")

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
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"))

# Characters; longer words are tables of digits and base64. They are left out before stemming, so that every
# language makes the same number of terms of a text.
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
        self._kept: dict[str, tuple[str, ...]] = {}

    def terms(self, text: str) -> list[str]:
        """The terms of `text`, in order; one that comes again is there again."""
        return [term for terms in self.words(text) for term in terms]

    def words(self, text: str) -> list[tuple[str, ...]]:
        """For each word of `text` its terms. The same text gives the same numbers of both in
        every language.
        """
        kept = self._kept
        if len(kept) > _KEPT:
            kept.clear()
        found = []
        for token in _TOKEN.findall(_normal(text)):
            terms = kept.get(token)
            if terms is None:
                terms = kept[token] = self._terms(token)
            found.append(terms)
        return found

    def regular_term(self, word: str) -> str:
        """The term of a word if its forms are regular: no dictionary is asked, which takes 20 times as long.

        `word` is of letters alone, in lower case.
        """
        return self._cut_ending(word)

    def _terms(self, token: str) -> tuple[str, ...]:
        token = token.lower()
        if len(token) <= _LONGEST_WORD and _NUMBER.fullmatch(token):
            return (token.replace(",", "" if _THOUSANDS.fullmatch(token) else "."),)
        # Accents alone are no word.
        words = [word for word in _JOINT.split(token) if len(word) <= _LONGEST_WORD and _has_letters(word)]
        parts = [part for word in words for part in _cut(word) if _has_letters(part)]
        if "'" in token or "’" in token:  # l'homme, world's
            parts = [part for part in parts if len(part) > 1] or parts
        terms = [self._stem(part) for part in parts]
        if len(words) > 1 and len(token) <= _LONGEST_WORD and _JOINED.fullmatch(token):
            terms.append(self._stem("".join(words)))
        if terms and (sign := _SIGN.search(token)):
            terms[-1] += sign.group()
        return tuple(terms)

    def _stem(self, word: str) -> str:
        if _DIGIT.search(word):
            return _fold(word)
        return self._cut_ending(self._lemma(word) if self._lemma else word)

    def _cut_ending(self, word: str) -> str:
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
        return text
    if _RAISED.search(text):
        text = _RAISED_AFTER_JOINED.sub(r"\1 \1\2", _RAISED_APART.sub(" ", text))
    normal = unicodedata.normalize("NFKC", text).replace(SOFT_HYPHEN, "").translate(_DASHES)
    normal = one_of_each(normal)
    return _LINE_END.sub("", normal) if "\n" in normal else normal


def _cut(word: str) -> list[str]:
    """Cuts a word where a script without blanks begins or ends, and text in such a script into pairs."""
    if word.isascii():
        return [word]
    parts = []
    start = 0
    for run in _IN_PAIRS.finditer(word):
        if run.start() > start:
            parts.append(word[start : run.start()])
        characters = run.group()
        parts += [characters[at : at + 2] for at in range(max(len(characters) - 1, 1))]
        start = run.end()
    return [*parts, word[start:]] if start < len(word) else parts


def _has_letters(word: str) -> bool:
    return bool(word) and (word.isascii() or not _ACCENTS.fullmatch(word))


class _Folding(dict[int, str]):
    """Code point of a character → the character without accents, computed when it is first needed."""

    def __missing__(self, code: int) -> str:
        character = chr(code).translate(_LIKE_ASCII)
        folded = _ACCENTS.sub("", unicodedata.normalize("NFD", character))
        self[code] = unicodedata.normalize("NFC", folded)
        return self[code]


_FOLDING = _Folding()


def _fold(word: str) -> str:
    return word if word.isascii() else unicodedata.normalize("NFC", word.translate(_FOLDING))


def folded(text: str) -> str:
    """A text in lower case, without accents, and with as many kinds of each character as terms have."""
    return _fold(_normal(text).lower())
