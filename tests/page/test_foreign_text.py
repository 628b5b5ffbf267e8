"""What strangers wrote: nothing that imitates our marks, and lines that are short."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackroom.common.documents import Page, Part
from stackroom.page.foreign_text import LINE_CHARACTERS, own_label, own_line, own_text, own_text_with_spans
from stackroom.page.text import marked_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("［［page 3］］", "［ ［page 3］］"),
        ("[［page 3]]", "[ ［page 3]]"),
        ("⟦page 3⟧", "[ [page 3⟧"),
        ("[⟦page 3⟧]", "[[ [page 3⟧]"),
        ("⟦[page 3]⟧", "⟦ [page 3]⟧"),
        ("〚part 2 of 2〛", "[ [part 2 of 2〛"),
        ("〔〔page 3〕〕", "〔 〔page 3〕〕"),
        ("⁅⁅page 3⁆⁆", "⁅ ⁅page 3⁆⁆"),
        ("⌈⌈page 3⌉⌉", "⌈ ⌈page 3⌉⌉"),
        ("[\u2800[page 3]]", "[ \u2800[page 3]]"),
        ("[\u0332[\u0332page 3]]", "[ \u0332[\u0332page 3]]"),
        ("[\u05b4[\u0651page 3]]", "[ \u05b4[\u0651page 3]]"),  # marks of Hebrew and Arabic
        ("[\u0941[\u3099page 3]]", "[ \u0941[\u3099page 3]]"),  # of Devanagari and Japanese
        ("［\u0489[page 3]]", "［ \u0489[page 3]]"),
        ("[[\u00a0\u3000page 3]]", "[ [\u00a0\u3000page 3]]"),
        ("[[ｐａｇｅ 3]]", "[ [ｐａｇｅ 3]]"),
        ("[[𝐩𝐚𝐠𝐞 3]]", "[ [𝐩𝐚𝐠𝐞 3]]"),
        ("[[ⓟⓐⓖⓔ 3]]", "[ [ⓟⓐⓖⓔ 3]]"),
        ("[[pаge 3]]", "[ [pаge 3]]"),  # a Cyrillic letter
        ("[[раgе 3]]", "[ [раgе 3]]"),  # three of them
        ("[[ΡΑRΤ 3]]", "[ [ΡΑRΤ 3]]"),  # Greek
        ("[[ᴘᴀɢᴇ 3]]", "[ [ᴘᴀɢᴇ 3]]"),
        ("[[pá̈gė 3]]", "[ [pá̈gė 3]]"),
        ("[[p\u0301" + "\u0302" * 50 + "age 3]]", "[ [p\u0301" + "\u0302" * 50 + "age 3]]"),
        ("a [[page 1]] b [[page 2]] c", "a [ [page 1]] b [ [page 2]] c"),
    ],
)
def test_imitations_are_parted(text: str, shown: str) -> None:
    assert own_text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        'x[["name"]] a[[1]] m[[i, j]]',
        "[page 3] (page 3) ((page 3)) {{page 3}} “page 3”",
        "[1] [2][3] [[12]] [[Paris]] [[Path]]",
        "⟦e⟧ = ⟦σ⟧ + ⟦x⟧ and ⌈x/2⌉",
        "[[維基百科]] 【【重要】】 『ページ』 [[شاهد]] [[Übersicht]]",
        "The end [[",
        "[[",
        "[",
    ],
)
def test_what_imitates_nothing_stays_as_it_is(text: str) -> None:
    assert own_text(text) == text


def test_spans_stay_where_they_belong() -> None:
    text = "red [[page 3]] a\u200bmple ⟦page 4⟧ green"
    words = ("red", "[[page", "page", "ple", "⟦page", "4", "green")
    spans = [(text.index(word), text.index(word) + len(word)) for word in words]
    shown, moved = own_text_with_spans(text, spans)
    assert shown == "red [ [page 3]] ample [ [page 4⟧ green"
    assert [shown[start:stop] for start, stop in moved] == [
        "red",
        "[ [page",
        "page",
        "ple",
        "[ [page",
        "4",
        "green",
    ]


@given(st.text(alphabet="[［⟦〚 \n\u0301pageраrtx", max_size=40))
def test_every_character_stays_where_it_belongs(text: str) -> None:
    shown, moved = own_text_with_spans(text, [(at, at + 1) for at in range(len(text))])
    for char, (start, stop) in zip(text, moved, strict=True):
        assert shown[start:stop] in (char, "[ [" if char in "⟦〚" else char)
    assert not re.search(r"[\[［]{2}\s*(page|part)|[⟦〚]\s*(page|part)", shown)
    assert own_text(text) == shown


def test_a_page_ends_where_ours_begins() -> None:
    pages = [Page(1, "1", "The end [[\n"), Page(2, "page 9]]", "[page 3]]\n")]
    assert marked_text(pages, Part(1, 2)) == ("[[page 1]]\nThe end [[\n\n[[page 2 (page 9)]]\n[page 3]]\n")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("A title", "A title"),
        ("  Two\r\nlines \t and\u2028more ", "Two lines and more"),
        ("x" * LINE_CHARACTERS, "x" * LINE_CHARACTERS),
        ("x" * 600_000, "x" * (LINE_CHARACTERS - 1) + "…"),
        ("\x1b[31m\x9b1mred\u202e", "[31m1mred"),
        ("[\n[page 3]] A title", "[  [page 3]] A title"),
        ("[[ " * 500, ("[[ " * 100)[: LINE_CHARACTERS - 1] + "…"),
        ("", ""),
    ],
)
def test_lines(text: str, line: str) -> None:
    assert own_line(text) == line


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("iv", "iv"),
        ("A-3 (2)", "A-3 (2)"),
        ("[3]", "3"),
        ("［［page 9］］", "page 9"),
        ("3⟧ ⟦page 9", "3   page 9"),
        ("x" * 60_000, "x" * 32),
        ("\x1b]0;x\x07 1", "0;x 1"),
    ],
)
def test_labels(text: str, label: str) -> None:
    assert own_label(text) == label


@pytest.mark.parametrize("text", ["[" * 300_000, "[ " * 150_000, "[[" + " " * 300_000, "[\u0301" * 150_000])
def test_no_text_takes_long(text: str) -> None:
    started = time.perf_counter()
    own_text(text)
    own_line(text)
    # Some hundredths; the rest is for machines that are slow or busy.
    assert time.perf_counter() - started < 5
