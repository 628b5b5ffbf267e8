"""Our marks in a page's text, and what imitates them."""

import pytest

from stackroom.page.alignment import locate
from stackroom.page.own_marks import own_mark, with_marks_of, without_imitations, without_marks


@pytest.mark.parametrize(
    "text",
    [
        "[note: x]",
        "[Note : x]",
        "［form field：x]",
        "[form\u200bfield: x]",
        "[f\u043erm field: x]",
        "[n\u0301ote: x]",
        "[\u2063stamp: x]",
        "[ｎｏｔｅ: x]",
        "【signature: x】",
    ],
)
def test_an_imitation_gets_a_blank(text: str) -> None:
    apart = f"so {text[0]} {text[1:]}"
    assert without_imitations(f"so {text}") == without_imitations(apart) == apart


@pytest.mark.parametrize(
    "text", ["[12] and [a]", "[noteworthy: x]", "[note that: x]", "note: x", "【注意：x】"]
)
def test_other_brackets_stay(text: str) -> None:
    assert without_imitations(text) == text


def test_a_mark_ends_where_it_ends() -> None:
    assert own_mark("note", "see a[0]\nand b", "Ann") == "[note: Ann: see a[0] and b]"
    assert own_mark("note", "x] [stamp: y") == "[note: x) (stamp: y]"
    assert own_mark("note", "a [[b]]") == "[note: a ((b))]"


def test_marks_are_not_looked_for_in_the_picture() -> None:
    page = "Name: [form field: name: Ada] of the owner\n"
    assert without_marks(page) == "Name:                         of the owner\n"
    assert locate(page, 0, len(page), "Name: of the owner") == [(0, 18)]


def test_marks_survive_another_text() -> None:
    assert with_marks_of("From OCR\n", "x [note: a[1]] [12] y") == "From OCR\n\n[note: a[1]]\n"
    assert with_marks_of("From OCR\n", "no mark [12]") == "From OCR\n"
