"""Tests of putting the glyphs of a line into the order in which they are read."""

from collections.abc import Iterable, Sequence

import pytest

from indexer.pdf.scripts.drawn_glyphs import glyphs, undo
from indexer.pdf.scripts.listed_chars import Char, Chars
from indexer.pdf.scripts.reading_order import Run, bracket_votes, in_reading_order, spell


def drawn(text: str, *, size: float = 10.0) -> list[Char]:
    """The characters of a line as they stand from left to right, each 5 points wide, a blank 3."""
    chars, x = [], 0.0
    for place, char in enumerate(text):
        width = 3.0 if char == " " else 5.0
        chars.append(Char(char, place, x, x, 0.0, x, x + width, size, place + 1))
        x += width
    return chars


def listed(chars: Iterable[Char]) -> Chars:
    """The same, as PDFium's list of a page."""
    columns = Chars(*([] for _ in Char._fields))
    for char in chars:
        columns.append(char)
    return columns


def runs(line: Sequence[Char], *, is_rtl: bool = True) -> list[Run]:
    """A line in the order in which it is read."""
    chars = listed(line)
    return in_reading_order(chars, glyphs(chars, range(len(line))), is_rtl=is_rtl)


def read(text: str, *, is_rtl: bool = True, shapes: bool = False) -> str:
    """What is read of a line that stands like this from left to right."""
    return spell(runs(drawn(text), is_rtl=is_rtl), are_brackets_shapes=shapes)


def texts(line: Sequence[Char]) -> list[str]:
    """The texts of the glyphs of a line."""
    chars = listed(line)
    return [chars.text[at] for at in glyphs(chars, range(len(line)))]


@pytest.mark.parametrize(
    ("seen", "meant"),
    [
        ("םולש", "שלום"),
        ("שדח Model X200 הז", "זה Model X200 חדש"),
        (".ABX-4417/B רפסמ", "מספר ABX-4417/B."),
        ("םוי admin@example.org לא", "אל admin@example.org יום"),
        ("Linux 6.1 לע", "על Linux 6.1"),
        ("20 10 5", "5 10 20"),
        ("3.5% תחפ", "פחת 3.5%"),
        ("%3.5 ةبسن", "نسبة 3.5%"),
        ("10:30 2024/03/14 ةعاس", "ساعة 2024/03/14 10:30"),
        ("14-03-2024 خيرات", "تاريخ 2024-03-14"),
        ("14-16 םימעפ", "פעמים 14-16"),
        ("١٢ نم ٣ ةانق", "قناة ٣ من ١٢"),
        ("5 GB ןורכז", "זכרון 5 GB"),
        ("GB 5 ןורכז", "זכרון 5 GB"),
        ("May 2024 14 خيرات", "تاريخ 14 May 2024"),
        ("14 May 2024 خيرات", "تاريخ 14 May 2024"),
        ("مت Sept. 2024 3 يف", "في 3 Sept. 2024 تم"),
        ("May 2024 45 خيرات", "تاريخ May 2024 45"),
        ("בוט f(x) אוה", "הוא f(x) טוב"),
        ("C++ תפש", "שפת C++"),
        ("++C תפש", "שפת C++"),
        (")Version 2( 2024 חוד", "דוח 2024 (Version 2)"),
        ("4567 123 11 966+ ןופלט", "טלפון +966 11 123 4567"),
        ("+966 11 123 4567 ןופלט", "טלפון +966 11 123 4567"),
        ("+٣ ددع", "عدد ٣+"),
        ("ناموت ۱۲٬۵۰۰ تمیق", "قیمت ۱۲٬۵۰۰ تومان"),
        ("۳٫۲ هخسن", "نسخه ۳٫۲"),
        ("INV- بلطلا", "الطلب INV-"),
    ],
)
def test_a_line_from_right_to_left_is_read_so_but_for_its_numbers_and_latin_words(
    seen: str, meant: str
) -> None:
    assert read(seen) == meant


def test_a_latin_word_and_a_number_in_two_cells_of_a_row_are_read_from_right_to_left() -> None:
    row = drawn("RUH 7654 ריע")
    row = [
        char._replace(pen=char.pen + 30, x=char.x + 30, left=char.left + 30, right=char.right + 30)
        if char.place > 3
        else char
        for char in row
    ]

    found = runs(row)

    assert spell(found, are_brackets_shapes=False) == "עיר 7654 RUH"


