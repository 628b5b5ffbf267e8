"""The contract of what brings an index of words up to date: what `FollowsWords` promises."""

from contextlib import closing
from dataclasses import replace

import pytest

from indexer.upkeep.contracts.words_shelf import OnAShelf, WordsShelf, name
from indexer.upkeep.contracts.written import MODEL, DyingCatalog, its_lines
from stackroom.common.errors import CatalogUnusable


class FollowingContract(OnAShelf):
    """Inherit from it, and give the fixture `engine`: an empty index of words, new for each test."""

    def test_words_are_found_once_they_are_followed(self, shelf: WordsShelf) -> None:
        assert shelf.reader.search("otters", 10).hits == []
        assert len(shelf.reader) == 0
        shelf.publish(1, "Otters hold hands.\nBadgers dig.\n", "", "Foxes trot.\n")
        assert shelf.reader.search("otters", 10).hits == []
        assert shelf.follow()
        assert shelf.found("otters") == ["Otters hold hands."]
        assert shelf.found("foxes badgers") == ["Badgers dig.", "Foxes trot."]
        assert len(shelf.reader) == 3

    def test_following_again_adds_nothing(self, shelf: WordsShelf) -> None:
        shelf.publish(1, "Otters hold hands.\n")
        with closing(shelf.engine.writer()) as writer:
            assert writer.follow(shelf.store.catalog)
            assert not writer.follow(shelf.store.catalog)
        assert not shelf.follow()
        assert len(shelf.reader) == 1
        assert len(shelf.reader.search("otters", 10).hits) == 1

    def test_one_writer_follows_many_times(self, shelf: WordsShelf) -> None:
        with closing(shelf.engine.writer()) as writer:
            for number in range(1, 31):
                shelf.publish(number, f"Otters {name(number)}.\n")
                assert writer.follow(shelf.store.catalog)
                assert shelf.found(f"{name(number)}") == [f"Otters {name(number)}."]
                assert len(shelf.reader) == number
        assert len(shelf.reader.search("otters", 100).hits) == 30

    def test_removed_words_are_not_found(self, shelf: WordsShelf) -> None:
        shelf.publish(1, "Otters hold hands.\nBadgers dig.\n")
        shelf.publish(2, "Otters sleep.\n")
        shelf.follow()
        shelf.remove("1.pdf")
        assert shelf.follow()
        assert shelf.found("otters") == ["Otters sleep."]
        assert shelf.reader.search("badgers", 10).hits == []
        assert len(shelf.reader) == 1

    def test_what_came_and_went_between_two_times_is_not_found(self, shelf: WordsShelf) -> None:
        shelf.follow()
        shelf.publish(1, "Otters hold hands.\n")
        shelf.publish(2, "Otters sleep.\n")
        shelf.remove("1.pdf")
        shelf.follow()
        assert shelf.found("otters") == ["Otters sleep."]
        assert len(shelf.reader) == 1

    def test_a_changed_document_is_found_by_its_new_words(self, shelf: WordsShelf) -> None:
        shelf.publish(1, "Otters hold hands.\nBadgers dig.\n", file="a.pdf")
        shelf.follow()
        shelf.publish(2, "Otters hold hands.\nFoxes trot.\n", file="a.pdf")
        shelf.follow()
        assert shelf.reader.search("badgers", 10).hits == []
        assert shelf.found("foxes") == ["Foxes trot."]
        assert shelf.found("otters") == ["Otters hold hands."]
        assert len(shelf.reader) == 2

    def test_removing_everything_leaves_nothing(self, shelf: WordsShelf) -> None:
        shelf.publish(1, "Otters hold hands.\n")
        shelf.follow()
        shelf.remove("1.pdf")
        shelf.follow()
        assert shelf.reader.search("otters", 10).hits == []
        assert len(shelf.reader) == 0
        shelf.publish(3, "Otters are back.\n")
        shelf.follow()
        assert shelf.found("otters") == ["Otters are back."]

    def test_another_model_s_passages_take_the_place_of_all(self, shelf: WordsShelf) -> None:
        shelf.publish(1, "Otters hold hands.\n")
        shelf.publish(2, "Badgers dig holes.\n")
        shelf.follow()
        new = shelf.store.publisher.add_model(replace(MODEL, name="new", digest="new"))
        for key in shelf.store.publisher.documents_without_passages(new):
            found = shelf.store.publisher.document(key)
            shelf.store.publisher.add_passages(key, found, its_lines(found), new)
        assert not shelf.follow()  # nobody searches the new one's passages yet
        before = [passage for passage, _ in shelf.reader.search("otters badgers", 10).hits]
        shelf.store.publisher.switch_model(new)
        assert shelf.follow()
        after = [passage for passage, _ in shelf.reader.search("otters badgers", 10).hits]
        assert shelf.texts(after) == ["Otters hold hands.", "Badgers dig holes."]
        assert not set(before) & set(after)
        assert sorted(after) == [passage.passage for passage in shelf.store.catalog.words(new)]
        assert len(shelf.reader) == 2

    @pytest.mark.parametrize("words_left", [0, 1, 3])
    @pytest.mark.parametrize("closed", [True, False])
    def test_what_was_not_committed_is_taken_in_once(
        self, shelf: WordsShelf, words_left: int, *, closed: bool
    ) -> None:
        shelf.publish(1, f"Otters {name(1)}.\n")
        shelf.follow()
        shelf.publish(2, f"Otters {name(2)}.\nOtters {name(3)}.\n")
        shelf.publish(3, f"Otters {name(4)}.\nOtters {name(5)}.\n")
        shelf.remove("1.pdf")
        with DyingCatalog(shelf.store.where) as dying:
            dying.words_left = words_left
            writer = shelf.engine.writer()
            with pytest.raises(CatalogUnusable):
                writer.follow(dying)
            if closed:
                writer.close()
            del writer
        assert shelf.found(name(2)) == []
        assert len(shelf.reader) == 1
        assert shelf.follow()
        assert len(shelf.reader) == 4
        expected = [f"Otters {name(number)}." for number in (2, 3, 4, 5)]
        assert sorted(shelf.found("otters")) == expected
