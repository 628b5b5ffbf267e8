"""No text is an error as a query, and none takes long."""

import random

import pytest

from admits import ID, OTTERS, admits
from growth import is_linear
from stackroom.reading.query.parse import parse
from stackroom.reading.query.query import Query

PIECES = [
    '"',
    "“",
    "”",
    "„",
    "«",
    "»",
    "-",
    "－",
    "--",
    ":",
    "：",
    " ",
    "  ",
    "\n",
    "(",
    ")",
    "title:",
    "-author:",
    "after:",
]
PIECES += [
    "2023",
    "-05",
    "lang:",
    "de",
    "id:",
    ID,
    "otters",
    "O2",
    "東京",
    "é",
    "e\u0301",
    "हि",
    "ש",
    "\0",
    "\u200f",
    "OR",
    "NOT",
]
PIECES += [
    " AND ",
    "|",
    "\ud800",
    "🐈",
    "\u3000",
    "'",
    "\\",
    "/",
    "#p=1",
    ",",
    ".",
    "'title:\"'",
    "path:",
    "x" * 50,
]


def test_nothing_is_an_error() -> None:
    chance = random.Random(20)
    for _ in range(4000):
        query = "".join(chance.choices(PIECES, k=chance.randrange(20)))
        found = parse(query)
        assert len(found.text) <= len(query), query
        assert all(found.phrases + found.without), query
        assert not found.without or found.text or found.has_filters, query
        assert bool(query.strip("\0\u200f \n\u3000")) == (found != Query()), query
        admits(query, **OTTERS)
        found.passes(query)
        assert parse(query) == found


def test_nor_are_random_characters() -> None:
    chance = random.Random(21)
    for _ in range(2000):
        query = "".join(chr(chance.randrange(0x3000)) for _ in range(chance.randrange(40)))
        assert len(parse(query).text) <= len(query)


def test_words_are_kept() -> None:
    chance = random.Random(22)
    plain = ["otters", "C++", "e-mail", "-5", "10:30", "a", "東京", "naïve", "(x)", "foo:bar", "5%", "x=1"]
    for _ in range(500):
        query = " ".join(chance.choices(plain, k=chance.randrange(1, 12)))
        assert parse(query) == Query(text=query)


ENDLESS = [
    '"',
    '"a ',
    'a" ',
    "-a ",
    "-abc ",
    "title:",
    "title:a ",
    'title:"',
    "(",
    "(before:",
    "before:(",
    "-",
    "x",
    " ",
]
ENDLESS += [
    "“「",
    '"a" ',
    " OR",
    ' NOT "a"',
    "--a=-",
    '東"',
    '«"',
    "-title:",
    "\n",
    "e\u0301",
    '"a" OR ',
    "\u200f",
]


@pytest.mark.parametrize("piece", ENDLESS)
def test_long_queries_take_time_in_proportion(piece: str) -> None:
    assert is_linear(parse, piece)
