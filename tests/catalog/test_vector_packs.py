"""Packs of vectors: what is asked of them is what went in, wherever a pack begins."""

import sqlite3
from contextlib import closing, suppress
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackroom.catalog.vector_packs import packs, unpack, vectors_between, vectors_of
from stackroom.common.errors import CatalogUnusable


class Memory:
    """The table of a catalogue, filled with one row or more for each document: ten thousand ids each."""

    def __init__(self, codes: dict[int, bytes]) -> None:
        self._db = sqlite3.connect(":memory:")
        self._db.execute("CREATE TABLE vectors (first INTEGER PRIMARY KEY, pack BLOB NOT NULL)")
        for _, document in groupby(sorted(codes), lambda id_: id_ // 10_000):
            ids = list(document)
            self._db.executemany("INSERT INTO vectors VALUES (?, ?)", packs(ids, [codes[id_] for id_ in ids]))

    def close(self) -> None:
        self._db.close()

    def rows(self, sql: str, parameters: object) -> list[tuple[object, ...]]:
        return self._db.execute(sql, parameters).fetchall()  # type: ignore[arg-type]


def codes_of(ids: set[int]) -> dict[int, bytes]:
    return {id_: id_.to_bytes(6, "little") for id_ in ids}


@given(st.sets(st.integers(1, 40_000), max_size=40), st.integers(0, 40_000), st.integers(0, 40_000))
def test_a_range_gives_what_is_in_it(ids: set[int], first: int, last: int) -> None:
    codes = codes_of(ids)
    with closing(Memory(codes)) as memory:
        read = list(vectors_between(memory.rows, first, last, 6))
    assert [id_ for some, _ in read for id_ in some] == sorted(id_ for id_ in ids if first <= id_ <= last)
    assert all(codes[id_] == code for pair in read for id_, code in zip(*pair, strict=True))


@given(st.sets(st.integers(1, 40_000), max_size=40), st.sets(st.integers(1, 40_000), max_size=10))
def test_so_do_single_ids(ids: set[int], others: set[int]) -> None:
    codes = codes_of(ids)
    asked = [*others, *list(ids)[::3]]
    with closing(Memory(codes)) as memory:
        found = vectors_of(memory.rows, asked, 6)
    assert found == {id_: codes[id_] for id_ in asked if id_ in ids}


def test_many_are_in_several_rows() -> None:
    codes = codes_of(set(range(1, 9000, 3)))
    with closing(Memory(codes)) as memory:
        rows = memory.rows("SELECT first, pack FROM vectors ORDER BY first", ())
        read = list(vectors_between(memory.rows, 0, 2**63 - 1, 6))
    assert len(rows) == 12
    assert max(len(ids) for ids, _ in read) == 256
    assert {id_: code for pair in read for id_, code in zip(*pair, strict=True)} == codes


@pytest.mark.parametrize("change", [lambda pack: pack[:-1], lambda pack: b"", lambda pack: b"x" * 40])
def test_a_damaged_one_is_told(change: object) -> None:
    ((first, pack),) = packs([7, 9], [b"abc", b"def"])
    assert unpack(first, pack, 3) == ([7, 9], [b"abc", b"def"])
    with pytest.raises(CatalogUnusable, match="check --repair"):
        unpack(first, change(pack), 3)  # type: ignore[operator]


def test_each_changed_bit_is_noticed() -> None:
    ((first, pack),) = packs([7, 9], [b"abc", b"def"])
    for bit in range(8 * len(pack)):
        changed = bytearray(pack)
        changed[bit // 8] ^= 1 << bit % 8
        with suppress(CatalogUnusable):
            assert unpack(first, bytes(changed), 3) == ([7, 9], [b"abc", b"def"])  # a reserved bit


@given(st.integers(1, 256), st.integers(0, 2**16 - 1))
def test_another_count_is_noticed(count: int, other: int) -> None:
    ids = list(range(1, count + 1))
    ((first, pack),) = packs(ids, [bytes(8)] * count)  # so that another count may leave codes of one length
    damaged = other.to_bytes(2, "little") + pack[2:]
    if other == count:
        assert unpack(first, damaged, 8)[0] == ids
    else:
        with pytest.raises(CatalogUnusable, match="check --repair"):
            unpack(first, damaged, 8)
