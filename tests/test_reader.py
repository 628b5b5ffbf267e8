"""Reading: the best documents come back, and what the catalogue gains, loses or changes is followed."""

import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes import SomeModels, WordHashEmbedder
from shelf import Shelf
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import Description, Model
from stackroom.common.errors import ModelMismatch, ModelNotFound, UnknownDocument
from stackroom.embedding.embedder import Embedder, Fingerprint, Preparation
from stackroom.indexes.words import WordIndex
from stackroom.reading.notices import MEANING_NOT_READY
from stackroom.reading.reader import Reader

BOTH, WORDS, MEANING = "words and meaning", "words alone", "meaning alone"

by_either = pytest.mark.parametrize("shelf", [BOTH, WORDS, MEANING], indirect=True)
by_both = pytest.mark.parametrize("shelf", [BOTH], indirect=True)


@pytest.fixture(params=[BOTH, MEANING])
def shelf(memory_path: Path, request: pytest.FixtureRequest) -> Iterator[Shelf]:
    """What searches go by is a parameter: one index must not hide what the other has missed."""
    shelf = Shelf(memory_path, words=request.param != MEANING, meaning=request.param != WORDS)
    yield shelf
    shelf.close()


def ids(reader: Reader, query: str, limit: int = 10) -> list[str]:
    return [hit.document_id for hit in reader.search(query, limit)]


# Searching


@by_both
def test_a_hit_is_the_best_passage_word_for_word(shelf: Shelf, reader: Reader) -> None:
    shelf.add(1, "Rivers and lakes.\n", "Ünïted 🐈 cats sleep.\nDogs bark.\n", labels=("i", "ii"))
    shelf.add(2, "Tables and chairs.\n")
    hit = reader.search("cats sleep")[0]
    best = hit.best
    assert (hit.document_id, hit.title) == (f"{1:024x}", "Document 1")
    assert best.text == "Ünïted 🐈 cats sleep."
    assert (best.page, best.page_label) == (2, "ii")
    assert best.score == pytest.approx(1, abs=0.3)


@by_both
def test_scores_descend(shelf: Shelf, reader: Reader) -> None:
    shelf.add(1, "cats\n")
    shelf.add(2, "cats dogs\n")
    shelf.add(3, "cats dogs birds fish\n")
    scores = [hit.best.score for hit in reader.search("cats")]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 3
    assert all(0 < score < 1.3 for score in scores)


@by_both
def test_scores_descend_when_a_document_fills_the_first_ranks(shelf: Shelf, reader: Reader) -> None:
    book = shelf.add(1, *["cats\n"] * 200)
    by_both = shelf.add(2, "cats purr\n")
    by_words = shelf.add(3, "cat and some other words\n")  # the same to the one, nothing to the other
    hits = reader.search("cats")
    assert [hit.document_id for hit in hits] == [book, by_both, by_words]
    scores = [hit.best.score for hit in hits]
    assert scores == sorted(scores, reverse=True)


@by_both
def test_further_passages_are_on_other_pages_and_bounded(shelf: Shelf, reader: Reader) -> None:
    shelf.add(1, "cats purr\ncats meow\n", *["cats\n"] * 30)
    shelf.add(2, "cats and dogs\n")
    first, second = reader.search("cats")
    pages = [first.best.page, *(further.page for further in first.more)]
    assert len(pages) == len(set(pages)) == 6
    scores = [first.best.score, *(further.score for further in first.more)]
    assert scores == sorted(scores, reverse=True)
    assert second.more == ()


@by_either
def test_one_document_cannot_crowd_out_the_others(shelf: Shelf, reader: Reader) -> None:
    shelf.add(1, *["cats\n" * 50] * 8)
    others = [shelf.add(number, f"cats and number {number} of many words\n") for number in range(2, 7)]
    found = ids(reader, "cats")
    assert found[0] == f"{1:024x}"
    assert sorted(found[1:]) == sorted(others)
    assert ids(reader, "cats", limit=2)[0] == f"{1:024x}"


