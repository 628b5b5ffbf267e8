"""Asks an index all questions of a set, and measures the rankings that come back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stackroom.catalog.catalog import Catalog
from stackroom.catalog.status import read_status
from stackroom.cli.evaluation.measures import (
    DEPTH,
    DOCUMENTS,
    JUDGED,
    PAGES,
    Figure,
    Measures,
    figure,
    measure,
)
from stackroom.cli.evaluation.sets import EvaluationSet
from stackroom.common.documents import RankedPassage
from stackroom.reading.reader import Reader


@dataclass(frozen=True, slots=True)
class Measured:
    """One measure, such as nDCG@10, of the three rankings.

    Attributes:
        queries: how many queries it is the mean of.
        words, meaning, fused: the measure of each ranking; higher is better.
        better: which of the first two is better: "words" or "meaning".
        gain: `fused` minus that one; the interval is that of the difference.
    """

    queries: int
    words: Figure
    meaning: Figure
    fused: Figure
    better: str
    gain: Figure


@dataclass(frozen=True, slots=True)
class Results:
    """The measures of a set, and what they were measured on.

    Attributes:
        name: of the set.
        model: that the passages were embedded with.
        documents, passages: how many are in the index.
        queries: how many were asked.
        left_out: how many were not asked; see `EvaluationSet`.
        measures: by name.
    """

    name: str
    model: str
    documents: int
    passages: int
    queries: int
    left_out: int
    measures: Mapping[str, Measured]


@dataclass(frozen=True, slots=True)
class _Target:
    """What a ranking of passages is searched for: documents or pages.

    Attributes:
        measures: what to compute, by name.
        truth: for each query the grades of the right documents or pages, by their names.
        names: gives the names of the documents or pages that a passage belongs to.
    """

    measures: Measures
    truth: Mapping[str, Mapping[str, int]]
    names: Callable[[RankedPassage], list[str]]


def ask_questions(
    evaluation_set: EvaluationSet, catalog: Catalog, reader: Reader, on_answer: Callable[[int], None]
) -> Results:
    """Asks the questions of a set that is indexed.

    Args:
        evaluation_set: its documents must be in the index.
        catalog: of the index.
        reader: of the same index.
        on_answer: called after each question with the number of questions answered so far.

    Raises:
        ModelError: see `Reader.warm`.
    """
    reader.warm()
    found: dict[str, dict[str, list[RankedPassage]]] = {"words": {}, "meaning": {}, "fused": {}}
    for number, query in enumerate(evaluation_set.queries, 1):
        for name, ranking in reader.rankings(query.text, DEPTH).items():
            found[name][query.id] = ranking
        on_answer(number)
    measures: dict[str, Measured] = {}
    for target in _targets(evaluation_set, catalog.holdings(evaluation_set.root)):
        measures |= _compare(found, target)
    status = read_status(catalog)
    return Results(
        name=evaluation_set.name,
        model=status.model or "none",
        documents=status.documents,
        passages=status.passages,
        queries=len(evaluation_set.queries),
        left_out=evaluation_set.left_out,
        measures=measures,
    )


def _targets(evaluation_set: EvaluationSet, ids: Mapping[str, str]) -> list[_Target]:
    """What to look for; `ids` are the ids of documents by path. A path that is not there was not indexed."""
    if evaluation_set.judged:
        paths: dict[str, list[str]] = {}
        for path, id_ in ids.items():
            paths.setdefault(id_, []).append(path)
        # Several entries with the same text are one document in the index: all of them count as found.
        truth = {query.id: query.relevant for query in evaluation_set.queries}
        return [_Target(JUDGED, truth, lambda passage: paths[passage.document_id])]
    documents, pages = {}, {}
    for query in evaluation_set.queries:
        right = [ids.get(path, path) for path in query.relevant]
        documents[query.id] = dict.fromkeys(right, 1)
        if query.pages:
            pages[query.id] = {f"{id_} {page}": 1 for id_ in right for page in query.pages}
    targets = [_Target(DOCUMENTS, documents, lambda passage: [passage.document_id])]
    if pages:
        targets.append(_Target(PAGES, pages, lambda passage: [f"{passage.document_id} {passage.page}"]))
    return targets


def _compare(found: Mapping[str, Mapping[str, list[RankedPassage]]], target: _Target) -> dict[str, Measured]:
    values = {}
    for ranking, answers in found.items():
        names = {
            query: list(dict.fromkeys(name for passage in passages for name in target.names(passage)))
            for query, passages in answers.items()
        }
        values[ranking] = measure(names, target.truth, target.measures)
    measured = {}
    for name in target.measures:
        words, meaning, fused = (values[ranking][name] for ranking in ("words", "meaning", "fused"))
        better = "words" if words.mean() >= meaning.mean() else "meaning"
        gain = figure(fused - (words if better == "words" else meaning))
        measured[name] = Measured(
            len(target.truth), figure(words), figure(meaning), figure(fused), better, gain
        )
    return measured
