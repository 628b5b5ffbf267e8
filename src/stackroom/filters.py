"""What can be asked of a document: under which names, how values are read and when one fits; pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from sys import intern

from stackroom.languages import language_code
from stackroom.phrases import Folded, words
from stackroom.splits import Split

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

# After all days; and what is neither after nor before any.
_NEVER = "~"
_NO_DAY = (_NEVER, "")

_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{1,2})(?:-([0-9]{1,2}))?)?")
_ID = re.compile(r"([0-9a-f]{24})(?:#\S*)?", re.IGNORECASE)


def read_value(kind: str, text: str) -> str:
    """What a value is compared as; "" if it makes no sense for this kind of filter."""
    return _READERS[kind](text)


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """What a document can be chosen by, folded once and for all: a filter goes through all of them.

    Attributes:
        split: its passages.
        title, author, folder: folded; of several files a line each.
        language: ISO 639-1.
        id: as search results give it.
        created, modified: the first and the last day that may be meant.
        newest: the later of the two moments, in ISO 8601.
    """

    split: Split
    title: str
    author: str
    folder: str
    language: str
    id: str
    created: tuple[str, str]
    modified: tuple[str, str]
    newest: str

    @classmethod
    def of(
        cls,
        split: Split,
        *,
        title: str = "",
        author: str = "",
        paths: Iterable[str] = (),
        created: str = "",
        modified: str = "",
        language: str = "",
        id: str = "",
    ) -> "Described":
        """What it does not say of itself (no date, no author) it is not.

        Args:
            split: its passages.
            title: of the document, as all the others are.
            author: likewise.
            paths: of its files, as far as people know them: relative to their library.
            created: ISO 8601 as far as it is known: "", "2023", "2023-05-01T10:00:00+02:00". A year alone is
                any day of it.
            modified: likewise.
            language: ISO 639-1.
            id: as search results give it.
        """
        return cls(
            split,
            _folded(title),
            intern(_folded(author)),
            "\n".join(map(_folded, paths)),
            intern(language.lower()),
            id,
            _days(created),
            _days(modified),
            intern(max(created, modified)),
        )


def choose(
    documents: Sequence[Described], kind: str, values: Iterable[str], *, fitting: bool = True
) -> Sequence[Described]:
    """Those of `documents` that fit one of the values that were read; or none of them, if not `fitting`."""
    own = attrgetter(kind)
    if kind in ("language", "id"):
        wanted = frozenset(values)
        return [document for document in documents if (own(document) in wanted) is fitting]
    found: set[Described] = set()
    for value in values:
        left = documents
        # "Hans Müller" is also meant where the document has "Müller, Hans".
        for part in value.split() if kind == "author" else [value]:
            folded = _folded(part)
            left = [document for document in left if folded in own(document)]
        found.update(left)
    return [document for document in documents if (document in found) is fitting]


def choose_by_time(documents: Sequence[Described], after: str, before: str) -> Sequence[Described]:
    """Those that were created or modified from the day `after` on, and before the day `before`; "" if any."""
    before = before or _NEVER
    return [
        document
        for document in documents
        if (document.created[1] >= after and document.created[0] < before)
        or (document.modified[1] >= after and document.modified[0] < before)
    ]


def _folded(text: str) -> str:
    # One reading: what `words` leaves has neither hyphens nor line ends.
    return Folded.of(words(text)).readings[0] if text else ""


def _days(moment: str) -> tuple[str, str]:
    day = moment[:10]
    if not day:
        return _NO_DAY
    # Padded, so that an incomplete date is compared by its first or last day.
    return intern(day + "0000-01-01"[len(day) :]), intern(day + "9999-12-31"[len(day) :])


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
