"""What to say of a library in languages that its model can't read."""

from collections.abc import Mapping

from stackroom.common.amounts import duration
from stackroom.common.characters.languages import LANGUAGES
from stackroom.embedding.multilingual.package import (
    INSTALL,
    MULTILINGUAL,
    MULTILINGUAL_NAME,
    embedding_seconds,
    is_installed,
)

# With less, it is a few foreign pages, or tables of numbers and names.
_MANY = 0.1

# Most languages that are named.
_NAMED = 5


def about_unread_languages(passages: int, unread: Mapping[str, int], model: str, precision: str) -> str:
    """How many passages the model can't read, in which languages, what reads them and what that costs.

    Args:
        passages: of the library.
        unread: how many of them the model can't read, by language.
        model: its name.
        precision: the setting; see `Settings`.

    Returns:
        Some lines for people; empty if the model reads nine of ten passages.
    """
    count = sum(unread.values())
    if count <= _MANY * passages:
        return ""
    lines = [
        f"{count} of {passages} {'passage' if passages == 1 else 'passages'} "
        f"{'is' if count == 1 else 'are'} in "
        f"{'a language' if len(unread) == 1 else 'languages'} that the model can't read, and found by words "
        f"alone: {_listed(unread)}."
    ]
    if model != MULTILINGUAL_NAME:
        install = "" if is_installed() else f" First: `{INSTALL}` (91 MB)."
        seconds = embedding_seconds(passages, precision)
        lines.append(
            f"`stackroom index --reembed --model {MULTILINGUAL}` finds them by meaning as well: about "
            f"{duration(seconds)} for the whole library after some 15 seconds to prepare the model, 265 MB "
            f"on the disk, then 9 ms of processor time for a question instead of 3.{install}"
        )
    return "\n".join(lines)


def _listed(counts: Mapping[str, int]) -> str:
    parts = [f"{_name(code)} {count}" for code, count in list(counts.items())[:_NAMED]]
    rest = sum(list(counts.values())[_NAMED:])
    return ", ".join([*parts, f"others {rest}"] if rest else parts)


def _name(code: str) -> str:
    names = LANGUAGES[code].names if code in LANGUAGES else ()
    return names[0].title() if names else code or "not known"
