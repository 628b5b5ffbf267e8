"""Tells whether the name of a form's field says something to a reader. Pure functions."""

import re

from indexer.pdf.text.clean_text import flatten

_LONGEST = 120  # characters; a longer one is an explanation for a screen reader

# What programs and hurried people call fields: "Text1", "undefined_2", "f1_01[0]", "Champ 3".
_GENERIC = re.compile(
    r"""topmostsubform|subform|page|row|cell|form|fill|input|undefined|untitled|value|signature
    |(?:text|form|list|combo|check|radio|drop)?(?:field|box|button|down)?|txt|fld|chk|cb|btn|gro?u?p|tf|opt(?:ion)?
    |choice|combo|list|(?:text|options|kombinations|listen)?feld|kontrollkästchen|champ|texte|zone|case|cochée
    |campo|texto|casilla|casella|testo|pole|tekst|поле|текст|テキスト|フィールド|[a-z]""",
    re.VERBOSE,
)
_WORD = re.compile(r"[^\W\d_]+")
_INDEX = re.compile(r"\[\d+\]")
_MADE_UP = re.compile(r"(?=\S*\d)\S{24,}|[0-9a-f]{8}-[0-9a-f-]{20,}", re.IGNORECASE)  # a number of a program


def readable_name(alternate: str, name: str) -> str:
    """What to call a field: its alternate name, which is for people, or else its name; "" if neither says
    anything.

    Args:
        alternate: as viewers show it when the pointer is over the field.
        name: all of it, "topmostSubform[0].Page1[0].owner[0]".
    """
    if alternate := flatten(alternate):
        short = alternate if len(alternate) <= _LONGEST else alternate[: _LONGEST - 1] + "…"
        if not _says_nothing(short):
            return short
    last = flatten(_INDEX.sub("", name.rpartition(".")[2]).replace("_", " ")).rstrip(": ")
    return "" if _says_nothing(last) or len(last) > _LONGEST else last


def _says_nothing(name: str) -> bool:
    return all(map(_GENERIC.fullmatch, _WORD.findall(name.casefold()))) or bool(_MADE_UP.fullmatch(name))
