"""An index of words finds what the catalogue has, whatever was done to that in the meantime."""

from contextlib import closing
from pathlib import Path

import pytest

from dying_catalog import DyingCatalog
from fresh_index import FreshIndex, fingerprint, name
from indexer.passages.writers import words_writer
from indexer.store import publisher
from stackroom.common.errors import CatalogUnusable
from stackroom.indexes.matching import MatchingWords


def test_words_are_found_once_they_are_followed(index: FreshIndex, word_index: MatchingWords) -> None:
    assert word_index.search("otters", 10).hits == []
    assert len(word_index) == 0
    index.publish(1, "Otters hold hands.\nBadgers dig.\n", "", "Foxes trot.\n")
    assert word_index.search("otters", 10).hits == []
    assert index.follow_words()
    assert index.found(word_index, "otters") == ["Otters hold hands."]
    assert index.found(word_index, "foxes badgers") == ["Badgers dig.", "Foxes trot."]
    assert len(word_index) == 3


def test_following_again_adds_nothing(index: FreshIndex, word_index: MatchingWords) -> None:
    index.publish(1, "Otters hold hands.\n")
    with closing(words_writer(index.settings)) as writer:
        assert writer.follow(index.catalog)
        assert not writer.follow(index.catalog)
    assert not index.follow_words()
    assert len(word_index) == 1
    assert len(word_index.search("otters", 10).hits) == 1


def test_one_writer_follows_many_times(index: FreshIndex, word_index: MatchingWords) -> None:
    with closing(words_writer(index.settings)) as writer:
        for number in range(1, 31):
            index.publish(number, f"Otters {name(number)}.\n")
            assert writer.follow(index.catalog)
            assert index.found(word_index, f"{name(number)}") == [f"Otters {name(number)}."]
            assert len(word_index) == number
    assert len(word_index.search("otters", 100).hits) == 30


def test_removed_words_are_not_found(index: FreshIndex, word_index: MatchingWords) -> None:
    index.publish(1, "Otters hold hands.\nBadgers dig.\n")
    index.publish(2, "Otters sleep.\n")
    index.follow_words()
    index.remove("1.pdf")
    assert index.follow_words()
    assert index.found(word_index, "otters") == ["Otters sleep."]
    assert word_index.search("badgers", 10).hits == []
    assert len(word_index) == 1


def test_what_came_and_went_between_two_times_is_not_found(
    index: FreshIndex, word_index: MatchingWords
) -> None:
    index.follow_words()
    index.publish(1, "Otters hold hands.\n")
    index.publish(2, "Otters sleep.\n")
    index.remove("1.pdf")
    index.follow_words()
    assert index.found(word_index, "otters") == ["Otters sleep."]
    assert len(word_index) == 1


def test_a_changed_document_is_found_by_its_new_words(index: FreshIndex, word_index: MatchingWords) -> None:
    index.publish(1, "Otters hold hands.\nBadgers dig.\n", file="a.pdf")
    index.follow_words()
    index.publish(2, "Otters hold hands.\nFoxes trot.\n", file="a.pdf")
    index.follow_words()
    assert word_index.search("badgers", 10).hits == []
    assert index.found(word_index, "foxes") == ["Foxes trot."]
    assert index.found(word_index, "otters") == ["Otters hold hands."]
    assert len(word_index) == 2


def test_removing_everything_leaves_nothing(index: FreshIndex, word_index: MatchingWords) -> None:
    index.publish(1, "Otters hold hands.\n")
    index.follow_words()
    index.remove("1.pdf")
    index.follow_words()
    assert word_index.search("otters", 10).hits == []
    assert len(word_index) == 0
    index.publish(3, "Otters are back.\n")
    index.follow_words()
    assert index.found(word_index, "otters") == ["Otters are back."]


def test_another_model_s_passages_take_the_place_of_all(index: FreshIndex, word_index: MatchingWords) -> None:
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


@pytest.mark.parametrize("words_left", [0, 1, 3])
@pytest.mark.parametrize("closed", [True, False])
def test_what_was_not_committed_is_taken_in_once(
    index: FreshIndex, word_index: MatchingWords, words_left: int, *, closed: bool
) -> None:
    index.publish(1, f"Otters {name(1)}.\n")
    index.follow_words()
    index.publish(2, f"Otters {name(2)}.\nOtters {name(3)}.\n")
    index.publish(3, f"Otters {name(4)}.\nOtters {name(5)}.\n")
    index.remove("1.pdf")
    with DyingCatalog(index.where) as dying:
        dying.words_left = words_left
        writer = words_writer(index.settings)
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


def test_the_bookmark_is_not_found(index: FreshIndex, word_index: MatchingWords) -> None:
    index.follow_words()
    assert len(word_index) == 0
    index.publish(1, "0\n")
    index.follow_words()
    assert [passage for passage, _ in word_index.search("0 1 2 bookmark", 10).hits] == [1]
