"""What is measured on a set: the measures themselves, and what counts as found."""

import importlib.util
import json
import math
import random
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from fakes import OneModel, Wanting, WordHashEmbedder
from indexer.run.indexer import Indexer
from json_lines import write_lines
from make_pdfs import write_garbage, write_pdf
from places import SHARED
from stackroom.catalog.catalog import Catalog
from stackroom.cli.evaluation.ask_questions import Results, ask_questions
from stackroom.cli.evaluation.measures import DEEP, DOCUMENTS, JUDGED, figure, measure, told_apart
from stackroom.cli.evaluation.report import as_json, as_table
from stackroom.cli.evaluation.sets import read_set
from stackroom.common.settings import Settings
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader

# Measures


def by_hand(ranked: Sequence[str], grades: Mapping[str, int]) -> tuple[float, float, float, float]:
    """nDCG@10 with linear gain, Recall@100, MRR@10 and success@5, from their definitions."""
    ideal = sorted((grade for grade in grades.values() if grade > 0), reverse=True)
    right = {thing for thing, grade in grades.items() if grade > 0}
    gained = sum(max(grades.get(thing, 0), 0) / math.log2(at + 2) for at, thing in enumerate(ranked[:10]))
    best = sum(grade / math.log2(at + 2) for at, grade in enumerate(ideal[:10]))
    reciprocal = next((1 / (at + 1) for at, thing in enumerate(ranked[:10]) if thing in right), 0.0)
    return (
        gained / best,
        len(right & set(ranked[:100])) / len(right),
        reciprocal,
        float(not right.isdisjoint(ranked[:5])),
    )


def made_up(queries: int) -> tuple[dict[str, list[str]], dict[str, dict[str, int]]]:
    """Rankings of up to 150 of 300 things, none for some queries, and grades from -1 to 3."""
    chance = random.Random(7)
    things = [f"thing {number}" for number in range(300)]
    found, truth = {}, {}
    for number in range(queries):
        grades = {thing: chance.randint(-1, 3) for thing in chance.sample(things, chance.randint(1, 30))}
        truth[f"q{number}"] = {**grades, chance.choice(things): 1}
        found[f"q{number}"] = chance.sample(things, chance.choice([0, 3, 10, 150]))
    del found["q0"]
    return found, truth


def test_measures_are_what_their_definitions_say() -> None:
    found, truth = made_up(200)
    values = measure(found, truth, {**JUDGED, **DEEP, **DOCUMENTS})
    expected = [by_hand(found.get(query, []), grades) for query, grades in truth.items()]
    for column, name in enumerate(("nDCG@10", "Recall@100", "MRR@10", "document@5")):
        assert values[name] == pytest.approx([row[column] for row in expected])
        assert values[name].shape == (200,)
    assert values["MRR@10"][0] == 0  # nothing found


def test_measures_agree_with_the_shared_evaluation_tools() -> None:
    file = SHARED / "eval" / "tools" / "metrics.py"
    if not file.is_file():
        pytest.skip("the shared evaluation tools are not beside this checkout")
    spec = importlib.util.spec_from_file_location("metrics", file)
    assert spec is not None
    assert spec.loader is not None
    metrics = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(metrics)
    found, truth = made_up(100)
    run = {query: {thing: -rank for rank, thing in enumerate(things)} for query, things in found.items()}
    expected = metrics.evaluate(truth, run)
    values = measure(found, truth, {**JUDGED, **DEEP})
    for ours, theirs in (("nDCG@10", "ndcg@10"), ("Recall@100", "recall@100"), ("MRR@10", "mrr@10")):
        assert values[ours].mean() == pytest.approx(expected[theirs])


def test_intervals() -> None:
    values = np.random.default_rng(1).integers(0, 2, 1000).astype(np.float64)
    shown = figure(values)
    assert shown == figure(values)  # nothing is left to chance
    assert shown.mean == values.mean()
    by_theory = 1.96 * values.std() / math.sqrt(1000)
    assert shown.high - shown.mean == pytest.approx(by_theory, rel=0.1)
    assert shown.mean - shown.low == pytest.approx(by_theory, rel=0.1)
    sure = figure(np.ones(3))
    assert (sure.mean, sure.low, sure.high) == (1, 1, 1)


