"""The index of words: it finds what the catalogue has, whatever was done to it in the meantime."""

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fresh_index import FreshIndex, fingerprint
from indexer.publish import FileState
from shelf import Shelf
from stackroom.catalog import Catalog
from stackroom.errors import CatalogUnusable
from stackroom.lexicon import PASSAGES, Lexicon
from stackroom.lexicon_audit import audit
from stackroom.lexicon_writer import LexiconWriter
from stackroom.records import Model, PassageText


@pytest.fixture
def index(tmp_path: Path) -> Iterator[FreshIndex]:
    index = FreshIndex(tmp_path)
    yield index
    index.close()


@pytest.fixture
def lexicon(index: FreshIndex) -> Lexicon:
    """A reader, as a server has it: opened before there is anything to read."""
    return Lexicon(index.words)


def name(number: int) -> str:
    """A word of its own for each number; digits would be a second word."""
    return f"number{'abcdefghij'[number // 10]}{'abcdefghij'[number % 10]}x"


def follow(index: FreshIndex) -> bool:
    with closing(LexiconWriter(index.words)) as writer:
        return writer.follow(index.catalog)


def found(index: FreshIndex, lexicon: Lexicon, query: str, k: int = 10) -> list[str]:
    return index.texts([passage for passage, _ in lexicon.search(query, k).hits])


# Following the catalogue


def test_words_are_found_once_they_are_followed(index: FreshIndex, lexicon: Lexicon) -> None:
    assert lexicon.search("otters", 10).hits == []
    assert len(lexicon) == 0
    index.publish(1, "Otters hold hands.\nBadgers dig.\n", "", "Foxes trot.\n")
    assert lexicon.search("otters", 10).hits == []
    assert follow(index)
    assert found(index, lexicon, "otters") == ["Otters hold hands."]
    assert found(index, lexicon, "foxes badgers") == ["Badgers dig.", "Foxes trot."]
    assert len(lexicon) == 3


def test_following_again_adds_nothing(index: FreshIndex, lexicon: Lexicon) -> None:
    index.publish(1, "Otters hold hands.\n")
    with closing(LexiconWriter(index.words)) as writer:
        assert writer.follow(index.catalog)
        assert not writer.follow(index.catalog)
    assert not follow(index)
    assert len(lexicon) == 1
    assert len(lexicon.search("otters", 10).hits) == 1


def test_one_writer_follows_many_times(index: FreshIndex, lexicon: Lexicon) -> None:
    with closing(LexiconWriter(index.words)) as writer:
        for number in range(1, 31):
            index.publish(number, f"Otters {name(number)}.\n")
            assert writer.follow(index.catalog)
            assert found(index, lexicon, f"{name(number)}") == [f"Otters {name(number)}."]
            assert len(lexicon) == number
    assert len(lexicon.search("otters", 100).hits) == 30


def test_what_cannot_be_written_is_told(index: FreshIndex, lexicon: Lexicon) -> None:
    index.publish(1, "Otters hold hands.\n")
    with closing(LexiconWriter(index.words)) as first, closing(LexiconWriter(index.words)) as second:
        assert first.follow(index.catalog)
        with pytest.raises(CatalogUnusable, match="index of words cannot be written"):
            second.follow(index.catalog)
    assert found(index, lexicon, "otters") == ["Otters hold hands."]


def test_removed_words_are_not_found(index: FreshIndex, lexicon: Lexicon) -> None:
    index.publish(1, "Otters hold hands.\nBadgers dig.\n")
    index.publish(2, "Otters sleep.\n")
    follow(index)
    index.remove("1.pdf")
    assert follow(index)
    assert found(index, lexicon, "otters") == ["Otters sleep."]
    assert lexicon.search("badgers", 10).hits == []
    assert len(lexicon) == 1


def test_what_came_and_went_between_two_times_is_not_found(index: FreshIndex, lexicon: Lexicon) -> None:
    follow(index)
    index.publish(1, "Otters hold hands.\n")
    index.publish(2, "Otters sleep.\n")
    index.remove("1.pdf")
    follow(index)
    assert found(index, lexicon, "otters") == ["Otters sleep."]
    assert len(lexicon) == 1


