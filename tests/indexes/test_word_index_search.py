"""Searching the index of words: what is found, what comes first, and that no query is an error."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fresh_index import FreshIndex, name
from indexer.store.publisher import FileState
from stackroom.indexes.matching import MatchingWords


@pytest.mark.parametrize(
    ("text", "queries"),
    [
        ("The committees decided.", ["committee", "COMMITTEES", "committees decide"]),
        ("Ein Café in Zürich, naïve Straße.", ["cafe", "café", "CAFÉ", "Zurich", "naive", "strasse"]),
        ("Die Fähre nach Öland.", ["fahre", "Fähre", "öland", "Oland"]),
        ("東京都庁は新宿にあります。", ["東京", "都庁", "新宿", "東京都庁", "京都"]),
        ("北京是中国的首都", ["北京", "中国", "首都"]),
        ("ภาษาไทยเขียนติดกัน", ["ภาษา", "ไทย", "ภาษาไทย"]),
        ("Der Satz des Pythagoras: a² + b² = c²", ["pythagoras", "Satz des Pythagoras"]),
        ("서울은 대한민국의 수도이다", ["서울은", "수도이다"]),
        ("Москва слезам не верит", ["москва", "МОСКВА", "слезам"]),
        ("Η Αθήνα", ["Αθήνα", "αθήνα"]),
        ("See section 4.2.1, error E-1234 in foo_bar().", ["E-1234", "1234", "4.2.1", "foo_bar", "foo"]),
        ("A mail to ann@example.org", ["ann@example.org", "example"]),
    ],
)
def test_a_word_is_found_as_people_write_it(
    index: FreshIndex, word_index: MatchingWords, text: str, queries: list[str]
) -> None:
    language = "de" if "Straße" in text or "Fähre" in text else "en"
    index.publish(1, f"{text}\nQuite something else.\n", language=language)
    index.follow_words()
    for query in queries:
        assert index.found(word_index, query)[:1] == [text], query


@pytest.mark.parametrize(
    ("text", "query"), [("東京タワー", "大阪"), ("東京都", "庁"), ("Otters", "ott"), ("cats", "catalogue")]
)
def test_other_words_are_not_found(
    index: FreshIndex, word_index: MatchingWords, text: str, query: str
) -> None:
    index.publish(1, f"{text}\n")
    index.follow_words()
    assert word_index.search(query, 10).hits == []


def test_the_rarer_word_and_the_more_words_count_more(index: FreshIndex, word_index: MatchingWords) -> None:
    rivers = "".join(f"Page about rivers {name(number)}.\n" for number in range(20))
    others = "".join(f"Page about nothing {name(number)}.\n" for number in range(80))
    index.publish(1, others + rivers + "Page about zanders alone.\nPage about rivers, zanders.\n")
    index.follow_words()
    assert index.found(word_index, "rivers zanders", 2) == [
        "Page about rivers, zanders.",
        "Page about zanders alone.",
    ]
    scores = [score for _, score in word_index.search("rivers zanders", 100).hits]
    assert len(scores) == 22
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] > 0


def test_words_that_many_passages_have_count_only_alone(index: FreshIndex, word_index: MatchingWords) -> None:
    index.publish(1, "".join(f"The page of {name(number)}.\n" for number in range(30)) + "The zander.\n")
    index.follow_words()
    assert index.found(word_index, "the page of the zander", 100) == ["The zander."]
    assert len(index.found(word_index, "the page", 100)) == 31


def test_equal_ones_come_in_the_order_of_their_ids(index: FreshIndex, word_index: MatchingWords) -> None:
    for number in range(1, 9):
        index.publish(number, "Otters hold hands.\n")
        index.follow_words()
    hits = word_index.search("otters", 8).hits
    assert [passage for passage, _ in hits] == list(range(1, 9))


def test_at_most_k_come_back(index: FreshIndex, word_index: MatchingWords) -> None:
    index.publish(1, "Otters.\n" * 9)
    index.follow_words()
    assert [len(word_index.search("otters", k).hits) for k in (-1, 0, 1, 5, 9, 1000)] == [0, 0, 1, 5, 9, 9]


def test_excluded_splits_are_left_out(index: FreshIndex, word_index: MatchingWords) -> None:
    for number in (1, 2, 3):
        index.publish(number, f"Otters in {number}.\nMore otters in {number}.\n")
    index.follow_words()
    splits = [split.first for split in index.catalog.passage_ranges(index.model)]
    assert splits == [1, 3, 5]

    def passages(within: list[int] | None = None, without: Sequence[int] = ()) -> set[int]:
        hits = word_index.search("otters", 10, within=within, without=without).hits
        return {passage for passage, _ in hits}

    assert passages(without=splits[:1]) == {3, 4, 5, 6}
    assert passages(without=splits) == set()
    assert passages(without=[999]) == {1, 2, 3, 4, 5, 6}
    assert passages(within=splits[1:]) == {3, 4, 5, 6}
    assert passages(within=splits[1:], without=[5]) == {3, 4}
    assert passages(within=[]) == set()


def test_in_one_moment_nothing_new_is_found(index: FreshIndex, word_index: MatchingWords) -> None:
    index.publish(1, "Otters sleep.\n")
    index.follow_words()
    with word_index.at_one_moment():
        before = word_index.search("otters", 10)
        index.publish(2, "Otters hold hands.\n")
        index.follow_words()
        assert word_index.search("otters", 10) == before
    assert len(word_index.search("otters", 10).hits) == 2
    with word_index.at_one_moment():
        assert len(word_index.search("otters", 10).hits) == 2


def test_all_documents_score_as_those_that_are_named(index: FreshIndex, word_index: MatchingWords) -> None:
    for number in range(1, 31):
        index.publish(number, f"Otters sleep {name(number % 7)}.\nRivers.\n" if number % 3 else "Foxes.\n")
    index.follow_words()
    everywhere = word_index.documents(f"otters rivers {name(3)}", None)
    firsts = [range_.first for range_ in index.catalog.passage_ranges(index.model)]
    assert word_index.documents(f"otters rivers {name(3)}", firsts) == everywhere
    some = word_index.documents(f"otters rivers {name(3)}", firsts[::4])
    assert some.scores
    assert some.scores.items() <= everywhere.scores.items()


def test_limits_change_no_score(index: FreshIndex, word_index: MatchingWords) -> None:
    for number in (1, 2, 3):
        index.publish(number, f"Otters in {number}.\nMore otters in rivers {number}.\n")
    index.follow_words()
    everywhere = word_index.search("otters rivers", 10)
    inside = word_index.search("otters rivers", 10, within=[3])
    assert inside.most == everywhere.most
    assert dict(inside.hits).items() <= dict(everywhere.hits).items()
    required = word_index.search("otters rivers", 10, ["more rivers"])
    assert required.hits == [(id_, score) for id_, score in everywhere.hits if id_ % 2 == 0]
    assert word_index.search("otters", 10, ["unicorns"]).hits == []


def test_what_has_all_words_scores_about_the_most(index: FreshIndex, word_index: MatchingWords) -> None:
    index.publish(1, "Otters swim in rivers.\n" + "Something else entirely.\n" * 20)
    index.follow_words()
    found = word_index.search("otters rivers", 10)
    assert found.hits[0][1] == pytest.approx(found.most, rel=0.5)
    # A word that nothing has makes all others say less.
    assert word_index.search("otters rivers unicorns", 10).most > 1.4 * found.most
    assert word_index.search("unicorns", 10).hits == []
    assert word_index.search("unicorns", 10).most > 0


def test_documents_are_found_by_name_author_date_and_first_pages(
    index: FreshIndex, word_index: MatchingWords
) -> None:
    index.publish(1, "Otters.\n", "Rivers.\n", "Zanders.\n", file="Reports/ACME_2017_10K.pdf")
    index.publish(2, "Badgers.\n", file="letter to ann.pdf")
    index.follow_words()

    def splits(query: str) -> list[int]:
        return [split for split, _ in word_index.documents(query, [1, 4]).hits]

    for query in ("acme", "reports 10-K", "2017", "otters", "rivers"):
        assert splits(query) == [1], query
    assert splits("letter") == splits("badgers") == [4]
    assert splits("zanders") == []  # on the third page


def test_a_renamed_file_is_found_by_its_new_name(index: FreshIndex, word_index: MatchingWords) -> None:
    index.publish(1, "Otters.\n", file="before.pdf")
    index.follow_words()
    key = index.catalog.passage_ranges(index.model)[0].document
    index.publisher.settle({index.place("after.pdf"): (FileState(1, 1), key)}, [index.place("before.pdf")])
    assert index.follow_words()
    assert word_index.documents("after", [1]).hits
    assert not word_index.documents("before", [1]).hits
    assert len(word_index) == 1
    index.publisher.settle({index.place("copy.pdf"): (FileState(1, 1), key)}, [])
    index.follow_words()
    assert word_index.documents("copy", [1]).hits
    assert word_index.documents("after", [1]).hits
    index.remove("after.pdf")
    index.follow_words()
    assert not word_index.documents("after", [1]).hits
    index.remove("copy.pdf")
    index.follow_words()
    assert not word_index.documents("otters", [1]).hits


def test_each_document_is_found_by_the_stems_of_its_language(
    index: FreshIndex, word_index: MatchingWords
) -> None:
    index.publish(1, "Die Häuser am Fluss.\n", language="de")
    index.publish(2, "The houses by the river.\n", language="en")
    index.publish(3, "Listening to others.\n", language="en")
    index.follow_words()
    assert index.found(word_index, "Haus") == ["Die Häuser am Fluss."]
    assert index.found(word_index, "house") == ["The houses by the river."]
    assert index.found(word_index, "listen") == ["Listening to others."]
    assert index.found(word_index, "Häusern") == ["Die Häuser am Fluss."]


ODD = ["", " ", "\t\n", "...", "?!", "AND OR NOT", "a:b", "text:otters", '"otters', "'", "((", "[a TO b]"]
ODD += ["+otters -hands", "*", "otters*", "^2", "~", "\\", "\0", "otters\0hands", "IN [1 2]", "🐈", "\ufeff"]
ODD += ["x" * 100_000, "otters " * 20_000, "東" * 5000, "\u0e48", "1e999", "split:0", "\u202eotters", "/a.*/"]


@pytest.mark.parametrize("query", ODD, ids=range(len(ODD)))
def test_no_query_is_an_error(index: FreshIndex, word_index: MatchingWords, query: str) -> None:
    index.publish(1, "Otters hold hands.\n")
    index.follow_words()
    expected = ["Otters hold hands."] if "otters" in query else []
    assert index.found(word_index, query) == expected


@pytest.fixture
def otters(index: FreshIndex) -> FreshIndex:
    index.publish(1, "Otters hold hands.\n")
    index.follow_words()
    return index


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(-1, 20))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])  # it reads files
def test_nor_is_any_text(otters: FreshIndex, query: str, k: int) -> None:
    assert len(otters.word_index().search(query, k).hits) <= max(k, 0)


def test_weights_hold_after_many_documents_were_removed(index: FreshIndex, word_index: MatchingWords) -> None:
    """The engine counts what was removed as long as it has not dropped it; so must the weights."""
    for number in range(1, 68):
        boats = "Ferries and boats." if number > 60 else "Ferries sail."
        index.publish(number, f"{boats if number > 27 else 'Trains run.'} {name(number)}\n")
    index.follow_words()
    index.remove(*(f"{number}.pdf" for number in range(28, 60)))  # less than half: nothing is written anew
    index.follow_words()
    for query in ("ferries", "ferries boats", f"ferries {name(61)}"):
        found = word_index.search(query, 10)
        assert found.most > 0
        assert 0 < found.hits[0][1] <= 2.2 * found.most, query
        assert f"{name(61)}" in index.texts([found.hits[0][0]])[0] or query == "ferries"
        documents = word_index.documents(query, [passage for passage, _ in found.hits])
        assert 0 < documents.hits[0][1] <= 2.2 * documents.most


@pytest.mark.parametrize(
    ("text", "misspelt", "meant"),
    [
        ("The regatta begins at noon.", "regata", "regatta"),
        ("The committee decided.", "comittee", "committee"),
        ("The harbour was dredged.", "harbuor", "harbour"),
        ("The harbour was dredged.", "harbourr", "harbour"),
        ("The harbour was dredged.", "xarbour", "harbour"),
        ("Договор подписан вчера.", "договар", "договор"),
        ("Η θάλασσα είναι ήρεμη.", "θάλασα", "θάλασσα"),
        ("The РАСЕ of work.", "pace", "расе"),  # Cyrillic Р, А, С, Е
    ],
)
def test_a_word_with_a_wrong_letter_is_known(
    index: FreshIndex, word_index: MatchingWords, text: str, misspelt: str, meant: str
) -> None:
    language = "el" if "θ" in text else "ru" if "Д" in text else "en"
    index.publish(1, f"{text}\n", language=language)
    index.follow_words()
    assert word_index.meant(f"the {misspelt} here")[misspelt][0] == meant


@pytest.mark.parametrize(
    "word", ["regattas", "hall", "halls", "regata-7", "zzzzzz", "regatas@example.org", "競艇大会開催"]
)
def test_other_words_stay(index: FreshIndex, word_index: MatchingWords, word: str) -> None:
    index.publish(1, "The regatta ends in a ball.\n")
    index.follow_words()
    assert word not in word_index.meant(f"a {word} b")
