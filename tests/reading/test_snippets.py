"""Snippets begin and end with sentences, show the matches, and fit."""

import random

import pytest

from growth import is_linear
from stackroom.reading.showing.query_words import Matcher
from stackroom.reading.showing.sentences import units
from stackroom.reading.showing.snippets import Snippet, complete, cut


def sentences(text: str) -> list[str]:
    return [text[start:stop] for start, stop, _ in units(text)]


@pytest.mark.parametrize(
    "parts",
    [
        ["See Fig. 3 for details.", "It shows otters."],
        ["Dr. Smith and J. R. Jones agreed.", "Others did not."],
        ["They use tools, e.g. Stones of that kind.", "Why?", "Nobody knows!"],
        ['"What?" he said.', "“Nothing.”", "She left."],
        ["It costs 3.50 or § 4.2.1 applies.", "In 2023. Nothing changed."[:8], "Nothing changed."],
        ["Vgl. S. 7 und z. B. Kap. 3.", "Das gilt d.h. immer."],
        ["The U.S. Army is in Washington D.C. and elsewhere.", "So it is."],
        ["approx. five of them etc. were seen.", "Good."],
        ["これは文です。", "「はい！」", "次の文？", "終わり"],
        ["यह वाक्य है।", "दूसरा वाक्य।"],
        ["هل هذا سؤال؟", "نعم."],
        ["Wait... what?", "Yes."],
    ],
)
def test_sentences(parts: list[str]) -> None:
    between = "" if "。" in parts[0] else " "
    assert sentences(between.join(parts)) == parts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A heading\n\nA paragraph that\ngoes on.", ["A heading", "A paragraph that\ngoes on."]),
        (
            "Introduction\nThis is prose that is as wide as the page\nand goes on to another line. Then",
            [
                "Introduction",
                "This is prose that is as wide as the page\nand goes on to another line.",
                "Then",
            ],
        ),
        ("We need\n• otters and\nbadgers\n• foxes", ["We need", "• otters and\nbadgers", "• foxes"]),
        ("1. Otters. They swim.\n2. Foxes", ["1. Otters.", "They swim.", "2. Foxes"]),
        ("a) one\nb) two\n[1] Smith\n[2] Jones", ["a) one", "b) two", "[1] Smith", "[2] Jones"]),
        (
            "Year 2021 2022 2023\nOtters 1 2 3\nFoxes 4 5 6\nThe table says it all about that.",
            ["Year 2021 2022 2023", "Otters 1 2 3", "Foxes 4 5 6", "The table says it all about that."],
        ),
        ("A line that goes on with a Capital in\nParis, in full width.", None),
        ("", []),
        (" \n ", []),
    ],
)
def test_lines(text: str, expected: list[str] | None) -> None:
    assert sentences(text) == ([text] if expected is None else expected)


PAGE = (
    "Otters are mammals. They live in rivers and the sea. Sea otters hold hands while\n"
    "they sleep, so that they do not drift apart. They eat sea urchins. Badgers dig.\n\n"
    "• Foxes trot.\n• Wolves run.\n"
)


def snippet(page: str, passage: str, query: str, limit: int = 1000) -> str:
    """With the matches in brackets."""
    start = page.index(passage)
    found = cut(page, start, start + len(passage), Matcher(query).find(page, 0, len(page)), limit)
    assert len(found.text) <= limit
    text = found.text
    for a, b in reversed(found.matches):
        text = f"{text[:a]}[{text[a:b]}]{text[b:]}"
    return text


def test_first_and_last_sentence_are_completed() -> None:
    assert snippet(PAGE, "rivers and the sea. Sea otters", "otter") == (
        "They live in rivers and the sea. Sea [otters] hold hands while they sleep, so that they do not "
        "drift apart."
    )


def test_the_best_sentences_are_chosen() -> None:
    assert snippet(PAGE, PAGE, "eat urchins", 60) == "They [eat] sea [urchins]. Badgers dig.\n• Foxes trot."
    assert snippet(PAGE, PAGE, "foxes", 40) == "Badgers dig.\n• [Foxes] trot."


def test_without_matches_it_shows_the_first_that_fit() -> None:
    assert snippet("One. " * 50, "One. " * 50, "", 40) == "One. One. One. One. One. One. One."


def test_lines_are_joined_but_for_items() -> None:
    text = snippet(PAGE, PAGE, "")
    assert "while they sleep" in text
    assert text.endswith("Badgers dig.\n• Foxes trot.\n• Wolves run.")


def test_a_giant_sentence_is_cut_around_the_match() -> None:
    page = "word " * 400 + "zander " + "word " * 400
    text = snippet(page, page, "Zander", 100)
    assert text.startswith("… word ")
    assert text.endswith(" word …")
    assert "[zander]" in text
    assert "wor …" not in text


def test_a_page_that_goes_on_from_another_says_so() -> None:
    assert snippet("and ends here. The end.", "and ends here.", "") == "… and ends here."
    assert snippet("The page\ncontinues, and", "The page", "") == "The page continues, and"


def test_scripts_without_blanks() -> None:
    page = "東京都庁は新宿にあります。" * 3 + "大阪は西です。" + "一二三四五" * 100
    assert snippet(page, page, "大阪 西", 60).count("[大阪]は[西]です。") == 1
    text = snippet(page, "一二三四五" * 20, "三四", 60)
    assert text.startswith("…" if text[0] == "…" else "一")
    assert "[三四]" in text


