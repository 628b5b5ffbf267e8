"""Vectors as the catalogue stores them: the codes of up to 256 passages of one document in a row, compressed.

Nearly all levels of a code are small, so that compressed ones take .8 of their size. Reading one takes 100
microseconds.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np

from stackroom.catalog.text_blocks import Rows
from stackroom.common.compression import DamagedContent, packed, unpacked
from stackroom.common.errors import CatalogUnusable

_MOST = 256

# Levels of zstd above it find nothing more: nothing in codes occurs twice but whole codes.
_LEVEL = 1

# Rows read at once: at most some 20 MB, of documents with many passages.
_ROWS = 200


def packs(ids: Sequence[int], codes: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    """The rows of the table `vectors` for passages of one document and model.

    Args:
        ids: of the passages, ascending; with gaps where a passage has no vector.
        codes: aligned with `ids`; see `vector_codes`. All have the same length.

    Yields:
        Pairs (id of the first passage, its code and those that follow).
    """
    for start in range(0, len(ids), _MOST):
        some = ids[start : start + _MOST]
        gaps = np.diff(some, prepend=some[0]).astype("<u4")
        content = gaps.tobytes() + b"".join(codes[start : start + _MOST])
        yield some[0], len(some).to_bytes(2, "little") + packed(content, _LEVEL)


def unpack(first: int, pack: bytes, length: int) -> tuple[list[int], list[bytes]]:
    """Ids and codes of a row, each code of `length` bytes: see `vector_codes.code_length`.

    Raises:
        CatalogUnusable: the row is damaged, or its codes have another length.
    """
    try:
        content = unpacked(pack[2:])
        count = int.from_bytes(pack[:2], "little")
        # The count has no checksum. With another one, the codes would have another length.
        if not count or len(content) != count * (4 + length):
            raise ValueError(f"{len(content)} bytes are not {count} vectors of {length}")
        ids = first + np.cumsum(np.frombuffer(content, "<u4", count), dtype=np.int64)
        # A third of the time that rows of an array take, each turned into bytes.
        codes = [content[start : start + length] for start in range(4 * count, len(content), length)]
        return ids.tolist(), codes
    except (DamagedContent, ValueError) as error:
        raise CatalogUnusable(
            f"Vectors in the catalogue are damaged ({error}). Run `stackroom check --repair`."
        ) from error


def vectors_between(
    rows: Rows, first: int, last: int, length: int
) -> Iterator[tuple[list[int], list[bytes]]]:
    """Ids and codes of the passages with ids from `first` to `last`, both inclusive, row by row, in order.

    Passages without a vector are left out. Each code has `length` bytes. Raises as `unpack`.
    """
    found = rows("SELECT coalesce(max(first), ?1) FROM vectors WHERE first <= ?1", (first,))
    start = found[0][0]
    while read := rows(
        "SELECT first, pack FROM vectors WHERE first BETWEEN ? AND ? ORDER BY first LIMIT ?",
        (start, last, _ROWS),
    ):
        for at, pack in read:
            ids, codes = unpack(at, pack, length)
            if at < first or ids[-1] > last:
                inside = [place for place, id_ in enumerate(ids) if first <= id_ <= last]
                ids, codes = [ids[place] for place in inside], [codes[place] for place in inside]
            if ids:
                yield ids, codes
        start = read[-1][0] + 1


def vectors_of(rows: Rows, ids: Sequence[int], length: int) -> dict[int, bytes]:
    """Id → code, of `length` bytes, of those of the passages `ids` that have a vector. Reads each row once.

    Raises:
        CatalogUnusable: as `unpack`.
    """
    places = rows(
        "SELECT CAST(value AS BIGINT) AS id, (SELECT max(first) FROM vectors"
        "  WHERE first <= CAST(value AS BIGINT)) FROM json_each(?) ORDER BY id",
        (json.dumps(list(ids)),),
    )
    found: dict[int, bytes] = {}
    for at, wanted in groupby(places, lambda place: place[1]):
        if at is not None:
            ((pack,),) = rows("SELECT pack FROM vectors WHERE first = ?", (at,))
            codes = dict(zip(*unpack(at, pack, length), strict=True))
            found |= {id_: codes[id_] for id_, _ in wanted if id_ in codes}
    return found
