"""Small parts of the index of words are joined at the end of a run, and nothing else changes by that."""

import json
from contextlib import closing

import pytest

from fresh_index import FreshIndex, name
from indexer.passages.words_writer import WordsWriter
from indexer.upkeep.check_words import audit
from stackroom.indexes.words import DOCUMENTS, PAGES, PASSAGES, WordIndex


@pytest.fixture
def kind_of_store() -> str:
    """These tests are about files."""
    return "file"


def parts_of(index: FreshIndex, folder: str = PASSAGES) -> list[int]:
    """How many entries each part of an index has, removed ones and bookmarks included."""
    meta = json.loads((index.words / folder / "meta.json").read_text())
    return sorted(segment["max_doc"] for segment in meta["segments"])


@pytest.mark.parametrize("times", [3, 7, 9])
def test_small_parts_are_joined(index: FreshIndex, word_index: WordIndex, times: int) -> None:
    with closing(WordsWriter(index.words)) as writer:
        for number in range(times):
            index.publish(number, f"Otters {name(number)}.\n", "Badgers.\n")
            writer.follow(index.catalog)
        writer.join()
    for folder in (PASSAGES, PAGES, DOCUMENTS):
        assert len(parts_of(index, folder)) == 1
    assert len(word_index) == 2 * times
    assert len(word_index.search("otters", 100).hits) == times
    assert audit(index.words, index.catalog) == ([], False)
    before = parts_of(index)
    with closing(WordsWriter(index.words)) as writer:  # goes on from where it was, and has nothing to join
        assert not writer.follow(index.catalog)
        writer.join()
        assert parts_of(index) == before
        index.publish(times, "Otters sleep.\n")
        assert writer.follow(index.catalog)
        writer.join()
    assert len(word_index) == 2 * times + 1
    assert audit(index.words, index.catalog) == ([], False)


def test_what_is_little_beside_the_rest_is_left(index: FreshIndex) -> None:
    with closing(WordsWriter(index.words)) as writer:
        index.publish(1, "".join(f"Otters {name(number)}.\n" for number in range(60)))
        writer.follow(index.catalog)
        index.publish(2, "Badgers.\n")
        writer.follow(index.catalog)
        before = parts_of(index)
        writer.join()
    assert parts_of(index) == before
