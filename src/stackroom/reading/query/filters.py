"""The filters of a query: their names, how a value is read, and what it is compared with. Pure functions."""

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
    "skip": "skip",
}
"""Name in a query → kind of filter; `skip:` is none, and leaves out the first documents of an answer."""

NAME = f"([-－]?)({'|'.join(NAMES)})[:：]"
"""A regular expression: the name before a value, with a minus before it if documents that match
are excluded.
"""

LAST_DAY = 9999_99_99
"""As YYYYMMDD, a day later than all others."""

NEVER = (LAST_DAY, -1)
"""First and last day of a date that nobody knows: it is neither after nor before any day."""

_DAY = re.compile("[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{1,2})(?:-([0-9]{1,2}))?)?")
_COUNT = re.compile("[0-9]{1,4}")
_ID = re.compile(r"([0-9a-f]{24})(?:#\S*)?", re.IGNORECASE)


def read_value(kind: str, text: str) -> str:
    """The form in which a value is compared; "" if it makes no sense for this kind of filter.

    Args:
        kind: one of the values of NAMES.
        text: as it was written, without quotation marks.
    """
    return _READERS[kind](text)


def folded(text: str) -> str:
    """A title, an author or a path in the form in which it is compared: a value fits if it is contained in
    it.
    """
    # There is one reading only: what `words` returns has neither hyphens nor line ends.
    return Folded.of(words(text)).readings[0] if text else ""


def folded_parts(kind: str, value: str) -> list[str]:
    """The folded texts that all have to be contained in a document's title, author or path for a value to
    fit.
    """
    # "Hans Müller" is also meant where the document has "Müller, Hans".
    return [folded(part) for part in (value.split() if kind == "author" else [value])]


def first_and_last_day(moment: str) -> tuple[int, int]:
    """The first and the last day that a moment may mean, as numbers such as 20230501.

    "2023" may mean any day of that year.

    Args:
        moment: ISO 8601, as much as is known: "2023", "2023-05-01T10:00:00+02:00". Anything else, also "",
            gives NEVER.
    """
    day = moment[:10]
    if not _DAY.fullmatch(day):
        return NEVER
    # Padded, so that an incomplete date is compared by its first or last day.
    first, last = (day + rest[len(day) :] for rest in ("0000-01-01", "9999-12-31"))
    return int(first.replace("-", "")), int(last.replace("-", ""))


def _read_day(value: str) -> str:
    """The day, or the first day of the year or month, in ISO 8601; "" if it is no date."""
    found = _DATE.fullmatch(value.strip())
    try:
        return date(*(int(part or 1) for part in found.groups())).isoformat() if found else ""
    except ValueError:
        return ""


def _read_id(value: str) -> str:
    found = _ID.fullmatch(value.strip())
    return found[1].lower() if found else ""


def _read_count(value: str) -> str:
    return value if _COUNT.fullmatch(value) else ""


_READERS = {
    "title": words,
    "author": words,
    "folder": words,
    "after": _read_day,
    "before": _read_day,
    "language": language_code,
    "id": _read_id,
    "skip": _read_count,
}
