"""Operators, through a whole search: what they leave out is not found, and nothing else is missing."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes import NarrowEmbedder
from shelf import Shelf
from stackroom.reading.notices import NOTHING_ASKED
from stackroom.reading.reader import Reader
from stackroom.server.protocol.answers import search_answer


@pytest.fixture
def library(shelf: Shelf) -> Shelf:
    shelf.add(
        1, "Otters hold hands in cold rivers.\n", name="animals/otters.pdf", created="2019", modified=""
    )
    shelf.add(
        2,
        "Hands hold otters, rivers hold fish.\n",
        title="Annual Report",
        author="Grace Hopper",
        modified="",
    )
    shelf.add(3, "Otter und Hände im Fluss.\n", language="de", created="2023-05-06T10:00:00Z", modified="")
    shelf.add(
        4,
        "Error ZULU-7788: § 4.2.1 of snake_case\n",
        name="manuals/errors.pdf",
        title="Codes",
        modified="",
    )
    return shelf


def found(reader: Reader, query: str) -> set[int]:
    """The documents that meet all that is demanded."""
    answer = reader.answer(query)
    return set() if answer.missing else {int(hit.document_id, 16) for hit, _ in answer.hits}


@pytest.mark.parametrize(
    ("query", "documents", "missing"),
    [
        ('"hands otters"', [1], '"hands otters"'),
        ('otters "hands otters" -rivers', [1], '"hands otters" -"rivers"'),
        ("title:nothing otters", [1, 2], "title:nothing"),
        ('"hold hands" title:report', [2], '"hold hands"'),
        ('"hands otters" lang:fr', [1], '"hands otters" lang:fr'),
        (
            'author:"ada byron" before:1990 -lang:en otters',
            [1],
            'author:"ada byron" before:1990-01-01 -lang:en',
        ),
    ],
)
@pytest.mark.usefixtures("library")
def test_what_leaves_nothing_is_told_and_the_nearest_are_offered(
    reader: Reader, query: str, documents: list[int], missing: str
) -> None:
    answer = reader.answer(query)
    assert answer.missing == missing
    assert answer.notices == (f"Nothing was found with {missing}: these are the nearest without.",)
    shown = [int(hit.document_id, 16) for hit, _ in answer.hits]
    assert set(documents) <= set(shown)
    results = search_answer(answer, "https://library.example", reader.state()).results
    assert all(result.note.startswith(answer.notices[0]) for result in results)


@pytest.mark.usefixtures("library")
def test_filters_alone_that_leave_nothing_are_told(reader: Reader) -> None:
    answer = reader.answer("folder:nowhere")
    assert (answer.hits, answer.notices) == ([], ("Nothing was found with folder:nowhere.",))
    assert reader.answer("otters").notices == ()


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("query", ["", "  ", "skip:10"])
def test_an_empty_query_is_told(reader: Reader, query: str) -> None:
    answer = reader.answer(query)
    assert (answer.hits, answer.notices) == ([], (NOTHING_ASKED,))
    assert NOTHING_ASKED not in reader.answer("*").notices


def test_nothing_is_found_for_a_query_that_nothing_speaks_for(shelf: Shelf, reader: Reader) -> None:
    shelf.add(1, "mills\n")
    assert reader.search("университет") == []


class AskedFromAbroad(NarrowEmbedder):
    """Questions are less like any passage than unrelated passages are like one another, as E5's in another
    language than the passages.
    """

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = super().embed_queries(texts)
        vectors[:, -1] = 0.3
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def test_where_unrelated_texts_are_alike_what_is_near_may_be_less_alike(shelf: Shelf) -> None:
    shelf.add(1, "mills\n")
    embedder = AskedFromAbroad(2.0)
    shelf.reembed(embedder)
    with closing(shelf.reader()) as reader:
        hit = reader.search("университет")[0]
    query, passage = embedder.embed_queries(["университет"]), embedder.embed_passages(["mills"])
    assert float(query[0] @ passage[0]) < embedder.unrelated_cosine
    assert (int(hit.document_id, 16), hit.strength) == (1, "weak")


@pytest.mark.parametrize(
    ("query", "documents"),
    [
        ('"hold hands"', {1}),
        ('"HOLD  hands"', {1}),
        ('otters "rivers hold fish"', {2}),
        ('"hands otters"', set()),
        ('"§ 4.2.1"', {4}),
        ('"ZULU-7788"', {4}),
        ("otters rivers -fish", {1, 3}),
        ('otters -"hold hands"', {2, 3}),
        ("otters title:report", {2}),
        ("otters title:otters", set()),
        ('otters author:"hopper"', {2}),
        ("otters folder:animals", {1}),
        ("otters path:otters.pdf", {1}),
        ("hands after:2023", {3}),
        ("hands before:2020", {1}),
        ("hands after:2020-01 before:2020-02", {2, 4}),
        ("Hände lang:german", {3}),
        ("otters lang:en -title:report", {1, 4}),
        (f"hands id:{2:024x}", {2}),
        (f"id:{2:024x} unicorns", {2}),
        ("title:nothing otters", set()),
        ("otters time: 10:30", {1, 2, 3}),
    ],
)
@pytest.mark.usefixtures("library")
def test_an_operator_leaves_out_what_it_says(reader: Reader, query: str, documents: set[int]) -> None:
    assert found(reader, query) == documents


@pytest.mark.parametrize("query", ["ZULU-7788", "zulu7788", "4.2.1", "snake_case"])
@pytest.mark.usefixtures("library")
def test_a_code_finds_its_document_first(reader: Reader, query: str) -> None:
    assert int(reader.search(query)[0].document_id, 16) == 4


@pytest.mark.usefixtures("library")
def test_filters_alone_list_documents_newest_first(reader: Reader, tmp_path: Path) -> None:
    hits = reader.search("before:2030 -title:codes")
    assert [int(hit.document_id, 16) for hit in hits] == [3, 2, 1]
    assert hits[0].best.text == "Otter und Hände im Fluss."
    assert found(reader, "folder:manuals") == {4}
    assert found(reader, "folder:library") == {1, 2, 3, 4}  # the folder that was indexed
    assert found(reader, f'folder:"{tmp_path.name}"') == set()  # what is above it
    assert found(reader, "folder:nowhere") == set()


def test_filters_alone_need_no_model(library: Shelf) -> None:
    def no_model(_: str) -> None:
        raise AssertionError("the model was asked for")

    reader = library.reader(load=no_model)  # type: ignore[arg-type]
    assert found(reader, "lang:de") == {3}
    reader.close()


def test_the_id_of_a_replaced_document_leads_to_its_successor(library: Shelf, reader: Reader) -> None:
    library.add(9, "Otters hold hands in warm rivers.\n", name="animals/otters.pdf")
    assert found(reader, f"hands id:{1:024x}") == {9}


def test_a_phrase_is_found_however_many_documents_have_its_words(shelf: Shelf, reader: Reader) -> None:
    for number in range(1, 200):
        shelf.add(number, f"hands of otters hold {number}\n", words=False)
    shelf.add(500, "otters hold hands\n")
    assert found(reader, '"otters hold hands"') == {500}


def test_a_phrase_is_found_deep_in_a_book(shelf: Shelf, reader: Reader) -> None:
    shelf.add(
        1, *["hands hold otters otters hold hands hands\n"] * 300, "once otters hold rivers, and hands\n"
    )
    (hit,) = reader.search('"hold rivers" otters hands')
    assert hit.best.page == 301


def test_an_excluded_word_leaves_what_is_deep_in_a_book(shelf: Shelf, reader: Reader) -> None:
    shelf.add(1, *["otters and fish otters\n"] * 300, "otters alone, and many other words besides them\n")
    (hit,) = reader.search("otters -fish")
    assert hit.best.page == 301


def test_filters_with_an_exclusion_look_at_passages(shelf: Shelf, reader: Reader) -> None:
    shelf.add(1, "Nothing swims here.\n", title="Of fish", created="2020")
    shelf.add(2, "Here are fish.\nAnd fish again.\n", title="Of rivers", created="2021")
    shelf.add(3, "Here are fish.\n", "Here are none.\n", title="Of lakes", created="2022")
    hits = reader.search("lang:en -fish")
    assert [(int(hit.document_id, 16), hit.best.text) for hit in hits] == [
        (3, "Here are none."),
        (1, "Nothing swims here."),
    ]
    assert found(reader, 'lang:en -"fish again"') == {1, 2, 3}
    assert [int(hit.document_id, 16) for hit in reader.search("lang:en -fish", 1)] == [3]


def test_what_is_excluded_hides_no_other_passage_of_its_document(shelf: Shelf, reader: Reader) -> None:
    shelf.add(1, "otters and fish\n", "otters and birds\n")
    (hit,) = reader.search("otters -fish")
    assert hit.best.text == "… otters and birds"
    assert hit.more == ()


def test_the_words_that_match_are_marked(shelf: Shelf, reader: Reader) -> None:
    shelf.add(1, "Otters hold hands. They sleep.\n")
    (hit,) = reader.search("sleeping otter", marked=True)
    text = hit.best.text
    assert [text[start:stop] for start, stop in hit.best.matches] == ["Otters", "sleep"]


def test_each_hit_is_explained(shelf: Shelf, reader: Reader) -> None:
    shelf.add(1, "Otters hold hands.\n")
    shelf.add(2, "Otters of another name.\n")
    (first, best), (_, other) = reader.answer("otters hands").hits
    assert first.best.score == best.score > other.score
    assert (best.words_rank, best.meaning_rank) == (1, 1)
    assert best.meaning == pytest.approx(1, abs=0.2)
    assert best.words > 0.5
    assert best.document > 0
    assert other.words_rank == 2
    assert 0 < other.words < best.words
