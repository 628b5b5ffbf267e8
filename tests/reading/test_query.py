"""Operators in a query: those that are meant count, everything else is text."""

from typing import Any

import pytest

from stackroom.reading.notices import taken_as_words
from stackroom.reading.query.parse import parse
from stackroom.reading.query.query import Query

ID = "0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("", {}),
        ("   \n ", {}),
        ("otters in winter", {"text": "otters in winter"}),
        ('"sea otter" diet', {"text": "sea otter diet", "phrases": ("sea otter",)}),
        ('what do "sea  otters"  eat', {"text": "what do sea otters eat", "phrases": ("sea otters",)}),
        ('("sea otter")', {"text": "(sea otter)", "phrases": ("sea otter",)}),
        ("“curly quotes” here", {"text": "curly quotes here", "phrases": ("curly quotes",)}),
        ("„deutsche Zitate“, bitte", {"text": "deutsche Zitate, bitte", "phrases": ("deutsche Zitate",)}),
        ("”svenska citat”", {"text": "svenska citat", "phrases": ("svenska citat",)}),
        ("«une phrase» ici", {"text": "une phrase ici", "phrases": ("une phrase",)}),
        ("« une phrase » ici", {"text": "une phrase ici", "phrases": ("une phrase",)}),
        ("什么是“实事求是”呢", {"text": "什么是实事求是呢", "phrases": ("实事求是",)}),
        ('"he said "no" to her"', {"text": 'he said "no" to her', "phrases": ('he said "no" to her',)}),
        ('"" "a" " b "', {"text": '"" a b', "phrases": ("a", "b")}),
        (
            'who was the first to say that "otters hold hands" in winter nights',
            {"text": "who was the first to say that otters hold hands in winter nights"},
        ),
        (
            "one two three four five six seven eight -nine",
            {"text": "one two three four five six seven eight", "without": ("nine",)},
        ),
        (
            "one two three four five six seven eight nine -ten",
            {"text": "one two three four five six seven eight nine -ten"},
        ),
        (
            'one two three four five six seven eight nine -"ten"',
            {"text": "one two three four five six seven eight nine", "without": ("ten",)},
        ),
        (
            "我们三个人在北京大学学习的时候到底是谁说过“实事求是”呢",
            {"text": "我们三个人在北京大学学习的时候到底是谁说过实事求是呢"},
        ),
        ("otters -river", {"text": "otters", "without": ("river",)}),
        ("otters -river, -UK", {"text": "otters", "without": ("river", "UK")}),
        ("-river otters", {"text": "otters", "without": ("river",)}),
        ("动物 -猫", {"text": "动物", "without": ("猫",)}),
        ("जानवर -हिन्दी", {"text": "जानवर", "without": ("हिन्दी",)}),
        ('otters -"sea otter" -"2023"', {"text": "otters", "without": ("sea otter", "2023")}),
        ("title:report", {"titles": ("report",)}),
        ('Title:"Annual Report" otters', {"text": "otters", "titles": ("annual report",)}),
        ("title：年报", {"titles": ("年报",)}),
        ("author:Müller,", {"authors": ("muller",)}),
        ("folder:2023/reports x", {"text": "x", "folders": ("2023 reports",)}),
        (r"path:C:\My\Papers", {"folders": ("c my papers",)}),
        ("after:2023 x", {"text": "x", "after": "2023-01-01"}),
        ("after:2023-05 before:2024-5-7", {"after": "2023-05-01", "before": "2024-05-07"}),
        ("after:2021 after:2023 before:2025 before:2024", {"after": "2023-01-01", "before": "2024-01-01"}),
        ("lang:de x", {"text": "x", "languages": ("de",)}),
        ("lang:German language:français", {"languages": ("de", "fr")}),
        ("lang:pt-BR lang:zh_Hans lang:nb", {"languages": ("pt", "zh", "no")}),
        (f"id:{ID} otters", {"text": "otters", "ids": (ID,)}),
        (f"id:{ID.upper()}#p=41-80", {"ids": (ID,)}),
        ("-title:draft otters", {"text": "otters", "unwanted": (("title", "draft"),)}),
        ("-folder:old", {"unwanted": (("folder", "old"),)}),
        ("folder:x -draft", {"folders": ("x",), "without": ("draft",)}),
        ("\u200ftitle:x \u202bשלום\u202c", {"text": "שלום", "titles": ("x",)}),
    ],
)
def test_operators(query: str, fields: dict[str, Any]) -> None:
    assert parse(query) == Query(**fields)


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ('"a b" OR "c d"', {"text": "a b OR c d"}),
        ('"a b" AND "c d"', {"text": "a b AND c d", "phrases": ("a b", "c d")}),
        ('otters NOT "river"', {"text": "otters", "without": ("river",)}),
        ("NOT author:smith otters", {"text": "otters", "unwanted": (("author", "smith"),)}),
        ("(author:smith OR author:jones) otters", {"text": "otters", "authors": ("smith", "jones")}),
        ("title:x AND title:y", {"titles": ("x", "y")}),
        ("title:x AND otters", {"text": "otters", "titles": ("x",)}),
        ("cats OR dogs", {"text": "cats OR dogs"}),
    ],
)
def test_what_models_write(query: str, fields: dict[str, Any]) -> None:
    assert parse(query) == Query(**fields)