def test_unanswerable_questions_are_told_by_their_scores() -> None:
    answerable = [number / 100 for number in range(100)]
    assert told_apart(answerable, [0.0, 0.04, 0.06, 1.0]).tolist() == [1, 1, 0, 0]


# Trials


def trial(folder: Path, data: Path, reranker: Wanting | None = None) -> Results:
    """Indexes a set with word counts, asks its questions."""
    evaluation_set = read_set(folder)
    settings = Settings.read({}, data=data, workers=2)
    models = OneModel(WordHashEmbedder())
    with Indexer(settings, models) as indexer:
        if evaluation_set.documents is None:
            indexer.run([evaluation_set.root])
        else:
            indexer.run_corpus(evaluation_set.root, evaluation_set.documents)
    answered: list[int] = []
    with Catalog(settings.catalog) as catalog:
        reader = Reader(Catalog(settings.catalog), WordIndex(settings.words), models, reranker=reranker)
        with closing(reader):
            results = ask_questions(evaluation_set, catalog, reader, answered.append)
    assert answered == list(range(1, len(evaluation_set.queries) + 1))
    return results


def means(results: Results, measure: str) -> tuple[float, float, float]:
    """Of words, meaning and fused."""
    found = results.measures[measure]
    return found.words.mean, found.meaning.mean, found.fused.mean


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    folder = tmp_path / "beir"
    folder.mkdir()
    corpus = [{"_id": str(number), "text": f"cats and number {number}"} for number in range(20)]
    corpus += [{"_id": "z", "text": "otters sleep"}, {"_id": "a", "text": "otters sleep"}]
    corpus += [{"_id": "empty", "text": ""}]
    write_lines(folder / "corpus.jsonl", corpus)
    write_lines(folder / "queries.jsonl", [{"_id": "1", "text": "otters sleep"}, {"_id": "2", "text": "17"}])
    return folder


def test_a_reranker_is_evaluated_as_searches_use_it(beir: Path, tmp_path: Path) -> None:
    (beir / "queries.jsonl").write_text('{"_id": "1", "text": "cats and number"}')
    (beir / "qrels.tsv").write_text("1\t11\t1\n")
    plain = trial(beir, tmp_path / "data")
    reranked = trial(beir, tmp_path / "data", Wanting("11"))
    assert means(plain, "MRR@10")[2] < means(reranked, "MRR@10")[2] == 1
    assert plain.reread is None
    assert reranked.reread is not None
    assert reranked.reread[0] == 20
    assert "in the reranker, which reads 20 passages (medians)." in as_table(reranked)


def test_each_entry_with_the_same_text_is_found(beir: Path, tmp_path: Path) -> None:
    (beir / "qrels.tsv").write_text("1\tz\t1\n2\t17\t1\n2\tempty\t1\n")
    results = trial(beir, tmp_path / "data")
    assert (results.name, results.model, results.documents, results.queries) == ("beir", "word-hash", 22, 2)
    # "a" and "z" share their document and are found together, in the order of their names.
    assert means(results, "MRR@10") == ((0.5 + 1) / 2,) * 3
    assert means(results, "Recall@100") == (0.75,) * 3
    gains = [measured.gain for measured in results.measures.values()]
    assert all((gain.mean, gain.low, gain.high) == (0, 0, 0) for gain in gains)


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    folder = tmp_path / "questions"
    folder.mkdir()
    write_pdf(folder / "otters.pdf", ["Otters sleep in the sea.", "Otters eat crabs and otters eat clams."])
    (folder / "otters copy.pdf").write_bytes((folder / "otters.pdf").read_bytes())
    write_pdf(folder / "bread.pdf", ["Knead the dough for ten minutes.", "Bake it until noon."])
    write_garbage(folder / "broken.pdf")
    return folder


