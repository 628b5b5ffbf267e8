"""Running lines lose the page's own number, and no other."""

import pytest

from indexer.pdf.text.page_lines import Line, remove_running_lines

FIRST = 48121


def tops(form: str, numbers: range, labels: tuple[str, ...] = ()) -> list[str]:
    """The first lines that stay of pages that begin with `form` and these numbers."""
    pages = [
        [Line(form.format(number)), *(Line(f"body {number} {char}") for char in "abcdef")]
        for number in numbers
    ]
    return [
        lines[0].text for lines in remove_running_lines(pages, labels) if not lines[0].text.startswith("body")
    ]


@pytest.mark.parametrize(
    ("form", "first"),
    [
        ("Certificate No. {}", FIRST),
        ("Lot {}: a walnut cabinet", FIRST),
        ("Lot {}", 12),
        ("Invoice {}", 1),
        ("Rechnung Nr. {}", 3),
        ("{}", FIRST),
        ("INV-{}", FIRST),
        ("Tracking 0034043416109{}", 1234567),
        ("INV-{}", 2),
        ("№ {}", 1),
        ("Sheet A of order {} for the yard", 9),
        ("Holder {} of the badge", FIRST),
        ("Certificate {} - Page 3", FIRST),
    ],
)
def test_numbers_of_what_is_printed_stay(form: str, first: int) -> None:
    numbers = range(first, first + 8)
    assert tops(form, numbers) == [form.format(number) for number in numbers]


@pytest.mark.parametrize(
    ("form", "first"),
    [
        ("Annual report 2019 {}", 1),
        ("Annual report 2019 {}", 3),  # without its cover
        ("{} THE ANNALS", 2),
        ("Page {}", 131),
        ("The Annals, p. {}", 131),
        ("Jahresbericht – Seite {} von 12", 2),
        ("第 {} 页", 131),
    ],
)
def test_the_own_numbers_of_pages_go(form: str, first: int) -> None:
    assert tops(form, range(first, first + 8)) == [form.format(first)]


@pytest.mark.parametrize("form", ["{}", "- {} -", "[{}]"])
def test_bare_numbers_go(form: str) -> None:
    assert tops(form, range(3, 11)) == []


def test_a_label_says_what_the_own_number_is() -> None:
    labels = tuple(f"A-{number}" for number in range(131, 139))
    assert tops("{}", range(131, 139), labels) == []
    assert len(tops("{}", range(131, 139))) == 8


def test_what_is_before_the_first_page_is_not_counted() -> None:
    pages = [[Line(f"cover {char}") for char in f"{page}xy"] for page in "abcd"]
    pages += [
        [*(Line(f"body {letter * 3} {char}") for char in "abcdef"), Line(str(at))]
        for at, letter in enumerate("abcdefgh", 1)
    ]
    assert all(lines[-1].text.endswith(" f") for lines in remove_running_lines(pages)[4:])


def test_an_invoice_of_many_pages_keeps_its_number_once() -> None:
    pages = [
        [Line(f"Invoice of {number} crowns"), *(Line(f"{number} {at} {char}") for char in "abcdef")]
        for number in (77, 78, 79)
        for at in range(4)
    ]
    kept = remove_running_lines(pages)
    assert [lines[0].text for lines in kept if lines[0].text.startswith("Invoice")] == [
        f"Invoice of {number} crowns" for number in (77, 78, 79)
    ]
