"""What a word is found by besides its own term: its parts. Pure functions.

- A compound by what it is made of: `Rechtsschutzversicherung` by `Rechtsschutz` and by `Versicherung`. No
  dictionary parts it: wherever a part may begin, the rest of the word is a part, and a word of a query finds
  the parts that begin with its stem.
- A Hebrew word by what is left without the "and", "the", "in" that are written onto it.
- A Korean word by what is left without particles and endings.
- Text of Thailand, Laos, Cambodia and Burma, which has no blanks, by its words, as ICU's dictionaries part
  it; the terms of such text are pairs of characters, which a long passage has by chance.

Parts are of their own field in the index of words, so that a phrase never needs them, and that they never
outweigh a word itself.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

from icu4py.breakers import WordBreaker

from stackroom.common.characters.scripts import BURMESE, HANGUL, KHMER, THAI_AND_LAO
from stackroom.indexes.korean import korean_words, readings
from stackroom.indexes.stems import hebrew_lemma, hebrew_rests
from stackroom.indexes.terms import folded

# Those that write compounds as one word.
_COMPOUNDING = frozenset(("da", "de", "et", "fi", "hu", "is", "nb", "nl", "nn", "no", "sv"))

HAVE_PARTS = _COMPOUNDING | {"he"}
"""Languages whose documents' words have parts. Korean, and text without blanks, is known by its letters."""

_LONG_WORD = re.compile(r"[^\W\d_]{6,}")
# Without accents, as `folded` gives them.
_VOWELS = "aeiouy"
# Letters that a part may begin with before its first vowel, if they are several. Without this rule there are
# a quarter more parts.
_ONSETS = """
bl br ch chr cl cr cs dr dw dz fj fl fr gh gj gl gn gr gy hj hv kj kl kn kr kv kw ly ny pf pfl pfr ph pl pr
ps qu rh sc sch schl schm schn schr schw sj sk skj skr skv sl sm sn sp spj spl spr st str stj sv sw sz th tj
tr ts tv tw ty vl vr wr zs zw
"""
_BEGINNING = re.compile(rf"(?:{'|'.join(_ONSETS.split())}|[^{_VOWELS}])?[{_VOWELS}]")
_VOWEL = re.compile(f"[{_VOWELS}]")
# The fewest letters before a part, of a part, and of what is looked for at the beginning of parts.
_BEFORE, _PART, _LOOKED_FOR = 2, 3, 4

# Of a stem this long the last letter may change in other forms: Finnish rajoitus, rajoitukset.
_CERTAIN = 7

_HEBREW_WORD = re.compile("[א-ת]{2,}")
_HEBREW_ENDING = re.compile("(?<=...)(?:ים|ות|ה|ת|י)$")

_WITHOUT_BLANKS = re.compile(f"[{THAI_AND_LAO}{BURMESE}{KHMER}]{{3,}}")
# Text in any language may have words in these scripts, which have parts.
_HAS_PARTS = re.compile(f"[{THAI_AND_LAO}{BURMESE}{KHMER}{HANGUL}\u1100-\u11ff\u3130-\u318f\uffa0-\uffdc]")
# Shorter ones are pairs already.
_SHORTEST_BROKEN = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """What parts a word of a query is to find.

    Attributes:
        text: the part.
        whole: whether it must be the whole part, not just its beginning.
    """

    text: str
    whole: bool


def parts(text: str, language: str) -> set[str]:
    """The parts of all words of a text, without blanks in them.

    Args:
        text: any.
        language: that it is in; ISO 639-1.
    """
    if language not in HAVE_PARTS and (text.isascii() or not _HAS_PARTS.search(text)):
        return set()
    plain = folded(text)
    found = set(_broken(plain))
    for word in korean_words(plain):
        found.update(readings(word))
    if language in _COMPOUNDING:
        for word in set(_LONG_WORD.findall(plain)):
            found.update(_compound_parts(word))
    elif language == "he":
        for word in set(_HEBREW_WORD.findall(plain)):
            found.update(_hebrew_parts(word))
    return found


def wanted_parts(word: str, stem: str, language: str) -> list[Wanted]:
    """The parts that a word of a query finds in documents of a language.

    Args:
        word: without accents, in lower case.
        stem: its term in that language.
        language: ISO 639-1.
    """
    if not word.isalpha():
        return []
    if language == "he":
        whole = [Wanted(part, whole=True) for part in _hebrew_parts(word)]
        beginnings = {
            _HEBREW_ENDING.sub("", part) for part in (word, *hebrew_rests(word)) if len(part) > _PART
        }
        return whole + [Wanted(part, whole=False) for part in sorted(beginnings) if len(part) >= _PART]
    if language not in _COMPOUNDING or len(word) < _PART:
        return []
    begins = _common_beginning(stem, word)
    if len(begins) >= _CERTAIN:
        begins = begins[:-1]
    elif len(begins) < _LOOKED_FOR:
        begins = word
    return [Wanted(begins, whole=False)]


def _common_beginning(one: str, other: str) -> str:
    if other.startswith(one):
        return one
    same = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return "".join(letter for letter, _ in same)


def beside_pairs(query: str) -> list[list[Wanted]]:
    """The words of a query whose terms are pairs of characters: for each the parts that it may be."""
    plain = folded(query)
    unspaced = [[Wanted(word, whole=False)] for word in _broken(plain)]
    return unspaced + [[Wanted(one, whole=True) for one in readings(word)] for word in korean_words(plain)]


def _broken(text: str) -> list[str]:
    if text.isascii():
        return []
    return [
        word
        for run in _WITHOUT_BLANKS.findall(text)
        for word in WordBreaker(run, "th")
        if len(word) >= _SHORTEST_BROKEN
    ]


@lru_cache(20_000)
def _compound_parts(word: str) -> tuple[str, ...]:
    first_vowel = _VOWEL.search(word)
    if first_vowel is None:
        return ()
    starts = range(max(_BEFORE, first_vowel.end()), len(word) - _PART + 1)
    return (word, *(word[at:] for at in starts if _BEGINNING.match(word, at)))


@lru_cache(20_000)
def _hebrew_parts(word: str) -> tuple[str, ...]:
    rests = [rest for rest in (word, *hebrew_rests(word)) if len(rest) >= _PART or rest == word]
    return tuple(dict.fromkeys([*rests, *map(hebrew_lemma, rests)]))