@by_either
def test_at_most_ten_documents(shelf: Shelf, reader: Reader) -> None:
    for number in range(1, 13):
        shelf.add(number, f"cats {number}\n")
    assert len(ids(reader, "cats")) == 10
    assert len(ids(reader, "cats", limit=3)) == 3


def test_equal_scores_come_in_the_order_of_indexing(shelf: Shelf, reader: Reader) -> None:
    # Numbers that do not ascend, so that sorting by id would be noticed; and words in several segments.
    added = [shelf.add(number * 37 % 101, "cats\n", words=number % 5 == 0) for number in range(1, 51)]
    better = shelf.add(200, "cats cats purr\n")
    fresh = shelf.reader()
    for each in (reader, reader, fresh):
        assert ids(each, "cats purr") == [better, *added[:9]]
    fresh.close()


@pytest.mark.parametrize("query", ["", "  \n\t "])
def test_a_blank_query_finds_nothing_and_needs_no_model(shelf: Shelf, query: str) -> None:
    shelf.add(1, "cats\n")
    reader = shelf.reader(load=_no_model)
    assert reader.search(query) == []
    reader.close()


def test_an_empty_catalogue_needs_no_model(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "index" / "catalog.sqlite3", create=True)
    reader = Reader(catalog, WordIndex(tmp_path / "index" / "words"), SomeModels(_no_model))
    reader.warm()
    assert reader.search("cats") == []
    reader.close()


# Following


@by_either
def test_what_is_added_later_is_found(shelf: Shelf, reader: Reader) -> None:
    assert reader.search("cats") == []
    first = shelf.add(1, "cats\n")
    assert ids(reader, "cats") == [first]
    second = shelf.add(2, "cats and dogs\n")
    assert ids(reader, "cats") == [first, second]


@by_either
def test_what_is_removed_is_not_found(shelf: Shelf, reader: Reader) -> None:
    shelf.add(1, "cats\n", "cats and more\n")
    kept = shelf.add(2, "cats and dogs\n")
    reader.warm()
    shelf.remove(1)
    assert ids(reader, "cats") == [kept]
    assert reader.search("cats")[0].best.text == "… cats and dogs"
    added = shelf.add(1, "cats\n")
    assert ids(reader, "cats") == [added, kept]


def test_a_removed_passage_is_not_shown_before_its_removal_was_followed(shelf: Shelf) -> None:
    shelf.add(1, "cats\n")
    kept = shelf.add(2, "cats and dogs\n")

    class RemovesMeanwhile(WordHashEmbedder):
        """The second commit comes while the query is being embedded."""

        def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
            shelf.remove(1)
            return super().embed_queries(texts)

    reader = shelf.reader(load=lambda _: RemovesMeanwhile())
    assert ids(reader, "cats") == [kept]
    reader.close()


@by_either
def test_many_changes_at_once_are_followed(shelf: Shelf, reader: Reader) -> None:
    reader.warm()
    for number in range(1, 31):
        shelf.add(number, f"cats {number}\n", "dogs\n")
        if number % 3 == 0:
            shelf.remove(number - 1)
    fresh = shelf.reader()
    assert reader.search("cats", 100) == fresh.search("cats", 100)
    assert len(ids(reader, "cats", 100)) == 20
    fresh.close()


@by_both
def test_a_passage_without_a_vector_is_found_by_its_words(shelf: Shelf, reader: Reader) -> None:
    first = shelf.add(1, "cats\n")
    later = shelf.add(2, "cats\n", embedded=False, words=False)
    assert ids(reader, "cats") == [first]
    assert reader.status().pending == 1
    shelf.follow_words()
    best, other = (hit.best.score for hit in reader.search("cats"))
    assert best > other > 0
    assert ids(reader, "cats") == [first, later]
    assert reader.status().pending == 1
    shelf.embed()
    best, other = (hit.best.score for hit in reader.search("cats"))
    assert best == pytest.approx(other, abs=0.05)
    assert ids(reader, "cats") == [first, later]
    assert reader.status().pending == 0


