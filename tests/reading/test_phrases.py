"""Phrases are found however they are printed, and only as whole words."""

import random

import pytest

from growth import is_linear
from stackroom.reading.query.folded_text import Folded, holds, words


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("The Sea Otter sleeps.", "sea otter"),
        ("a sea\notter", "sea otter"),
        ("a sea \u00a0 otter", "sea  otter"),
        ("Ein Café in Zürich", "cafe in zurich"),
        ("Ein Cafe in Zurich", "Café in Zürich"),
        ("Die Straße", "STRASSE"),
        ("an eﬃcient ﬁle", "efficient file"),
        ("Łódź and Århus, Søren, œuvre", "lodz and arhus, soren, oeuvre"),
        ("İstanbul", "istanbul"),
        ("an exam-\nple of", "example"),
        ("an exam- \n  ple of", "an example of"),
        ("the well-\nknown", "well-known"),
        ("sales of 4,250¹ crowns", "4,250"),
        ("sales of 4,250¹ crowns", "4,250 crowns"),
        ("the word¹ is short", "the word is"),
        ("in 2019¹² and 2020.³ It fell", "2020"),
        ("the word¹ is", "the word"),
        ("¹See the report", "see the report"),
        ("5 m² of H₂O", "5 m2 of h2o"),
        ("takes 10⁶ pulses", "10^6 pulses"),
        ("takes 10^6 pulses", "10⁶ pulses"),
        ("¹⁴C dating", "14c dating"),
        ("the well\u2010known", "well-known"),
        ("exam\u00adple, ex\u00ad\nample", "example, example"),
        ("pages 10–20", "pages 10-20"),
        ("pages 10-\n20", "pages 10-20"),
        ("it’s “fine”", 'it\'s "fine"'),
        ("COVID-19", "covid"),
        ("foo_bar()", "foo_bar"),
        ("C++11 and C#", "c++"),
        ("x = 4.2.1;", "4.2.1"),
        ("東京タワー", "東京"),
        ("東京\n都庁", "東京都庁"),
        ("서울은 수도이다", "서울"),
        ("ภาษาไทยเขียน", "ไทย"),
        ("Ёлка и ёж", "елка"),
        ("בְּרֵאשִׁית בָּרָא", "בראשית ברא"),
        ("السَّلامُ", "السلام"),
        ("هندی می\u200cخواهم", "میخواهم"),
        ("हिन्दी भाषा", "हिन्दी"),
        ("①", "1"),
        ("at 85°C, 7.5%", "85 °C, 7.5 %"),
        ("in Q3/2024", "q3"),
        ("am 24.\n12. 2025", "24.12.2025"),
        ("$ 2.5M, § 2.10", "$2.5M, §2.10"),
        ("210×297 mm", "210 x 297 mm"),
        ("5 – 7 °C", "5-7°C"),
        ("otters", "otters"),
        ("a" * 100_000, "a" * 100_000),
    ],
)
def test_held(text: str, phrase: str) -> None:
    assert holds(text, phrase)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("The otters sleep.", "otter"),
        ("The otter", "tter"),
        ("sea and otter", "sea otter"),
        ("seaotter", "sea otter"),
        ("version 4.2.11", "4.2.1"),
        ("हिन्दी", "हि"),
        ("कि", "की"),
        ("がく", "かく"),
        ("10⁶ people", "10 people"),
        ("otters", ""),
        ("", "otters"),
        ("otters", " \u00ad\n"),
        ("otters", "\0"),
    ],
)
def test_not_held(text: str, phrase: str) -> None:
    assert not holds(text, phrase)


def test_words() -> None:
    assert words("Annual_Report-2023 (Zürich).pdf") == "annual report 2023 zurich pdf"
    assert words("हिन्दी、東京!") == "हिन्दी 东京"
    assert words("?!") == ""


def test_a_part_between_word_edges_is_held() -> None:
    chance = random.Random(23)
    for _ in range(500):
        text = chance.choices(
            ["otter", "é", "ﬁn", "x-y", "10–20", "東京", "Straße", "it’s", "(a)", "हिन्दी"], k=12
        )
        start, stop = sorted(chance.sample(range(13), 2))
        joined = "".join(word + chance.choice([" ", "\n", "  "]) for word in text)
        assert holds(joined, " ".join(text[start:stop])), (joined, text[start:stop])


def test_random_characters_are_no_error() -> None:
    chance = random.Random(24)
    for _ in range(2000):
        text = "".join(chr(chance.randrange(0x3000)) for _ in range(chance.randrange(30)))
        assert not holds("", text)
        assert holds(text, text) or not Folded.of(text).readings[0]


@pytest.mark.parametrize(
    "piece", ["a", "a ", "a-\n", "-\n", "\u00ad\n", " ", "\n", "東 ", "\u0301", "\0", "ab ab "]
)
def test_long_texts_take_time_in_proportion(piece: str) -> None:
    def look(text: str) -> bool:
        return holds(text, text[: len(text) // 2] + "b")

    assert is_linear(look, piece)
