"""Whether a text has a phrase, as a reader would say; pure functions.

The eye does not see case, ligatures, soft hyphens, where a line ends, or which of six dashes was printed; and
people leave accents out. What is left after folding all that away is compared character by character.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Self

from stackroom.common import invisible
from stackroom.common.invisible import SOFT_HYPHEN
from stackroom.common.scripts import (
    ACCENTS,
    ARABIC_VOWELS,
    HAN_BEYOND,
    HANGUL,
    HEBREW_POINTS,
    INDIAN,
    JAMO,
    UNSPACED,
)

# Scripts that write no blanks between words: a phrase may begin and end anywhere. And Korean, which writes
# particles onto words: "서울" is meant to be found in "서울은".
_WITHOUT_BLANKS = UNSPACED + JAMO + HAN_BEYOND
_UNBOUNDED = _WITHOUT_BLANKS + HANGUL
UNBOUNDED = re.compile(f"[{_UNBOUNDED}]")
"""A character of a script in which the edges of words cannot be seen."""

# Letters and digits, with the vowel signs of India, which do not count as either but stand inside words.
_WORD = re.compile(f"((?:[^\\W{_UNBOUNDED}{INDIAN}]+|[{INDIAN}]+)+)")

# Marks that people leave out: accents of Latin, Greek and Cyrillic letters, vowels of Hebrew and Arabic. Not
# those of India and Japan, without which it would be another word.
_MARKS = ACCENTS + HEBREW_POINTS + ARABIC_VOWELS
# Soft hyphens, and what joins, parts or turns characters but is not seen.
_UNSEEN = (
    f"{SOFT_HYPHEN}{invisible.GRAPHEME_JOINER}{invisible.JOINERS}{invisible.DIRECTION}{invisible.OPERATORS}"
    f"{invisible.ZERO_WIDTH_SPACE}{invisible.NO_BREAK_MARKS}{invisible.FORMS}{invisible.MONGOLIAN_SPACE}"
)
_DROPPED = re.compile(f"[{_MARKS}{_UNSEEN}{invisible.CONTROL}]")

_SAME = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−﹣", "-"),
        **dict.fromkeys("‘’‚‛′ʼ`´", "'"),
        **dict.fromkeys("“”„‟«»″〝〞〟", '"'),
        # Strokes and double letters are no accents to take away; the index of words folds them as well.
        **dict(zip("øłđħıð", "oldhid", strict=True)),
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "_": " ",  # file names: annual_report_2023.pdf
    }
)

_SOFT_HYPHEN_AT_END = re.compile(rf"{SOFT_HYPHEN}[^\S\n]*\n\s*")
_WORD_BROKEN = re.compile(r"(?<=[^\W\d_])-[^\S\n]*\n\s*(?=[^\W\d_])")
_HYPHEN_AT_END = re.compile(r"(?<=\w)-[^\S\n]*\n\s*(?=\w)")
_BLANK_INSIDE = re.compile(f"(?<=[{_WITHOUT_BLANKS}]) (?=[{_WITHOUT_BLANKS}])")

# Stands at the edges of words in folded texts. Then looking for a whole word is looking for a string, which
# takes linear time; a regular expression would try every word's beginning.
_EDGE = "\0"


@dataclass(frozen=True, slots=True)
class Folded:
    """A text made ready to look for phrases in it.

    Attributes:
        readings: one, or two if words are broken at line ends: "well-known" keeps the hyphen there, "example"
            loses it, and only the phrase tells which.
    """

    readings: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Self:
        """Takes time in proportion to the text's length."""
        plain = _fold(text)
        readings = {plain: None}
        if "-" in plain and "\n" in plain:
            readings = {_HYPHEN_AT_END.sub("-", plain): None, _WORD_BROKEN.sub("", plain): None}
        # Splitting gives, in turn, what is between words and a word.
        return cls(tuple(_EDGE.join(_WORD.split(_flatten(reading))) for reading in readings))

    def holds(self, phrase: Self) -> bool:
        """Whether the phrase is somewhere in this text, as whole words. A blank phrase is nowhere."""
        return any(wanted in reading for wanted in phrase.readings if wanted for reading in self.readings)


def holds(text: str, phrase: str) -> bool:
    """Whether `text` has `phrase` in it, however it is printed, and not inside a longer word.

    To look for several phrases, or in several texts, make each `Folded` once.
    """
    return Folded.of(text).holds(Folded.of(phrase))


def words(text: str) -> str:
    """The folded words of `text`, a blank between them: titles and paths are compared by these."""
    return " ".join("".join(char if _is_word(char) else " " for char in _flatten(_fold(text))).split())


def _is_word(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char)[0] == "M"


def _fold(text: str) -> str:
    if text.isascii():  # the same, at a third of the time
        return _DROPPED.sub("", text).lower().replace("`", "'").replace("_", " ")
    text = _SOFT_HYPHEN_AT_END.sub("", text)
    # Once more, because small letters can come with new marks: "İ" becomes "i" and a dot.
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", _DROPPED.sub("", text).translate(_SAME))


def _flatten(text: str) -> str:
    """One line, single blanks, and none between characters of scripts that write none."""
    return _BLANK_INSIDE.sub("", " ".join(text.split()))
