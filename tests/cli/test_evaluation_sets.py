"""Sets of questions: every form is read, and what is wrong with one is said with file and line."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from json_lines import write_lines
from stackroom.cli.evaluation.sets import EvaluationSet, read_set
from stackroom.common.errors import QuestionsUnusable, UsageError

CORPUS = [
    {"_id": "1", "title": "On otters", "text": "Otters hold hands."},
    {"_id": "b/2", "title": "", "text": "Knead the dough."},
    {"_id": "3", "text": ""},
]


QUERIES = [{"_id": "q1", "text": "otters"}, {"_id": "q2", "text": "dough"}, {"_id": "q3", "text": "taxes"}]


QRELS = "query-id\tcorpus-id\tscore\nq2\tb/2\t2\nq1\t1\t1\nq1\t3\t0\nq3\t3\t0\n"


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    write_lines(tmp_path / "corpus.jsonl", CORPUS)
    write_lines(tmp_path / "queries.jsonl", QUERIES)
    (tmp_path / "qrels.tsv").write_text(QRELS)
    return tmp_path


@pytest.fixture
def pdfs(tmp_path: Path) -> Path:
    """A folder of files that only their names are looked at."""
    folder = tmp_path / "set" / "pdfs"
    for name in ("1.pdf", "b/2.PDF", "a/same.pdf", "b/same.pdf", ".hidden.pdf", "notes.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def problem(folder: Path, **files: Path) -> str:
    with pytest.raises((QuestionsUnusable, UsageError)) as raised:
        read_set(folder, **files)
    return str(raised.value)


def asked(read: EvaluationSet) -> list[tuple[str, Mapping[str, int], list[int]]]:
    return [(query.text, query.relevant, sorted(query.pages)) for query in read.queries]


# Halves


def test_two_halves_are_the_set_and_stay_the_same(tmp_path: Path) -> None:
    write_lines(tmp_path / "corpus.jsonl", CORPUS)
    write_lines(tmp_path / "queries.jsonl", [{"_id": f"q{n}", "text": f"question {n}"} for n in range(200)])
    rows = "".join(f"q{n}\t1\t1\n" for n in range(200))
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + rows)
    whole = read_set(tmp_path)
    halves = [whole.half(1), whole.half(2)]
    assert all(80 < len(half.queries) < 120 for half in halves)
    assert sorted(query.id for half in halves for query in half.queries) == sorted(
        query.id for query in whole.queries
    )
    fewer = replace(whole, queries=whole.queries[::2])
    kept = [query for query in halves[0].queries if query in fewer.queries]
    assert list(fewer.half(1).queries) == kept


def test_a_half_without_questions_is_an_error(beir: Path) -> None:
    one = replace(read_set(beir), queries=read_set(beir).queries[:1])
    with pytest.raises(QuestionsUnusable, match="leave out --half"):
        [one.half(1), one.half(2)]


# Collections as BEIR has them


def test_a_collection_is_read(beir: Path) -> None:
    read = read_set(beir)
    assert (read.name, read.root, read.judged) == (beir.name, beir / "corpus.jsonl", True)
    assert asked(read) == [("otters", {"1": 1, "3": 0}, []), ("dough", {"b/2": 2}, [])]
    assert read.documents is not None
    assert [(path, document.title, document.text) for path, document in read.documents.items()] == [
        ("1", "On otters", "On otters\nOtters hold hands.\n"),
        ("b/2", "b/2", "Knead the dough.\n"),
        ("3", "3", ""),
    ]
    ids = {document.id for document in read.documents.values()}
    assert {len(id_) for id_ in ids} == {24}
    assert len(ids) == 3


def test_the_files_may_be_elsewhere_and_as_in_beirs_archives(beir: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    queries = (beir / "queries.jsonl").rename(tmp_path / "other" / "some.jsonl")
    qrels = (beir / "qrels.tsv").rename(tmp_path / "other" / "train.tsv")
    (beir / "qrels").mkdir()
    (beir / "qrels" / "test.tsv").write_text("q1\t1\t1\r\n\n")  # no header, as TREC; written on Windows
    assert asked(read_set(beir, queries=queries)) == [("otters", {"1": 1}, [])]
    assert len(read_set(beir, queries=queries, qrels=qrels).queries) == 2


def test_pdfs_can_be_named_by_the_ids_of_a_collection(beir: Path, pdfs: Path) -> None:
    (beir / "qrels.tsv").write_text("q1\t1\t1\nq2\t2\t1\n")
    files = {"queries": beir / "queries.jsonl", "qrels": beir / "qrels.tsv"}
    for folder in (pdfs.parent, pdfs):
        read = read_set(folder, **files)
        assert (read.root, read.documents, read.judged) == (pdfs, None, True)
        assert asked(read) == [("otters", {"1.pdf": 1}, []), ("dough", {"b/2.PDF": 1}, [])]


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("corpus.jsonl", '{"_id": "1", "text": "x"}\n{"_id"', "corpus.jsonl, line 2: not JSON"),
        ("corpus.jsonl", "[1]", "corpus.jsonl, line 1: each line must be one JSON object"),
        ("corpus.jsonl", '{"_id": "1"}', "corpus.jsonl, line 1: 'text' must be a text, and is missing"),
        ("corpus.jsonl", '{"_id": true, "text": "x"}', "'_id' must be a text, and is True"),
        ("corpus.jsonl", '\n{"_id": 1, "text": "\\ud800"}', "line 2: 'text' holds half a character"),
        ("corpus.jsonl", '{"_id": 1, "text": "x"}\n{"_id": "1", "text": "y"}', "line 2: a second document"),
        ("queries.jsonl", '{"_id": 1, "text": "x"}\n{"_id": "1", "text": "y"}', "line 2: a second query"),
        ("queries.jsonl", '{"_id": "q9", "text": "x"}', "qrels.tsv, line 2: there is no query 'q2' in "),
        ("qrels.tsv", "q1\t1\t1\nq1\tnone\t1", "qrels.tsv, line 2: there is no document 'none' in "),
        ("qrels.tsv", "q1\t1", "qrels.tsv, line 1: must be query-id, corpus-id and score"),
        ("qrels.tsv", "q1\t1\thigh", "line 1: 'score' must be a whole number, and is 'high'"),
        ("qrels.tsv", "q1\t1\t0", "names no relevant document for any query"),
        ("qrels.tsv", "", "names no relevant document for any query"),
        ("qrels.tsv", "é", "is not in UTF-8"),
    ],
)
def test_what_is_wrong_with_a_collection_is_said(beir: Path, file: str, content: str, said: str) -> None:
    (beir / file).write_text(content, encoding="latin-1")
    assert said in problem(beir)


# Questions


def test_questions_are_read_from_json_lines(pdfs: Path) -> None:
    lines = [
        {"id": 7, "question": " Which? ", "pdf": "1.pdf", "page": 3, "pages": [3, 5]},
        {"question": "Where?", "pdf": "b/2", "page": None, "answer": "here"},
        {"question": "What is in the picture?", "pdf": "1.pdf", "page": 1, "text_ok": False},
        {"question": "Who?", "pdf": "same.pdf", "page": 1, "text_ok": True},
    ]
    file = write_lines(pdfs.parent / "questions.jsonl", lines[:3])
    read = read_set(pdfs.parent)
    assert (read.name, read.root, read.documents, read.judged) == ("set", pdfs, None, False)
    assert asked(read) == [("Which?", {"1.pdf": 1}, [3, 5]), ("Where?", {"b/2.PDF": 1}, [])]
    assert read.left_out == 1
    write_lines(file, lines)
    assert "line 4: 'same.pdf' may be any of a/same.pdf, b/same.pdf. Give the path" in problem(pdfs.parent)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("mark", [",", ";"])
def test_questions_are_read_from_a_spreadsheet(pdfs: Path, tmp_path: Path, mark: str, encoding: str) -> None:
    file = tmp_path / "mine.csv"
    rows = [["page", "question", "pdf"], ["2", '"Wie groß,\nwie schwer; wie alt?"', "1.pdf"]]
    rows += [["", "Where?", "a/same.pdf"], ["", "", ""]]
    file.write_text("\r\n".join(map(mark.join, rows)), encoding=encoding, newline="")
    expected: list[object] = [("Wie groß,\nwie schwer; wie alt?", {"1.pdf": 1}, [2])]
    assert asked(read_set(pdfs, questions=file)) == [*expected, ("Where?", {"a/same.pdf": 1}, [])]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("question;page\nWhich?;1", "questions.csv, line 1: must name the columns, and 'pdf' is not there"),
        ("question,pdf\nWhich?,gone.pdf", "line 2: there is no document 'gone.pdf' in "),
        ("question,pdf\n,1.pdf", "line 2: the question is empty"),
        ("question,pdf\nWhich?", "line 2: 'pdf' must be a text, and is missing"),
        ("question,pdf,page\nWhich?,1.pdf,iv", "line 2: 'page' must be a whole number, and is 'iv'"),
        ("question,pdf,page\nWhich?,1.pdf,0", "line 2: pages are counted from 1"),
        ("question,pdf\n", "holds no question"),
        ("", "line 1: must name the columns"),
        ("question,pdf\nGröße?,1.pdf", "is not in UTF-8"),
    ],
)
def test_what_is_wrong_with_a_spreadsheet_is_said(pdfs: Path, content: str, said: str) -> None:
    (pdfs.parent / "questions.csv").write_text(content, encoding="latin-1")
    assert said in problem(pdfs.parent)


def test_pages_must_be_a_list(pdfs: Path) -> None:
    write_lines(pdfs / "questions.jsonl", [{"question": "Which?", "pdf": "1.pdf", "pages": "3"}])
    assert "questions.jsonl, line 1: 'pages' must be a list" in problem(pdfs)


# What is no set


def test_a_folder_that_is_no_set_is_told_from_a_broken_one(tmp_path: Path, pdfs: Path, beir: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "holds no set of questions. It must hold one of" in problem(tmp_path / "empty")
    assert "holds no set of questions" in problem(pdfs)
    assert "nowhere is not a folder" in problem(tmp_path / "nowhere")
    files = {"queries": beir / "queries.jsonl", "qrels": beir / "qrels.tsv"}
    assert "There are no PDFs in" in problem(tmp_path / "empty", **files)
    assert "name their file with --qrels FILE" in problem(pdfs, queries=files["queries"])
    assert "queries.jsonl cannot be read: No such file" in problem(pdfs, qrels=files["qrels"])
    both = {**files, "questions": pdfs / "questions.csv"}
    assert "Give either --questions, or --queries and --qrels" in problem(pdfs, **both)
