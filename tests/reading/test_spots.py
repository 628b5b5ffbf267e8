"""The sentence that is shown of a further page."""

import pytest

from stackroom.reading.showing.query_words import Matcher
from stackroom.reading.showing.spots import spot

PASSAGE = (
    "The mill was built in 1790. It has two wheels, of which one is broken. "
    "The bearings of the turbine are greased in May, before the water is high. "
    "Otters sleep on their backs. They hold hands. In winter nobody is there."
)


def shown(query: str, limit: int = 90, passage: str = PASSAGE) -> str:
    page = f"Before it. {passage} After it."
    found = spot(page, 11, 11 + len(passage), Matcher(query).stems, limit)
    assert page[found.start : found.stop] in found.text
    assert len(found.text) <= limit + 4
    return found.text


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (
            "When are bearings greased?",
            "The bearings of the turbine are greased in May, before the water is high.",
        ),
        ("do otters hold hands", "Otters sleep on their backs. They hold hands. In winter nobody is there."),
        ("zebra", "The mill was built in 1790. It has two wheels, of which one is broken."),
    ],
)
def test_the_sentence_with_most_words_is_shown(query: str, text: str) -> None:
    assert shown(query).startswith(text)


def test_what_is_too_long_is_cut_at_words() -> None:
    text = shown("turbine water", 40)
    assert "turbine" in text
    assert text.endswith(" …")
    words = text.strip("… ").split()
    assert set(words) <= set(PASSAGE.split())


def test_rows_of_a_table_begin_with_their_bar() -> None:
    rows = "".join(f"| item {number} | {number * 11} |\n" for number in range(40))
    assert shown("item 17", 60, rows).startswith("| item ")


@pytest.mark.parametrize("passage", ["x" * 500, "猫" * 500, " ", "a\n" * 200, "。" * 300])
def test_any_text_can_be_cut(passage: str) -> None:
    shown("x 猫", 50, passage)
