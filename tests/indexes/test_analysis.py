"""Words and terms: what is written in different ways has a term in common, and other things have none."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackroom.indexes.stems import HAVE_DICTIONARY
from stackroom.indexes.terms import LANGUAGES, OTHER, Analyzer, stemmed
from stackroom.reading.query.folded_text import holds


@pytest.mark.parametrize(
    ("language", "text", "terms"),
    [
        ("en", "The committees decided.", "the committe decid"),
        ("de", "Universitäten, Universität und Straße", "universitat universitat und strass"),
        ("fr", "l'élection d’aujourd'hui", "elect aujourd hui"),
        ("en", "the world's don't", "the world don"),
        ("en", "ZULU-7788 FY2017 IL-2 5mg", "zulu 7788 zulu7788 fy 2017 fy2017 il 2 il2 5 mg 5mg"),
        ("en", "§ 4.2.1, 1,061.78 and 3,14", "4.2.1 1061.78 and 3.14"),
        ("en", "snake_case __init__ file.txt", "snake case snakecas init file txt filetxt"),
        ("en", "e-mail, exam-ples", "e mail email exam ples exampl"),
        ("en", "C++, C# and and/or", "c++ c# and and or"),
        ("en", "ﬁnance ｆｕｌｌ x²", "financ full x 2 x2"),
        ("en", "4,250¹ and 10⁶, 2020.³ 10⁻⁶", "4250 1 and 10 6 2020 3 10 6"),
        ("en", "m² H₂O ¹⁴C", "m 2 m2 h 2 o h2o 14 c 14c"),
        ("en", "Smith-Jones¹ ²well-being", "smith jone smithjon jone 1 jones1 2 well be wellb"),
        ("en", "soft\u00adhyphen", "softhyphen"),
        ("zh", "清\n理 水\n泵", "清理 清 理 理水 理 水 水泵 水 泵"),
        ("zh", "我们在北京", "我们 们在 在北 北京 我 们 在 北 京"),
        ("ja", "東京Tower", "东京 东 京 tower"),
        ("th", "ไทย", "ไท ทย"),
        ("ko", "한국어", "한국 국어 한 국 어"),
        ("ru", "Ёлки", "елк"),
        ("ar", "الكِتَابُ", "كتاب"),
        ("xx", "کتاب\u200cها", "كتاب ها كتابها"),
        ("xx", "Running", "running"),
        ("en", "_____ --- ...", ""),
        ("en", "x" * 65 + " ok", "x" * 64 + " ok"),
        ("en", "3f2a9c1b8e 10x20x30", "3f2a9c1b8e 10 x 20 x 30 10x20x30"),
    ],
)
def test_terms(language: str, text: str, terms: str) -> None:
    assert Analyzer(stemmed(language)).terms(text) == terms.split()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ZULU-7788", "zulu7788"),
        ("ZULU-7788", "zulu_7788"),
        ("e-mail", "Email"),
        ("co-operate", "cooperate"),
        ("10-K", "10K"),
        ("U.S.A.", "USA"),
        ("naïve", "naive"),
        ("Zürich", "zurich"),
        ("1,000,000", "1000000"),
        ("2017–03", "2017-03"),
        ("हिन्दी", "हिन्दी"),
    ],
)
def test_two_ways_of_writing_share_their_last_term(one: str, other: str) -> None:
    analyzer = Analyzer("en")
    assert analyzer.terms(one)[-1] == analyzer.terms(other)[-1]


@pytest.mark.parametrize(
    ("one", "other"), [("4.2.1", "4.2.2"), ("C++", "C"), ("C#", "C++"), ("東京", "大阪")]
)
def test_different_things_share_nothing(one: str, other: str) -> None:
    analyzer = Analyzer("en")
    assert not set(analyzer.terms(one)) & set(analyzer.terms(other))


@pytest.fixture(scope="module")
def some_analyzers() -> list[Analyzer]:
    """They have read their dictionaries, which takes longer than Hypothesis allows an example."""
    analyzers = [Analyzer(language) for language in (OTHER, "en", "de", "ar", "tr")]
    for each in analyzers:
        each.terms("ev بيت")
    return analyzers


@given(text=st.text(max_size=80))
def test_every_language_makes_as_many_terms_of_each_word(text: str, some_analyzers: list[Analyzer]) -> None:
    counts = {tuple(map(len, analyzer.words(text))) for analyzer in some_analyzers}
    assert len(counts) == 1


@given(st.text(max_size=80))
def test_terms_hold_no_blank(text: str) -> None:
    terms = Analyzer("en").terms(text)
    assert " ".join(terms).split() == terms


def test_a_word_has_the_same_terms_again_and_beside_others() -> None:
    analyzer = Analyzer("en")
    assert analyzer.terms("Otters") == analyzer.terms("Otters")
    assert analyzer.terms("Otters swim") == analyzer.terms("Otters") + analyzer.terms("swim")


@pytest.mark.parametrize("piece", ["a", "a-", "1,", "_", "ไ", "\u0301", "a.b", "'", "é", "0x"])
def test_long_tokens_take_no_longer(piece: str) -> None:
    """Not a timing: a pattern that goes back and forth would not end."""
    Analyzer("en").terms(piece * (100_000 // len(piece)))


def test_random_bytes_of_every_language() -> None:
    chance = random.Random(7)
    text = "".join(chr(chance.randrange(32, 0xD7FF)) for _ in range(2000))
    # To read all dictionaries takes ten seconds; these are small.
    for language in {*LANGUAGES} - HAVE_DICTIONARY | {"cs", "fa", "he", "hi", "sl"}:
        assert Analyzer(language).terms(text)


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "Соdе", "code"),  # Cyrillic С, о, е
        ("en", "paураl", "PayPal"),
        ("ru", "Mосква", "Москва"),  # Latin M
        ("en", "КТ315", "KT315"),  # Cyrillic К, Т
        ("en", "ΑΒC", "ABC"),  # Greek Α, Β
        ("uk", "компʼютер", "комп'ютер"),
        ("ar", "الكِتَابُ", "الكتاب"),
        ("ar", "ٱلكتـاب", "الكتاب"),
        ("ar", "کتاب", "كتاب"),  # Persian ک
        ("?", "یہ", "يه"),
    ],
)
def test_letters_that_look_the_same_are_the_same(language: str, one: str, other: str) -> None:
    analyzer = Analyzer(stemmed(language))
    assert analyzer.terms(one) == analyzer.terms(other)
    assert holds(f"before {one} after", other)


@pytest.mark.parametrize(("one", "other"), [("μm", "mm"), ("сор", "cop"), ("β-Carotin", "b-Carotin")])
def test_letters_that_are_meant_stay(one: str, other: str) -> None:
    analyzer = Analyzer("de")
    assert analyzer.terms(one)[0] != analyzer.terms(other)[0]
    assert not holds(one, other)
