"""Numbers are found by what they are worth, and before texts that have their pieces by chance."""

import pytest

from fresh_index import FreshIndex
from stackroom.common.characters.numbers import plain, same_value, terms, with_and_without_blanks
from stackroom.indexes.matching import MatchingWords
from stackroom.reading.query.folded_text import holds
from stackroom.reading.showing.query_words import Matcher

PIECES = (
    "12 ducks and 7 geese, 10 swans, 2 or 3 mm, 4 GHz, 192 and 168, 1, 24 and 0.\n"
    "1 of 250 in 5, 432, 109 and 80 at 730; 00 or 50 of 567, 98 and 76, 543, 654 and 321.\n"
)


@pytest.mark.parametrize(
    ("text", "queries"),
    [
        ("Wall thickness 10.5-12.7mm for class B.", ["12.7 mm", "12.7mm", "10.5", "10.5-12.7mm", "12,7 mm"]),
        ("The link runs at 2.4GHz.", ["2.4 GHz", "2.4", "2,4 GHz"]),
        ("Release v2.3.1 mends it.", ["2.3.1", "v2.3.1", "V 2.3.1"]),
        ("On subnet 192.168.1.0/24 only.", ["192.168.1.0", "192.168.1.0/24"]),
        ("The fee is 1,250.00/month.", ["1,250.00", "1250.00", "1250", "1.250", "1 250,00", "1'250"]),
        ("Revenue was $2.5M, they said.", ["2.5", "$2.5M", "2.5 M", "2.50"]),
        (
            "Sum 1'234'567.50 francs",
            ["1234567.50", "1234567.5", "1.234.567,50", "1 234 567,50", "12,34,567.50"],
        ),
        ("Summe 7.654.321,90 Euro", ["7654321.90", "7654321.9", "7,654,321.90"]),
        ("Rs 98,76,543.00 only", ["9876543.00", "9876543", "9,876,543"]),
        ("Somme 5 432 109,80 euros", ["5432109.80", "5432109.8", "5,432,109.80", "5 432 109,80"]),
        ("Balance 4,730.00 crowns", ["4730", "4,730", "4730.0", "4.730"]),
        ("Breite 1.234 m", ["1234", "1,234", "1.234"]),
        (
            "Due on 24.12.2025 at noon",
            ["2025", "24.12.2025", "2025-12-24", "12/24/2025", "12.2025", "2025/12"],
        ),
        ("بلغ السعر ۱۲۳۴٫۵ ریال", ["1234.5", "١٢٣٤٫٥", "1,234.50"]),
        ("मूल्य १२३४ है", ["1234", "1,234"]),
        ("ราคา๑๒๓๔บาท", ["1234"]),
        ("ｖａｌｕｅ １２３４", ["1234"]),
        ("价格１２，３４５．６０元", ["12345.6", "12,345.60"]),
        ("Weg 12 345,6kg", ["12345.6", "12,345.60", "12 345,6 kg"]),
        ("Am 24. 12. 2025 zu", ["24.12.2025", "2025-12-24", "24. 12. 2025", "12/2025"]),
        ("Offen 24.12.2025-06.01.2026", ["2026", "2026-01-06", "24. 12. 2025"]),
        ("p < .05 in all", ["0.05", ".05", "0,05"]),
    ],
)
def test_a_number_is_found_by_its_value(
    index: FreshIndex, word_index: MatchingWords, text: str, queries: list[str]
) -> None:
    index.publish(1, f"{text}\n{PIECES}")
    index.follow_words()
    for query in queries:
        assert index.found(word_index, query)[:1] == [text], query
        assert Matcher(query).find(text, 0, len(text)), query


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Pipes of 12.7 mm", "12.7mm"),
        ("Pipes of 12.7mm", "12.7 mm"),
        ("On 12.5.2024 it", "2024-05-12"),
        ("Of 10 000-12 000 m", "12000 m"),
        ("The fee 1,250.00/month", "1250"),
        ("Am 24. 12. 2025 zu", "24.12.2025"),
        ("On 2025-12-24 it", "2025. 12. 24"),
        ("A way of 10 000km", "10000 km"),
        ("Sheets of 210×297 mm", "210x297"),
        ("5'432'109.80 in all", "5 432 109.8 in all"),
    ],
)
def test_the_index_gives_what_has_a_phrase(
    index: FreshIndex, word_index: MatchingWords, text: str, phrase: str
) -> None:
    index.publish(1, f"{text}\n{PIECES}")
    index.follow_words()
    assert holds(text, phrase)
    assert [id_ for id_, _ in word_index.search(phrase, 10, [phrase]).hits] == [1]


