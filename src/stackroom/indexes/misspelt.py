"""What a misspelt word may have been meant as. Pure functions."""

import re
from collections.abc import Callable, Iterable

from stackroom.common.characters.lookalikes import twin
from stackroom.common.characters.scripts import HANGUL, UNSPACED

# First and last letter of an alphabet. A word of none of them is taken as Latin.
_ALPHABETS = (("a", "z"), ("а", "џ"), ("α", "ω"), ("ء", "ي"), ("א", "ת"), ("ա", "ֆ"), ("ა", "ჰ"))

# Letters of the shortest word that may be meant: of shorter ones, too many are one letter from another.
_SHORTEST = 6

_FINAL_SIGMA = "ς"

# As many words as one misspelt word may be meant as.
_MOST = 3

# A word by itself: not a part of an address, a code or a number.
_WORD = re.compile(rf"(?<![\w@./:_-])[^\W\d_{HANGUL}{UNSPACED}]{{3,40}}(?![\w@/:_-])")


def separate_words(query: str) -> list[str]:
    """The words of a query that could be misspelt, each once."""
    return list(dict.fromkeys(_WORD.findall(query)))


def replaced(query: str, meant: dict[str, tuple[str, ...]]) -> str:
    """A query with other words in place of some of those that `separate_words` gives."""
    return _WORD.sub(lambda word: " ".join(meant.get(word.group(), (word.group(),))), query)


def one_letter_off(word: str) -> list[str]:
    """What differs from a word in one letter: one more, one less, another; or two that changed places.

    The word's twin in letters that look the same comes first. Nothing is given twice, and nothing shorter
    than six letters.
    """
    word = word.lower()
    alphabet = _alphabet(word)
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    swapped = [a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1]
    shorter = [a + b[1:] for a, b in cuts if b]
    other = [a + letter + b[1:] for a, b in cuts if b for letter in alphabet]
    longer = [a + letter + b for a, b in cuts for letter in alphabet]
    edits = [*shorter, *other, *longer]
    edits.sort(key=lambda one: one[-1] != word[-1])  # a wrong letter is seldom the last
    long = [one for one in (*swapped, *edits) if len(one) >= _SHORTEST]
    return [one for one in dict.fromkeys((twin(word), *long)) if one and one != word]


def most_frequent(
    words: Iterable[str], forms: Callable[[str], set[str]], count: Callable[[str], int]
) -> tuple[str, ...]:
    """Up to three of some words: those that most texts have, the most frequent first.

    Args:
        words: of several with the same form only the first is given; the others may be no words.
        forms: gives a word's terms.
        count: how many texts have a term.
    """
    known: dict[str, tuple[int, str]] = {}
    for word in words:
        for form in forms(word):
            having = count(form)
            if having:
                known.setdefault(form, (having, word))
    best = sorted(known.values(), key=lambda found: (-found[0], found[1]))
    return tuple(dict.fromkeys(word for _, word in best))[:_MOST]


def _alphabet(word: str) -> list[str]:
    first, last = next((ends for ends in _ALPHABETS if ends[0] <= word[0] <= ends[1]), _ALPHABETS[0])
    letters = map(chr, range(ord(first), ord(last) + 1))
    return [letter for letter in letters if letter.isalpha() and letter != _FINAL_SIGMA]