def test_a_changed_document_is_found_by_its_new_words(index: FreshIndex, lexicon: Lexicon) -> None:
    index.publish(1, "Otters hold hands.\nBadgers dig.\n", file="a.pdf")
    follow(index)
    index.publish(2, "Otters hold hands.\nFoxes trot.\n", file="a.pdf")
    follow(index)
    assert lexicon.search("badgers", 10).hits == []
    assert found(index, lexicon, "foxes") == ["Foxes trot."]
    assert found(index, lexicon, "otters") == ["Otters hold hands."]
    assert len(lexicon) == 2


def test_removing_everything_leaves_nothing(index: FreshIndex, lexicon: Lexicon) -> None:
    index.publish(1, "Otters hold hands.\n")
    follow(index)
    index.remove("1.pdf")
    follow(index)
    assert lexicon.search("otters", 10).hits == []
    assert len(lexicon) == 0
    index.publish(3, "Otters are back.\n")
    follow(index)
    assert found(index, lexicon, "otters") == ["Otters are back."]


def test_another_model_s_passages_take_the_place_of_all(index: FreshIndex, lexicon: Lexicon) -> None:
    index.publish(1, "Otters hold hands.\n")
    index.publish(2, "Badgers dig holes.\n")
    follow(index)
    new = index.publisher.add_model(fingerprint("new"))
    index.split_for(new)
    assert not follow(index)  # nobody searches the new one's passages yet
    before = [passage for passage, _ in lexicon.search("otters badgers", 10).hits]
    index.publisher.switch_model(new)
    assert follow(index)
    after = [passage for passage, _ in lexicon.search("otters badgers", 10).hits]
    assert index.texts(after) == ["Otters hold hands.", "Badgers dig holes."]
    assert not set(before) & set(after)
    assert sorted(after) == [passage.passage for passage in index.catalog.words(new)]
    assert len(lexicon) == 2


# Damage


def test_a_deleted_folder_is_built_again(index: FreshIndex, lexicon: Lexicon) -> None:
    index.publish(1, "Otters hold hands.\nBadgers dig.\n")
    follow(index)
    assert len(lexicon) == 2
    shutil.rmtree(index.words)
    assert lexicon.search("otters", 10).hits == []
    assert follow(index)
    assert found(index, lexicon, "otters") == ["Otters hold hands."]
    assert len(lexicon) == 2


@pytest.mark.parametrize("content", ["", "{", "[]", '{"segments": []}', "\0" * 300])
def test_damaged_metadata_is_built_again(index: FreshIndex, lexicon: Lexicon, content: str) -> None:
    index.publish(1, "Otters hold hands.\nBadgers dig.\n")
    follow(index)
    assert len(lexicon) == 2
    (index.words / PASSAGES / "meta.json").write_text(content)
    assert follow(index)
    for reader in (lexicon, Lexicon(index.words)):
        assert found(index, reader, "otters") == ["Otters hold hands."]
        assert len(reader) == 2


def test_a_missing_file_is_built_again(index: FreshIndex, lexicon: Lexicon) -> None:
    index.publish(1, "Otters hold hands.\nBadgers dig.\n")
    follow(index)
    for path in index.words.rglob("*.term"):
        path.unlink()
    assert follow(index)
    assert found(index, lexicon, "otters") == ["Otters hold hands."]
    assert len(lexicon) == 2


def test_a_log_with_gaps_is_made_up_for(index: FreshIndex, lexicon: Lexicon) -> None:
    index.publish(1, "Otters hold hands.\n")
    follow(index)
    index.publish(2, "Badgers dig.\n")
    index.publish(3, "Foxes trot.\n")
    index.remove("1.pdf")
    with closing(sqlite3.connect(index.path)) as db, db:  # as trim_changes does after ten thousand
        db.execute("DELETE FROM changes WHERE seq < (SELECT max(seq) FROM changes)")
    assert index.catalog.changes_since(1) is None
    assert follow(index)
    assert found(index, lexicon, "otters badgers foxes") == ["Badgers dig.", "Foxes trot."]
    assert len(lexicon) == 2


