"""Tables in a page's text: how rows are written, and what header stands above them."""

import pytest

from fakes import WordHashEmbedder
from indexer.passages.split import split
from stackroom.catalog.entries import FoundPassage
from stackroom.common.documents import Document, Page
from stackroom.indexes.terms import Analyzer
from stackroom.page.alignment import locate
from stackroom.page.table_rows import (
    as_embedded,
    column_lines,
    format_table,
    header_above,
    plain_header,
    without_bars,
)
from stackroom.reading.query.folded_text import holds
from stackroom.reading.showing.query_words import Matcher
from stackroom.reading.showing.quote import quote

HEADER = "| Region | Q1 2019 |"
TABLE = format_table([["Region", "Q1 2019"], *([f"Town {at}. North", f"{at},250"] for at in range(60))], 1)
PAGE = f"Sales by region\n\n{TABLE}\n\nAfter it.\n"


def test_a_bar_in_a_cell_is_told_from_one_between_cells() -> None:
    assert format_table([["a|b", ""], ["", "c"]], 0) == "| a\\|b |  |\n|  | c |"


@pytest.mark.parametrize(
    ("text", "row", "header"),
    [
        (PAGE, "| Town 7", f"{HEADER}\n|---|---|"),
        (PAGE, "Sales", ""),
        (PAGE, "After", ""),
        (PAGE, HEADER, ""),
        (
            "\n".join([*column_lines([HEADER]), "| East | 4 |", "| West | 5 |"]),
            "| West",
            f"[columns: {HEADER}]",
        ),
        ("| East | 4 |\n| West | 5 |", "| West", ""),
        (f"{'| long ' * 80}|\n{'|---' * 80}|\n| x |", "| x", ""),
    ],
)
def test_the_header_above_a_row(text: str, row: str, header: str) -> None:
    start, stop = header_above(text, text.index(row))
    assert text[start:stop] == header


def test_passages_end_with_rows_and_carry_the_header() -> None:
    document = Document("0" * 24, "Accounts", "", "", "", (), (Page(1, "1", PAGE),), "test")
    passages = split(document, WordHashEmbedder(), 120)
    texts = [document.text[passage.start : passage.stop] for passage in passages]
    assert len(passages) > 3
    assert all(text.endswith("\n") for text in texts)
    assert all(passage.context.endswith("\nRegion Q1 2019\n") for passage in passages[1:])
    assert "Region" not in passages[0].context
    assert plain_header(f"[columns: {HEADER}]\n|---|---|") == "Region Q1 2019"


def test_bars_and_dashes_are_not_embedded() -> None:
    text = "Sales | costs\n| Town | Q1 |\n|---|---|\n| Leeds |  |\n| a \\| b | 7 |\nEnd"
    plain = without_bars(text)
    assert plain == "Sales | costs\n  Town   Q1  \n         \n  Leeds     \n  a \\| b   7  \nEnd"
    assert [plain.index(word) for word in ("Q1", "Leeds", "End")] == [
        text.index(word) for word in ("Q1", "Leeds", "End")
    ]
    assert as_embedded(text) == "Sales | costs\n Town Q1 \n \n Leeds \n a \\| b 7 \nEnd"
    assert as_embedded("a  | b") == "a  | b"  # no table


@pytest.mark.parametrize("marked", [True, False])
def test_a_result_shows_the_header_above_its_rows(marked: bool) -> None:
    start = PAGE.index("| Town 30")
    place = FoundPassage("d", "t", 1, "1", PAGE, start, PAGE.index("| Town 40"))
    shown = quote(place, 1.0, Matcher("town 33"), 1000, "", marked=marked)
    assert shown.text.startswith(f"{HEADER}\n|---|---|\n| Town 30. North | 30,250 |\n")
    if marked:
        assert {shown.text[a:b] for a, b in shown.matches} == {"Town", "33"}
    assert f"-{start}-" in shown.mark or shown.mark.startswith(f"{start}-")  # the mark is of the rows alone


def test_words_phrases_and_places_do_not_see_bars() -> None:
    row = "| East | 42 |  | 17 |"
    assert Analyzer("en").terms(f"{row}\n|---|---|---|---|") == ["east", "42", "17"]
    assert holds(row, "East 42")
    assert holds("East 42 17", row)
    drawn = "Before East 42\r\n17 after"
    assert locate(f"Before\n{row}\nafter", 7, 7 + len(row), drawn) == [(7, 18)]
