"""The marks that Stackroom writes into a page's text for what is on the page but not printed as text, such as
`[form field: Name of vessel: Quillwort Heron]`.

Where a document's own text imitates one, a blank is put after its bracket: nobody takes "[ note: …]" for a
mark. Similar means what it does in `stackroom.page.foreign_text`: brackets and letters that look alike count,
and characters that nobody sees do not. Pure functions.
"""

import re
import unicodedata
from typing import Literal, get_args

from stackroom.page.visible_text import visible

Kind = Literal["form field", "note", "stamp", "signature", "attachment"]
"""What a mark can be about."""

_KINDS: tuple[str, ...] = get_args(Kind)

_OPENING = "[\uff3b\ufe47\u2045\u298b\u298d\u298f\u2e55\u2e57\u2772\u3014\ufe39\ufe5d\u2997\u3010\ufe3b\u27e6"
# Of what follows a bracket, so many characters are looked at: letters may carry many accents.
_LOOKED_AT = 100
_LETTER, _SIGN = "X", "\0"  # stand for a letter that may look like any other, and a sign for a colon
_BEFORE_NAME = r"(?=[^\w!-~]*[afnsAFNS]|[^\w!-~]*[^\W!-~])"
_PLAIN = re.compile(rf"\[{_BEFORE_NAME}")
_FOREIGN = re.compile(f"[{_OPENING[1:]}]{_BEFORE_NAME}")
_IMITATION = re.compile(
    "|".join(
        "".join(f"[{letter}{_LETTER}]" if letter != " " else r"[\W_]*" for letter in kind) for kind in _KINDS
    ).join((r"[\W_]*(?:", rf")\s*[:{_SIGN}]"))
)
# Tells from the first two letters that it is none, which is quicker.
_FIRST = 12
_OTHER_NAME = re.compile(
    rf"[\W_]*(?!{'|'.join(f'[{kind[0]}{_LETTER}][{kind[1]}{_LETTER}]' for kind in _KINDS)})[^\W_]{{2}}"
)
_MARK = re.compile(rf"\[(?:{'|'.join(_KINDS)}): (?:[^\[\]]|\[[^\[\]]*\])*\]")


def own_mark(kind: Kind, text: str, label: str = "") -> str:
    """The mark for a text, on one line. Brackets that the text does not close become parentheses.

    Args:
        kind: what it is.
        text: what is to be read there.
        label: what the text is called; "" for nothing.
    """
    said = " ".join((f"{label}: {text}" if label else text).split())
    return f"[{kind}: {without_imitations(_balanced(said))}]"


def _balanced(text: str) -> str:
    """`text`, whose end nobody can take for the mark's: its square brackets come in pairs, one level deep."""
    is_open = False
    for char in text:
        if char in "[]":
            if is_open == (char == "["):
                return text.replace("[", "(").replace("]", ")")
            is_open = not is_open
    return text.replace("[", "(").replace("]", ")") if is_open else text


def without_imitations(text: str) -> str:
    """A document's own text, with a blank after each bracket that could begin a mark of ours."""
    text = without_plain_imitations(text)
    return _FOREIGN.sub(_apart, text) if has_foreign_brackets(text) else text


def without_plain_imitations(text: str) -> str:
    """As `without_imitations`, but only for the bracket that is ours: a fifth of the time."""
    return _PLAIN.sub(_apart, text) if "[" in text else text


def has_foreign_brackets(text: str) -> bool:
    """Whether there is a bracket that only resembles ours."""
    return not text.isascii() and any(char in text for char in _OPENING[1:])


def _apart(bracket: re.Match[str]) -> str:
    return bracket[0] + (" " if _is_ours(bracket.string, bracket.end()) else "")


def _is_ours(text: str, at: int) -> bool:
    """Whether what begins there looks like the name of a mark and a colon, and is not told apart yet."""
    if text[at : at + 1] == " ":
        return False
    if _OTHER_NAME.match(_read(text[at : at + _FIRST])):
        return False
    return bool(_IMITATION.match(_read(text[at : at + _LOOKED_AT])))


def _read(text: str) -> str:
    """`text` as a reader may take it, with _LETTER and _SIGN for what may look like anything."""
    if text.isascii() and text.isprintable():
        return text.lower()
    letters = []
    for char in unicodedata.normalize("NFKD", visible(text)):
        if char.isascii():
            letters.append(" " if char.isspace() else char.lower())
            continue
        category = unicodedata.category(char)
        if category[0] == "M":
            continue
        is_far = unicodedata.east_asian_width(char) == "W" or unicodedata.bidirectional(char) in ("R", "AL")
        if category[0] in "SP" or category == "Lm":
            letters.append(_SIGN)
        elif category[0] in "LN" and not is_far:
            letters.append(_LETTER)
        else:
            letters.append(" " if char.isspace() else char.lower())
    return "".join(letters)


def without_marks(text: str) -> str:
    """`text` with blanks in the place of our marks: each other character stays at its offset."""
    return _MARK.sub(lambda found: " " * len(found[0]), text) if "[" in text else text


def with_marks_of(text: str, other: str) -> str:
    """`text` followed by the marks that stand in `other`, each on a line of its own."""
    marks = _MARK.findall(other) if "[" in other else []
    return "\n".join([text.rstrip("\n"), "", *marks]) + "\n" if marks else text
