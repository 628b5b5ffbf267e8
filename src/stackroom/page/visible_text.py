"""Text as a reader sees it: without the characters that show nothing but that a model would read.

A PDF can hold instructions in characters that no viewer shows, or turn a line around with marks of direction.
What a script needs to be spelled, and what makes one sign of several, is kept. Pure functions.
"""

import re
from collections.abc import Sequence

_JOINERS = "\u200c\u200d"
_FILLERS = "\u115f\u1160"  # where a syllable of old Korean lacks a letter
_MONGOLIAN = "\u180b-\u180f"  # forms of letters, and a narrow space inside a word

_SUSPECT = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but for tab and newline
    "\u00ad\u034f\u061c"  # soft hyphen, grapheme joiner, Arabic letter mark
    f"{_FILLERS}\u17b4\u17b5{_MONGOLIAN}"
    f"\u200b{_JOINERS}\u200e\u200f\u2028-\u202e\u2060-\u206f"  # zero width, direction, invisible operators
    "\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    "\ufe00-\ufe0f"  # forms of the sign before it
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # shorthand and musical layout
    "\U000e0000-\U000e0fff"  # tags, and more forms of signs
    "]"
)

# Scripts whose letters join, or do not, by the reader's choice: Arabic to Tibetan, Burmese, Khmer, Mongolian,
# and those of India and its neighbours beyond U+FFFF.
_JOINING = re.compile(
    "[\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\u1900-\u1cff\ua800-\uabff\ufb50-\ufdff\ufe70-\ufefc"
    "\U00010a00-\U00010aff\U00010d00-\U00010eff\U00011000-\U00011fff]"
)
_EMOJI = re.compile("[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff]")
_HAN = re.compile("[\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
# Of these scripts some letters have forms: Burmese, Mongolian, Phags-pa, Manichaean.
_HAS_FORMS = re.compile("[\u1000-\u109f\u1820-\u18aa\ua840-\ua877\uaa60-\uaa7f\U00010ac0-\U00010aff]")
_JAMO = re.compile("[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]")
_POINT = re.compile("[\u0591-\u05c7]")  # Hebrew, whose order of points the joiner keeps
_MONGOLIAN_LETTER = re.compile("[\u1820-\u18aa]")
_LINE_END = "\u2028\u2029\x0b\x0c\r\x85"


def visible(text: str) -> str:
    """`text` without invisible characters; whatever ended a line becomes a newline."""
    if text.isascii() and text.isprintable():  # most titles, quickly
        return text
    return _SUSPECT.sub(_keep, text.replace("\r\n", "\n"))


def visible_with_spans(
    text: str, spans: Sequence[tuple[int, int]]
) -> tuple[str, tuple[tuple[int, int], ...]]:
    """`visible(text)`, and where the spans (start, stop) of `text` are then; no CRLF in it."""
    seen = visible(text)
    if seen == text:
        return text, tuple(spans)
    moved = [(len(visible(text[:start])), len(visible(text[:stop]))) for start, stop in spans]
    return seen, tuple((start, min(stop, len(seen))) for start, stop in moved)


def _keep(found: re.Match[str]) -> str:
    """What is left of a suspect: itself where its neighbours need it, else nothing."""
    char, text, at = found[0], found.string, found.start()
    before = text[at - 1 : at]
    after = text[at + 1 : at + 2]
    if char in _LINE_END:
        return "\n"
    if char in _JOINERS:
        sign = text[at - 2 : at - 1] if before == "\ufe0f" else before
        joins = _JOINING.match(before) or (_EMOJI.match(sign) and _EMOJI.match(after))
        return char if joins and not _is_suspect(after) else ""
    if "\ufe00" <= char <= "\ufe0f":
        is_keycap = before != "" and before in "0123456789#*" and after == "\u20e3"
        has_forms = _EMOJI.match(before) or _HAN.match(before) or _HAS_FORMS.match(before)
        return char if is_keycap or has_forms else ""
    if "\U000e0100" <= char <= "\U000e01ef":
        return char if _HAN.match(before) else ""
    if char in _FILLERS:
        return char if _JAMO.match(after) or _JAMO.match(before) else ""
    if "\u180b" <= char <= "\u180f":
        return char if _MONGOLIAN_LETTER.match(before) else ""
    if char == "\u034f":
        return char if _POINT.match(before) and _POINT.match(after) else ""
    return ""


def _is_suspect(char: str) -> bool:
    return bool(_SUSPECT.match(char))
