"""What filters compare: it follows what comes, goes and is renamed, also after it was asked."""

import random
from collections.abc import Callable
from dataclasses import replace

from stackroom.catalog.entries import Description
from stackroom.catalog.passage_ranges import PassageRange
from stackroom.reading.finding.document_table import DocumentTable
from stackroom.reading.query.parse import parse


def described(number: int) -> Description:
    return Description(
        PassageRange(10 * number, 10 * number + 9, number),
        f"{number:024x}",
        "Otters" if number % 2 else "Badgers",
        f"Author {number % 5}",
        f"{2020 + number % 4}-03-01",
        "",
        "de" if number % 3 else "EN",
        (f"library/{number // 10}/{number}.pdf",),
    )


def documents(table: DocumentTable, query: str) -> list[int]:
    rows = table.admitted(parse(query))
    return [first // 10 for first in table.ranges(rows)[:, 0].tolist()]


def test_answers_follow_the_documents() -> None:
    table = DocumentTable(map(described, range(20)))
    here = dict(zip(range(20), map(described, range(20)), strict=True))
    queries: dict[str, Callable[[Description], bool]] = {
        "title:otters": lambda one: one.title == "Otters",
        "-title:otters": lambda one: one.title != "Otters",
        'author:"4 author"': lambda one: one.author == "Author 4",
        "lang:en": lambda one: one.language == "EN",
        "folder:library/1": lambda one: one.paths[0].startswith("library/1/"),
        f"-id:{7:024x}": lambda one: int(one.id, 16) != 7,
        "after:2022": lambda one: one.created >= "2022",
    }
    chance = random.Random(1)
    for number in range(20, 60):
        for query, fits in queries.items():
            for _ in range(2):  # the second answer is kept
                assert documents(table, query) == [at for at, one in here.items() if fits(one)], query
        gone, renamed = chance.sample(sorted(here), 2)
        table.remove([here.pop(gone).passages])
        here[renamed] = replace(here[renamed], paths=(f"library/1/{number}.pdf",))
        table.rename([here[renamed]])
        added = here[number] = described(number)
        table.read_some([one.passages for one in here.values()], lambda *_, new=added: [new])


def test_the_newest_come_first_and_equal_ones_in_order() -> None:
    table = DocumentTable(map(described, range(20)))
    rows = table.admitted(parse("title:otters"))
    in_order = sorted(rows.tolist(), key=lambda row: described(row).created, reverse=True)
    assert table.ordered(rows, "newest").tolist() == in_order
    table.remove([described(0).passages])
    assert table.ordered(table.admitted(parse("title:badgers")), "newest").tolist()[0] == 1