@by_either
def test_a_trimmed_log_of_changes_means_loading_again(shelf: Shelf, reader: Reader) -> None:
    shelf.add(1, "cats\n")
    assert len(ids(reader, "cats")) == 1
    shelf.remove(1)
    added = [shelf.add(number, "cats\n") for number in (2, 3, 4)]
    shelf.trim_changes()
    assert ids(reader, "cats") == added


def test_another_model_is_followed(shelf: Shelf) -> None:
    loaded = []
    first, second = WordHashEmbedder("one", 64), WordHashEmbedder("two", 32)

    def load(name: str) -> WordHashEmbedder:
        loaded.append(name)
        return {"word-hash": shelf.embedder, "one": first, "two": second}[name]

    shelf.add(1, "cats\n")
    reader = shelf.reader(load)
    assert ids(reader, "cats") == [f"{1:024x}"]
    shelf.reembed(second)
    shelf.add(2, "cats and dogs\n")
    assert ids(reader, "cats") == [f"{1:024x}", f"{2:024x}"]
    shelf.reembed(first)
    assert ids(reader, "cats") == [f"{1:024x}", f"{2:024x}"]
    assert loaded == ["word-hash", "two", "one"]
    reader.close()


def test_the_model_may_change_while_a_query_is_embedded(shelf: Shelf) -> None:
    shelf.add(1, "cats\n")
    second = WordHashEmbedder("two", 32)

    class SwitchesMeanwhile(WordHashEmbedder):
        def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
            shelf.reembed(second)
            return super().embed_queries(texts)

    first = SwitchesMeanwhile()
    reader = shelf.reader(load=lambda name: second if name == "two" else first)
    assert ids(reader, "cats") == [f"{1:024x}"]
    reader.close()


# Models


def _no_model(name: str) -> WordHashEmbedder:
    raise ModelNotFound(f"There is no model {name!r} here.")


def test_a_missing_model_is_an_error_until_it_is_there(shelf: Shelf) -> None:
    shelf.add(1, "cats\n")
    there: list[WordHashEmbedder] = []

    def load(name: str) -> WordHashEmbedder:
        return there[0] if there else _no_model(name)

    reader = shelf.reader(load)
    with pytest.raises(ModelNotFound):
        reader.warm()
    with pytest.raises(ModelNotFound):
        reader.search("cats")
    there.append(shelf.embedder)
    assert len(reader.search("cats")) == 1
    reader.close()


def test_a_model_that_the_index_was_not_built_with_is_refused(shelf: Shelf) -> None:
    shelf.add(1, "cats\n")
    reader = shelf.reader(load=lambda name: WordHashEmbedder(name), model="another")
    for call in (reader.warm, lambda: reader.search("cats")):
        with pytest.raises(ModelMismatch, match=r"built with the model 'word-hash', not with 'another'"):
            call()
    reader.close()


def test_a_model_whose_files_changed_is_refused(shelf: Shelf) -> None:
    shelf.add(1, "cats\n")
    reader = shelf.reader(load=lambda name: WordHashEmbedder(name, dimensions=32))
    with pytest.raises(ModelMismatch, match="have changed since"):
        reader.search("cats")
    reader.close()


# Fetching


def test_a_fetched_text_has_every_page_after_its_mark(shelf: Shelf, reader: Reader) -> None:
    found = reader.fetch(shelf.add(1, "One.\n", "", "Three,\n\nwith a gap.\n", labels=("i", "2", "A-3")))
    assert found.text == ("[[page 1 (i)]]\nOne.\n\n[[page 2]]\n\n[[page 3 (A-3)]]\nThree,\n\nwith a gap.\n")
    assert (found.entry.title, found.entry.author, found.entry.page_count) == ("Document 1", "Ada", 3)


def test_space_around_an_id_is_forgiven(shelf: Shelf, reader: Reader) -> None:
    id_ = shelf.add(1, "One.\n")
    assert reader.fetch(f" {id_}\n").entry.id == id_


