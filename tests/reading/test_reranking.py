"""Passages that are read again: how they change places, and that no search fails for want of a reranker."""

import dataclasses
import re
from collections.abc import Iterator, Sequence

import pytest

from fakes import OneModel, Wanting
from shelf import Shelf
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.passage_ranges import PassageRange
from stackroom.cli.search_results import Source, show_hits
from stackroom.common.errors import ModelDamaged, ModelNotFound
from stackroom.embedding.embedder import Preparation
from stackroom.indexes.words import WordIndex
from stackroom.reading.finding.candidates import Candidate
from stackroom.reading.finding.reranked import reranked, to_read
from stackroom.reading.notices import RERANKER_NOT_READY, RERANKER_TOO_SLOW, RERANKER_UNUSABLE
from stackroom.reading.reader import Reader
from stackroom.reading.reranking import Reranking


def candidate(passage: int, score: float, document: int = 0, page: int = 1) -> Candidate:
    own = PassageRange(100 * document, 100 * document + 99, document)
    return Candidate(passage, own, page, score=score)


def places(found: Sequence[Candidate]) -> list[int]:
    return [one.passage for one in found]


RANKED = [candidate(number, 1 - number / 10, document=number) for number in range(6)]


# How they change places


def test_those_that_were_read_change_places_among_themselves() -> None:
    read = RANKED[:4]
    found = reranked(RANKED, read, [0.2, 0.1, 0.9])
    assert places(found) == [2, 0, 1, 3, 4, 5]
    assert [one.score for one in found] == [one.score for one in RANKED]
    assert [(one.reranked, one.place) for one in found[:4]] == [(0.9, 3), (0.2, 1), (0.1, 2), (None, None)]


def test_of_equal_ones_the_reranker_decides() -> None:
    equal = [candidate(number, 0.5, document=number) for number in range(4)]
    assert places(reranked(equal, equal, [0.1, 0.2, 0.9])) == [2, 1, 0, 3]


@pytest.mark.parametrize("scores", [(), (0.3,), (0.7, 0.7, 0.7)])
def test_nothing_moves_without_a_difference(scores: tuple[float, ...]) -> None:
    assert places(reranked(RANKED, RANKED, scores)) == [0, 1, 2, 3, 4, 5]


def test_the_best_passage_of_each_page_is_read() -> None:
    ranked = [
        candidate(1, 0.9, document=1, page=1),
        candidate(2, 0.8, document=1, page=1),
        candidate(3, 0.7, document=1, page=2),
        candidate(4, 0.6, document=2, page=1),
    ]
    assert places(to_read(ranked)) == [1, 3, 4]
    assert len(to_read([candidate(number, 1.0, document=number) for number in range(50)])) == 20


def test_a_page_moves_with_the_passage_that_was_read_of_it() -> None:
    ranked = [
        candidate(1, 0.9, document=1),
        candidate(2, 0.8, document=1),
        candidate(3, 0.7, document=2),
        candidate(4, 0.1, document=3),
    ]
    found = reranked(ranked, to_read(ranked), [0.0, 1.0])
    assert places(found) == [3, 1, 2, 4]
    assert sorted((one.score for one in found), reverse=True) == [one.score for one in found]


# In a search


@pytest.fixture
def wanting(shelf: Shelf) -> Wanting:
    for number, kind in enumerate(("river", "sea", "giant"), 1):
        shelf.add(number, f"otters of the {kind} sleep\n", "nothing here\n", title=f"Number {number}")
    return Wanting("giant")


@pytest.fixture
def reader(shelf: Shelf, wanting: Wanting) -> Iterator[Reader]:
    made = Reader(Catalog(shelf.path), WordIndex(shelf.words), OneModel(shelf.embedder), reranker=wanting)
    yield made
    made.close()


QUESTION = "otters sleep in the river"


