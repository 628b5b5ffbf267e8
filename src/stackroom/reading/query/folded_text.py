"""Tells whether a text contains a phrase, as a reader would say. Pure functions.

A reader does not care about case, ligatures, soft hyphens, line ends, or which of six dashes was printed, and
people leave accents out. All of that is removed from both ("folded"); numbers are compared by what they are
worth, the rest character by character.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Self

from stackroom.common.characters import invisible, numbers
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
    HAN_BEYOND,
    HANGUL,
    HEBREW_POINTS,
    INDIAN,
    JAMO,
    UNSPACED,
)

# In scripts without blanks between words, a phrase may begin and end anywhere. So it may in Korean, which
# writes particles onto words: "서울" has to be found in "서울은".
_WITHOUT_BLANKS = UNSPACED + JAMO + HAN_BEYOND
_UNBOUNDED = _WITHOUT_BLANKS + HANGUL
UNBOUNDED = re.compile(f"[{_UNBOUNDED}]")
"""Matches one character of a script that does not show where words begin and end."""

# A number, or letters with the vowel signs of India, which do not count as such but stand inside words.
_WORD = re.compile(f"(\\d+(?:\\.\\d+)*|(?:[^\\W{_UNBOUNDED}{INDIAN}]+|[{INDIAN}]+)+)")

# Marks that people leave out: accents of Latin, Greek and Cyrillic letters, vowels of Hebrew and Arabic, and
# the stroke that lengthens an Arabic word.
# Without those of Indian and Japanese scripts a word would be another one.
_MARKS = ACCENTS + HEBREW_POINTS + ARABIC_HONORIFICS + ARABIC_VOWELS + ARABIC_LENGTHENING
# Soft hyphens, and what joins, parts or turns characters but is not seen.
_UNSEEN = (
    f"{SOFT_HYPHEN}{invisible.GRAPHEME_JOINER}{invisible.JOINERS}{invisible.DIRECTION}{invisible.OPERATORS}"
    f"{invisible.ZERO_WIDTH_SPACE}{invisible.NO_BREAK_MARKS}{invisible.FORMS}{invisible.MONGOLIAN_SPACE}"
)
_DROPPED = re.compile(f"[{_MARKS}{_UNSEEN}{invisible.CONTROL}]")

_SAME: dict[int, str] = ONE_FORM | str.maketrans(
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
        "^": " ",  # 10^6 is printed as 10⁶
        "|": " ",  # between a table's cells
        "×": "x",
    }
)

# Raised marks are words of their own: 4,250¹ is 4,250 and 1. Beside letters they may be (word¹) or not (m²).
_RAISED_AFTER_OTHERS = re.compile(rf"(?<=[^\s{RAISED}])(?<=[\W\d_])(?=[{RAISED}])|(?<=[{RAISED}])(?=\d)")
_RAISED_BESIDE_LETTERS = re.compile(
    rf"(?<=[^\W\d_{RAISED}])(?=[{RAISED}])|(?<=[{RAISED}])(?=[^\W\d_{RAISED}])"
)
# Or they are footnotes' marks, which whoever types the phrase leaves out: but not those of powers of ten.
_FOOTNOTE_MARKS = re.compile(rf"(?<=[^\s{RAISED}])(?<!\b10)[{RAISED}]+")

# "12.7mm" is printed as "12.7 mm" as well, "7.5%" as "7.5 %", "§2" as "§ 2", and "5-7" as "5 – 7".
_SIGNS = "%‰°§#±~<>≤≥+$€£¥₩₹₽₺฿¢"
_DIGIT_BESIDE_OTHER = re.compile(rf"(?<=\d)(?=[^\W\d_]|[{_SIGNS}])|(?:(?<=[^\W\d_])|(?<=[{_SIGNS}]))(?=\d)")
_DASH_BETWEEN_DIGITS = re.compile(r"(?<=\d) ?- ?(?=\d)")

_HYPHEN_INSIDE = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")
_SOFT_HYPHEN_AT_END = re.compile(rf"{SOFT_HYPHEN}[^\S\n]*\n\s*")
_HYPHEN_AT_END = re.compile(r"(?<=\w)-[^\S\n]*\n\s*(?=\w)")
_KOREAN_LINE_END = re.compile(rf"(?<=[{HANGUL}])[^\S\n]*\n\s*(?=[{HANGUL}])")
_NO_WORD_IN_ASCII = re.compile(r"[\W_]+", re.ASCII)
_BLANK_INSIDE = re.compile(f"(?<=[{_WITHOUT_BLANKS}]) (?=[{_WITHOUT_BLANKS}])")

# Stands at the edges of words in folded texts. Then looking for a whole word is looking for a string, which
# takes linear time; a regular expression would try every word's beginning.
_EDGE = "\0"


@dataclass(frozen=True, slots=True)
class Folded:
    """A text prepared for finding phrases in it.

    Attributes:
        readings: the folded text. Two of them if there are hyphens: one in which they stay ("well-known"),
            and one in which they go ("exam-ple", for which a line end was the reason). Two of each if there
            are raised marks beside letters: one in which they belong to the word ("m2"), and one in which
            they do not ("word 1"); and one without raised marks, if there are any. Two of each if there are
            blanks between groups of digits: one in which these are one number ("5 432 109"), and if there are
            line ends in Korean text, which may be inside a word. Which is right, only a phrase tells.
    """

    readings: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Self:
        """Folds a text, in time proportional to its length."""
        texts = [text]
        if not text.isascii() and _RAISED_BESIDE_LETTERS.search(text):
            texts.append(_RAISED_BESIDE_LETTERS.sub(" ", text))
        if not text.isascii() and _FOOTNOTE_MARKS.search(text):
            texts.append(_FOOTNOTE_MARKS.sub("", text))
        if not text.isascii() and _KOREAN_LINE_END.search(text):
            texts += [_KOREAN_LINE_END.sub("", each) for each in texts]
        texts += [closed for each in texts if (closed := numbers.without_blanks(each)) != each]
        readings: dict[str, None] = {}
        for plain in map(_fold, texts):
            whole = _HYPHEN_AT_END.sub("-", plain) if "-" in plain and "\n" in plain else plain
            readings[whole] = None
            if "-" in whole:
                readings[_HYPHEN_INSIDE.sub("", whole)] = None
        # Splitting gives, in turn, what is between words and a word.
        return cls(tuple(_EDGE.join(_WORD.split(_flatten(_parted(reading)))) for reading in readings))

    def holds(self, phrase: Self) -> bool:
        """Whether this text contains the phrase as whole words. No text contains a blank phrase."""
        return any(wanted in reading for wanted in phrase.readings if wanted for reading in self.readings)


def holds(text: str, phrase: str) -> bool:
    """Whether `text` contains `phrase`, however it is printed, but not inside a longer word.

    To find several phrases, or to look in several texts, make a `Folded` of each once.
    """
    return Folded.of(text).holds(Folded.of(phrase))


def words(text: str) -> str:
    """The folded words of `text`, with a blank between them. Titles and paths are compared in this form."""
    if text.isascii() and text.isalpha():
        return text.lower()  # the same, and most words
    flat = _flatten(_fold(text))
    if flat.isascii():  # the same, at a tenth of the time
        return " ".join(_NO_WORD_IN_ASCII.sub(" ", flat).split())
    return " ".join("".join(char if _is_word(char) else " " for char in flat).split())


def _parted(text: str) -> str:
    """Numbers by value, with blanks between them and letters or signs, none beside the dash of a range."""
    return _DASH_BETWEEN_DIGITS.sub("-", _DIGIT_BESIDE_OTHER.sub(" ", numbers.by_value(text)))


def _is_word(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char)[0] == "M"


def _fold(text: str) -> str:
    if text.isascii():  # the same, at a third of the time
        text = _DROPPED.sub("", text).lower().replace("`", "'").replace("_", " ")
        return numbers.plain(text.replace("^", " ").replace("|", " "))
    text = one_of_each(_RAISED_AFTER_OTHERS.sub(" ", _SOFT_HYPHEN_AT_END.sub("", text)))
    # Once more, because small letters can come with new marks: "İ" becomes "i" and a dot.
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", unified(text)).casefold())
    return numbers.plain(unicodedata.normalize("NFC", _DROPPED.sub("", text).translate(_SAME)))


def _flatten(text: str) -> str:
    """One line, single blanks, and none between characters of scripts that write none."""
    return _BLANK_INSIDE.sub("", " ".join(text.split()))