def test_words_from_right_to_left_in_a_line_from_left_to_right_are_turned_round_alone() -> None:
    assert read("the word םולש דלי means (12) peace", is_rtl=False) == "the word ילד שלום means (12) peace"
    assert read("in 1948 תנשב 12 םוי it", is_rtl=False) == "in 1948 יום 12 בשנת it"


def test_brackets_named_after_their_looks_are_turned_round_where_they_are_read_from_right_to_left() -> None:
    as_read = runs(drawn(")2 קלח( תרבוח"))
    as_seen = runs(drawn("(2 קלח) תרבוח f(x)"))

    assert bracket_votes(as_read) > 0 > bracket_votes(as_seen)
    assert spell(as_read, are_brackets_shapes=False) == "חוברת (חלק 2)"
    assert spell(as_seen, are_brackets_shapes=True) == "f(x) חוברת (חלק 2)"


def test_every_glyph_of_a_line_is_read_once() -> None:
    for line in ("א1%5 a)(b ١٢-3 ב", "5%5%5 א", "((a)))) א", "א", "1 2 3", "a א 1 ב b", ""):
        for is_rtl in (True, False):
            assert sorted(read(line, is_rtl=is_rtl).replace(" ", "")) == sorted(line.replace(" ", ""))


def test_what_pdfium_turned_round_is_taken_back() -> None:
    line = "יום 200X Model הוא )ילד("
    chars = listed(drawn(line))

    [undone] = undo(chars, [range(len(line))])

    assert "".join(chars.text[at] for at in undone) == ")דלי( אוה Model X200 םוי"


def test_marks_go_to_the_letter_they_stand_on() -> None:
    letters = drawn("םלש")
    shin_dot = Char("\u05c1", 3, 11.0, 11.0, 0.0, 11.0, 13.0, 10.0, 9)
    qamats = Char("\u05b8", 4, 7.0, 7.0, 0.0, 6.0, 8.0, 10.0, 8)

    assert texts([shin_dot, *letters, qamats]) == ["ם", "ל\u05b8", "ש\u05c1"]


@pytest.mark.parametrize("mark", ["", "\u064b"])
def test_lam_comes_before_the_alef_of_the_same_glyph(mark: str) -> None:
    one_glyph = [
        Char(char, place, 0.0, 0.0, 0.0, 0.0, 5.0, 10.0, 1)
        for place, char in enumerate("\u0627\u0644" + mark)
    ]

    assert texts(one_glyph) == ["\u0644\u0627" + mark]


def test_a_replacement_text_counts_once_however_often_it_is_listed() -> None:
    syllable = [Char(char, at, 0.0, 0.0, 0.0, at, at + 1, 10.0, -7) for at, char in enumerate("รื่")]
    again = [char._replace(place=char.place + 4, x=5.0, left=char.left + 5) for char in syllable]
    between = Char("อ", 3, 4.0, 4.0, 0.0, 4.0, 9.0, 10.0, 2)

    assert texts([*syllable, between, *again]) == ["รื่", "อ"]


def test_a_gap_is_a_blank_and_what_pdfium_made_up_is_none() -> None:
    near, far = drawn("ab"), [char._replace(left=13.0, right=18.0, pen=13.0, x=13.0) for char in drawn("c")]
    made_up = Char(" ", 9, 5.0, 5.0, 0.0, 5.0, 5.0, 1.0, 0)

    assert texts([near[0], made_up, near[1], *far]) == ["a", "b", " ", "c"]


def test_no_blank_stands_before_a_vowel_sign() -> None:
    vowel = Char("\u0bca", 1, 12.0, 12.0, 0.0, 12.0, 15.0, 10.0, 2)

    assert texts([*drawn("ப"), vowel]) == ["ப", "\u0bca"]


def test_places_that_are_no_numbers_lose_nothing() -> None:
    nowhere = [
        char._replace(pen=float("nan"), x=float("nan"), left=float("nan"), right=float("inf"))
        for char in drawn("abc אבג")
    ]

    assert sorted("".join(texts(nowhere)).replace(" ", "")) == sorted("abcאבג")
