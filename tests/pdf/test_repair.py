"""Repairing text: characters, hyphens, paragraphs, running lines, titles, dates. No PDF is read."""

import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.pdf.text.clean_text import (
    clean_characters,
    count_words,
    join_hyphenated,
    shorten_leaders,
    tidy_lines,
)
from indexer.pdf.text.page_lines import HYPHENATED, Line, break_paragraphs, remove_running_lines

# Surrogates as well: a broken font table makes them.
any_text = st.text(st.characters(exclude_categories=()), max_size=60)
words = st.text("abcdefgh\u00e9\u0436", min_size=1, max_size=6)


# Characters


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a\r\nb\rc\fd\u2028e", "a\nb\nc\nd\ne"),
        ("\ufb01nal e\ufb03cient \ufb06one", "final efficient stone"),
        ("\ufefb\ufe8e", "\u0644\u0627\u0627"),  # lam-alef drawn as one, alef
        ("\uf773\uf769\uf76d \uf731\uf739", "sim 19"),  # small capitals, old-style digits
        ("nul\x00 bell\x07 del\x7f", "nul bell del"),
        ("a\tb\u00a0c\u2009d", "a b c d"),
        ("lone \ud835 surrogate", "lone  surrogate"),
        ("math \U0001d6fc", "math \U0001d6fc"),
        ("non\uffff-char\U0001ffff", "non-char"),
        ("soft\u00adhyphen", "softhyphen"),
        ("soft\u00ad\nhyphen", f"soft{HYPHENATED}hyphen"),
        ("e\u0301", "\u00e9"),
        (
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        ),
        ("x\u00b2 \u2122 \u2460 \uff21", "x\u00b2 \u2122 \u2460 \uff21"),  # printed so: they stay
    ],
)
def test_clean_characters(text: str, clean: str) -> None:
    assert clean_characters(text) == clean


@given(any_text)
def test_clean_text_is_storable_and_stays_as_it_is(text: str) -> None:
    clean = clean_characters(text)
    clean.encode("utf-8")
    assert not [char for char in clean if char != "\n" and unicodedata.category(char) in ("Cc", "Cs")]
    assert clean_characters(clean) == clean


@given(st.text(st.characters(codec="latin-1", exclude_categories=["Cc"], exclude_characters="\u00a0\u00ad")))
def test_plain_text_is_not_touched(text: str) -> None:
    assert clean_characters(text) == text


@given(any_text)
def test_tidy_lines(text: str) -> None:
    tidy = tidy_lines(text)
    assert tidy == "" or (tidy.endswith("\n") and not tidy.endswith("\n\n"))
    assert "\n\n\n" not in tidy
    assert tidy_lines(tidy) == tidy
    assert tidy.split() == text.split()


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("1 Ducks . . . . . . . . 7", "1 Ducks … 7"),
        ("1 Ducks.............7\n2 Geese ........ 12", "1 Ducks … 7\n2 Geese … 12"),
        ("Ducks ………… 7", "Ducks … 7"),
        ("an ellipsis ... and a pause.... here", "an ellipsis ... and a pause.... here"),
        ("version 1.2.3.4.5.6", "version 1.2.3.4.5.6"),
    ],
)
def test_a_row_of_dots_is_one_mark(text: str, short: str) -> None:
    assert shorten_leaders(text) == short


def test_tidy_lines_keeps_indentation() -> None:
    assert tidy_lines("def f():  \n    pass\n\n\n\nx\n\n") == "def f():\n    pass\n\nx\n"


# Hyphens


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        (f"infor{HYPHENATED}\nmation is here", "information\nis here"),
        (f"infor{HYPHENATED}mation is here", "information\nis here"),
        (f"the debian{HYPHENATED}\nuser list", "the debian-user\nlist"),
        (f"end-of{HYPHENATED}\nline, more", "end-of-line,\nmore"),
        (f"MS{HYPHENATED}\nWord", "MS-Word"),
        (f"INFOR{HYPHENATED}\nMATION", "INFORMATION"),
        (f"the well{HYPHENATED}\nknown ring", "the well-known\nring"),
        (f"the n{HYPHENATED}\noctanal trap", "the n-octanal\ntrap"),
        (f"number ABX{HYPHENATED}\nKLM from", "number ABX-KLM\nfrom"),
        (f"number 7AB{HYPHENATED}\nin, or", "number 7AB-in,\nor"),
        (
            f"see https://a.example/infor{HYPHENATED}\nmation/x for",
            "see https://a.example/infor-mation/x\nfor",
        ),
        (f"write to infor{HYPHENATED}\nmation@a.example", "write to information@a.example"),
        ("infor\u2010\nmation and exam\u2010\nple is", "information and example is"),
        ("a well\u2010kept exam\u2010\nple is", "a well\u2010kept exam-ple\nis"),
        (f"1990{HYPHENATED}\n2000 was", "1990-\n2000 was"),
        (f"foot{HYPHENATED}\n1 See below.", "foot-\n1 See below."),
        (f"a{HYPHENATED}\nb{HYPHENATED}\nc d", "a-b-c\nd"),
        (f"cut off at the bot{HYPHENATED}", "cut off at the bot-"),
        ("infor-\nmation is here", "information\nis here"),
        ("Smith-\nJones is here", "Smith-\nJones is here"),
        ("1990-\n2000", "1990-\n2000"),
        ("a list -\nof two", "a list -\nof two"),
        ("words without", "words without"),
    ],
)
def test_join_hyphenated(text: str, joined: str) -> None:
    vocabulary = count_words(["information debian-user debian-user, end-of-line"])
    assert join_hyphenated(text, vocabulary) == joined