@pytest.mark.parametrize("wrong", ["", " ", "0" * 24, "../../etc/passwd", "' OR 1=1 --", "a\0b", "🐈" * 500])
def test_an_unknown_id_is_an_error(shelf: Shelf, reader: Reader, wrong: str) -> None:
    shelf.add(1, "One.\n")
    for call in (reader.fetch, reader.file):
        with pytest.raises(UnknownDocument, match="exactly as a search result gives it"):
            call(wrong)


def test_the_id_of_a_changed_file_leads_to_what_it_became(shelf: Shelf, reader: Reader) -> None:
    first = shelf.add(1, "One.\n", name="a.pdf")
    second = shelf.add(2, "Two.\n", name="a.pdf")
    third = shelf.add(3, "Three.\n", name="a.pdf")
    assert reader.fetch(first).entry.id == reader.fetch(second).entry.id == third
    assert reader.file(first)[0].id == third
    assert shelf.add(1, "One.\n", name="a.pdf") == reader.fetch(third).entry.id == first


# Files


def test_the_file_of_a_document(shelf: Shelf, reader: Reader) -> None:
    id_ = shelf.add(1, "One.\n", name="sub/folder/a.pdf")
    entry, path = reader.file(id_)
    assert path == shelf.root / "sub/folder/a.pdf"
    assert entry.locations[0].path == "sub/folder/a.pdf"


def test_a_copy_serves_when_the_first_file_is_gone(shelf: Shelf, reader: Reader) -> None:
    id_ = shelf.add(1, "One.\n", name="a.pdf")
    copy = shelf.add_copy("a.pdf", "b.pdf")
    (shelf.root / "a.pdf").unlink()
    assert reader.file(id_)[1] == copy


def test_a_file_that_changed_since_is_not_served(shelf: Shelf, reader: Reader) -> None:
    id_ = shelf.add(1, "One.\n", name="a.pdf")
    os.utime(shelf.root / "a.pdf", ns=(1, 1))
    with pytest.raises(UnknownDocument, match="moved or changed"):
        reader.file(id_)


# All at once


