"""What `stackroom eval` compares: words and meaning alone, and fused as a search fuses them."""

import pytest

from search_by import ids
from shelf import Shelf
from stackroom.reading.reader import Reader


def test_rankings_are_those_that_a_search_fuses(shelf: Shelf, reader: Reader) -> None:
    # More than one round of passages, and scores that differ between words and meaning.
    for number in range(1, 120):
        text = "cats purr\n" * (number % 3) + f"cats and dog {number}\n" * (number % 5 + 1)
        shelf.add(number, text, words=False)
    shelf.follow_words()
    reader.warm()
    rankings = reader.rankings("purring cats", depth=100)
    assert rankings.keys() == {"words", "meaning", "fused"}
    for ranking in rankings.values():
        scores = [passage.score for passage in ranking]
        assert scores == sorted(scores, reverse=True)
    fused = list(dict.fromkeys(passage.document_id for passage in rankings["fused"]))
    assert len(fused) >= 100
    rankings = reader.rankings("purring cats", depth=10)
    fused = list(dict.fromkeys(passage.document_id for passage in rankings["fused"]))
    assert fused[:10] == ids(reader, "purring cats")[:10]


def test_rankings_go_by_one_kind_each_and_name_the_pages(shelf: Shelf, reader: Reader) -> None:
    shelf.add(1, "Dogs bark.\n", "Cats purr.\nCats and dogs.\n", "Cats.\n")
    shelf.add(2, "Cat.\n")  # the stem of a word, and so no meaning in common
    shelf.add(3, "Fish swim.\n")
    rankings = reader.rankings("cats")
    places = {
        name: [(passage.document_id[-1], passage.page) for passage in ranking]
        for name, ranking in rankings.items()
    }
    assert set(places["words"]) == {("1", 3), ("2", 1), ("1", 2)}
    assert places["meaning"][:3] == [("1", 3), ("1", 2), ("1", 2)]
    assert sorted(places["meaning"]) == sorted(places["fused"])
    assert len(places["meaning"]) == 5  # fish have neither the word nor a meaning near it
    assert rankings["meaning"][0].score == pytest.approx(1, abs=0.01)
    assert reader.rankings(" ") == {"words": [], "meaning": [], "fused": []}


def test_rankings_reach_beyond_a_document_that_fills_the_first_ranks(shelf: Shelf, reader: Reader) -> None:
    book = shelf.add(1, *["cats\n"] * 200)
    letter = shelf.add(2, "cats and dogs\n")
    for ranking in reader.rankings("cats").values():
        assert list(dict.fromkeys(passage.document_id for passage in ranking)) == [book, letter]
        assert len(ranking) >= 64
