"""What the operators of a query admit: documents by what is known of them, passages by their text."""

import pytest

from admits import ID, OTTERS, admits
from stackroom.reading.query.parse import parse

ADMITTED = ["otters", "title:otters", "title:OTTERS", "title:zurich", 'title:"report 2023"', "author:lukasz"]
ADMITTED += [
    "title:badgers title:otters",
    "author:muller",
    'author:"Hans Müller"',
    "folder:reports",
    "lang:de",
]
ADMITTED += [
    "folder:2023/annual",
    "path:annual_report",
    "path:final.pdf",
    "folder:copies",
    "lang:en lang:german",
]
ADMITTED += [f"id:{ID}", "after:2023", "after:2022-11-30 before:2022-12", "before:2023", "-title:badgers"]
ADMITTED += [
    "before:2023-05-02 after:2023-05-01",
    "-lang:en -folder:old",
    "title:otters author:hans after:2020",
]


@pytest.mark.parametrize("query", ADMITTED)
def test_admitted(query: str) -> None:
    assert admits(query, **OTTERS)


REFUSED = [
    "title:otter",
    "title:tters",
    'title:"2023 report"',
    "author:smith",
    'author:"hans smith"',
    "folder:port",
]
REFUSED += [
    "folder:reports/annual",
    "lang:en",
    "id:ffffffffffffffffffffffff",
    "after:2023-05-02",
    f"-id:{ID}",
]
REFUSED += [
    "before:2022-11-30",
    "after:2023-01 before:2023-05",
    "-title:otters",
    "-folder:copies",
    "-lang:de",
]
REFUSED += ["title:otters lang:en", "title:otters -author:hans"]


@pytest.mark.parametrize("query", REFUSED)
def test_not_admitted(query: str) -> None:
    assert not admits(query, **OTTERS)


def test_what_a_document_does_not_say_it_is_not() -> None:
    for query in ("title:x", "author:x", "folder:x", "after:1000", "before:3000", "lang:de", f"id:{ID}"):
        assert not admits(query)
    assert admits("-title:x -author:x -folder:x -lang:de otters")


def test_incomplete_dates_fit_if_any_of_their_days_does() -> None:
    query = "after:2023-05-10 before:2023-08"
    for created in ("2023", "2023-05", "2023-07", "2023-07-31T23:59:59"):
        assert admits(query, created=created), created
    for created in ("2022", "2024", "2023-04", "2023-08", "2023-05-09", "2023-08-01"):
        assert not admits(query, created=created), created


# What passages pass


def test_passages_have_the_phrases_and_nothing_excluded() -> None:
    query = parse('"sea otter" "at night" -river')
    assert query.passes("A Sea\notter hunts at\u00a0night.")
    assert not query.passes("A sea otter hunts.")
    assert not query.passes("A sea otter hunts at night, a River otter too.")
    assert parse("otters").passes("")
