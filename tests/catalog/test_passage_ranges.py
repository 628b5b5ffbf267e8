"""Passage ranges in memory: each passage leads to its document, whatever came and went."""

import random

from stackroom.catalog.passage_ranges import PassageRange, PassageRanges


def test_a_passage_leads_to_its_range() -> None:
    ranges = PassageRanges()
    assert ranges.of(1) is None
    ranges.add([PassageRange(1, 3, 10), PassageRange(4, 4, 11), PassageRange(9, 12, 12)])
    assert [ranges.of(passage) for passage in (0, 1, 3, 4, 5, 8, 9, 12, 13)] == [
        None,
        PassageRange(1, 3, 10),
        PassageRange(1, 3, 10),
        PassageRange(4, 4, 11),
        None,
        None,
        PassageRange(9, 12, 12),
        PassageRange(9, 12, 12),
        None,
    ]


def test_removed_ranges_are_gone_and_others_stay() -> None:
    ranges = PassageRanges()
    ranges.add([PassageRange(1, 3, 10), PassageRange(4, 4, 11), PassageRange(9, 12, 12)])
    ranges.remove(4, 4)
    ranges.remove(5, 8)
    assert len(ranges) == 2
    assert ranges.of(4) is None
    assert ranges.of(3) == PassageRange(1, 3, 10)
    ranges.remove(1, 12)
    assert len(ranges) == 0


def test_any_order_gives_what_a_table_would() -> None:
    chance = random.Random(1)
    made = [PassageRange(10 * at, 10 * at + chance.randrange(10), at) for at in range(1, 200)]
    chance.shuffle(made)
    ranges = PassageRanges()
    ranges.add(made)
    for each in made[:80]:
        ranges.remove(each.first, each.last)
    table = {passage: each for each in made[80:] for passage in range(each.first, each.last + 1)}
    assert {passage: ranges.of(passage) for passage in range(2000)} == {
        passage: table.get(passage) for passage in range(2000)
    }
