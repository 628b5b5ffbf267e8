"""Writes the table of postings: rows are added, merged and dropped within the caller's transaction."""

import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.passages.postings_batch import DOCUMENTS, Row, merged
from stackroom.common.postgres.database import Session
from stackroom.indexes.postgres.postings import PART_BITS

# Rows are merged while the next one has at most this many times the postings of those before: so each posting
# is written a number of times that grows with the logarithm of how many a term has.
_TIMES = 2
# Rows with a list of so many postings are left as they are.
_FULL = 8192

_RETURNED = """o.part, o.field, o.term, o.passage_count, o.page_count, o.document_count,
    o.passages, o.pages, o.documents"""

_COPY = (
    b"COPY postings (part, generation, field, passage_count, page_count, document_count, is_fresh, term,"
    b" passages, pages, documents) FROM STDIN (FORMAT BINARY)"
)
_BEGINNING, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), struct.pack(">h", -1)
_FIXED = struct.Struct(">hiiihihihihihi?").pack
_LENGTH = struct.Struct(">i").pack
_NULL = _LENGTH(-1)
_AT_ONCE = 10_000  # rows

_TAKE_FRESH = "DELETE FROM postings o WHERE o.generation = %s AND o.is_fresh RETURNING "
_SIZES = """
SELECT o.part, o.field, o.term, o.passage_count::integer + o.page_count + o.document_count
FROM unnest(%s::integer[], %s::smallint[], %s::text[]) AS k(part, field, term)
JOIN postings o ON o.generation = %s AND o.field = k.field AND o.term = k.term AND o.part = k.part
WHERE NOT o.is_fresh AND greatest(o.passage_count, o.page_count, o.document_count) < %s
"""
_TAKE_UP_TO = """
DELETE FROM postings o USING unnest(%s::integer[], %s::smallint[], %s::text[], %s::integer[])
    AS k(part, field, term, size)
WHERE o.generation = %s AND o.field = k.field AND o.term = k.term AND o.part = k.part AND NOT o.is_fresh
    AND o.passage_count::integer + o.page_count + o.document_count <= k.size
RETURNING """
_TAKE_OF_DOCUMENTS = """
DELETE FROM postings o WHERE o.generation = %s AND o.part = %s AND o.field = %s AND o.term = ANY(%s)
    AND o.document_count > 0 RETURNING """
_NEXT = """
SELECT field, term FROM postings WHERE generation = %s AND (field, term) > (%s, %s)
ORDER BY field, term OFFSET %s LIMIT 1
"""
_TAKE_BETWEEN = """
DELETE FROM postings o WHERE o.generation = %s AND (o.field, o.term) > (%s, %s)
    AND (o.field, o.term) <= (%s, %s) RETURNING """
_LAST = (2**15 - 1, "")
_NONE: NDArray[np.int64] = np.empty((0, 2), np.int64)


def add(session: Session, generation: int, rows: Sequence[Row], *, fresh: bool) -> None:
    """Adds rows as they are."""
    if not rows:
        return
    fixed_end = 2, generation
    with session.errors(), session.raw.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write(_BEGINNING)
        for start in range(0, len(rows), _AT_ONCE):
            pieces = []
            for part, field, term, (passages, pages, documents), lists in rows[start : start + _AT_ONCE]:
                word = term.encode()
                pieces += [
                    _FIXED(11, 4, part, *fixed_end, 2, field, 2, passages, 2, pages, 2, documents, 1, fresh),
                    _LENGTH(len(word)),
                    word,
                ]
                for packed in lists:
                    pieces += [_NULL] if packed is None else [_LENGTH(len(packed)), packed]
            copy.write(b"".join(pieces))
        copy.write(_END)


def merge(session: Session, generation: int, rows: Iterable[Row] = ()) -> int:
    """Merges these rows, and all fresh ones, with each other and with the smaller ones that there are.

    Returns:
        How many rows of the table it has replaced.
    """
    new = list(rows)
    fresh = [*new, *_taken(session, _TAKE_FRESH, (generation,))]
    sizes: dict[tuple[int, int, str], int] = defaultdict(int)
    for row in fresh:
        sizes[row.key] += sum(row.counts)
    if not sizes:
        return 0
    keys = [list(column) for column in zip(*sizes, strict=True)]
    older: dict[tuple[int, int, str], list[int]] = defaultdict(list)
    for *key, size in _asked(session, _SIZES, (*keys, generation, _FULL)):
        older[key[0], key[1], key[2]].append(size)
    limits = {key: limit for key, some in older.items() if (limit := _limit(sizes[key], some))}
    if limits:
        keys = [list(column) for column in zip(*limits, strict=True)]
        fresh += _taken(session, _TAKE_UP_TO, (*keys, list(limits.values()), generation))
    add(session, generation, merged(fresh, _NONE), fresh=False)
    return len(fresh) - len(new)


def make_room(session: Session) -> None:
    """Lets new rows have the room of those that were replaced; outside of transactions.

    PostgreSQL does so by itself once a minute at most, in which a table that is being filled grows by half.
    """
    session.execute("VACUUM postings")


def take_out(session: Session, generation: int, documents: Sequence[int], terms: dict[int, set[str]]) -> None:
    """Removes the postings of documents as a whole, so that others can take their place.

    Args:
        session: in a transaction.
        generation: of the index.
        documents: ids of their first passages.
        terms: all that they have, by field.
    """
    parts = sorted({first >> PART_BITS for first in documents})
    gone = np.repeat(np.array(sorted(documents), np.int64)[:, None], 2, axis=1)
    for part in parts:
        for field, some in terms.items():
            rows = list(_taken(session, _TAKE_OF_DOCUMENTS, (generation, part, field, list(some))))
            left = [*merged([_only_documents(row) for row in rows], gone), *map(_without_documents, rows)]
            add(session, generation, [row for row in left if any(row.counts)], fresh=False)


def drop(
    session: Session, generation: int, after: tuple[int, str], most: int, removed: NDArray[np.int64]
) -> tuple[int, str] | None:
    """Drops the postings of removed documents from some rows, and merges what is left of them.

    Args:
        session: in a transaction.
        generation: of the index.
        after: field and term of the last row that is done.
        most: about how many rows to do.
        removed: ranges of their passages: see `merged`.

    Returns:
        Field and term of the last row that is done now; None if all are.
    """
    following = _asked(session, _NEXT, (generation, *after, most))
    last = (following[0][0], following[0][1]) if following else None
    rows = list(_taken(session, _TAKE_BETWEEN, (generation, *after, *(last or _LAST))))
    add(session, generation, merged(rows, removed), fresh=False)
    return last


def _limit(size: int, older: list[int]) -> int:
    """Up to which size older rows are merged with new ones of `size` postings; 0 for none."""
    limit = 0
    for one in sorted(older):
        if one > _TIMES * size:
            break
        size += one
        limit = one
    return limit


def _only_documents(row: Row) -> Row:
    return row._replace(counts=(0, 0, row.counts[DOCUMENTS]), lists=(None, None, row.lists[DOCUMENTS]))


def _without_documents(row: Row) -> Row:
    return row._replace(counts=(*row.counts[:DOCUMENTS], 0), lists=(*row.lists[:DOCUMENTS], None))


def _taken(session: Session, sql: str, parameters: Sequence[object]) -> Iterator[Row]:
    for part, field, term, *rest in _asked(session, sql + _RETURNED, parameters):
        yield Row(part, field, term, tuple(rest[:3]), tuple(rest[3:]))


def _asked(session: Session, sql: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
    with session.errors():
        return session.raw.cursor(binary=True).execute(sql.encode(), parameters).fetchall()
