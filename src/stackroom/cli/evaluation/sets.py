"""Reads sets of documents and of questions with known answers, in all forms that `eval` takes."""

import hashlib
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from stackroom.cli.evaluation.question_files import Entry, read_csv, read_json_lines, read_qrels
from stackroom.common.documents import Document, Page
from stackroom.common.errors import QuestionsUnusable, UsageError

# As many as the id of a PDF's document has.
_ID_DIGITS = 24

_FORMS = """\
 It must hold one of:
  corpus.jsonl, queries.jsonl and qrels.tsv     a collection in the format of BEIR
  PDFs, named by the ids of a qrels file        and the same two files, or --queries FILE --qrels FILE
  PDFs and questions.jsonl or questions.csv     or --questions FILE"""


@dataclass(frozen=True, slots=True)
class Query:
    """A question, and where its answer is.

    Attributes:
        id: unique in its set.
        text: what is searched for.
        relevant: the grade of each document, by its path in the library; higher is better, 0 is not relevant.
        pages: 1-based pages that answer it, where a question names them.
    """

    id: str
    text: str
    relevant: Mapping[str, int]
    pages: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """Documents, and questions about them.

    Attributes:
        name: of the folder.
        root: absolute path of what is indexed: a folder of PDFs, or the file that the documents are from.
        documents: by their paths in the library; None if they are the PDFs in `root`.
        queries: at least one; each has a relevant document.
        judged: True if many documents have grades of relevance; False if each question is about one document.
        left_out: how many questions were skipped because the set says that text cannot answer them.
        unanswerable: questions that the set says nothing answers; they have no relevant document.
    """

    name: str
    root: Path
    documents: Mapping[str, Document] | None
    queries: tuple[Query, ...]
    judged: bool
    left_out: int = 0
    unanswerable: tuple[Query, ...] = ()

    def half(self, number: int) -> "EvaluationSet":
        """The set with one half of its queries: 1 or 2, and always the same ones.

        So settings can be tuned on one half, and figures reported on the other.

        Raises:
            QuestionsUnusable: that half has no query.
        """
        asked, unanswerable = (
            # By the text, so that queries stay in their half when the set grows or their ids change.
            tuple(query for query in queries if zlib.crc32(query.text.encode()) % 2 == number - 1)
            for queries in (self.queries, self.unanswerable)
        )
        if not asked:
            raise QuestionsUnusable(f"{self.name} has too few questions for two halves: leave out --half.")
        return replace(self, queries=asked, unanswerable=unanswerable)


def read_set(
    folder: Path, *, queries: Path | None = None, qrels: Path | None = None, questions: Path | None = None
) -> EvaluationSet:
    """Reads the set in a folder. Its files of questions may be elsewhere.

    Args:
        folder: has the documents.
        queries: JSON lines with _id and text.
        qrels: judgments, see `read_qrels`.
        questions: CSV with the columns question, pdf and, if known, page; or JSON lines with these fields. If
            a question has `"answerable": false`, nothing answers it.

    Raises:
        UsageError: the folder holds none of the forms of a set.
        QuestionsUnusable: a file can't be read, or names what is not there.
    """
    folder = folder.expanduser().resolve()
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder.{_FORMS}")
    if questions and (queries or qrels):
        raise UsageError("Give either --questions, or --queries and --qrels.")
    if not questions:
        qrels = qrels or _first(folder / "qrels.tsv", folder / "qrels" / "test.tsv")
        if qrels:
            return _judged_set(folder, queries or folder / "queries.jsonl", qrels)
        if queries:
            raise UsageError(
                f"There are no judgments of these queries in {folder}: name their file with --qrels FILE."
            )
        questions = _first(folder / "questions.jsonl", folder / "questions.csv")
    if questions:
        return _question_set(folder, questions)
    raise UsageError(f"{folder} holds no set of questions.{_FORMS}")


def _judged_set(folder: Path, queries: Path, qrels: Path) -> EvaluationSet:
    corpus = folder / "corpus.jsonl"
    if corpus.exists():
        documents = _read_corpus(corpus)
        names = {name: [name] for name in documents}
        asked = _read_judged(queries, qrels, names, corpus)
        return EvaluationSet(folder.name, corpus, documents, asked, judged=True)
    root = _pdf_root(folder)
    asked = _read_judged(queries, qrels, _pdf_names(root), root)
    return EvaluationSet(folder.name, root, None, asked, judged=True)


def _question_set(folder: Path, questions: Path) -> EvaluationSet:
    root = _pdf_root(folder)
    asked, unanswerable, left_out = _read_questions(questions, _pdf_names(root), root)
    return EvaluationSet(folder.name, root, None, asked, False, left_out, unanswerable)