def test_an_older_catalogue_put_back_is_followed(index: FreshIndex, lexicon: Lexicon, tmp_path: Path) -> None:
    other = FreshIndex(tmp_path / "other")
    other.publish(7, "Foxes trot.\n")
    for number in range(1, 6):
        index.publish(number, f"Otters {name(number)}.\n")
    follow(index)
    assert len(lexicon) == 5
    with closing(LexiconWriter(index.words)) as writer:
        assert writer.follow(other.catalog)
    assert found(other, lexicon, "otters foxes") == ["Foxes trot."]
    assert len(lexicon) == 1
    other.close()


class DyingCatalog(Catalog):
    """Its disk fails once `words_left` passages have been read."""

    words_left = 0

    def words(self, model: Model, first: int = 0, last: int = 2**63 - 1) -> Iterator[PassageText]:
        """See `Catalog`."""
        for passage in super().words(model, first, last):
            if not self.words_left:
                raise CatalogUnusable("The disk is gone.")
            self.words_left -= 1
            yield passage


@pytest.mark.parametrize("words_left", [0, 1, 3])
@pytest.mark.parametrize("closed", [True, False])
def test_what_was_not_committed_is_taken_in_once(
    index: FreshIndex, lexicon: Lexicon, words_left: int, *, closed: bool
) -> None:
    index.publish(1, f"Otters {name(1)}.\n")
    follow(index)
    index.publish(2, f"Otters {name(2)}.\nOtters {name(3)}.\n")
    index.publish(3, f"Otters {name(4)}.\nOtters {name(5)}.\n")
    index.remove("1.pdf")
    with DyingCatalog(index.path) as dying:
        dying.words_left = words_left
        writer = LexiconWriter(index.words)
        try:
            writer.follow(dying)
        except CatalogUnusable:
            pass
        else:
            pytest.fail("the disk did not fail")
        if closed:
            writer.close()
        del writer
    assert found(index, lexicon, name(2)) == []
    assert len(lexicon) == 1
    assert follow(index)
    assert len(lexicon) == 4
    expected = [f"Otters {name(number)}." for number in (2, 3, 4, 5)]
    assert sorted(found(index, lexicon, "otters")) == expected


def test_the_folder_is_replaced_under_a_reader(index: FreshIndex, lexicon: Lexicon) -> None:
    for number in range(1, 6):
        index.publish(number, f"Otters {name(number)}.\n")
        follow(index)
        assert len(lexicon) == number
        shutil.rmtree(index.words)
        assert follow(index)
        assert found(index, lexicon, f"{name(number)}") == [f"Otters {name(number)}."]
        assert len(lexicon) == number


# Words


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
    index: FreshIndex, lexicon: Lexicon, text: str, queries: list[str]
) -> None:
    language = "de" if "Straße" in text or "Fähre" in text else "en"
    index.publish(1, f"{text}\nQuite something else.\n", language=language)
    follow(index)
    for query in queries:
        assert found(index, lexicon, query)[:1] == [text], query


@pytest.mark.parametrize(
    ("text", "query"), [("東京タワー", "大阪"), ("東京都", "庁"), ("Otters", "ott"), ("cats", "catalogue")]
)
def test_other_words_are_not_found(index: FreshIndex, lexicon: Lexicon, text: str, query: str) -> None:
    index.publish(1, f"{text}\n")
    follow(index)
    assert lexicon.search(query, 10).hits == []


def test_the_rarer_word_and_the_more_words_count_more(index: FreshIndex, lexicon: Lexicon) -> None:
    rivers = "".join(f"Page about rivers {name(number)}.\n" for number in range(20))
    others = "".join(f"Page about nothing {name(number)}.\n" for number in range(80))
    index.publish(1, others + rivers + "Page about zanders alone.\nPage about rivers, zanders.\n")
    follow(index)
    assert found(index, lexicon, "rivers zanders", 2) == [
        "Page about rivers, zanders.",
        "Page about zanders alone.",
    ]
    scores = [score for _, score in lexicon.search("rivers zanders", 100).hits]
    assert len(scores) == 22
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] > 0


