"""The file of lists: what is kept is read again, or nothing."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackroom.indexes.row_ranges import mask, rows_inside, rows_of
from stackroom.indexes.vector_lists import KeptLists, Lists, keep_lists, read_lists

KEPT = KeptLists(
    Lists(np.arange(8, dtype=np.float32).reshape(2, 4), 5, 0.1),
    np.array([3, 4, 5, 9, 11, 12]),
    np.array([0, 1, 1, 0, 1, 0], np.uint16),
    catalog=7,
    model="digest",
    change=20,
)


def test_what_was_kept_is_read(tmp_path: Path) -> None:
    file = tmp_path / "vector_lists"
    keep_lists(file, KEPT)
    read = read_lists(file, 7, "digest", 25)
    assert read
    np.testing.assert_array_equal(read.lists.centroids, KEPT.lists.centroids)
    np.testing.assert_array_equal(read.ids, KEPT.ids)
    np.testing.assert_array_equal(read.numbers, KEPT.numbers)
    assert (read.lists.count, read.lists.spread, read.catalog, read.model, read.change) == (
        5,
        0.1,
        7,
        "digest",
        20,
    )
    assert [path.name for path in tmp_path.iterdir()] == ["vector_lists"]


@pytest.mark.parametrize("about", [(8, "digest", 25), (7, "another", 25), (7, "digest", 19)])
def test_what_is_of_something_else_is_not(tmp_path: Path, about: tuple[int, str, int]) -> None:
    file = tmp_path / "vector_lists"
    assert read_lists(file, *about) is None
    keep_lists(file, KEPT)
    assert read_lists(file, *about) is None


def test_a_damaged_file_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "vector_lists"
    keep_lists(file, KEPT)
    content = file.read_bytes()
    for place in range(0, len(content), 50):
        file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert read_lists(file, 7, "digest", 25) is None
        file.write_bytes(content[:place])
        assert read_lists(file, 7, "digest", 25) is None
    file.unlink()
    file.mkdir()
    assert read_lists(file, 7, "digest", 25) is None


ID = st.integers(0, 60)


@given(st.sets(ID), st.lists(st.tuples(ID, ID)), st.lists(st.tuples(ID, ID)))
def test_rows_are_those_whose_ids_are_in_the_ranges(
    ids: set[int], ranges: list[tuple[int, int]], others: list[tuple[int, int]]
) -> None:
    known = np.array(sorted(ids), np.int64)
    inside, outside = (
        [row for row, id_ in enumerate(sorted(ids)) if any(first <= id_ <= last for first, last in some)]
        for some in (ranges, others)
    )
    found, without = (
        rows_inside(known, np.array(some, np.int64).reshape(-1, 2)) for some in (ranges, others)
    )
    assert np.flatnonzero(mask(found, len(known))).tolist() == inside
    assert rows_of(found, without).tolist() == [row for row in inside if row not in outside]