def test_a_search_has_its_best_passages_read_again(
    reader: Reader, wanting: Wanting, shelf: Shelf, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = shelf.reader()
    before = plain.answer(QUESTION)
    plain.close()
    after = reader.answer(QUESTION)
    assert (before.hits[0][0].title, after.hits[0][0].title) == ("Number 1", "Number 3")
    assert [hit.best.score for hit, _ in after.hits] == [hit.best.score for hit, _ in before.hits]
    assert {hit.document_id for hit, _ in after.hits} == {hit.document_id for hit, _ in before.hits}
    assert after.notices == before.notices
    assert after.hits[0][1].reranked == pytest.approx(1)
    assert after.hits[0][1].place in (2, 3)
    assert wanting.read[0][0] == QUESTION
    assert ("Number 3\notters of the giant sleep") in [passage for _, passage in wanting.read]
    fused = reader.rankings(QUESTION)["fused"]
    assert fused[0].document_id == after.hits[0][0].document_id
    assert len(after.reread.scores) >= 3 > len(before.reread.scores) == 0
    show_hits([hit for hit, _ in after.hits], [Source([], "")] * 3, [evidence for _, evidence in after.hits])
    shown = " ".join(capsys.readouterr().out.split())
    assert re.search(r"together 0\.\d+; reranked 1\.00 \(before: [23]\.\)", shown)


def test_the_same_question_is_answered_in_the_same_order(reader: Reader, wanting: Wanting) -> None:
    first = reader.answer(QUESTION)
    read = len(wanting.read)
    wanting.word = "river"
    again = reader.answer(QUESTION)
    assert again.hits == first.hits
    assert len(wanting.read) == read
    assert again.reread == (first.reread.scores, 0.0)


def test_only_words_are_read_again(reader: Reader, wanting: Wanting) -> None:
    assert len(reader.search("after:2000")) == 3
    assert wanting.read == []


def test_one_that_is_not_ready_is_not_waited_for(reader: Reader, wanting: Wanting) -> None:
    wanting.state = Preparation.UNDER_WAY
    answer = reader.answer(QUESTION)
    assert len(answer.hits) == 3
    assert answer.notices == (RERANKER_NOT_READY,)
    wanting.state = Preparation.DONE
    assert reader.answer(QUESTION).notices == ()


def test_one_that_cannot_be_had_is_said_and_not_tried_at_each_search(
    reader: Reader, wanting: Wanting
) -> None:
    wanting.error = ModelNotFound("There is none here.")
    with pytest.raises(ModelNotFound):
        reader.warm_reranker()
    for _ in range(3):
        answer = reader.answer(QUESTION)
        assert len(answer.hits) == 3
        assert answer.notices == (RERANKER_UNUSABLE,)
    assert wanting.loads == 1


def test_it_is_tried_again_after_a_minute(wanting: Wanting) -> None:
    now = [0.0]
    reranking = Reranking(wanting, lambda: now[0])
    wanting.error = ModelDamaged("It is broken.")
    assert reranking.reread("otters", ["giant", "small"]) == (((), 0.0), RERANKER_UNUSABLE)
    wanting.error = None
    now[0] = 59.0
    assert reranking.reread("otters", ["giant", "small"])[1] == RERANKER_UNUSABLE
    now[0] = 61.0
    reread, notice = reranking.reread("otters", ["giant", "small"])
    assert reread.scores == pytest.approx((1.0, 0.0), abs=1e-6)
    assert notice == ""


def test_one_that_is_too_slow_for_its_budget_is_said(shelf: Shelf, wanting: Wanting) -> None:
    reranking = Reranking(Wanting("giant", milliseconds=1e-9))
    reread, notice = reranking.reread("otters", ["giant", "small"])
    assert (reread.scores, notice) == ((), RERANKER_TOO_SLOW)
    assert reranking.reread("otters", [])[1] == ""


def test_a_library_without_vectors_is_reranked_by_its_words(tmp_path: object, shelf: Shelf) -> None:
    for number, kind in enumerate(("river", "giant"), 1):
        shelf.add(number, f"otters of the {kind}\n", embedded=False)
    reader = Reader(
        Catalog(shelf.path), WordIndex(shelf.words), OneModel(shelf.embedder), reranker=Wanting("giant")
    )
    answer = reader.answer("otters river of the")
    reader.close()
    assert "giant" in answer.hits[0][0].best.text
    assert len(answer.notices) == 1  # that meaning waits
    assert dataclasses.asdict(answer)["reread"][0]
