"""A search: the best documents come back, each with its best passage."""

import re
from pathlib import Path

import pytest

from fakes import SomeModels, no_model
from search_by import WORDS, by_both, by_either, ids
from shelf import Shelf
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import Description, Model
from stackroom.indexes.words import WordIndex
from stackroom.reading.notices import NOTHING_ASKED, NOTHING_INDEXED
from stackroom.reading.reader import Reader


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
    shelf.add(1, "cats purr\ncats meow\n", *[f"cats {number}\n" for number in range(30)])
    shelf.add(2, "cats and dogs\n", "cats too\n")
    first, second = reader.search("cats")
    pages = [first.best.page, *(further.page for further in first.more)]
    assert len(pages) == len(set(pages)) == 1 + 20 - len(second.more)
    scores = [first.best.score, *(further.score for further in first.more)]
    assert scores == sorted(scores, reverse=True)
    assert (first.unshown, second.unshown) == (31 - len(pages), 1 - len(second.more))


@by_both
def test_a_passage_is_shown_once_and_its_copies_are_named(shelf: Shelf, reader: Reader) -> None:
    """Re-saved leaflets: another file, another title, the same text."""
    leaflets = [
        shelf.add(number, "cats purr\n", "dogs bark\n", title=f"Leaflet {number}") for number in range(1, 13)
    ]
    others = [shelf.add(number, f"cats and number {number} of many words\n") for number in range(21, 28)]
    first, *rest = reader.search("cats purr")
    assert sorted([first.document_id, *(copy.document_id for copy in first.best.copies)]) == leaflets
    assert {copy.page for copy in first.best.copies} == {1}
    assert first.best.copies[0].title.startswith("Leaflet")
    assert sorted(hit.document_id for hit in rest) == others
    assert reader.answer("cats purr").unshown == 0
    assert len(reader.search("title:leaflet", 20)) == 12  # documents are asked for, not passages


@by_both
def test_an_answer_has_room_for_so_many_characters(shelf: Shelf) -> None:
    def sentences(number: int) -> str:
        return "".join(f"Cats {number} sleep {part}. " for part in range(30))

    for number in range(1, 11):
        shelf.add(number, *(f"{sentences(100 * number + page)}\n" for page in range(4)))
    for room in (2000, 5000, 12_000):
        reader = Reader(
            Catalog(shelf.path),
            WordIndex(shelf.words),
            SomeModels(lambda _: shelf.embedder),
            search_characters=room,
        )
        hits = reader.search("cats sleep")
        texts = [quote.text for hit in hits for quote in (hit.best, *hit.more)]
        assert len(hits) == 10
        assert room / 2 < sum(map(len, texts)) <= room
        assert all(re.match(r"(… )?[Cc]ats|… sleep|… \d", text) for text in texts), texts
        reader.close()


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
        assert ids(each, "cats purr")[:10] == [better, *added[:9]]
    fresh.close()


@pytest.mark.parametrize("query", ["", "  \n\t "])
def test_a_blank_query_finds_nothing_and_needs_no_model(shelf: Shelf, query: str) -> None:
    shelf.add(1, "cats\n")
    reader = shelf.reader(load=no_model)
    assert reader.search(query) == []
    reader.close()


def test_an_empty_catalogue_needs_no_model(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "index" / "catalog.sqlite3", create=True)
    reader = Reader(catalog, WordIndex(tmp_path / "index" / "words"), SomeModels(no_model))
    reader.warm()
    assert reader.search("cats") == []
    assert reader.answer("cats").notices == (NOTHING_INDEXED,)
    assert reader.answer("").notices == (NOTHING_ASKED,)
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


@pytest.mark.parametrize("shelf", [WORDS], indirect=True)
def test_with_its_dictionaries_loaded_words_are_found_in_other_forms(shelf: Shelf, reader: Reader) -> None:
    shelf.add(1, "Im Garten stehen drei Bäume.\n", language="de")
    reader.warm_words()
    assert ids(reader, "Baum") == [f"{1:024x}"]


@by_both
def test_what_is_chosen_is_found_whatever_else_has_the_words(shelf: Shelf, reader: Reader) -> None:
    """Most documents are chosen, and none of those that fit the words best."""
    for number in range(1, 251):
        if number % 3:
            shelf.add(number, f"cats {number}\n", language="en", words=False, embedded=False)
        else:
            text = f"cats and other animals of the house {number}\n"
            shelf.add(number, text, language="de", embedded=False)
    shelf.follow_words()
    german = sorted(f"{number:024x}" for number in range(3, 251, 3))
    assert sorted(ids(reader, "cats lang:de", 200)) == german
    english = sorted({f"{number:024x}" for number in range(1, 251)} - set(german))
    assert sorted(ids(reader, "cats lang:en", 200)) == english
    assert reader.answer("animals lang:en", 200).missing == "lang:en"


@by_both
def test_an_operator_that_was_taken_as_words_is_named(shelf: Shelf, reader: Reader) -> None:
    shelf.add(1, "cats\n")
    notice, *_ = reader.answer("cats lang:germann").notices
    assert notice.startswith("lang:germann was taken as words")
    assert reader.answer("cats lang:english").notices == ()


@pytest.mark.parametrize("shelf", [WORDS], indirect=True)
def test_a_query_of_many_pages_is_looked_for_by_its_beginning(shelf: Shelf, reader: Reader) -> None:
    shelf.add(1, "cats purr\n")
    shelf.add(2, "dogs bark\n")
    first, *others = reader.search("purr " + "a-" * 4000 + " bark")
    assert (first.best.text, others) == ("… cats purr", [])