def test_a_number_as_it_was_asked_for_comes_first(index: FreshIndex, word_index: MatchingWords) -> None:
    index.publish(1, "Section 2.10 is long.\nSection 2.1 is long.\nSection 2.1 is long and dull.\n")
    index.follow_words()
    assert index.found(word_index, "2.1")[0] == "Section 2.1 is long."
    assert index.found(word_index, "2.10")[0] == "Section 2.10 is long."


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("1,2,3", "1 2 3"),
        ("10,200", "10200"),
        ("0,234", "0.234"),
        ("10.200.30", "10.200.30"),
        ("2019-20", "2019 20"),
        ("2017-03", "2017 03 201703"),
        ("31/12/1999", "31 12 1999 199912 19991231"),
        ("3/4/2025", "3 4 2025 202504 20250403 202503 20250304"),
        ("12.2025", "12.2025 12 2025 202512"),
        ("45.2025", "45.2025"),
    ],
)
def test_terms(written: str, found: str) -> None:
    assert terms(written) == found.split()


def test_other_ways_to_write_a_number() -> None:
    assert same_value("4730") == ["4730.0", "4730.00", "4.730"]
    assert same_value("4730.00") == ["4730", "4730.0", "4.730"]
    assert same_value("4.2.1") == same_value("otter") == []


def test_a_row_of_numbers_is_not_one() -> None:
    assert with_and_without_blanks("12 345") == "12 345 12345"
    for text in ("123 456 789 123 456 789 123 456", "2019 2020", "1 23 4567", "a1 234"):
        assert with_and_without_blanks(text) == text


def test_digits_of_all_scripts() -> None:
    assert plain("٣ ۳ ३ ๓ ３ ১ .5") == "3 3 3 3 3 1 0.5"


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("of 10.5-12.7mm pipes", "12.7 mm"),
        ("at 2.4GHz", "2.4 GHz"),
        ("v2.3.1 mends", "2.3.1"),
        ("1,250.00/month", "1250"),
        ("CHF 1'234'567.50", "1234567.5"),
        ("7.654.321,90", "7,654,321.9"),
        ("98,76,543.00", "9,876,543"),
        ("in 5 432 109,80 now", "5432109.80"),
        ("in 5 432 109,80 now", "5 432 109,80"),
        ("on 24.12.2025.", "2025"),
        ("on 24.12.2025.", "on 2025-12-24"),
        ("۱۲۳ ریال", "123 ریال"),
        ("$2.5M", "$2.5 M"),
        ("subnet 192.168.1.0/24 only", "192.168.1.0"),
        ("4,730.00", "4730"),
        ("1.234 kg", "1,234 kg"),
    ],
)
def test_a_phrase_has_numbers_by_value(text: str, phrase: str) -> None:
    assert holds(text, phrase)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("12.7 mm", "7 mm"),
        ("112.7", "12.7"),
        ("1,250", "250"),
        ("section 2.10", "section 2.1"),
        ("v2.3.11", "2.3.1"),
    ],
)
def test_a_phrase_has_no_part_of_a_number(text: str, phrase: str) -> None:
    assert not holds(text, phrase)