def test_the_more_frequent_spelling_wins() -> None:
    often = count_words(["email email e-mail"])
    seldom = count_words(["email e-mail e-mail"])
    assert join_hyphenated(f"e{HYPHENATED}\nmail", often) == "email"
    assert join_hyphenated(f"e{HYPHENATED}\nmail", seldom) == "e-mail"


def test_broken_words_are_no_vocabulary() -> None:
    counts = count_words([f"Whole (whole) bro{HYPHENATED}\nken end-of-line."])
    assert counts["whole"] == 2
    assert not counts["ken"]
    assert not counts["bro"]
    assert counts["of-line"] == counts["end-of"] == counts["end-of-line"] == 1


@given(st.lists(st.tuples(words, st.sampled_from([" ", "\n", HYPHENATED, HYPHENATED + "\n"]))))
def test_joining_loses_only_hyphens(parts: list[tuple[str, str]]) -> None:
    text = "".join(word + end for word, end in parts)
    joined = join_hyphenated(text, Counter())
    assert HYPHENATED not in joined
    letters = "".join(word for word, _ in parts)
    assert "".join(char for char in joined if char.isalpha()) == letters
    assert set(joined) <= set(letters) | set(" \n-")


def test_joining_a_long_page_is_quick() -> None:
    text = f"infor{HYPHENATED}\nmation here " * 5_000
    assert join_hyphenated(text, Counter()).count("infor-mation\n") == 5_000


def test_in_a_long_document_halves_that_are_no_words_are_one() -> None:
    vocabulary = Counter(["well", *(f"word{at}" for at in range(1000))])
    assert join_hyphenated(f"infor{HYPHENATED}\nmation", vocabulary) == "information"
    assert join_hyphenated(f"well{HYPHENATED}\nknown", vocabulary) == "well-known"


# Paragraphs


def _set(*texts: tuple[str, float, float], width: float = 300, size: float = 10) -> list[Line]:
    """Lines at (text, x, y); each as wide as its text is long, 5 points a character."""
    return [Line(text, x, y, min(x + 5 * len(text), x + width), y, size) for text, x, y in texts]


LONG = "x" * 60  # as long as the column is wide


def test_a_gap_ends_a_paragraph() -> None:
    lines = _set(("one", 50, 700), ("two", 50, 688), ("three", 50, 670), ("four", 50, 658), ("five", 50, 646))
    assert break_paragraphs(lines) == ["one", "two", "", "three", "four", "five"]


def test_a_larger_line_stands_apart() -> None:
    lines = [Line("Heading", 50, 700, 100, 700, 14), *_set(*[(LONG, 50, 686 - 12 * n) for n in range(5)])]
    assert break_paragraphs(lines)[:3] == ["Heading", "", LONG]


def test_a_first_line_indent_begins_a_paragraph() -> None:
    body = [(LONG, 50.0), ("short", 50.0), (LONG[3:], 65.0), (LONG, 50.0), (LONG, 50.0)]
    lines = _set(*[(text, x, 700 - 12.0 * at) for at, (text, x) in enumerate(body)])
    assert break_paragraphs(lines) == [LONG, "short", "", LONG[3:], LONG, LONG]
    mirrored = [line._replace(start_x=-line.start_x, end_x=-line.end_x) for line in lines]
    assert break_paragraphs(mirrored).index("") == 2


@pytest.mark.parametrize("bullet_x", [50.0, 80.0])
def test_the_second_line_of_an_item_is_no_paragraph(bullet_x: float) -> None:
    items = [(LONG, bullet_x), (LONG, 65.0)] * 4
    lines = _set(*[(text, x, 700 - 12.0 * at) for at, (text, x) in enumerate(items)])
    assert "" not in break_paragraphs(lines)


def test_a_broken_word_is_not_taken_apart() -> None:
    lines = _set(("one", 50, 700), ("two", 50, 688), (f"inter{HYPHENATED}", 50, 676), ("national", 50, 640))
    assert break_paragraphs(lines)[-2:] == [f"inter{HYPHENATED}", "national"]


def test_without_places_there_are_no_paragraphs() -> None:
    assert break_paragraphs([Line("one"), Line(""), Line("two")]) == ["one", "", "two"]
    assert break_paragraphs([]) == []