def _pdf_root(folder: Path) -> Path:
    return folder / "pdfs" if (folder / "pdfs").is_dir() else folder


def _first(*paths: Path) -> Path | None:
    return next((path for path in paths if path.exists()), None)


def _read_corpus(path: Path) -> dict[str, Document]:
    documents: dict[str, Document] = {}
    for entry in read_json_lines(path):
        name = entry.text("_id")
        if name in documents:
            raise entry.error(f"a second document has the id {name!r}.")
        documents[name] = _document(
            name, entry.text("title") if entry.fields.get("title") else "", entry.text("text")
        )
    return documents


def _document(name: str, title: str, text: str) -> Document:
    """A document of one page, whose first line is the title."""
    content = "".join(f"{part}\n" for part in (title, text) if part)
    return Document(
        id=hashlib.sha256(content.encode()).hexdigest()[:_ID_DIGITS],
        title=title or name,
        author="",
        created="",
        modified="",
        outline=(),
        pages=(Page(1, "1", content),),
        extractor="none",
    )


def _read_judged(
    queries: Path, qrels: Path, names: Mapping[str, list[str]], where: Path
) -> tuple[Query, ...]:
    """The queries that have a relevant document, in the order of their file."""
    texts: dict[str, str] = {}
    for entry in read_json_lines(queries):
        id_ = entry.text("_id")
        if id_ in texts:
            raise entry.error(f"a second query has the id {id_!r}.")
        texts[id_] = entry.text("text")
    grades: dict[str, dict[str, int]] = {}
    for entry in read_qrels(qrels):
        id_ = entry.text("query-id")
        if id_ not in texts:
            raise entry.error(
                f"there is no query {id_!r} in {queries}. Name the file that has it: --queries FILE."
            )
        document = _path(entry, entry.text("corpus-id"), names, where)
        grades.setdefault(id_, {})[document] = entry.number("score")
    asked = tuple(
        Query(id_, text, grades[id_])
        for id_, text in texts.items()
        if any(grade > 0 for grade in grades.get(id_, {}).values())
    )
    if not asked:
        raise QuestionsUnusable(f"{qrels} names no relevant document for any query of {queries}.")
    return asked


def _read_questions(
    path: Path, names: Mapping[str, list[str]], where: Path
) -> tuple[tuple[Query, ...], tuple[Query, ...], int]:
    """The questions, those that nothing answers, and how many were left out."""
    is_json = path.suffix.lower() in (".jsonl", ".json")
    asked, unanswerable, left_out = [], [], 0
    for entry in read_json_lines(path) if is_json else read_csv(path, ("question", "pdf")):
        if entry.fields.get("answerable") is False:
            unanswerable.append(Query(str(entry.line), entry.text("question"), {}))
            continue
        if entry.fields.get("text_ok") is False:
            left_out += 1
            continue
        question = entry.text("question")
        if not question:
            raise entry.error("the question is empty.")
        document = _path(entry, entry.text("pdf"), names, where)
        asked.append(Query(str(entry.line), question, {document: 1}, frozenset(_pages(entry))))
    if not asked:
        raise QuestionsUnusable(f"{path} holds no question that could be asked.")
    return tuple(asked), tuple(unanswerable), left_out


def _pages(entry: Entry) -> Iterator[int]:
    pages = entry.fields.get("pages") or []
    if not isinstance(pages, list):
        raise entry.error("'pages' must be a list of page numbers.")
    for page in [entry.fields.get("page"), *pages]:
        if page in (None, ""):
            continue
        number = replace(entry, fields={"page": page}).number("page")
        if number < 1:
            raise entry.error(f"pages are counted from 1, and this one is {number}.")
        yield number


def _pdf_names(root: Path) -> dict[str, list[str]]:
    """The paths of the PDFs relative to `root`, by each name a question may use: path or file name, with or
    without .pdf.

    Raises:
        UsageError: there are no PDFs.
    """
    names: dict[str, list[str]] = {}
    for file in sorted(root.rglob("*")):
        relative = file.relative_to(root)
        if file.suffix.lower() != ".pdf" or any(part.startswith(".") for part in relative.parts):
            continue
        path = relative.as_posix()
        for name in {path, path[: -len(file.suffix)], file.name, file.stem}:
            names.setdefault(name, []).append(path)
    if not names:
        raise UsageError(f"There are no PDFs in {root}.{_FORMS}")
    return names


def _path(entry: Entry, name: str, names: Mapping[str, list[str]], where: Path) -> str:
    """The path in the library of the document that an entry calls `name`."""
    found = names.get(name, [])
    if name in found:
        return name
    if len(found) > 1:
        raise entry.error(f"{name!r} may be any of {', '.join(found)}. Give the path from {where}.")
    if not found:
        raise entry.error(f"there is no document {name!r} in {where}.")
    return found[0]