PLAIN = ["C++ -O2 flag", "e-mail", "a - b", "--help", "-5 degrees", "-5", "http://x.y/z", "time: 10:30"]
PLAIN += [
    "after: the war",
    "before:never",
    "title:",
    "title: The Otter",
    '"',
    '5" pipe',
    '5" and 6" pipe',
    "lang:C",
]
PLAIN += [
    "ERROR: file not found",
    "after:2023-13",
    "before:2023-02-30",
    "after:0000",
    "before:23",
    "after:2023-",
]
PLAIN += [
    "lang:ts",
    "id:42",
    "id:abc",
    "foo:bar",
    "-foo:bar x",
    'x title:"unclosed report',
    "the “unclosed",
    '""',
]
PLAIN += [
    "gcc -Wall -O2 -std=c++17",
    "ls -la notes",
    "tar -xzf a --verbose",
    "std::title::x",
    "title:=x",
    "title::x",
]
PLAIN += [
    "f(title:x)",
    "subtitle:x",
    "-draft",
    "-draft -old",
    '-"old draft"',
    "?!",
    "OR",
    "title:?!",
    "vitamin -c",
]
PLAIN += [
    'צה"ל',
    "10-20 -30",
    "Topics: -5",
    "don't 'quote this'",
    'a"b"c',
    "-after:2023 x",
    "–otters",
    "x -- y",
]
PLAIN += [
    "a\u200cb",
    "مرحبا بالعالم",
    "-",
    "- -",
    "-a-b",
    "#id:x",
    "after:２０２３",
    'say:"x y"',
    '"!?"',
    "x -/etc/hosts",
]


@pytest.mark.parametrize("query", PLAIN)
def test_text(query: str) -> None:
    assert parse(query) == Query(text=query)


def test_a_list_is_text() -> None:
    assert parse("Find:\n-otters\n-badgers") == Query(text="Find: -otters -badgers")


def test_all_but_something() -> None:
    for query in ("* -draft", "-draft *", "which documents are there -draft", 'list all documents -"draft"'):
        assert parse(query) == Query(without=("draft",), everything=True), query
    assert parse("* -draft").operators[0].query == "*"


def test_a_list_may_be_asked_for_exclusions_alone() -> None:
    assert parse("-draft", of_list=True) == Query(without=("draft",))
    assert parse('NOT "a draft"', of_list=True) == Query(without=("a draft",))
    assert parse("-2023 x-ray", of_list=True) == Query(text="-2023 x-ray")


def test_control_characters_are_no_text() -> None:
    assert parse("ot\0ters\x1b[0m \ufefftitle:x\x07") == Query(text="otters[0m", titles=("x",))


def test_filters_alone_choose_documents() -> None:
    assert parse("folder:x").only_filters
    assert parse("after:2023").only_filters
    assert parse("-lang:de").only_filters
    assert not parse("").only_filters
    assert not parse("-draft").only_filters
    assert not parse("folder:x otters").only_filters
    assert parse("folder:x otters").has_filters
    assert not parse('"x"').has_filters


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("otters lang:germann", "lang:germann was taken as words: it names no language that is known."),
        ("after:2025-13 otters", "after:2025-13 was taken as words: it names no day that there is."),
        ("otters (before:31.12.2023)", "before:31.12.2023 was taken as words: it names no day"),
        ("id:0123 otters", "id:0123 was taken as words: it names no id. An id has 24 hexadecimal digits"),
        ("otters -after:2023", "-after:2023 was taken as words: after: cannot be turned round."),
        ("-draft", "-draft was taken as words: nothing else is asked for. `* -draft` lists all documents"),
        ('title:"--" otters', 'title:"--" was taken as words: it names no word.'),
    ],
)
def test_what_was_taken_as_words_is_told(query: str, said: str) -> None:
    parsed = parse(query)
    assert not parsed.has_filters
    (sentence,) = taken_as_words(parsed.misread)
    assert sentence.startswith(said)


def test_what_is_told_of_a_pasted_text_is_short() -> None:
    sentences = taken_as_words(parse(" ".join(f"lang:{'x' * 100}{n} lang:y" for n in range(50))).misread)
    assert len(sentences) == 3
    assert max(map(len, sentences)) < 200
    for query in ("time: 10:30", "lang:de", "after: the war", "http://x.y/z", "-draft otters", "x:y"):
        assert parse(query).misread == (), query
