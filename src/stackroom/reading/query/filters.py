"""What can be asked of a document: under which names, how values are read and when one fits; pure."""

import re
from datetime import date

from stackroom.reading.query.folded_text import Folded, words
from stackroom.reading.query.languages import language_code

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

LAST_DAY = 9999_99_99
"""After all days."""

NEVER = (LAST_DAY, -1)
"""What is neither after nor before any day."""

_DAY = re.compile("[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{1,2})(?:-([0-9]{1,2}))?)?")
_ID = re.compile(r"([0-9a-f]{24})(?:#\S*)?", re.IGNORECASE)


def read_value(kind: str, text: str) -> str:
    """What a value is compared as; "" if it makes no sense for this kind of filter."""
    return _READERS[kind](text)


def folded(text: str) -> str:
    """What title, author and path are compared as: a value fits that is in it, for each of its words."""
    # One reading: what `words` leaves has neither hyphens nor line ends.
    return Folded.of(words(text)).readings[0] if text else ""


def folded_parts(kind: str, value: str) -> list[str]:
    """All that has to be in what a document says of itself, for a value that was read to fit."""
    # "Hans Müller" is also meant where the document has "Müller, Hans".
    return [folded(part) for part in (value.split() if kind == "author" else [value])]


def first_and_last_day(moment: str) -> tuple[int, int]:
    """The first and the last day that a moment may mean, such as 20230501; a year alone is any day of it.

    Args:
        moment: ISO 8601 as far as it is known: "", "2023", "2023-05-01T10:00:00+02:00". All else is NEVER.
    """
    day = moment[:10]
    if not _DAY.fullmatch(day):
        return NEVER
    # Padded, so that an incomplete date is compared by its first or last day.
    first, last = (day + rest[len(day) :] for rest in ("0000-01-01", "9999-12-31"))
    return int(first.replace("-", "")), int(last.replace("-", ""))


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
