"""The index of words beside a file: it finds what the catalogue has, whatever was done to its own files."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import tantivy

from fresh_index import FreshIndex, name
from indexer.passages.words_writer import WordsWriter, bookmark_id
from indexer.upkeep.check_words import audit
from indexer.upkeep.contracts.written import DyingCatalog
from shelf import Shelf
from stackroom.catalog.catalog import Catalog
from stackroom.common.errors import CatalogUnusable
from stackroom.indexes.words import DOCUMENTS, PAGES, PASSAGES, WordIndex, dead_share, open_index


@pytest.fixture
def kind_of_store() -> str:
    """These tests are about files."""
    return "file"


@pytest.fixture
def tmp_path(disk_path: Path) -> Path:
    """The disk: files take the place of others here."""
    return disk_path


def test_what_cannot_be_written_is_told(index: FreshIndex, word_index: WordIndex) -> None:
    index.publish(1, "Otters hold hands.\n")
    with closing(WordsWriter(index.words)) as first, closing(WordsWriter(index.words)) as second:
        assert first.follow(index.catalog)
        with pytest.raises(CatalogUnusable, match="index of words cannot be written"):
            second.follow(index.catalog)
    assert index.found(word_index, "otters") == ["Otters hold hands."]


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


def test_the_folder_is_replaced_under_a_reader(index: FreshIndex, word_index: WordIndex) -> None:
    for number in range(1, 6):
        index.publish(number, f"Otters {name(number)}.\n")
        index.follow_words()
        assert len(word_index) == number
        shutil.rmtree(index.words)
        assert index.follow_words()
        assert index.found(word_index, f"{name(number)}") == [f"Otters {name(number)}."]
        assert len(word_index) == number


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
