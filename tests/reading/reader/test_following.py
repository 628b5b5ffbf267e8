"""What the catalogue gains, loses or changes is followed, whatever is asked meanwhile."""

import threading
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes import WordHashEmbedder
from search_by import by_both, by_either, ids
from shelf import Shelf
from stackroom.reading.reader import Reader


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
    later = shelf.add(2, "Cats\n", embedded=False, words=False)
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


def test_searching_from_several_threads_while_another_connection_commits(shelf: Shelf) -> None:
    lasting = [shelf.add(number, f"cats {number}\n") for number in (1, 2, 3)]
    reader = shelf.reader()
    rounds, searches, commits = threading.Semaphore(0), 200, range(10, 60)
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
