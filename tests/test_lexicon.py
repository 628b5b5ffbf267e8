"""The index of words: it finds what the catalogue has, whatever was done to it in the meantime."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fresh_index import FreshIndex, fingerprint, name
from indexer.passages.words_writer import LexiconWriter
from indexer.upkeep.check_words import audit
from shelf import Shelf
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import Model, PassageText
from stackroom.common.errors import CatalogUnusable
from stackroom.indexes.words import DOCUMENTS, PASSAGES, Lexicon, dead_share, open_index


@pytest.fixture
def memory_path(tmp_path: Path) -> Path:
    """The disk: a file system in memory never gives a new file the number of one that was deleted."""
    return tmp_path


# Following the catalogue


def test_words_are_found_once_they_are_followed(index: FreshIndex, lexicon: Lexicon) -> None:
    assert lexicon.search("otters", 10).hits == []
    assert len(lexicon) == 0
    index.publish(1, "Otters hold hands.\nBadgers dig.\n", "", "Foxes trot.\n")
    assert lexicon.search("otters", 10).hits == []
    assert index.follow_words()
    assert index.found(lexicon, "otters") == ["Otters hold hands."]
    assert index.found(lexicon, "foxes badgers") == ["Badgers dig.", "Foxes trot."]
    assert len(lexicon) == 3


def test_following_again_adds_nothing(index: FreshIndex, lexicon: Lexicon) -> None:
    index.publish(1, "Otters hold hands.\n")
    with closing(LexiconWriter(index.words)) as writer:
        assert writer.follow(index.catalog)
        assert not writer.follow(index.catalog)
    assert not index.follow_words()
    assert len(lexicon) == 1
    assert len(lexicon.search("otters", 10).hits) == 1


def test_one_writer_follows_many_times(index: FreshIndex, lexicon: Lexicon) -> None:
    with closing(LexiconWriter(index.words)) as writer:
        for number in range(1, 31):
            index.publish(number, f"Otters {name(number)}.\n")
            assert writer.follow(index.catalog)
            assert index.found(lexicon, f"{name(number)}") == [f"Otters {name(number)}."]
            assert len(lexicon) == number
    assert len(lexicon.search("otters", 100).hits) == 30


def test_what_cannot_be_written_is_told(index: FreshIndex, lexicon: Lexicon) -> None:
    index.publish(1, "Otters hold hands.\n")
    with closing(LexiconWriter(index.words)) as first, closing(LexiconWriter(index.words)) as second:
        assert first.follow(index.catalog)
        with pytest.raises(CatalogUnusable, match="index of words cannot be written"):
            second.follow(index.catalog)
    assert index.found(lexicon, "otters") == ["Otters hold hands."]


def test_removed_words_are_not_found(index: FreshIndex, lexicon: Lexicon) -> None:
    index.publish(1, "Otters hold hands.\nBadgers dig.\n")
    index.publish(2, "Otters sleep.\n")
    index.follow_words()
    index.remove("1.pdf")
    assert index.follow_words()
    assert index.found(lexicon, "otters") == ["Otters sleep."]
    assert lexicon.search("badgers", 10).hits == []
    assert len(lexicon) == 1


def test_what_came_and_went_between_two_times_is_not_found(index: FreshIndex, lexicon: Lexicon) -> None:
    index.follow_words()
    index.publish(1, "Otters hold hands.\n")
    index.publish(2, "Otters sleep.\n")
    index.remove("1.pdf")
    index.follow_words()
    assert index.found(lexicon, "otters") == ["Otters sleep."]
    assert len(lexicon) == 1


def test_a_changed_document_is_found_by_its_new_words(index: FreshIndex, lexicon: Lexicon) -> None:
    index.publish(1, "Otters hold hands.\nBadgers dig.\n", file="a.pdf")
    index.follow_words()
    index.publish(2, "Otters hold hands.\nFoxes trot.\n", file="a.pdf")
    index.follow_words()
    assert lexicon.search("badgers", 10).hits == []
    assert index.found(lexicon, "foxes") == ["Foxes trot."]
    assert index.found(lexicon, "otters") == ["Otters hold hands."]
    assert len(lexicon) == 2


def test_removing_everything_leaves_nothing(index: FreshIndex, lexicon: Lexicon) -> None:
    index.publish(1, "Otters hold hands.\n")
    index.follow_words()
    index.remove("1.pdf")
    index.follow_words()
    assert lexicon.search("otters", 10).hits == []
    assert len(lexicon) == 0
    index.publish(3, "Otters are back.\n")
    index.follow_words()
    assert index.found(lexicon, "otters") == ["Otters are back."]


def test_another_model_s_passages_take_the_place_of_all(index: FreshIndex, lexicon: Lexicon) -> None:
    index.publish(1, "Otters hold hands.\n")
    index.publish(2, "Badgers dig holes.\n")
    index.follow_words()
    new = index.publisher.add_model(fingerprint("new"))
    index.split_for(new)
    assert not index.follow_words()  # nobody searches the new one's passages yet
    before = [passage for passage, _ in lexicon.search("otters badgers", 10).hits]
    index.publisher.switch_model(new)
    assert index.follow_words()
    after = [passage for passage, _ in lexicon.search("otters badgers", 10).hits]
    assert index.texts(after) == ["Otters hold hands.", "Badgers dig holes."]
    assert not set(before) & set(after)
    assert sorted(after) == [passage.passage for passage in index.catalog.words(new)]
    assert len(lexicon) == 2


# Damage


def test_a_deleted_folder_is_built_again(index: FreshIndex, lexicon: Lexicon) -> None:
    index.publish(1, "Otters hold hands.\nBadgers dig.\n")
    index.follow_words()
    assert len(lexicon) == 2
    shutil.rmtree(index.words)
    assert lexicon.search("otters", 10).hits == []
    assert index.follow_words()
    assert index.found(lexicon, "otters") == ["Otters hold hands."]
    assert len(lexicon) == 2


@pytest.mark.parametrize("content", ["", "{", "[]", '{"segments": []}', "\0" * 300])
def test_damaged_metadata_is_built_again(index: FreshIndex, lexicon: Lexicon, content: str) -> None:
    index.publish(1, "Otters hold hands.\nBadgers dig.\n")
    index.follow_words()
    assert len(lexicon) == 2
    (index.words / PASSAGES / "meta.json").write_text(content)
    assert index.follow_words()
    for reader in (lexicon, Lexicon(index.words)):
        assert index.found(reader, "otters") == ["Otters hold hands."]
        assert len(reader) == 2


def test_a_missing_file_is_built_again(index: FreshIndex, lexicon: Lexicon) -> None:
    index.publish(1, "Otters hold hands.\nBadgers dig.\n")
    index.follow_words()
    for path in index.words.rglob("*.term"):
        path.unlink()
    assert index.follow_words()
    assert index.found(lexicon, "otters") == ["Otters hold hands."]
    assert len(lexicon) == 2


def test_a_log_with_gaps_is_made_up_for(index: FreshIndex, lexicon: Lexicon) -> None:
    index.publish(1, "Otters hold hands.\n")
    index.follow_words()
    index.publish(2, "Badgers dig.\n")
    index.publish(3, "Foxes trot.\n")
    index.remove("1.pdf")
    with closing(sqlite3.connect(index.path)) as db, db:  # as trim_changes does after ten thousand
        db.execute("DELETE FROM changes WHERE seq < (SELECT max(seq) FROM changes)")
    assert index.catalog.changes_since(1) is None
    assert index.follow_words()
    assert index.found(lexicon, "otters badgers foxes") == ["Badgers dig.", "Foxes trot."]
    assert len(lexicon) == 2


def test_an_older_catalogue_put_back_is_followed(index: FreshIndex, lexicon: Lexicon, tmp_path: Path) -> None:
    other = FreshIndex(tmp_path / "other")
    other.publish(7, "Foxes trot.\n")
    for number in range(1, 6):
        index.publish(number, f"Otters {name(number)}.\n")
    index.follow_words()
    assert len(lexicon) == 5
    with closing(LexiconWriter(index.words)) as writer:
        assert writer.follow(other.catalog)
    assert other.found(lexicon, "otters foxes") == ["Foxes trot."]
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
    index.follow_words()
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
    assert index.found(lexicon, name(2)) == []
    assert len(lexicon) == 1
    assert index.follow_words()
    assert len(lexicon) == 4
    expected = [f"Otters {name(number)}." for number in (2, 3, 4, 5)]
    assert sorted(index.found(lexicon, "otters")) == expected


def test_the_folder_is_replaced_under_a_reader(index: FreshIndex, lexicon: Lexicon) -> None:
    for number in range(1, 6):
        index.publish(number, f"Otters {name(number)}.\n")
        index.follow_words()
        assert len(lexicon) == number
        shutil.rmtree(index.words)
        assert index.follow_words()
        assert index.found(lexicon, f"{name(number)}") == [f"Otters {name(number)}."]
        assert len(lexicon) == number


def test_the_bookmark_is_not_found(index: FreshIndex, lexicon: Lexicon) -> None:
    index.follow_words()
    assert len(lexicon) == 0
    index.publish(1, "0\n")
    index.follow_words()
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


# What is removed


def entries(index: FreshIndex, folder: str = PASSAGES) -> tuple[int, int]:
    """How many entries an index has, and how many of them are dead."""
    opened = open_index(index.words / folder)
    opened.reload()
    return opened.searcher().num_docs, dead_share(opened)[0]


def test_an_index_that_is_mostly_dead_is_written_anew(index: FreshIndex, lexicon: Lexicon) -> None:
    for number in range(1, 68):
        index.publish(number, f"Otters {name(number)}.\n")
    index.follow_words()
    index.remove(*(f"{number}.pdf" for number in range(1, 30)))
    index.follow_words()
    assert entries(index) == (39, 30)  # one of each is a bookmark
    index.remove(*(f"{number}.pdf" for number in range(30, 61)))
    index.follow_words()
    for folder in (PASSAGES, DOCUMENTS):
        assert entries(index, folder) == (8, 0)
    assert sorted(index.found(lexicon, "otters")) == [f"Otters {name(number)}." for number in range(61, 68)]
    assert audit(index.words, index.catalog) == ([], False)
    assert not list(index.words.glob("*.rewriting"))


def test_a_large_one_is_written_anew_bit_by_bit(index: FreshIndex, lexicon: Lexicon) -> None:
    for number in range(1, 14):
        index.publish(number, "".join(f"Otters {name(number)} {line}.\n" for line in range(500)))
    index.follow_words()
    index.remove(*(f"{number}.pdf" for number in range(1, 8)))
    assert index.follow_words()
    assert entries(index)[1] > 0
    assert list(index.words.glob("*.rewriting"))
    index.publish(20, "Badgers dig.\n")  # what is new does not wait for the rest
    assert index.follow_words()
    assert index.found(lexicon, "badgers") == ["Badgers dig."]
    index.follow_words()
    assert entries(index) == (6 * 500 + 2, 1)
    assert not list(index.words.glob("*.rewriting"))
    assert audit(index.words, index.catalog) == ([], False)
    assert len(lexicon.search("otters", 5000).hits) == 3000


@pytest.mark.parametrize("words_left", [0, 3])
def test_what_was_being_written_anew_is_not_lost(
    index: FreshIndex, lexicon: Lexicon, words_left: int
) -> None:
    for number in range(1, 40):
        index.publish(number, f"Otters {name(number)}.\n")
    index.follow_words()
    index.remove(*(f"{number}.pdf" for number in range(1, 33)))
    with DyingCatalog(index.path) as dying, closing(LexiconWriter(index.words)) as writer:
        dying.words_left = words_left
        with pytest.raises(CatalogUnusable):
            writer.follow(dying)
        index.publish(50, "Badgers dig.\n")
        assert writer.follow(index.catalog)
    assert len(lexicon.search("otters", 100).hits) == 7
    assert entries(index)[0] == 9
    assert audit(index.words, index.catalog) == ([], False)
