"""A word that no document has, one letter from one that some have."""

from shelf import Shelf


def test_a_word_that_is_nowhere_is_searched_for_as_what_it_may_mean(shelf: Shelf) -> None:
    there = shelf.add(1, "The regatta begins at noon.\n")
    shelf.add(2, "cats\n")
    reader = shelf.reader()
    answer = reader.answer("when is the regata", marked=True)
    best = answer.hits[0][0].best
    assert answer.hits[0][0].document_id == there
    assert "regatta" in [best.text[start:stop] for start, stop in best.matches]
    assert answer.notices[0] == "No document has the word “regata”. Searched for instead: “regatta”."
    assert "regata" not in str(reader.answer("when is the regatta").notices)
    assert reader.answer('"regata"').hits == []
    reader.close()


def test_two_letters_that_changed_places_are_named_as_the_word_has_them(shelf: Shelf) -> None:
    shelf.add(1, "Calibrate the hygrometer.\n")
    reader = shelf.reader()
    assert reader.answer("hygrometre").notices == (
        "No document has the word “hygrometre”. Searched for instead: “hygrometer”.",
    )
    reader.close()
