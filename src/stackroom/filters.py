"""What can be asked of a document: under which names, how values are read and when one fits; pure."""

import re
from datetime import date

from stackroom.languages import language_code
from stackroom.phrases import Folded, words

NAMES = {
    "title": "title",
    "author": "author",
    "folder": "folder",
    "path": "folder",
    "after": "after",
    "before": "before",
    "lang": "language",
    "language": "language",
    "id": "id",
}
"""The kind of filter that each name is for."""

NAME = f"([-－]?)({'|'.join(NAMES)})[:：]"
"""A pattern: the name before a value, maybe with a minus that turns it round."""

_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{1,2})(?:-([0-9]{1,2}))?)?")
_ID = re.compile(r"([0-9a-f]{24})(?:#\S*)?", re.IGNORECASE)


def read_value(kind: str, text: str) -> str:
    """What a value is compared as; "" if it makes no sense for this kind of filter."""
    return _READERS[kind](text)


def fits(kind: str, value: str, own: str) -> bool:
    """Whether what a document says of itself fits a value that was read."""
    if kind in ("language", "id"):
        return own.lower() == value
    folded = Folded.of(words(own))
    # "Hans Müller" is also meant where the document has "Müller, Hans".
    parts = value.split() if kind == "author" else [value]
    return all(folded.holds(Folded.of(part)) for part in parts)


def _read_day(value: str) -> str:
    """The first day of a year, a month or a day, in ISO 8601; "" if it is none."""
    found = _DATE.fullmatch(value.strip())
    try:
        return date(*(int(part or 1) for part in found.groups())).isoformat() if found else ""
    except ValueError:
        return ""


def _read_id(value: str) -> str:
    found = _ID.fullmatch(value.strip())
    return found[1].lower() if found else ""


_READERS = {
    "title": words,
    "author": words,
    "folder": words,
    "after": _read_day,
    "before": _read_day,
    "language": language_code,
    "id": _read_id,
}