def test_words_that_many_passages_have_count_only_alone(index: FreshIndex, lexicon: Lexicon) -> None:
    index.publish(1, "".join(f"The page of {name(number)}.\n" for number in range(30)) + "The zander.\n")
    follow(index)
    assert found(index, lexicon, "the page of the zander", 100) == ["The zander."]
    assert len(found(index, lexicon, "the page", 100)) == 31


def test_equal_ones_come_in_the_order_of_their_ids(index: FreshIndex, lexicon: Lexicon) -> None:
    for number in range(1, 9):
        index.publish(number, "Otters hold hands.\n")
        follow(index)
    hits = lexicon.search("otters", 8).hits
    assert [passage for passage, _ in hits] == list(range(1, 9))


def test_at_most_k_come_back(index: FreshIndex, lexicon: Lexicon) -> None:
    index.publish(1, "Otters.\n" * 9)
    follow(index)
    assert [len(lexicon.search("otters", k).hits) for k in (-1, 0, 1, 5, 9, 1000)] == [0, 0, 1, 5, 9, 9]


def test_excluded_splits_are_left_out(index: FreshIndex, lexicon: Lexicon) -> None:
    for number in (1, 2, 3):
        index.publish(number, f"Otters in {number}.\nMore otters in {number}.\n")
    follow(index)
    splits = [split.first for split in index.catalog.splits(index.model)]
    assert splits == [1, 3, 5]

    def passages(within: list[int] | None = None, without: Sequence[int] = ()) -> set[int]:
        hits = lexicon.search("otters", 10, within=within, without=without).hits
        return {passage for passage, _ in hits}

    assert passages(without=splits[:1]) == {3, 4, 5, 6}
    assert passages(without=splits) == set()
    assert passages(without=[999]) == {1, 2, 3, 4, 5, 6}
    assert passages(within=splits[1:]) == {3, 4, 5, 6}
    assert passages(within=splits[1:], without=[5]) == {3, 4}
    assert passages(within=[]) == set()


def test_limits_change_no_score(index: FreshIndex, lexicon: Lexicon) -> None:
    for number in (1, 2, 3):
        index.publish(number, f"Otters in {number}.\nMore otters in rivers {number}.\n")
    follow(index)
    everywhere = lexicon.search("otters rivers", 10)
    inside = lexicon.search("otters rivers", 10, within=[3])
    assert inside.most == everywhere.most
    assert dict(inside.hits).items() <= dict(everywhere.hits).items()
    required = lexicon.search("otters rivers", 10, ["more rivers"])
    assert required.hits == [(id_, score) for id_, score in everywhere.hits if id_ % 2 == 0]
    assert lexicon.search("otters", 10, ["unicorns"]).hits == []


def test_what_has_all_words_scores_about_the_most(index: FreshIndex, lexicon: Lexicon) -> None:
    index.publish(1, "Otters swim in rivers.\n" + "Something else entirely.\n" * 20)
    follow(index)
    found = lexicon.search("otters rivers", 10)
    assert found.hits[0][1] == pytest.approx(found.most, rel=0.5)
    # A word that nothing has makes all others say less.
    assert lexicon.search("otters rivers unicorns", 10).most > 1.4 * found.most
    assert lexicon.search("unicorns", 10).hits == []
    assert lexicon.search("unicorns", 10).most > 0


def test_documents_are_found_by_name_author_date_and_first_pages(index: FreshIndex, lexicon: Lexicon) -> None:
    index.publish(1, "Otters.\n", "Rivers.\n", "Zanders.\n", file="Reports/ACME_2017_10K.pdf")
    index.publish(2, "Badgers.\n", file="letter to ann.pdf")
    follow(index)

    def splits(query: str) -> list[int]:
        return [split for split, _ in lexicon.documents(query, [1, 4]).hits]

    for query in ("acme", "reports 10-K", "2017", "otters", "rivers"):
        assert splits(query) == [1], query
    assert splits("letter") == splits("badgers") == [4]
    assert splits("zanders") == []  # on the third page


