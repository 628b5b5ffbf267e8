"""Makes the stem of a word: what its forms have in common. The only file that knows Snowball and simplemma.

Most languages have one of Snowball's stemmers, which cut endings by rule. Where there is none, or the forms
of a word differ in more than their endings (Ukrainian `ніч`, `ночі`), a word is looked up in simplemma's
dictionary first, and a related language's stemmer cuts what the dictionary gives, or does not know. Measured
on the forms in tests/indexes/word_forms; see docs/quality.md.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import Stemmer

from stackroom.common.characters.languages import LANGUAGES
from stackroom.common.characters.scripts import ACCENTS, HEBREW_POINTS_WITH_SIGNS

if TYPE_CHECKING:
    from simplemma.strategies import DictionaryLookupStrategy

_MARKS = re.compile(f"[{ACCENTS}{HEBREW_POINTS_WITH_SIGNS}\u064b-\u0652\u0670]+")

_DICTIONARY_FIRST = "lemmas"

HAVE_DICTIONARY = frozenset(
    code for code, language in LANGUAGES.items() if language.stemmer.startswith(_DICTIONARY_FIRST)
)
"""Languages whose words are looked up."""

# simplemma has one dictionary for these.
_DICTIONARIES = {"bs": "hbs", "hr": "hbs", "no": "nb"}

# Only words that begin with such letters are looked up, so that an English query loads no Ukrainian
# dictionary. The other languages are written in Latin letters.
_LETTER = re.compile("[a-zA-Zß-žÄÖÜ]")
_CYRILLIC, _ARABIC = re.compile("[а-џ]"), re.compile("[ء-ی]")
_LETTERS = {
    "ar": _ARABIC,
    "bg": _CYRILLIC,
    "fa": _ARABIC,
    "he": re.compile("[א-ת]"),
    "hi": re.compile("[ऄ-ह]"),
    "hy": re.compile("[ա-ֆ]"),
    "ka": re.compile("[ა-ჰ]"),
    "mk": _CYRILLIC,
    "ru": _CYRILLIC,
    "uk": _CYRILLIC,
}

# Letters that `one_of_each` has made Arabic, as the Persian dictionary has them.
_AS_PERSIAN = str.maketrans("كي", "کی")

# Ukrainian letters as the Russian stemmer knows them.
_AS_RUSSIAN = str.maketrans("іїєґ", "ииег")

# Snowball cuts the plural of a Greek noun further than its singular: παιδιά, παιδί; βιβλία, βιβλίο.
_GREEK_NEUTER = re.compile("(?:ια|ιο|ιου|ιων)$")

# "The", and what is written onto it: "and", "so", "with", "like", "for".
_ARABIC_ARTICLE = re.compile("^(?:[وف]?[بك]?ال|[وف]?لل)")

# "And", "the", "in", "to", "from", "that", "as", which Hebrew writes onto the next word, up to four of them.
_HEBREW_PREFIXES, _MOST_PREFIXES = frozenset("והבלמשכ"), 4
_SHORTEST_HEBREW = 2


def dictionary(language: str) -> Callable[[str], str] | None:
    """Gives the function that looks words in lower case up: what they are under, or they themselves.

    Args:
        language: ISO 639-1. None comes back if it has no dictionary.
    """
    if language not in HAVE_DICTIONARY:
        return None
    if language == "he":
        return hebrew_lemma
    if language == "ar":
        return _arabic_lemma
    if language == "de":  # "Sprachen" is not what they spoke: what may be a noun is one
        return lambda word: _lemma(word.capitalize(), "de") or word
    if language == "fa":
        return lambda word: _lemma(word.translate(_AS_PERSIAN), "fa") or word
    name = _DICTIONARIES.get(language, language)
    return lambda word: _lemma(word, name) or word


def load_dictionary(language: str) -> None:
    """Loads a language's dictionary, if it has one: see `_dictionaries`. May be called in any thread."""
    if language in HAVE_DICTIONARY:
        _dictionaries().get_lemma("", _DICTIONARIES.get(language, language))


def stemmer(language: str) -> Callable[[str], str] | None:
    """Gives the function that cuts the endings of words in lower case. It is not thread-safe.

    Args:
        language: ISO 639-1. None comes back if it has no stemmer.
    """
    known = LANGUAGES.get(language)
    algorithm = known.stemmer.removeprefix(_DICTIONARY_FIRST).removeprefix("+") if known else ""
    if not algorithm:
        return None
    cut: Callable[[str], str] = Stemmer.Stemmer(algorithm, 0).stemWord
    if language == "el":
        return lambda word: _greek(word, cut)
    if language == "uk":
        return lambda word: cut(word.translate(_AS_RUSSIAN))
    return cut


def may_cut(language: str, word: str) -> bool:
    """Whether a language's stemmer may cut an ending of a word: most know the letters of one script alone.

    Args:
        language: ISO 639-1, or what stands for every language without a stemmer.
        word: in lower case, without accents.
    """
    known = LANGUAGES.get(language)
    return known is None or language == "sr" or known.with_english != word[:1].isascii()


def hebrew_lemma(word: str) -> str:
    """The dictionary's form of a word, or of what is left of it without the words written onto it."""
    word = _without_marks(word)
    for rest in (word, *hebrew_rests(word)):
        lemma = _lemma(rest, "he")
        if lemma:
            return lemma
    return word


def hebrew_rests(word: str) -> list[str]:
    """What a Hebrew word may be without one, two or more of the words that are written onto it."""
    rests = []
    for at in range(min(_MOST_PREFIXES, len(word) - _SHORTEST_HEBREW)):
        if word[at] not in _HEBREW_PREFIXES:
            break
        rests.append(word[at + 1 :])
    return rests


def _arabic_lemma(word: str) -> str:
    word = _without_marks(word)
    rest = _ARABIC_ARTICLE.sub("", word)
    return _lemma(word, "ar") or (rest and _lemma(rest, "ar")) or word


def _greek(word: str, cut: Callable[[str], str]) -> str:
    return cut(_GREEK_NEUTER.sub("ι", _without_marks(word))).rstrip("ι") or word


def _without_marks(word: str) -> str:
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", word)))


@lru_cache(20_000)
def _lemma(word: str, name: str) -> str:
    """What a dictionary has a word under, in lower case; "" if it does not have the word."""
    if not _LETTERS.get(name, _LETTER).match(word):
        return ""
    lemma = _dictionaries().get_lemma(word, name) or ""
    # Once more, because a form may be another word's as well: Spanish "estados" is under "estado", which is
    # under "estar".
    return (_dictionaries().get_lemma(lemma, name) or lemma).lower()


@cache
def _dictionaries() -> "DictionaryLookupStrategy":
    # 40 ms to import, and few queries have a word of such a language.
    from simplemma.strategies import DictionaryLookupStrategy, StreamDictionaryFactory

    # 3 to 14 MB and .05 to .4 s for a language, when its first word is looked up; then 20 µs a word. The
    # usual factory is quicker and takes 13 to 90 MB.
    return DictionaryLookupStrategy(StreamDictionaryFactory(cache_max_size=len(LANGUAGES)))
