"""Titles and dates of documents, and texts whose bytes were read as another encoding. No PDF is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.pdf.metadata.title import choose_title
from indexer.pdf.text.clean_text import (
    clean_characters,
    flatten,
    read_date,
    repair_mojibake,
)
from indexer.pdf.text.page_lines import Line
from stackroom.common.documents import OutlineEntry

# Surrogates as well: a broken font table makes them.
any_text = st.text(st.characters(exclude_categories=()), max_size=60)


PAGE = [
    Line("Annual Report", 72, 700, 300, 700, 24),
    *[Line("some text", 72, 600 - n, 300, 600 - n, 11) for n in range(5)],
]
OUTLINE = [OutlineEntry("Whole Book", 1, 0), OutlineEntry("One", 1, 1), OutlineEntry("Two", 2, 1)]


@pytest.mark.parametrize("title", ["Attention Is All You Need", "\u8ad6\u8a9e", "C++", "Version 2.0"])
def test_a_meaningful_title_is_taken(title: str) -> None:
    expected = title if sum(map(str.isalpha, title)) >= 2 else "Whole Book"
    assert choose_title(title, OUTLINE, PAGE, "file") == expected


@pytest.mark.parametrize(
    "title",
    ["", "untitled", "Untitled-1", "Microsoft Word - report.doc", "paper.dvi", "C:\\x\\y z.txt", "12345",
     "Titel", "PowerPoint Presentation", "thesis_final_v2", "/home/a/b", "book.indd", "\ufffd\ufffdab",
     "Document1"],
)  # fmt: skip
def test_a_made_up_title_is_not_taken(title: str) -> None:
    assert choose_title(title, OUTLINE, PAGE, "file") == "Whole Book"
    assert choose_title(title, [], PAGE, "file") == "Annual Report"
    assert choose_title(title, [], [], "my_report%20of-2019") == "my report of 2019"


def test_an_outline_of_chapters_is_no_title() -> None:
    chapters = [OutlineEntry("Introduction", 1, 0), OutlineEntry("Methods", 2, 0)]
    assert choose_title("", chapters, PAGE, "file") == "Annual Report"


def test_a_title_over_two_lines() -> None:
    two = [Line("Annual", 72, 700, 200, 700, 24), Line("Report", 72, 672, 200, 672, 24), *PAGE[1:]]
    assert choose_title("", [], two, "file") == "Annual Report"


@given(any_text, any_text, any_text)
def test_there_is_always_a_title(metadata: str, shown: str, stem: str) -> None:
    title = choose_title(flatten(metadata), [], [Line(clean_characters(shown), height=10)], stem)
    assert title == " ".join(title.split()) != ""
    title.encode("utf-8")


@pytest.mark.parametrize(
    ("value", "date"),
    [
        ("D:20190102030405+01'00'", "2019-01-02T03:04:05+01:00"),
        ("D:20190102030405-0530", "2019-01-02T03:04:05-05:30"),
        ("D:20190102030405Z00'00'", "2019-01-02T03:04:05Z"),
        ("D:20190102030405", "2019-01-02T03:04:05"),
        ("D:201901020304", "2019-01-02T03:04:00"),
        ("D:20190102", "2019-01-02"),
        ("20190102", "2019-01-02"),
        ("D:2019", "2019"),
        ("D:20191302", ""),
        ("D:20190230", ""),
        ("D:20190102250000", ""),
        ("D:20190102030405+99'00'", "2019-01-02T03:04:05"),
        ("D:00000000", ""),
        ("Mon Jan 2 2019", ""),
        ("", ""),
    ],
)
def test_dates(value: str, date: str) -> None:
    assert read_date(value) == date


@given(st.text("D:0123456789+-Z' ", max_size=30) | any_text)
def test_any_date_is_a_date_or_nothing(value: str) -> None:
    date = read_date(value)
    assert date == "" or date[:4].isdecimal()


def test_mojibake() -> None:
    broken = "Ð¡Ð¾Ð´ÐµÑ\u0080Ð¶Ð°Ð½Ð¸Ðµ".replace("\u0080", "•")  # PDFDocEncoding has a bullet there
    assert repair_mojibake(broken) == "Содержание"
    assert repair_mojibake("Ð ÐµÐ³Ð»ÐµÐ´") == "\u041fеглед"  # PDFium reads 9F as a space
    for whole in (
        "Übersicht",
        "café – “x”",
        "Ñandú",
        "論語",
        "plain",
        "Das Maß aller Dinge",
        "4 × 100 m",
        "É bom",
    ):
        assert repair_mojibake(whole) == whole
