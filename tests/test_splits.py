"""Splits in memory: each passage leads to its document, whatever came and went."""

import random

from stackroom.catalog.passage_ranges import Split, Splits


def test_a_passage_leads_to_its_split() -> None:
    splits = Splits()
    assert splits.of(1) is None
    splits.add([Split(1, 3, 10), Split(4, 4, 11), Split(9, 12, 12)])
    assert [splits.of(passage) for passage in (0, 1, 3, 4, 5, 8, 9, 12, 13)] == [
        None,
        Split(1, 3, 10),
        Split(1, 3, 10),
        Split(4, 4, 11),
        None,
        None,
        Split(9, 12, 12),
        Split(9, 12, 12),
        None,
    ]


def test_removed_splits_are_gone_and_others_stay() -> None:
    splits = Splits()
    splits.add([Split(1, 3, 10), Split(4, 4, 11), Split(9, 12, 12)])
    splits.remove(4, 4)
    splits.remove(5, 8)
    assert len(splits) == 2
    assert splits.of(4) is None
    assert splits.of(3) == Split(1, 3, 10)
    splits.remove(1, 12)
    assert len(splits) == 0


def test_any_order_gives_what_a_table_would() -> None:
    chance = random.Random(1)
    made = [Split(10 * at, 10 * at + chance.randrange(10), at) for at in range(1, 200)]
    chance.shuffle(made)
    splits = Splits()
    splits.add(made)
    for split in made[:80]:
        splits.remove(split.first, split.last)
    table = {passage: split for split in made[80:] for passage in range(split.first, split.last + 1)}
    assert {passage: splits.of(passage) for passage in range(2000)} == {
        passage: table.get(passage) for passage in range(2000)
    }
