"""All rows of each document, read for some documents at once: few large questions cost less than many."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from operator import itemgetter
from typing import Any

from stackroom.common.sql import Sql

# Of how many documents the rows are read at once, and how many bytes of text these have at most, unless one
# alone has more.
_DOCUMENTS = 200
_TEXT_BYTES = 20_000_000

_BY_DOCUMENT = {
    "pages": "SELECT document, number, start FROM pages WHERE document BETWEEN ? AND ?"
    " ORDER BY document, number",
    "texts": "SELECT document, start, content FROM texts WHERE document BETWEEN ? AND ?"
    " ORDER BY document, start",
    "headings": "SELECT document, min(start), max(start) FROM sections WHERE document BETWEEN ? AND ?"
    " GROUP BY document",
    "unread": "SELECT document, min(page), max(page) FROM unread WHERE document BETWEEN ? AND ?"
    " GROUP BY document",
    "splits": "SELECT document, first, last, illegible, model FROM splits WHERE document BETWEEN ? AND ?"
    " ORDER BY document, first",
}
# By ids, and not joined with the splits: how few rows are between two columns, PostgreSQL can't know, and
# compares all with all.
_BY_ID = {
    "passages": "SELECT p.id, p.id, p.page, p.start, p.stop, p.hash, w.context, w.code FROM passages p"
    " LEFT JOIN pending w ON w.passage = p.id WHERE p.id BETWEEN ? AND ? ORDER BY p.id",
    "packs": "SELECT first, first, pack FROM vectors WHERE first BETWEEN ? AND ? ORDER BY first",
}

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class SplitRows:
    """A row of `splits`, without its document, and what belongs to it.

    Attributes:
        passages: id, page, start, stop, hash; context and code if it waits, else None.
        packs: of the vectors: the first id, and the pack.
    """

    first: int
    last: int
    illegible: int
    model: int
    passages: list[Row] = field(default_factory=list)
    packs: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DocumentRows:
    """A row of `documents`, and what belongs to it, in order.

    Attributes:
        is_held: whether a file holds it, or another document.
        pages: number and start.
        texts: start and content.
        headings, unread: where the first and the last one are; nothing if there are none.
    """

    key: int
    page_count: int
    text_bytes: int
    outline: str
    is_held: bool
    pages: list[Row]
    texts: list[Row]
    headings: list[Row]
    unread: list[Row]
    splits: list[SplitRows]


def all_documents(db: Sql) -> Iterator[DocumentRows]:
    """All documents, by their keys. Raises what `db` raises if it can't be read."""
    after = 0
    while heads := db.execute(
        "SELECT key, page_count, text_bytes, outline, EXISTS"
        " (SELECT 1 FROM holders WHERE document = key) FROM documents WHERE key > ? ORDER BY key LIMIT ?",
        (after, _DOCUMENTS),
    ).fetchall():
        some = _some(heads)
        yield from _with_rows(db, some)
        after = some[-1][0]


def _some(heads: Sequence[Row]) -> Sequence[Row]:
    """Those at the beginning whose texts are not too long together; at least one."""
    total = 0

    def fits(head: Row) -> bool:
        nonlocal total
        total += head[2]
        return bool(total <= _TEXT_BYTES)

    return list(takewhile(fits, heads)) or heads[:1]


def _with_rows(db: Sql, heads: Sequence[Row]) -> Iterator[DocumentRows]:
    keys = heads[0][0], heads[-1][0]
    found = {name: _grouped(db.execute(sql, keys)) for name, sql in _BY_DOCUMENT.items()}
    ranges = joined((first, last) for splits in found["splits"].values() for first, last, *_ in splits)
    inside = {
        name: [row for between in ranges for row in db.execute(sql, between)] for name, sql in _BY_ID.items()
    }
    for key, page_count, text_bytes, outline, is_held in heads:
        splits = [
            SplitRows(first, last, *about, *(_between(inside[name], first, last) for name in _BY_ID))
            for first, last, *about in found["splits"][key]
        ]
        pages, texts, headings, unread = (
            found[name][key] for name in ("pages", "texts", "headings", "unread")
        )
        held = bool(is_held)
        yield DocumentRows(key, page_count, text_bytes, outline, held, pages, texts, headings, unread, splits)


def joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """These ranges, both ends inclusive, in order, those together that follow each other or overlap."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            first, last = found[-1][0], max(found.pop()[1], last)
        found.append((first, last))
    return found


def _between(rows: Sequence[Row], first: int, last: int) -> list[Row]:
    """The rows whose first column is between two ids, both inclusive, without it; `rows` ascend."""
    start = bisect_left(rows, first, key=itemgetter(0))
    stop = bisect_right(rows, last, key=itemgetter(0))
    return [row[1:] for row in rows[start:stop]]


def _grouped(rows: Iterable[Row]) -> dict[int, list[Row]]:
    """Rows by their first column, without it."""
    grouped: dict[int, list[Row]] = defaultdict(list)
    for first, *rest in rows:
        grouped[first].append(tuple(rest))
    return grouped
