"""Counts documents by what they have in common, and tells which filter lets them through. Pure functions."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TypeVar

from stackroom.page.foreign_text import own_line
from stackroom.reading.finding.document_table import DocumentTable, Rows
from stackroom.reading.listing import Facet, Facets, Folder
from stackroom.reading.query.filters import NAMES, read_value
from stackroom.reading.query.parse import parse, without
from stackroom.reading.query.quotation_marks import MARK

# Most facets of a kind.
_MOST = 12

Documents = Sequence[tuple[DocumentTable, Rows]]
"""Documents: some rows of each of some tables."""

_Key = TypeVar("_Key", str, int)


def count(chosen: Documents, query: str) -> Facets:
    """Counts these documents.

    Args:
        chosen: the documents.
        query: that has found them, as it was written.
    """
    return Facets(
        folders=_facets(chosen, "folder", _narrower(chosen), query),
        years=_years(chosen, query),
        languages=_facets(chosen, "lang", _counts(chosen, "language"), query),
        authors=_facets(chosen, "author", _counts(chosen, "author"), query),
    )


def folder_tree(chosen: Documents) -> tuple[Folder, ...]:
    """The folders that these documents are in, and those above them."""
    counts = _folder_counts(chosen)
    below: dict[str, list[str]] = {}
    for path in sorted(counts, key=str.casefold):
        below.setdefault(path.rpartition("/")[0], []).append(path)

    def folder(path: str) -> Folder:
        name = own_line(path.rpartition("/")[2])
        inside = tuple(map(folder, below.get(path, ())))
        return Folder(name, own_line(path), counts[path], _operator("folder", path), inside)

    return tuple(map(folder, below.get("", ())))


def _facets(chosen: Documents, name: str, counts: Mapping[str, int], query: str) -> tuple[Facet, ...]:
    """The facets of the filter with this name, of these texts with their counts.

    They are counted again, as the filter counts: Ann Lee is also an author of what Bob Ray and Ann Lee wrote.
    """
    kind = NAMES[name]
    values: dict[str, str] = {}  # as the filter compares it → as it was written most often
    for text in sorted(counts, key=lambda text: (-counts[text], text)):
        value = read_value(kind, text)
        if value and len(values) < _MOST:
            values.setdefault(value, text)
    left = without(query, kind, "skip")
    found = []
    for value, text in values.items():
        count = sum(table.count(kind, value, rows) for table, rows in chosen)
        written = _operator(name, text)
        found.append(Facet(own_line(text), count, written, f"{left} {written}".strip()))
    return tuple(sorted(found, key=lambda facet: -facet.count))


def _years(chosen: Documents, query: str) -> tuple[Facet, ...]:
    counts = _added(table.years(rows) for table, rows in chosen)
    left = without(query, "after", "before", "skip")
    found = []
    for year in sorted(counts, key=lambda year: (-counts[year], -year))[:_MOST]:
        written = f"after:{year:04} before:{year + 1:04}"
        found.append(Facet(str(year), counts[year], written, f"{left} {written}".strip()))
    return tuple(found)


def _narrower(chosen: Documents) -> dict[str, int]:
    """The folders just below the deepest one that all documents are in, or the outermost if there is none."""
    counts, all_documents = _folder_counts(chosen), sum(len(rows) for _, rows in chosen)
    found = [path for path in counts if "/" not in path]
    while len(found) == 1 and counts[found[0]] == all_documents:
        found = [path for path in counts if path.rpartition("/")[0] == found[0]]
    return {path: counts[path] for path in found}


def _folder_counts(chosen: Documents) -> Counter[str]:
    """How many of the documents are in each folder or below it; by the folder's path."""
    counts = Counter[str]()
    for folders, count in _counts(chosen, "folders").items():
        above = {end for folder in folders.split("\n") for end in _with_those_above(folder)}
        counts.update(dict.fromkeys(above - {""}, count))
    return counts


def _with_those_above(path: str) -> list[str]:
    names = path.split("/")
    return ["/".join(names[:depth]) for depth in range(1, len(names) + 1)]


def _counts(chosen: Documents, kind: str) -> Counter[str]:
    return _added(table.counts(kind, rows) for table, rows in chosen)


def _added(counts: Iterable[Mapping[_Key, int]]) -> Counter[_Key]:
    total = Counter[_Key]()
    for some in counts:
        total.update(some)
    return total


@lru_cache(2_000)  # one search follows another in the same folders: reading them again takes a millisecond
def _operator(name: str, text: str) -> str:
    """The filter with this name and value, so that it is read as such; "" if the value has no words."""
    value = read_value(NAMES[name], text)
    plain = " ".join(MARK.sub(" ", own_line(text)).split())
    for written in (f"{name}:{text}" if text.isalnum() else f'{name}:"{plain}"', f'{name}:"{value}"'):
        asked = parse(written)
        if value and not asked.text and value in (*asked.folders, *asked.languages, *asked.authors):
            return written
    return ""
