"""Lists of postings: what is packed comes back, and lists are merged."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indexer.passages.postings_batch import Batch, Row, merged
from stackroom.indexes.postgres.postings import (
    FREQUENCIES,
    LENGTHS,
    PART,
    PARTS,
    TEXT,
    Postings,
    code,
    pack,
    unpack,
    unpack_all,
)

offsets = st.sets(st.integers(0, PART - 1), min_size=1, max_size=40)
near = st.sets(st.integers(0, 300), min_size=1, max_size=40)
lists = st.lists(st.one_of(offsets, near), min_size=1, max_size=20)

NOTHING = np.empty((0, 2), np.int64)


@given(lists, st.booleans())
def test_what_is_packed_comes_back(found: list[set[int]], coded: bool) -> None:
    each = [np.array(sorted(one), np.int64) for one in found]
    codes = [(one % 65_521).astype(np.uint16) for one in each]
    numbers = np.repeat(np.arange(len(each)) * 3, [len(one) for one in each])
    rows, counts, packed = pack(Postings(numbers, np.concatenate(each), np.concatenate(codes)), coded=coded)
    assert rows.tolist() == [3 * at for at in range(len(each))]
    assert counts.tolist() == [len(one) for one in each]
    for one, its_codes, bytes_ in zip(each, codes, packed, strict=True):
        came, came_codes = unpack(bytes_, coded=coded)
        assert came.tolist() == one.tolist()
        assert came_codes.tolist() == (its_codes.tolist() if coded else [])
    together = unpack_all(packed, coded=coded)
    assert (3 * together.rows).tolist() == numbers.tolist()
    assert together.offsets.tolist() == np.concatenate(each).tolist()
    assert together.codes.tolist() == (np.concatenate(codes).tolist() if coded else [])


def test_codes_round_as_other_engines_do() -> None:
    numbers = np.array([1, 40, 41, 43, 59, 60, 100_000, 1])
    codes = code(np.array([1, 2, 200, 201, 65_535, 70_000, 3, 3]), numbers)
    assert LENGTHS[codes & 0xFF].tolist() == [1, 40, 40, 42, 56, 60, 98_328, 1]
    assert FREQUENCIES[codes >> 8].tolist() == [1, 2, 200, 222, 65_535, 65_535, 3, 3]


def postings(rows: list[Row]) -> dict[tuple[int, int, str, int], list[int]]:
    """Part, field, term and kind → the offsets that its lists have."""
    found: dict[tuple[int, int, str, int], list[int]] = {}
    for row in rows:
        for kind, (packed, count) in enumerate(zip(row.lists, row.counts, strict=True)):
            if packed is None:
                assert count == 0
                continue
            its = unpack(packed, coded=row.field != PARTS)[0].tolist()
            assert len(its) == count
            found.setdefault((*row.key, kind), []).extend(its)
    return found


def batch(*entries: tuple[int, str]) -> list[Row]:
    made = Batch()
    for id_, text in entries:
        made.add(0, id_, text.split(), [], {word[1:] for word in text.split()})
    return made.rows()


def test_a_batch_lies_in_the_parts_of_its_entries() -> None:
    rows = batch((PART - 1, "otters sleep"), (PART, "otters"), (3 * PART + 7, "sleep otters otters"))
    assert postings(rows) == {
        (0, TEXT, "otters", 0): [PART - 1],
        (1, TEXT, "otters", 0): [0],
        (3, TEXT, "otters", 0): [7],
        (0, TEXT, "sleep", 0): [PART - 1],
        (3, TEXT, "sleep", 0): [7],
        (0, PARTS, "tters", 0): [PART - 1],
        (1, PARTS, "tters", 0): [0],
        (3, PARTS, "tters", 0): [7],
        (0, PARTS, "leep", 0): [PART - 1],
        (3, PARTS, "leep", 0): [7],
    }


def test_lists_are_merged_without_removed_entries() -> None:
    rows = batch((5, "otters"), (9, "badgers"))
    rows += batch((2, "otters"), (70_000, "otters"), (PART + 1, "foxes"))
    assert postings(merged(rows, NOTHING))[0, TEXT, "otters", 0] == [2, 5, 70_000]
    assert len(merged(rows, NOTHING)) == 6
    removed = np.array([[3, 6], [PART, PART + 4]])
    left = postings(merged(rows, removed))
    assert {key[2]: found for key, found in left.items() if key[1] == TEXT} == {
        "otters": [2, 70_000],
        "badgers": [9],
    }


def test_no_list_gets_too_long() -> None:
    rows = batch(*[(id_, "otters") for id_ in range(1, 40_001)])
    together = merged([*rows, *batch((40_500, "otters"))], NOTHING)
    for some, last in ((rows, 40_000), (together, 40_500)):
        assert all(max(row.counts) <= 16_384 for row in some)
        assert postings(some)[0, TEXT, "otters", 0] == [*range(1, 40_001), *([last] if last > 40_000 else [])]