def test_searching_from_several_threads_while_another_connection_commits(shelf: Shelf) -> None:
    lasting = [shelf.add(number, f"cats {number}\n") for number in (1, 2, 3)]
    reader = shelf.reader()
    rounds, searches, commits = threading.Semaphore(0), 400, range(10, 60)
    failures: list[BaseException] = []

    def search() -> None:
        try:
            for _ in range(searches // len(threads)):
                rounds.acquire()
                found = ids(reader, "cats", limit=100)
                assert len(set(found)) == len(found)
                assert set(lasting) <= set(found)
                assert reader.fetch(lasting[0]).text == "[[page 1]]\ncats 1\n"
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in commits:
        rounds.release(
            searches // len(commits)
        )  # while this is committed: without end, they would hold it up
        shelf.add(number, f"cats {number}\n", "dogs\n")
        if number % 2:
            shelf.remove(number)
    for thread in threads:
        thread.join()
    assert not failures
    assert len(ids(reader, "cats", limit=100)) == 3 + 25
    reader.close()


# Filters


class CountingCatalog(Catalog):
    """Knows how many documents were described."""

    described = 0

    def descriptions(self, model: Model, first: int = 0, last: int = 2**63 - 1) -> list[Description]:
        found = super().descriptions(model, first, last)
        self.described += len(found)
        return found


@by_both
def test_filters_read_each_document_once_and_follow_what_changes(shelf: Shelf) -> None:
    for number in range(1, 41):
        shelf.add(number, f"cats {number}\n", language="de" if number % 2 else "en", title=f"Of {number}")
    catalog = CountingCatalog(shelf.path)
    reader = Reader(catalog, WordIndex(shelf.words), SomeModels(lambda _: shelf.embedder))

    def found(query: str) -> set[int]:
        return {int(id_, 16) for id_ in ids(reader, query, 100)}

    assert found(f"cats id:{7:024x}") == {7}
    assert catalog.described == 1
    odd = set(range(1, 41, 2))
    for query in ("cats lang:de", "lang:de", "cats -lang:en", "cats after:2020 lang:de"):
        assert found(query) == odd, query
    assert found("cats title:3") == {3}
    assert found("cats folder:39.pdf title:39") == {39}
    assert catalog.described == 41

    shelf.remove(1)
    shelf.remove(2)
    shelf.add(41, "cats and kittens\n", language="de")
    shelf.add(42, "cats and dogs\n", language="de", name="3.pdf")  # takes the place of 3
    shelf.add_copy("5.pdf", "renamed.pdf")
    assert found("cats lang:de") == (odd - {1, 3}) | {41, 42}
    assert found("cats folder:renamed") == {5}
    assert found("cats -lang:de") == set(range(4, 41, 2))
    assert found(f"cats id:{3:024x}") == {42}  # what took its place
    assert catalog.described <= 41 + 4
    reader.warm_filters()
    assert found("cats author:ada lang:de") == (odd - {1, 3}) | {41, 42}
    reader.close()


@by_both
def test_what_is_chosen_is_found_whatever_else_has_the_words(shelf: Shelf, reader: Reader) -> None:
    """Most documents are chosen, and none of those that fit the words best."""
    for number in range(1, 251):
        if number % 3:
            shelf.add(number, "cats\n", language="en", words=False, embedded=False)
        else:
            shelf.add(number, "cats and other animals of the house\n", language="de", embedded=False)
    shelf.follow_words()
    german = sorted(f"{number:024x}" for number in range(3, 251, 3))
    assert sorted(ids(reader, "cats lang:de", 200)) == german
    english = sorted({f"{number:024x}" for number in range(1, 251)} - set(german))
    assert sorted(ids(reader, "cats lang:en", 200)) == english
    assert sorted(ids(reader, "animals lang:en", 200)) == []


# Before the model is there


class Preparing(SomeModels):
    """Models that are being prepared until somebody says otherwise; `load` waits for that."""

    def __init__(self, embedder: WordHashEmbedder) -> None:
        super().__init__(lambda _: embedder)
        self.prepared = threading.Event()

    def preparation(self, model: Fingerprint) -> Preparation:
        return Preparation.DONE if self.prepared.is_set() else Preparation.UNDER_WAY

    def load(self, model: Fingerprint) -> Embedder:
        assert self.prepared.wait(30)
        return super().load(model)


@by_both
def test_words_answer_while_the_model_is_being_prepared(shelf: Shelf) -> None:
    wanted = shelf.add(1, "cats sleep\n")
    shelf.add(2, "dogs bark\n")
    models = Preparing(shelf.embedder)
    reader = Reader(Catalog(shelf.path), WordIndex(shelf.words), models)
    warming = threading.Thread(target=reader.warm)
    warming.start()
    try:
        early = reader.answer("cats purr")
        assert [hit.document_id for hit, _ in early.hits] == [wanted]
        assert early.hits[0][1].meaning is None
        assert early.notices == (MEANING_NOT_READY,)
        assert reader.answer("lang:en").notices == ()  # needs no model
    finally:
        models.prepared.set()
        warming.join(30)
    later = reader.answer("cats purr")
    assert later.hits[0][1].meaning is not None
    assert later.notices == ()
    reader.close()


def test_what_waits_for_its_vectors_is_found_by_words_and_that_is_said(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, meaning=False)
    wanted = shelf.add(1, "cats sleep\n")
    reader = shelf.reader(load=_no_model)
    found = reader.answer("cats")
    assert [hit.document_id for hit, _ in found.hits] == [wanted]
    assert found.notices == (MEANING_NOT_READY,)
    reader.close()
    shelf.close()


@by_both
def test_an_operator_that_was_taken_as_words_is_named(shelf: Shelf, reader: Reader) -> None:
    shelf.add(1, "cats\n")
    (notice,) = reader.answer("cats lang:germann").notices
    assert notice.startswith("lang:germann was taken as words")
    assert reader.answer("cats lang:german").notices == ()