def test_a_renamed_file_is_found_by_its_new_name(index: FreshIndex, lexicon: Lexicon) -> None:
    index.publish(1, "Otters.\n", file="before.pdf")
    follow(index)
    key = index.catalog.splits(index.model)[0].document
    index.publisher.settle({index.place("after.pdf"): (FileState(1, 1), key)}, [index.place("before.pdf")])
    assert follow(index)
    assert lexicon.documents("after", [1]).hits
    assert not lexicon.documents("before", [1]).hits
    assert len(lexicon) == 1
    index.publisher.settle({index.place("copy.pdf"): (FileState(1, 1), key)}, [])
    follow(index)
    assert lexicon.documents("copy", [1]).hits
    assert lexicon.documents("after", [1]).hits
    index.remove("after.pdf")
    follow(index)
    assert not lexicon.documents("after", [1]).hits
    index.remove("copy.pdf")
    follow(index)
    assert not lexicon.documents("otters", [1]).hits


def test_each_document_is_found_by_the_stems_of_its_language(index: FreshIndex, lexicon: Lexicon) -> None:
    index.publish(1, "Die Häuser am Fluss.\n", language="de")
    index.publish(2, "The houses by the river.\n", language="en")
    index.publish(3, "Listening to others.\n", language="en")
    follow(index)
    assert found(index, lexicon, "Haus") == ["Die Häuser am Fluss."]
    assert found(index, lexicon, "house") == ["The houses by the river."]
    assert found(index, lexicon, "listen") == ["Listening to others."]
    assert found(index, lexicon, "Häusern") == ["Die Häuser am Fluss."]


ODD = ["", " ", "\t\n", "...", "?!", "AND OR NOT", "a:b", "text:otters", '"otters', "'", "((", "[a TO b]"]
ODD += ["+otters -hands", "*", "otters*", "^2", "~", "\\", "\0", "otters\0hands", "IN [1 2]", "🐈", "\ufeff"]
ODD += ["x" * 100_000, "otters " * 20_000, "東" * 5000, "\u0e48", "1e999", "split:0", "\u202eotters", "/a.*/"]


@pytest.mark.parametrize("query", ODD, ids=range(len(ODD)))
def test_no_query_is_an_error(index: FreshIndex, lexicon: Lexicon, query: str) -> None:
    index.publish(1, "Otters hold hands.\n")
    follow(index)
    expected = ["Otters hold hands."] if "otters" in query else []
    assert found(index, lexicon, query) == expected


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(-1, 20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nor_is_any_text(index: FreshIndex, query: str, k: int) -> None:
    if not index.words.exists():
        index.publish(1, "Otters hold hands.\n")
        follow(index)
    assert len(Lexicon(index.words).search(query, k).hits) <= max(k, 0)


def test_the_bookmark_is_not_found(index: FreshIndex, lexicon: Lexicon) -> None:
    follow(index)
    assert len(lexicon) == 0
    index.publish(1, "0\n")
    follow(index)
    assert [passage for passage, _ in lexicon.search("0 1 2 bookmark", 10).hits] == [1]


def test_a_commit_that_was_never_finished_is_no_hindrance(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, words=False)  # so that all get into one segment

    def follow() -> None:
        with Catalog(shelf.path) as catalog, closing(LexiconWriter(shelf.words)) as lexicon:
            lexicon.follow(catalog)

    for number in range(3):
        shelf.add(number, f"otter {number}\n")
    shelf.close()
    follow()
    metas = {folder: (folder / "meta.json").read_bytes() for folder in shelf.words.iterdir()}

    with closing(sqlite3.connect(shelf.path)) as db:
        db.execute("DELETE FROM passages WHERE id = 1")
        db.execute("DELETE FROM splits WHERE first = 1")
        db.execute("INSERT INTO changes (kind, first, last) VALUES ('removed', 1, 1)")
        db.commit()
    follow()
    for folder, meta in metas.items():  # killed when all was written but this
        (folder / "meta.json").write_bytes(meta)
    follow()
    assert len(Lexicon(shelf.words)) == 2
    with Catalog(shelf.path) as catalog:
        assert audit(shelf.words, catalog) == ([], False)
