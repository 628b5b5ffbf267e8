"""Removes characters that no viewer shows but a model would read.

A PDF can hide instructions in such characters, or reverse a line with marks of direction. Kept are those that
a script is spelled with, and those that join several signs into one. Pure functions.
"""

import re
from collections.abc import Sequence

from stackroom.common.characters import invisible, scripts
from stackroom.common.characters.invisible import (
    GRAPHEME_JOINER,
    JAMO_FILLERS,
    JOINERS,
    LINE_ENDS,
    MONGOLIAN_FORMS,
    SOFT_HYPHEN,
)

_SUSPECT = re.compile(
    "["
    f"{invisible.CONTROL}{invisible.SEPARATORS}{invisible.CONTROL_BEYOND_ASCII}{LINE_ENDS}"
    f"{SOFT_HYPHEN}{GRAPHEME_JOINER}{invisible.DIRECTION}{JOINERS}"
    f"{invisible.ZERO_WIDTH_SPACE}{invisible.NO_BREAK_MARKS}{invisible.OPERATORS}{invisible.DEPRECATED_FORMATS}"
    f"{JAMO_FILLERS}{invisible.OTHER_FILLERS}{invisible.KHMER_VOWELS}{MONGOLIAN_FORMS}{invisible.FORMS}"
    f"{invisible.ANNOTATIONS}{invisible.SURROGATES}{invisible.SHORTHAND_AND_MUSIC}{invisible.TAGS}"
    "]"
)

# Scripts in which a joiner tells whether two letters join: Arabic to Tibetan, Burmese, Khmer, Mongolian,
# and those of India and its neighbours beyond U+FFFF.
_JOINING = re.compile(
    f"[\u0600-\u08ff{scripts.INDIAN_WITH_DANDAS}\u0f00-\u109f\u1780-\u18af\u1900-\u1cff\ua800-\uabff\ufb50-\ufdff\ufe70-\ufefc"
    "\U00010a00-\U00010aff\U00010d00-\U00010eff\U00011000-\U00011fff]"
)
_EMOJI = re.compile("[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff]")
_HAN = re.compile(f"[\u2e80-\u2fdf\u3005-\u3007{scripts.HAN}{scripts.HAN_BEYOND}]")  # with their strokes
# Of these scripts some letters have forms: Burmese, Mongolian, Phags-pa, Manichaean.
_HAS_FORMS = re.compile(
    f"[{scripts.BURMESE}{scripts.MONGOLIAN_LETTERS}\ua840-\ua877\uaa60-\uaa7f\U00010ac0-\U00010aff]"
)
_JAMO = re.compile(f"[{scripts.JAMO}{scripts.JAMO_EXTENDED}]")
_POINT = re.compile(f"[{scripts.HEBREW_POINTS_WITH_SIGNS}]")  # the joiner keeps the order of several
_MONGOLIAN_LETTER = re.compile(f"[{scripts.MONGOLIAN_LETTERS}]")
_FORM = re.compile(f"[{invisible.FORMS}]")
_MONGOLIAN_FORM = re.compile(f"[{MONGOLIAN_FORMS}]")


def visible(text: str) -> str:
    """`text` without invisible characters; whatever ended a line becomes a newline."""
    if text.isascii() and text.replace("\n", "").isprintable():  # most titles and passages, quickly
        return text
    return _SUSPECT.sub(_keep, text.replace("\r\n", "\n"))


def visible_with_spans(
    text: str, spans: Sequence[tuple[int, int]]
) -> tuple[str, tuple[tuple[int, int], ...]]:
    """`visible(text)`, and the spans (start, stop) of `text` moved to where they are in it.

    `text` must not contain CRLF.
    """
    seen = visible(text)
    if seen == text:
        return text, tuple(spans)
    moved = [(len(visible(text[:start])), len(visible(text[:stop]))) for start, stop in spans]
    return seen, tuple((start, min(stop, len(seen))) for start, stop in moved)


def _keep(found: re.Match[str]) -> str:
    """What a suspect character is replaced by: itself where its neighbours need it, else nothing."""
    char, text, at = found[0], found.string, found.start()
    before = text[at - 1 : at]
    after = text[at + 1 : at + 2]
    if char in LINE_ENDS:
        return "\n"
    if char in JOINERS:
        sign = text[at - 2 : at - 1] if before == "\ufe0f" else before
        joins = _JOINING.match(before) or (_EMOJI.match(sign) and _EMOJI.match(after))
        return char if joins and not _is_suspect(after) else ""
    if _FORM.match(char):
        is_keycap = before != "" and before in "0123456789#*" and after == "\u20e3"
        has_forms = _EMOJI.match(before) or _HAN.match(before) or _HAS_FORMS.match(before)
        return char if is_keycap or has_forms else ""
    if "\U000e0100" <= char <= "\U000e01ef":
        return char if _HAN.match(before) else ""
    if char in JAMO_FILLERS:
        return char if _JAMO.match(after) or _JAMO.match(before) else ""
    if _MONGOLIAN_FORM.match(char):
        return char if _MONGOLIAN_LETTER.match(before) else ""
    if char == GRAPHEME_JOINER:
        return char if _POINT.match(before) and _POINT.match(after) else ""
    return ""


def _is_suspect(char: str) -> bool:
    return bool(_SUSPECT.match(char))
