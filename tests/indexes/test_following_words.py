"""An index of words finds what the catalogue has, whatever was done to that in the meantime."""

from contextlib import closing
from pathlib import Path

import pytest

from fresh_index import FreshIndex, name
from indexer.passages.writers import words_writer
from indexer.store import publisher
from stackroom.indexes.matching import MatchingWords


def test_a_log_with_gaps_is_made_up_for(
    index: FreshIndex, word_index: MatchingWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.publish(1, "Otters hold hands.\n")
    index.follow_words()
    index.publish(2, "Badgers dig.\n")
    index.publish(3, "Foxes trot.\n")
    index.remove("1.pdf")
    monkeypatch.setattr(publisher, "_CHANGES_KEPT", 1)
    index.publisher.trim_changes()
    assert index.catalog.changes_since(1) is None
    assert index.follow_words()
    assert index.found(word_index, "otters badgers foxes") == ["Badgers dig.", "Foxes trot."]
    assert len(word_index) == 2


def test_an_older_catalogue_put_back_is_followed(
    index: FreshIndex, word_index: MatchingWords, tmp_path: Path
) -> None:
    other = FreshIndex(tmp_path / "other")
    other.publish(7, "Foxes trot.\n")
    for number in range(1, 6):
        index.publish(number, f"Otters {name(number)}.\n")
    index.follow_words()
    assert len(word_index) == 5
    with closing(words_writer(index.settings)) as writer:
        assert writer.follow(other.catalog)
    assert other.found(word_index, "otters foxes") == ["Foxes trot."]
    assert len(word_index) == 1
    other.close()


def test_the_bookmark_is_not_found(index: FreshIndex, word_index: MatchingWords) -> None:
    index.follow_words()
    assert len(word_index) == 0
    index.publish(1, "0\n")
    index.follow_words()
    assert [passage for passage, _ in word_index.search("0 1 2 bookmark", 10).hits] == [1]