def test_a_passage_of_blanks_shows_nothing() -> None:
    assert cut("  \n ", 0, 4) == Snippet("", ())
    assert cut("", 0, 0) == Snippet("", ())


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("Otters, otter; Ottawa", "otter", ["Otters", "otter"]),
        ("libraries library librarian", "library", ["libraries", "library", "librarian"]),
        ("Zürich ZURICH", "zurich", ["Zürich", "ZURICH"]),
        ("2023 20231 2024", "2023", ["2023"]),
        ("a cat in the catalogue", "cat", ["cat"]),
        ("東京タワー", "東京", ["東京"]),
        ("foo_bar", "bar", ["bar"]),
        ("x", "", []),
    ],
)
def test_matches(text: str, query: str, expected: list[str]) -> None:
    assert [text[start:stop] for start, stop in Matcher(query).find(text, 0, len(text))] == expected


PIECES = [
    "Otters ",
    "swim. ",
    "\n",
    "\n\n",
    "• ",
    "1. ",
    "e.g. ",
    "東京。",
    "「",
    "」",
    "x" * 90,
    "  ",
    "... ",
    "3.5 ",
    "! ",
    "é",
    "A\n",
]


def test_any_page_gives_a_snippet_that_fits() -> None:
    chance = random.Random(25)
    for _ in range(1500):
        page = "".join(chance.choices(PIECES, k=chance.randrange(60)))
        start = chance.randrange(len(page) + 1)
        stop = chance.randrange(start, len(page) + 1)
        limit = chance.choice([40, 100, 240, 1000])
        found = cut(page, start, stop, Matcher("otters 東京 x").find(page, 0, len(page)), limit)
        assert len(found.text) <= limit
        shown = found.text.removeprefix("… ").removesuffix(" …")
        assert "".join(shown.split()) in "".join(page.split())
        assert found.text or not page[start:stop].strip()
        unmarked = cut(
            page, start, stop, Matcher("otters 東京 x").find(page, 0, len(page)), limit, marked=False
        )
        assert unmarked.text == found.text
        if stop - start <= limit:
            whole = complete(page, start, stop, limit).text
            assert len(whole) <= limit + 4
            assert page[start:stop].strip() in whole
            assert whole.removeprefix("… ").removesuffix(" …") in page
        # Where there is no blank in reach, the cut may be in a word.
        assert all(found.text[a:b].lower() in "otters 東京" for a, b in found.matches)
        assert list(found.matches) == sorted(found.matches)


@pytest.mark.parametrize(
    "piece", [".", ". ", "。", "\n", " ", "x", "a.b", "A. ", "1 ", "1 2 3\n", "」", '。"', "Ab\n", "• "]
)
def test_long_pages_take_time_in_proportion(piece: str) -> None:
    def make(page: str) -> Snippet:
        return cut(page, 0, len(page), Matcher("a x b").find(page, 0, len(page)), 240)

    assert is_linear(make, piece, 40_000)


def test_what_is_far_from_the_passage_does_not_count() -> None:
    page = "Otters swim. " * 100_000
    found = cut(page, 5005, 5100, Matcher("otters").find(page, 5005, 5100), 240)
    assert found == cut(page[:6000], 5005, 5100, Matcher("otters").find(page[:6000], 5005, 5100), 240)
    assert found.text.startswith("Otters swim. Otters")


@pytest.mark.parametrize(
    ("passage", "limit", "expected"),
    [
        ("The otter swims.", 100, "The otter swims."),
        ("otter swi", 100, "The otter swims."),
        ("otter swi", 12, "… otter swi …"),
        ("It eats fish,\nnot", 100, "It eats fish,\nnot bread."),
        ("Dr. Ray says", 100, "Dr. Ray says so."),
        ("went on", 100, "… went on here."),
        ("Heading\nIt", 100, "Heading\nIt eats fish,\nnot bread."),
    ],
)
def test_a_passage_is_completed_as_it_stands_on_its_page(passage: str, limit: int, expected: str) -> None:
    page = "went on here. The otter swims. \n\nHeading\nIt eats fish,\nnot bread. Dr. Ray says so.\n"
    start = page.index(passage)
    assert complete(page, start, start + len(passage), limit).text == expected


@pytest.mark.parametrize(
    ("language", "query", "text", "expected"),
    [
        ("uk", "книга людина", "Про книгами й людьми, про книш.", ["книгами", "людьми"]),
        ("de", "Rechtsschutz", "Die Rechtsschutzversicherung und das Recht.", ["Rechtsschutzversicherung"]),
        ("de", "Versicherungen", "Die Rechtsschutzversicherung gilt.", ["Rechtsschutzversicherung"]),
        ("he", "בית", "אני גר בבית הזה", ["בבית"]),
        ("ko", "책이", "이 책을 보라", ["책"]),
        ("en", "rate", "A corporate rate.", ["rate"]),
    ],
)
def test_forms_of_a_language_match(language: str, query: str, text: str, expected: list[str]) -> None:
    found = Matcher(query).find(text, 0, len(text), language)
    assert [text[start:stop] for start, stop in found] == expected
