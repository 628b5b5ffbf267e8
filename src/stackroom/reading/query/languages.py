"""Finds the language that a query asks for: `lang:de`, `lang:german`, `lang:Deutsch`. Pure."""

from stackroom.common.characters.languages import LANGUAGES

_CODES = {
    name: language.code
    for language in LANGUAGES.values()
    if language.names
    for name in (language.code, *language.names)
}
CODES = frozenset(_CODES.values())
"""The codes of languages that a document may have."""


def language_code(name: str) -> str:
    """The ISO 639-1 code of a language; "" if there is no such language.

    Args:
        name: a code, also with a region ("pt-BR", "zh_Hans"), or a name, in any case.
    """
    name = name.strip().lower()
    return _CODES.get(name) or _CODES.get(name.replace("_", "-").partition("-")[0], "")