def test_code_is_not_taken_apart() -> None:
    code = [("if x:", 50.0), ("    call()", 70.0), ("else:", 50.0), ("    other()", 70.0), ("done()", 50.0)]
    lines = _set(*[(text, x, 700 - 12.0 * at) for at, (text, x) in enumerate(code)])
    assert break_paragraphs(lines) == [text for text, _ in code]


def test_a_table_is_one_paragraph() -> None:
    text = [(LONG, 50.0, 700 - 12.0 * at) for at in range(8)]
    table = [("a 1", 50.0, 590 - 18.0 * at) for at in range(5)]
    assert break_paragraphs(_set(*text, *table)) == [LONG] * 8 + [""] + ["a 1"] * 5


def test_a_raised_footnote_mark_is_not_a_gap() -> None:
    lines = _set(*[(LONG, 50, 700 - 12.0 * at) for at in range(6)])
    lines[3] = lines[3]._replace(start_y=lines[3].start_y + 4)
    assert "" not in break_paragraphs(lines)


coordinates = st.floats(-1000, 1000)


@given(st.lists(st.builds(Line, st.text("ab ", min_size=1), *[coordinates] * 4, st.floats(0, 100))))
def test_paragraphs_only_insert(lines: list[Line]) -> None:
    assert [text for text in break_paragraphs(lines) if text] == [line.text for line in lines]


# Running lines


def _pages(*tops_and_bottoms: tuple[str, str]) -> list[list[Line]]:
    return [
        [Line(top), *(Line(f"body {number} {'abcdefghij'[at]}") for at in range(6)), Line(bottom)]
        for number, (top, bottom) in enumerate(tops_and_bottoms)
    ]


def _edges(pages: list[list[Line]]) -> list[tuple[str, str]]:
    return [(lines[0].text, lines[-1].text) for lines in pages]


def test_headers_and_page_numbers_go() -> None:
    pages = remove_running_lines(_pages(*[("The Manual", str(n)) for n in range(1, 7)]))
    assert pages[0][0].text == "The Manual"
    assert all(lines[0].text.startswith("body") for lines in pages[1:])
    assert all(lines[-1].text.startswith("body") for lines in pages)


def test_left_and_right_headers_and_chapters() -> None:
    tops = [f"{n} Chapter Two" if n % 2 == 0 else f"Animals {n}" for n in range(2, 10)]
    pages = remove_running_lines(_pages(*[(top, "") for top in tops]))
    assert [lines[0].text for lines in pages if not lines[0].text.startswith("body")] == tops[:2]


@pytest.mark.parametrize(
    "numbers", [["iv", "v", "vi", "vii", "viii"], ["- 8 -", "- 9 -", "- 10 -", "- 11 -", "- 12 -"]]
)
def test_page_numbers_of_other_kinds(numbers: list[str]) -> None:
    pages = remove_running_lines(_pages(*[("", number) for number in numbers]))
    assert all(lines[-1].text.startswith("body") for lines in pages)


@pytest.mark.parametrize(
    "bottoms",
    [
        ["}"] * 8,
        ["end"] * 8,
        ["Total 12 40", "Total 19 3", "Total 7 77", "Total 1 2", "Total 8 9", "Total 5 6"],
        ["0"] * 8,  # an axis
        ["42", "7", "12", "99", "1", "60"],
    ],
)
def test_rows_and_code_stay(bottoms: list[str]) -> None:
    pages = _pages(*[("", bottom) for bottom in bottoms])
    assert _edges(remove_running_lines(pages)) == _edges(pages)


def test_a_printed_sign_is_not_taken_for_a_masked_number() -> None:
    pages = _pages(*[("", bottom) for bottom in ["# 5 pieces", "3 5 pieces", "# 6 pieces", "4 6 pieces"]])
    assert _edges(remove_running_lines(pages)) == _edges(pages)


def test_titles_of_slides_stay() -> None:
    slides = [[Line("Results", height=24), *[Line(f"point {n}", height=12)] * 4] for n in range(8)]
    assert all(lines[0].text == "Results" for lines in remove_running_lines(slides))


def test_a_page_that_is_all_running_lines_stays() -> None:
    pages = [[Line(f"Card {n} of 8")] for n in range(8)]
    assert remove_running_lines(pages) == pages
    numbers = [[Line(str(n))] for n in range(8)]
    assert remove_running_lines(numbers) == [[]] * 8


def test_short_documents_are_left_alone() -> None:
    pages = _pages(*[("Letter", str(n)) for n in range(3)])
    assert remove_running_lines(pages) == pages


@given(st.lists(st.lists(st.builds(Line, st.text("ab1 iv\u0664\u00b2", max_size=5)), max_size=4), max_size=8))
def test_running_lines_only_go(pages: list[list[Line]]) -> None:
    kept = remove_running_lines(pages)
    assert len(kept) == len(pages)
    for before, after in zip(pages, kept, strict=True):
        rest = iter(before)
        assert all(line in rest for line in after)
