"""The place of a passage in the address of a citation."""

import pytest

from stackroom.page.mark import Mark

PAGE = "Cats sleep.\nКошки мурлычут.\n"


def test_a_mark_is_what_it_says() -> None:
    mark = Mark.of(PAGE, 12, 27)
    assert str(mark) == f"12-27-{mark.check}"
    assert Mark.parse(str(mark)) == mark
    assert mark.fits(PAGE)


@pytest.mark.parametrize("page", ["", "Cats", " " + PAGE, PAGE.replace("мурлычут", "молчат")])
def test_it_does_not_fit_a_page_that_says_something_else(page: str) -> None:
    assert not Mark.of(PAGE, 12, 27).fits(page)


def test_a_passage_of_nothing_fits_nowhere() -> None:
    assert not Mark.of(PAGE, 5, 5).fits(PAGE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12-27",
        "12-27-zzzzzz",
        "-1-5-000000",
        "1-2-00000",
        "٣-4-000000",
        "9" * 60,
        "1-2-000000\n",
        " 1-2-000000",
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert Mark.parse(text) is None
