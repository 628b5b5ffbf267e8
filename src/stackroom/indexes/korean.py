"""What a Korean word is without the particles and endings that are written onto it. Pure functions.

Which of them a word has cannot be told without a dictionary: 회의 is "meeting", or "of the time". So all
readings are given: 회의에서 is 회의 and 회. Their list is closed: grammar has no others.
"""

import re

from stackroom.common.characters.scripts import HANGUL

_WORD = re.compile(f"[{HANGUL}]{{1,12}}")

# Those that stand after a syllable that ends in a consonant, in a vowel, in either.
_AFTER_CONSONANT = """
은 이 을 과 으로 이나 이랑 이라 이며 이고 이다 입니다 이었다 어 어요 었다 었습니다 음 으면 으며 습니다 는다
"""
_AFTER_VOWEL = "는 가 를 와 나 랑 라 며"
_AFTER_EITHER = """
의 에 로 도 만 에서 에게 에게서 께 께서 한테 까지 부터 처럼 보다 마다 조차 밖에 하고 들
으로서 로서 으로써 로써 다 고 는 지 면 기 게 아 아요 았다 았습니다 어서 아서 하다 하는
한다 합니다 했다 했습니다 되다 된다 됩니다 됐다 였다 였습니다
"""
_FITTING = {
    True: frozenset((_AFTER_CONSONANT + _AFTER_EITHER).split()),
    False: frozenset((*_AFTER_VOWEL.split(), *_AFTER_EITHER.split())),
}
_LONGEST = max(map(len, _FITTING[True] | _FITTING[False]))

# The past tense is written into the last syllable: 갔다 is 가다, 마셨다 is 마시다. Its vowels by their
# numbers in Unicode's order, and what they are without it.
_PRESENT = {6: 20, 9: 8, 14: 13, 1: 0}  # ㅕ→ㅣ, ㅘ→ㅗ, ㅝ→ㅜ, ㅐ→ㅏ
_PAST_FINAL = 20  # ㅆ
_FIRST, _FINALS, _VOWELS = 0xAC00, 28, 21
_AFTER_PAST = re.compile("(?:다|습니다|어요|고|는데|지만|으며|던|을)$")


def korean_words(text: str) -> list[str]:
    """The Korean words of a text, each once, with all that is written onto them."""
    return [] if text.isascii() else list(dict.fromkeys(_WORD.findall(text)))


def readings(word: str) -> list[str]:
    """A word as it is, and without one, two or more particles or endings; the longest first."""
    found = {word: None}
    left = [word]
    while left:
        one = left.pop()
        for shorter in (*_without_ending(one), *_present(one)):
            if shorter not in found:
                found[shorter] = None
                left.append(shorter)
    return sorted(found, key=len, reverse=True)


def _without_ending(word: str) -> list[str]:
    rests = [(word[:-length], word[-length:]) for length in range(1, min(_LONGEST, len(word) - 1) + 1)]
    return [rest for rest, ending in rests if ending in _FITTING[_has_final(rest)]]


def _has_final(word: str) -> bool:
    """Whether its last syllable ends in a consonant."""
    return (ord(word[-1]) - _FIRST) % _FINALS > 0


def _present(word: str) -> list[str]:
    """A verb's stem, if the word is in the past tense."""
    stem = _AFTER_PAST.sub("", word)
    if not stem or stem == word:
        return []
    syllable = ord(stem[-1]) - _FIRST
    if syllable % _FINALS != _PAST_FINAL:
        return []
    without_final = syllable - _PAST_FINAL
    vowel = without_final // _FINALS % _VOWELS
    without_past = without_final + (_PRESENT.get(vowel, vowel) - vowel) * _FINALS
    return [stem[:-1] + chr(_FIRST + without_past)]
