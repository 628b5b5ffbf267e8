"""Asks an index all questions of a set, as a client does, and measures what comes back."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from stackroom.catalog.catalog import Catalog
from stackroom.catalog.status import read_status
from stackroom.cli.evaluation.measures import (
    DEEP,
    DEPTH,
    DOCUMENTS,
    JUDGED,
    PAGES,
    Figure,
    Measures,
    figure,
    measure,
    told_apart,
)
from stackroom.cli.evaluation.sets import EvaluationSet, Query
from stackroom.common.documents import Hit, RankedPassage
from stackroom.embedding.reranking.reranker import Reread
from stackroom.reading.reader import DEFAULT_LIMIT, Reader


@dataclass(frozen=True, slots=True)
class Measured:
    """One measure, such as nDCG@10, of the three rankings.

    Attributes:
        queries: how many queries it is the mean of.
        words, meaning, fused: the measure of each ranking; higher is better.
        better: which of the first two is better: "words" or "meaning".
        gain: `fused` minus that one; the interval is that of the difference.
        values: for "words", "meaning" and "fused" the measure of each query, in the order of the set: two
            runs can so be compared query by query.
    """

    queries: int
    words: Figure
    meaning: Figure
    fused: Figure
    better: str
    gain: Figure
    values: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Answered:
    """One measure of the answers themselves: `figure` is the mean over so many queries, higher is better."""

    queries: int
    figure: Figure


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
        shown: how often the right page is among those that the answer to a search shows; None if no page is
            known.
        unanswerable: how often the best score tells that nothing answers a question, of those that nothing
            answers; see `measures.told_apart`. None if there are none.
        cpu_ms: CPU time of a search, in milliseconds, with the query's embedding; the median.
        reread: how many passages a reranker has read for a search, and its CPU time in milliseconds; the
            medians. None without a reranker.
    """

    name: str
    model: str
    documents: int
    passages: int
    queries: int
    left_out: int
    measures: Mapping[str, Measured]
    shown: Answered | None
    unanswerable: Answered | None
    cpu_ms: float
    reread: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class _Target:
    """What a ranking of passages is searched for: documents or pages.

    Attributes:
        measures: what to compute, by name.
        truth: for each query the grades of the right documents or pages, by their names.
        names: gives the names of the documents or pages that a passage belongs to.
        depth: how many documents a ranking should reach.
    """

    measures: Measures
    truth: Mapping[str, Mapping[str, int]]
    names: Callable[[RankedPassage], list[str]]
    depth: int = DEFAULT_LIMIT


def _places(hit: Hit) -> Iterator[tuple[str, int]]:
    """The pages that a hit shows or names, with the ids of their documents."""
    for quote in (hit.best, *hit.more):
        yield hit.document_id, quote.page
        yield from ((copy.document_id, copy.page) for copy in quote.copies)


_Rankings = dict[str, dict[str, list[RankedPassage]]]
"""By name of the ranking and by query: the passages found, the best first."""


def ask_questions(
    evaluation_set: EvaluationSet, catalog: Catalog, reader: Reader, on_answer: Callable[[int], None]
) -> Results:
    """Asks the questions of a set that is indexed.

    Args:
        evaluation_set: its documents must be in the index.
        catalog: of the index.
        reader: of the same index.
        on_answer: called after each question that has an answer, with how many were asked so far.

    Raises:
        ModelError: see `Reader.warm` and `Reader.warm_reranker`.
    """
    reader.warm()
    reader.warm_reranker()
    ids = catalog.holdings(evaluation_set.root)
    targets = _targets(evaluation_set, ids)
    rankings: list[_Rankings] = [{"words": {}, "meaning": {}, "fused": {}} for _ in targets]
    answers: dict[str, Sequence[Hit]] = {}
    seconds: list[float] = []
    reread: list[Reread] = []
    for number, query in enumerate(evaluation_set.queries, 1):
        begun = time.process_time()
        # As the tool `search` does it; the query's vector is kept, so that the rankings need not make it.
        answer = reader.answer(query.text)
        seconds.append(time.process_time() - begun)
        answers[query.id] = [hit for hit, _ in answer.hits]
        reread.append(answer.reread)
        found = {depth: reader.rankings(query.text, depth) for depth in {target.depth for target in targets}}
        for target, by_name in zip(targets, rankings, strict=True):
            for name, ranking in found[target.depth].items():
                by_name[name][query.id] = ranking
        on_answer(number)
    measures: dict[str, Measured] = {}
    for target, by_name in zip(targets, rankings, strict=True):
        measures |= _compare(by_name, target)
    best = [_best(hits) for hits in answers.values()]
    none = [_best(reader.search(query.text)) for query in evaluation_set.unanswerable]
    status = read_status(catalog)
    return Results(
        name=evaluation_set.name,
        model=status.model or "none",
        documents=status.documents,
        passages=status.passages,
        queries=len(evaluation_set.queries),
        left_out=evaluation_set.left_out,
        measures=measures,
        shown=_shown(evaluation_set.queries, answers, ids),
        unanswerable=Answered(len(none), figure(told_apart(best, none))) if none else None,
        cpu_ms=round(1000 * median(seconds), 2),
        reread=_typical(reread),
    )


def _typical(reread: Sequence[Reread]) -> tuple[float, float] | None:
    """How many passages a reranker reads, and in how many milliseconds; None if it never reads any."""
    if not any(one.scores for one in reread):
        return None
    return median(len(one.scores) for one in reread), round(median(one.milliseconds for one in reread), 2)


def _best(hits: Sequence[Hit]) -> float:
    """The score of the best hit; 0 if there is none."""
    return hits[0].best.score if hits else 0.0


def _shown(
    queries: Sequence[Query], answers: Mapping[str, Sequence[Hit]], ids: Mapping[str, str]
) -> Answered | None:
    """How often a right page is among all pages that the answer shows. `ids` as for `_targets`."""
    found = []
    for query in queries:
        if query.pages:
            pages = {place for hit in answers[query.id] for place in _places(hit)}
            right = {(ids.get(path, path), page) for path in query.relevant for page in query.pages}
            found.append(not right.isdisjoint(pages))
    return Answered(len(found), figure(np.array(found, np.float64))) if found else None


def _targets(evaluation_set: EvaluationSet, ids: Mapping[str, str]) -> list[_Target]:
    """What to look for; `ids` are the ids of documents by path. A path that is not there was not indexed."""
    if evaluation_set.judged:
        paths: dict[str, list[str]] = {}
        for path, id_ in ids.items():
            paths.setdefault(id_, []).append(path)
        # Several entries with the same text are one document in the index: all of them count as found.
        truth = {query.id: query.relevant for query in evaluation_set.queries}
        return [
            _Target(JUDGED, truth, lambda passage: paths[passage.document_id]),
            _Target(DEEP, truth, lambda passage: paths[passage.document_id], DEPTH),
        ]
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


def _compare(found: _Rankings, target: _Target) -> dict[str, Measured]:
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
        each = {ranking: tuple(found[name].tolist()) for ranking, found in values.items()}
        measured[name] = Measured(
            len(target.truth), figure(words), figure(meaning), figure(fused), better, gain, each
        )
    return measured