def test_the_right_page_of_the_right_document_is_looked_for(questions: Path, tmp_path: Path) -> None:
    asked = [
        {"question": "otters eat clams", "pdf": "otters copy.pdf", "page": 2},
        {"question": "otters eat crabs", "pdf": "otters.pdf", "page": 1},  # second best
        {"question": "knead dough", "pdf": "bread.pdf", "page": None},
        {"question": "knead dough", "pdf": "otters.pdf", "pages": [1, 2]},
        {"question": "of what is not there", "pdf": "broken.pdf", "page": 1},
        {"question": "a picture", "pdf": "bread.pdf", "text_ok": False},
    ]
    write_lines(questions / "questions.jsonl", asked)
    results = trial(questions, tmp_path / "data")
    assert (results.queries, results.left_out, results.documents) == (5, 1, 2)
    assert means(results, "document@1") == (0.6,) * 3
    # Nothing of dough is in otters.pdf, and what is not near is not found by meaning either.
    assert means(results, "document@5") == (0.6,) * 3
    pages = results.measures["page@1"]
    assert pages.queries == 4
    assert means(results, "page@1") == (0.25,) * 3
    assert means(results, "page@5") == (0.5,) * 3
    assert results.measures["page@5"].gain.mean == 0


def test_what_an_answer_shows_is_measured(questions: Path, tmp_path: Path) -> None:
    asked = [
        {"question": "otters eat clams", "pdf": "otters.pdf", "page": 2},
        {"question": "otters sleep", "pdf": "otters.pdf", "page": 2},  # not the best page, but shown
        {"question": "knead dough", "pdf": "otters.pdf", "page": 3},
        {"question": "dough", "pdf": "bread.pdf"},
        {"question": "quarterly earnings", "answerable": False},
        {"question": "otters eat clams", "answerable": False},
    ]
    write_lines(questions / "questions.jsonl", asked)
    results = trial(questions, tmp_path / "data")
    assert results.shown is not None
    assert (results.shown.queries, round(results.shown.figure.mean, 3)) == (3, 0.667)
    assert results.unanswerable is not None
    assert (results.unanswerable.queries, results.unanswerable.figure.mean) == (2, 0.5)
    assert results.cpu_ms > 0
    rows = as_table(results).splitlines()
    assert [row.split()[:3] for row in rows if row.startswith(("shown@search ", "unanswerable "))] == [
        ["shown@search", "3", "0.667"],
        ["unanswerable", "2", "0.500"],
    ]


def test_without_pages_none_are_measured(questions: Path, tmp_path: Path) -> None:
    write_lines(questions / "questions.jsonl", [{"question": "dough", "pdf": "bread.pdf"}])
    assert list(trial(questions, tmp_path / "data").measures) == ["document@1", "document@5", "document@10"]


def test_results_are_shown_aligned_and_as_json(questions: Path, tmp_path: Path) -> None:
    asked = [{"question": "otters eat", "pdf": "otters.pdf", "page": 1}] * 2
    write_lines(questions / "questions.jsonl", [*asked, {"question": "x", "text_ok": False}])
    results = trial(questions, tmp_path / "data")
    lines = as_table(results).splitlines()
    assert lines[0] == "questions: 2 queries, 1 left out; 2 documents, 4 passages; word-hash"
    heading, *rows = lines[2:9]
    assert [row.split()[:3] for row in rows[:2]] == [
        ["document@1", "2", "1.000"],
        ["document@5", "2", "1.000"],
    ]
    for column in ("words", "meaning", "fused"):
        at = heading.index(column)
        assert {row[at - 2 : at] for row in rows} == {"  "}
        assert all(row[at].isdigit() for row in rows)
    assert rows[0].endswith("+0.000 [+0.000, +0.000] over words")
    printed = json.loads(as_json(results))
    assert (printed["queries"], printed["left_out"]) == (2, 1)
    page = printed["measures"]["page@1"]
    assert (page["words"], page["better"]) == ({"mean": 0, "low": 0, "high": 0}, "words")
    assert page["gain"].keys() == {"mean", "low", "high"}
