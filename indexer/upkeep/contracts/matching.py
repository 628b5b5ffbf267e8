"""The contract of what matches words: what `MatchingWords` promises, whatever engine it is.

How a text becomes terms is ours (`indexes/terms.py`): an engine stores them and finds them.
"""

from collections.abc import Sequence

import pytest

from indexer.store.publisher import FileState
from indexer.upkeep.contracts.words_shelf import OnAShelf, WordsShelf, name
from stackroom.indexes.matching import page_key

_ODD = ["", " ", "\t\n", "...", "?!", "AND OR NOT", "a:b", "text:otters", '"otters', "'", "((", "[a TO b]"]
_ODD += ["+otters -hands", "*", "otters*", "^2", "~", "\\", "\0", "otters\0hands", "IN [1 2]", "🐈", "\ufeff"]
_ODD += [
    "x" * 100_000,
    "otters " * 20_000,
    "東" * 5000,
    "\u0e48",
    "1e999",
    "split:0",
    "\u202eotters",
    "/a.*/",
]


class MatchingContract(OnAShelf):
    """Inherit from it, and give the fixture `engine`: an empty index of words, new for each test."""

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
        self, shelf: WordsShelf, text: str, queries: list[str]
    ) -> None:
        language = "de" if "Straße" in text or "Fähre" in text else "en"
        shelf.publish(1, f"{text}\nQuite something else.\n", language=language)
        shelf.follow()
        for query in queries:
            assert shelf.found(query)[:1] == [text], query

    @pytest.mark.parametrize(
        ("text", "query"),
        [("東京タワー", "大阪"), ("東京都", "庁"), ("Otters", "ott"), ("cats", "catalogue")],
    )
    def test_other_words_are_not_found(self, shelf: WordsShelf, text: str, query: str) -> None:
        shelf.publish(1, f"{text}\n")
        shelf.follow()
        assert shelf.reader.search(query, 10).hits == []

    def test_the_rarer_word_and_the_more_words_count_more(self, shelf: WordsShelf) -> None:
        rivers = "".join(f"Page about rivers {name(number)}.\n" for number in range(20))
        others = "".join(f"Page about nothing {name(number)}.\n" for number in range(80))
        shelf.publish(1, others + rivers + "Page about zanders alone.\nPage about rivers, zanders.\n")
        shelf.follow()
        assert shelf.found("rivers zanders", 2) == [
            "Page about rivers, zanders.",
            "Page about zanders alone.",
        ]
        scores = [score for _, score in shelf.reader.search("rivers zanders", 100).hits]
        assert len(scores) == 22
        assert scores == sorted(scores, reverse=True)
        assert scores[-1] > 0

    def test_words_that_many_passages_have_count_only_alone(self, shelf: WordsShelf) -> None:
        shelf.publish(1, "".join(f"The page of {name(number)}.\n" for number in range(30)) + "The zander.\n")
        shelf.follow()
        assert shelf.found("the page of the zander", 100) == ["The zander."]
        assert len(shelf.found("the page", 100)) == 31

    def test_equal_ones_come_in_the_order_of_their_ids(self, shelf: WordsShelf) -> None:
        for number in range(1, 9):
            shelf.publish(number, "Otters hold hands.\n")
            shelf.follow()
        hits = shelf.reader.search("otters", 8).hits
        assert [passage for passage, _ in hits] == list(range(1, 9))

    def test_at_most_k_come_back(self, shelf: WordsShelf) -> None:
        shelf.publish(1, "Otters.\n" * 9)
        shelf.follow()
        assert [len(shelf.reader.search("otters", k).hits) for k in (-1, 0, 1, 5, 9, 1000)] == [
            0,
            0,
            1,
            5,
            9,
            9,
        ]

    def test_excluded_splits_are_left_out(self, shelf: WordsShelf) -> None:
        for number in (1, 2, 3):
            shelf.publish(number, f"Otters in {number}.\nMore otters in {number}.\n")
        shelf.follow()
        splits = [split.first for split in shelf.store.catalog.passage_ranges(shelf.store.model)]
        assert splits == [1, 3, 5]

        def passages(within: list[int] | None = None, without: Sequence[int] = ()) -> set[int]:
            hits = shelf.reader.search("otters", 10, within=within, without=without).hits
            return {passage for passage, _ in hits}

        assert passages(without=splits[:1]) == {3, 4, 5, 6}
        assert passages(without=splits) == set()
        assert passages(without=[999]) == {1, 2, 3, 4, 5, 6}
        assert passages(within=splits[1:]) == {3, 4, 5, 6}
        assert passages(within=splits[1:], without=[5]) == {3, 4}
        assert passages(within=[]) == set()

    def test_in_one_moment_nothing_new_is_found(self, shelf: WordsShelf) -> None:
        shelf.publish(1, "Otters sleep.\n")
        shelf.follow()
        with shelf.reader.at_one_moment():
            before = shelf.reader.search("otters", 10)
            shelf.publish(2, "Otters hold hands.\n")
            shelf.follow()
            assert shelf.reader.search("otters", 10) == before
        assert len(shelf.reader.search("otters", 10).hits) == 2
        with shelf.reader.at_one_moment():
            assert len(shelf.reader.search("otters", 10).hits) == 2

    def test_all_documents_score_as_those_that_are_named(self, shelf: WordsShelf) -> None:
        for number in range(1, 31):
            shelf.publish(
                number, f"Otters sleep {name(number % 7)}.\nRivers.\n" if number % 3 else "Foxes.\n"
            )
        shelf.follow()
        everywhere = shelf.reader.documents(f"otters rivers {name(3)}", None)
        firsts = [range_.first for range_ in shelf.store.catalog.passage_ranges(shelf.store.model)]
        assert shelf.reader.documents(f"otters rivers {name(3)}", firsts) == everywhere
        some = shelf.reader.documents(f"otters rivers {name(3)}", firsts[::4])
        assert some.scores
        assert some.scores.items() <= everywhere.scores.items()

    def test_limits_change_no_score(self, shelf: WordsShelf) -> None:
        for number in (1, 2, 3):
            shelf.publish(number, f"Otters in {number}.\nMore otters in rivers {number}.\n")
        shelf.follow()
        everywhere = shelf.reader.search("otters rivers", 10)
        inside = shelf.reader.search("otters rivers", 10, within=[3])
        assert inside.most == everywhere.most
        assert dict(inside.hits).items() <= dict(everywhere.hits).items()
        required = shelf.reader.search("otters rivers", 10, ["more rivers"])
        assert required.hits == [(id_, score) for id_, score in everywhere.hits if id_ % 2 == 0]
        assert shelf.reader.search("otters", 10, ["unicorns"]).hits == []

    def test_what_has_all_words_scores_about_the_most(self, shelf: WordsShelf) -> None:
        shelf.publish(1, "Otters swim in rivers.\n" + "Something else entirely.\n" * 20)
        shelf.follow()
        found = shelf.reader.search("otters rivers", 10)
        assert found.hits[0][1] == pytest.approx(found.most, rel=0.5)
        # A word that nothing has makes all others say less.
        assert shelf.reader.search("otters rivers unicorns", 10).most > 1.4 * found.most
        assert shelf.reader.search("unicorns", 10).hits == []
        assert shelf.reader.search("unicorns", 10).most > 0

    def test_documents_are_found_by_name_author_date_and_first_pages(self, shelf: WordsShelf) -> None:
        shelf.publish(1, "Otters.\n", "Rivers.\n", "Zanders.\n", file="Reports/ACME_2017_10K.pdf")
        shelf.publish(2, "Badgers.\n", file="letter to ann.pdf")
        shelf.follow()

        def splits(query: str) -> list[int]:
            return [split for split, _ in shelf.reader.documents(query, [1, 4]).hits]

        for query in ("acme", "reports 10-K", "2017", "otters", "rivers"):
            assert splits(query) == [1], query
        assert splits("letter") == splits("badgers") == [4]
        assert splits("zanders") == []  # on the third page

    def test_a_renamed_file_is_found_by_its_new_name(self, shelf: WordsShelf) -> None:
        shelf.publish(1, "Otters.\n", file="before.pdf")
        shelf.follow()
        key = shelf.store.catalog.passage_ranges(shelf.store.model)[0].document
        shelf.store.publisher.settle(
            {shelf.store.place("after.pdf"): (FileState(1, 1), key)}, [shelf.store.place("before.pdf")]
        )
        assert shelf.follow()
        assert shelf.reader.documents("after", [1]).hits
        assert not shelf.reader.documents("before", [1]).hits
        assert len(shelf.reader) == 1
        shelf.store.publisher.settle({shelf.store.place("copy.pdf"): (FileState(1, 1), key)}, [])
        shelf.follow()
        assert shelf.reader.documents("copy", [1]).hits
        assert shelf.reader.documents("after", [1]).hits
        shelf.remove("after.pdf")
        shelf.follow()
        assert not shelf.reader.documents("after", [1]).hits
        shelf.remove("copy.pdf")
        shelf.follow()
        assert not shelf.reader.documents("otters", [1]).hits

    def test_each_document_is_found_by_the_stems_of_its_language(self, shelf: WordsShelf) -> None:
        shelf.publish(1, "Die Häuser am Fluss.\n", language="de")
        shelf.publish(2, "The houses by the river.\n", language="en")
        shelf.publish(3, "Listening to others.\n", language="en")
        shelf.follow()
        assert shelf.found("Haus") == ["Die Häuser am Fluss."]
        assert shelf.found("house") == ["The houses by the river."]
        assert shelf.found("listen") == ["Listening to others."]
        assert shelf.found("Häusern") == ["Die Häuser am Fluss."]

    @pytest.mark.parametrize("query", _ODD, ids=range(len(_ODD)))
    def test_no_query_is_an_error(self, shelf: WordsShelf, query: str) -> None:
        shelf.publish(1, "Otters hold hands.\n")
        shelf.follow()
        expected = ["Otters hold hands."] if "otters" in query else []
        assert shelf.found(query) == expected

    def test_weights_hold_after_many_documents_were_removed(self, shelf: WordsShelf) -> None:
        """The engine counts what was removed as long as it has not dropped it; so must the weights."""
        for number in range(1, 68):
            boats = "Ferries and boats." if number > 60 else "Ferries sail."
            shelf.publish(number, f"{boats if number > 27 else 'Trains run.'} {name(number)}\n")
        shelf.follow()
        shelf.remove(
            *(f"{number}.pdf" for number in range(28, 60))
        )  # less than half: nothing is written anew
        shelf.follow()
        for query in ("ferries", "ferries boats", f"ferries {name(61)}"):
            found = shelf.reader.search(query, 10)
            assert found.most > 0
            assert 0 < found.hits[0][1] <= 2.2 * found.most, query
            assert f"{name(61)}" in shelf.texts([found.hits[0][0]])[0] or query == "ferries"
            documents = shelf.reader.documents(query, [passage for passage, _ in found.hits])
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
        self, shelf: WordsShelf, text: str, misspelt: str, meant: str
    ) -> None:
        language = "el" if "θ" in text else "ru" if "Д" in text else "en"
        shelf.publish(1, f"{text}\n", language=language)
        shelf.follow()
        assert shelf.reader.meant(f"the {misspelt} here")[misspelt][0] == meant

    @pytest.mark.parametrize(
        "word", ["regattas", "hall", "halls", "regata-7", "zzzzzz", "regatas@example.org", "競艇大会開催"]
    )
    def test_other_words_stay(self, shelf: WordsShelf, word: str) -> None:
        shelf.publish(1, "The regatta ends in a ball.\n")
        shelf.follow()
        assert word not in shelf.reader.meant(f"a {word} b")

    def test_whole_pages_are_found(self, shelf: WordsShelf) -> None:
        shelf.publish(1, "Otters sleep.\nThey hold hands.\n", "Rivers.\n")
        shelf.publish(2, "Hands of otters.\n", "Otters.\nBadgers.\n")
        shelf.follow()
        found = shelf.reader.pages("otters hands", 10, None).scores
        assert list(found)[:2] in ([page_key(1, 1), page_key(4, 1)], [page_key(4, 1), page_key(1, 1)])
        assert list(found)[2:] == [page_key(4, 2)]
        assert list(shelf.reader.pages("otters hands", 10, [4]).scores) == [page_key(4, 1), page_key(4, 2)]
        assert len(shelf.reader.pages("otters hands", 1, None).scores) == 1
        assert shelf.reader.pages("otters", 10, []).scores == {}

    def test_documents_are_found_by_their_names_alone(self, shelf: WordsShelf) -> None:
        shelf.publish(1, "Otters.\n", file="annual report 2017.pdf")
        shelf.publish(2, "The annual report.\n", file="letter.pdf")
        shelf.follow()
        assert list(shelf.reader.names("annual report", 10).scores) == [1]
        assert shelf.reader.names("otters", 10).scores == {}
        assert shelf.reader.names("letter report", 1).hits != []

    def test_the_languages_are_known(self, shelf: WordsShelf) -> None:
        assert shelf.reader.languages() == []
        shelf.publish(1, "Die Häuser am Fluss.\n", language="de")
        shelf.publish(2, "The houses by the river.\n", language="en")
        shelf.follow()
        assert sorted(shelf.reader.languages()) == ["de", "en"]
        shelf.remove("1.pdf")
        shelf.publish(3, "Les maisons.\n", language="fr")
        shelf.follow()
        assert {"en", "fr"} <= {*shelf.reader.languages()}
