"""The index of words: it finds what the catalogue has, whatever was done to it in the meantime."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import tantivy

from fresh_index import FreshIndex, fingerprint, name
from indexer.passages.words_writer import WordsWriter, bookmark_id
from indexer.upkeep.check_words import audit
from shelf import Shelf
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import Model, PassageText
from stackroom.common.errors import CatalogUnusable
from stackroom.indexes.words import DOCUMENTS, PAGES, PASSAGES, WordIndex, dead_share, open_index


@pytest.fixture
def tmp_path(disk_path: Path) -> Path:
    """The disk: files take the place of others here."""
    return disk_path


# Following the catalogue


def test_words_are_found_once_they_are_followed(index: FreshIndex, word_index: WordIndex) -> None:
    assert word_index.search("otters", 10).hits == []
    assert len(word_index) == 0
    index.publish(1, "Otters hold hands.\nBadgers dig.\n", "", "Foxes trot.\n")
    assert word_index.search("otters", 10).hits == []
    assert index.follow_words()
    assert index.found(word_index, "otters") == ["Otters hold hands."]
    assert index.found(word_index, "foxes badgers") == ["Badgers dig.", "Foxes trot."]
    assert len(word_index) == 3


def test_following_again_adds_nothing(index: FreshIndex, word_index: WordIndex) -> None:
    index.publish(1, "Otters hold hands.\n")
    with closing(WordsWriter(index.words)) as writer:
        assert writer.follow(index.catalog)
        assert not writer.follow(index.catalog)
    assert not index.follow_words()
    assert len(word_index) == 1
    assert len(word_index.search("otters", 10).hits) == 1


def test_one_writer_follows_many_times(index: FreshIndex, word_index: WordIndex) -> None:
    with closing(WordsWriter(index.words)) as writer:
        for number in range(1, 31):
            index.publish(number, f"Otters {name(number)}.\n")
            assert writer.follow(index.catalog)
            assert index.found(word_index, f"{name(number)}") == [f"Otters {name(number)}."]
            assert len(word_index) == number
    assert len(word_index.search("otters", 100).hits) == 30


def test_what_cannot_be_written_is_told(index: FreshIndex, word_index: WordIndex) -> None:
    index.publish(1, "Otters hold hands.\n")
    with closing(WordsWriter(index.words)) as first, closing(WordsWriter(index.words)) as second:
        assert first.follow(index.catalog)
        with pytest.raises(CatalogUnusable, match="index of words cannot be written"):
            second.follow(index.catalog)
    assert index.found(word_index, "otters") == ["Otters hold hands."]


def test_removed_words_are_not_found(index: FreshIndex, word_index: WordIndex) -> None:
    index.publish(1, "Otters hold hands.\nBadgers dig.\n")
    index.publish(2, "Otters sleep.\n")
    index.follow_words()
    index.remove("1.pdf")
    assert index.follow_words()
    assert index.found(word_index, "otters") == ["Otters sleep."]
    assert word_index.search("badgers", 10).hits == []
    assert len(word_index) == 1


def test_what_came_and_went_between_two_times_is_not_found(index: FreshIndex, word_index: WordIndex) -> None:
    index.follow_words()
    index.publish(1, "Otters hold hands.\n")
    index.publish(2, "Otters sleep.\n")
    index.remove("1.pdf")
    index.follow_words()
    assert index.found(word_index, "otters") == ["Otters sleep."]
    assert len(word_index) == 1


def test_a_changed_document_is_found_by_its_new_words(index: FreshIndex, word_index: WordIndex) -> None:
    index.publish(1, "Otters hold hands.\nBadgers dig.\n", file="a.pdf")
    index.follow_words()
    index.publish(2, "Otters hold hands.\nFoxes trot.\n", file="a.pdf")
    index.follow_words()
    assert word_index.search("badgers", 10).hits == []
    assert index.found(word_index, "foxes") == ["Foxes trot."]
    assert index.found(word_index, "otters") == ["Otters hold hands."]
    assert len(word_index) == 2


def test_removing_everything_leaves_nothing(index: FreshIndex, word_index: WordIndex) -> None:
    index.publish(1, "Otters hold hands.\n")
    index.follow_words()
    index.remove("1.pdf")
    index.follow_words()
    assert word_index.search("otters", 10).hits == []
    assert len(word_index) == 0
    index.publish(3, "Otters are back.\n")
    index.follow_words()
    assert index.found(word_index, "otters") == ["Otters are back."]


def test_another_model_s_passages_take_the_place_of_all(index: FreshIndex, word_index: WordIndex) -> None:
    index.publish(1, "Otters hold hands.\n")
    index.publish(2, "Badgers dig holes.\n")
    index.follow_words()
    new = index.publisher.add_model(fingerprint("new"))
    index.split_for(new)
    assert not index.follow_words()  # nobody searches the new one's passages yet
    before = [passage for passage, _ in word_index.search("otters badgers", 10).hits]
    index.publisher.switch_model(new)
    assert index.follow_words()
    after = [passage for passage, _ in word_index.search("otters badgers", 10).hits]
    assert index.texts(after) == ["Otters hold hands.", "Badgers dig holes."]
    assert not set(before) & set(after)
    assert sorted(after) == [passage.passage for passage in index.catalog.words(new)]
    assert len(word_index) == 2


# Damage


def test_a_deleted_folder_is_built_again(index: FreshIndex, word_index: WordIndex) -> None:
    index.publish(1, "Otters hold hands.\nBadgers dig.\n")
    index.follow_words()
    assert len(word_index) == 2
    shutil.rmtree(index.words)
    assert word_index.search("otters", 10).hits == []
    assert index.follow_words()
    assert index.found(word_index, "otters") == ["Otters hold hands."]
    assert len(word_index) == 2


@pytest.mark.parametrize("content", ["", "{", "[]", '{"segments": []}', "\0" * 300])
def test_damaged_metadata_is_built_again(index: FreshIndex, word_index: WordIndex, content: str) -> None:
    index.publish(1, "Otters hold hands.\nBadgers dig.\n")
    index.follow_words()
    assert len(word_index) == 2
    (index.words / PASSAGES / "meta.json").write_text(content)
    assert index.follow_words()
    for reader in (word_index, WordIndex(index.words)):
        assert index.found(reader, "otters") == ["Otters hold hands."]
        assert len(reader) == 2


def test_a_missing_file_is_built_again(index: FreshIndex, word_index: WordIndex) -> None:
    index.publish(1, "Otters hold hands.\nBadgers dig.\n")
    index.follow_words()
    for path in index.words.rglob("*.term"):
        path.unlink()
    assert index.follow_words()
    assert index.found(word_index, "otters") == ["Otters hold hands."]
    assert len(word_index) == 2


def test_a_log_with_gaps_is_made_up_for(index: FreshIndex, word_index: WordIndex) -> None:
    index.publish(1, "Otters hold hands.\n")
    index.follow_words()
    index.publish(2, "Badgers dig.\n")
    index.publish(3, "Foxes trot.\n")
    index.remove("1.pdf")
    with closing(sqlite3.connect(index.path)) as db, db:  # as trim_changes does after ten thousand
        db.execute("DELETE FROM changes WHERE seq < (SELECT max(seq) FROM changes)")
    assert index.catalog.changes_since(1) is None
    assert index.follow_words()
    assert index.found(word_index, "otters badgers foxes") == ["Badgers dig.", "Foxes trot."]
    assert len(word_index) == 2


def test_an_older_catalogue_put_back_is_followed(
    index: FreshIndex, word_index: WordIndex, tmp_path: Path
) -> None:
    other = FreshIndex(tmp_path / "other")
    other.publish(7, "Foxes trot.\n")
    for number in range(1, 6):
        index.publish(number, f"Otters {name(number)}.\n")
    index.follow_words()
    assert len(word_index) == 5
    with closing(WordsWriter(index.words)) as writer:
        assert writer.follow(other.catalog)
    assert other.found(word_index, "otters foxes") == ["Foxes trot."]
    assert len(word_index) == 1
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
    index: FreshIndex, word_index: WordIndex, words_left: int, *, closed: bool
) -> None:
    index.publish(1, f"Otters {name(1)}.\n")
    index.follow_words()
    index.publish(2, f"Otters {name(2)}.\nOtters {name(3)}.\n")
    index.publish(3, f"Otters {name(4)}.\nOtters {name(5)}.\n")
    index.remove("1.pdf")
    with DyingCatalog(index.path) as dying:
        dying.words_left = words_left
        writer = WordsWriter(index.words)
        try:
            writer.follow(dying)
        except CatalogUnusable:
            pass
        else:
            pytest.fail("the disk did not fail")
        if closed:
            writer.close()
        del writer
    assert index.found(word_index, name(2)) == []
    assert len(word_index) == 1
    assert index.follow_words()
    assert len(word_index) == 4
    expected = [f"Otters {name(number)}." for number in (2, 3, 4, 5)]
    assert sorted(index.found(word_index, "otters")) == expected


def test_the_folder_is_replaced_under_a_reader(index: FreshIndex, word_index: WordIndex) -> None:
    for number in range(1, 6):
        index.publish(number, f"Otters {name(number)}.\n")
        index.follow_words()
        assert len(word_index) == number
        shutil.rmtree(index.words)
        assert index.follow_words()
        assert index.found(word_index, f"{name(number)}") == [f"Otters {name(number)}."]
        assert len(word_index) == number


def test_the_bookmark_is_not_found(index: FreshIndex, word_index: WordIndex) -> None:
    index.follow_words()
    assert len(word_index) == 0
    index.publish(1, "0\n")
    index.follow_words()
    assert [passage for passage, _ in word_index.search("0 1 2 bookmark", 10).hits] == [1]


def test_a_commit_that_was_never_finished_is_no_hindrance(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, words=False)  # so that all get into one segment

    def follow() -> None:
        with Catalog(shelf.path) as catalog, closing(WordsWriter(shelf.words)) as writer:
            writer.follow(catalog)

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
    assert len(WordIndex(shelf.words)) == 2
    with Catalog(shelf.path) as catalog:
        assert audit(shelf.words, catalog) == ([], False)


# What is removed


def entries(index: FreshIndex, folder: str = PASSAGES) -> tuple[int, int]:
    """How many entries an index has, and how many of them are dead."""
    opened = open_index(index.words / folder)
    opened.reload()
    return opened.searcher().num_docs, dead_share(opened)[0]


def test_an_index_that_is_mostly_dead_is_written_anew(index: FreshIndex, word_index: WordIndex) -> None:
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
    assert sorted(index.found(word_index, "otters")) == [
        f"Otters {name(number)}." for number in range(61, 68)
    ]
    assert audit(index.words, index.catalog) == ([], False)
    assert not list(index.words.glob("*.rewriting"))


def test_what_says_how_far_that_is_and_cannot_be_removed_makes_it_no_longer(index: FreshIndex) -> None:
    index.publish(1, "Otters hold hands.\n")
    index.follow_words()
    for folder in (PASSAGES, PAGES, DOCUMENTS):
        (index.words / folder).with_suffix(".rewriting").mkdir()
    with closing(WordsWriter(index.words)) as writer:
        index.publish(2, "Badgers dig.\n")
        assert writer.follow(index.catalog)
        assert not writer.is_rewriting()


def test_a_large_one_is_written_anew_bit_by_bit(index: FreshIndex, word_index: WordIndex) -> None:
    for number in range(1, 14):
        index.publish(number, "".join(f"Otters {name(number)} {line}.\n" for line in range(500)))
    index.follow_words()
    index.remove(*(f"{number}.pdf" for number in range(1, 8)))
    assert index.follow_words()
    assert entries(index)[1] > 0
    assert list(index.words.glob("*.rewriting"))
    index.publish(20, "Badgers dig.\n")  # what is new does not wait for the rest
    assert index.follow_words()
    assert index.found(word_index, "badgers") == ["Badgers dig."]
    index.follow_words()
    assert entries(index) == (6 * 500 + 2, 1)
    assert not list(index.words.glob("*.rewriting"))
    assert audit(index.words, index.catalog) == ([], False)
    assert len(word_index.search("otters", 5000).hits) == 3000


@pytest.mark.parametrize("words_left", [0, 3])
def test_what_was_being_written_anew_is_not_lost(
    index: FreshIndex, word_index: WordIndex, words_left: int
) -> None:
    for number in range(1, 40):
        index.publish(number, f"Otters {name(number)}.\n")
    index.follow_words()
    index.remove(*(f"{number}.pdf" for number in range(1, 33)))
    with DyingCatalog(index.path) as dying, closing(WordsWriter(index.words)) as writer:
        dying.words_left = words_left
        with pytest.raises(CatalogUnusable):
            writer.follow(dying)
        index.publish(50, "Badgers dig.\n")
        assert writer.follow(index.catalog)
    assert len(word_index.search("otters", 100).hits) == 7
    assert entries(index)[0] == 9
    assert audit(index.words, index.catalog) == ([], False)


def test_an_index_of_an_older_form_is_built_again(index: FreshIndex, word_index: WordIndex) -> None:
    index.publish(1, "Otters hold hands.\n")
    index.follow_words()
    for name_ in (PASSAGES, DOCUMENTS):
        shutil.rmtree(index.words / name_)
        (index.words / name_).mkdir()
        builder = tantivy.SchemaBuilder().add_unsigned_field("id", fast=True)
        tantivy.Index(builder.build(), path=str(index.words / name_)).writer().commit()
    with pytest.raises(CatalogUnusable, match="Run `stackroom index`"):
        word_index.search("otters", 10)
    assert index.follow_words()
    assert index.found(word_index, "otters") == ["Otters hold hands."]


def test_an_index_of_other_terms_is_built_again(index: FreshIndex, word_index: WordIndex) -> None:
    index.publish(1, "Otters hold hands.\n")
    index.follow_words()
    for name_ in (PASSAGES, PAGES, DOCUMENTS):
        engine = open_index(index.words / name_)
        writer = engine.writer()
        writer.delete_documents_by_query(tantivy.Query.all_query())
        for first_passage, language, text in ((0, "bookmark of other terms", ""), (1, "en", "ottterz")):
            entry = tantivy.Document()
            entry.add_unsigned("id", bookmark_id((index.catalog.id(), index.catalog.last_change())))
            entry.add_unsigned("split", first_passage)
            entry.add_text("language", language)
            entry.add_text("text", text)
            writer.add_document(entry)
        writer.commit()
        writer.wait_merging_threads()
    assert word_index.search("otters", 10).hits == []
    assert audit(index.words, index.catalog) == ([], True)
    assert index.follow_words()
    assert index.found(word_index, "otters") == ["Otters hold hands."]
    assert word_index.search("ottterz", 10).hits == []
    assert audit(index.words, index.catalog) == ([], False)
    assert not index.follow_words()
