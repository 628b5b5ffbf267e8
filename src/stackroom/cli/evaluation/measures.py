"""The measures, and their confidence intervals. The only file that knows ir-measures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stackroom.common.errors import ExtraMissing

try:
    import ir_measures
    from ir_measures import RR, R, Success, nDCG
    from ir_measures.measures import Measure
except ModuleNotFoundError as error:
    raise ExtraMissing(
        "`stackroom eval` and `stackroom models try` need the package ir-measures. In the environment that "
        "Stackroom runs in, run `pip install 'stackroom[eval]'`, or in a checkout `pip install -e '.[eval]'`."
    ) from error

Measures = Mapping[str, Measure]
"""Measures by their usual names."""

# As in BEIR: nDCG has linear gain; for the others a document with a grade above 0 is relevant.
JUDGED: Measures = {"nDCG@10": nDCG @ 10, "MRR@10": RR @ 10}
DEEP: Measures = {"Recall@100": R @ 100}

DOCUMENTS: Measures = {f"document@{k}": Success @ k for k in (1, 5, 10)}
PAGES: Measures = {f"page@{k}": Success @ k for k in (1, 5, 10)}

DEPTH = 100
"""How many documents a ranking must have for `DEEP`; for the others, as many as a search shows."""

SURE = 0.95
"""The share of the answerable questions that must be taken for answerable; see `told_apart`."""

RESAMPLES = 2000
_SEED = 20260101  # so that all rankings and all runs use the same samples


@dataclass(frozen=True, slots=True)
class Figure:
    """The mean of a measure over queries, with its 95 % confidence interval from `low` to `high`."""

    mean: float
    low: float
    high: float


def measure(
    found: Mapping[str, Sequence[str]],
    truth: Mapping[str, Mapping[str, int]],
    measures: Measures,
) -> dict[str, NDArray[np.float64]]:
    """Computes the measures of each query.

    Args:
        found: for each query the names of what was found (documents or pages), the best first and each once.
        truth: for each query the grades of the right ones by name; a name that is missing has grade 0.
        measures: by name.

    Returns:
        For each measure an array of shape (queries,), in the order of `truth`: 0 to 1, higher is better.
    """
    rows = {query: row for row, query in enumerate(truth)}
    names = {each: name for name, each in measures.items()}
    values = {name: np.zeros(len(rows)) for name in measures}
    # Strictly falling scores, because ir-measures would order equal ones by name.
    run = {query: {thing: float(-rank) for rank, thing in enumerate(found.get(query, ()))} for query in truth}
    judgments = {query: dict(grades) for query, grades in truth.items()}
    for value in ir_measures.iter_calc(list(measures.values()), judgments, run):
        values[names[value.measure]][rows[value.query_id]] = value.value
    return values


def told_apart(answerable: Sequence[float], unanswerable: Sequence[float]) -> NDArray[np.float64]:
    """Which unanswerable questions the score of what is found tells from answerable ones.

    Args:
        answerable: for each question that has an answer, the score of the best hit; higher is better.
        unanswerable: likewise, of the questions that have none.

    Returns:
        For each of `unanswerable` 1 if its score is below the one that `SURE` of `answerable` reach, else 0.
    """
    least = np.quantile(answerable, 1 - SURE)
    return (np.asarray(unanswerable) < least).astype(np.float64)


def figure(values: NDArray[np.float64]) -> Figure:
    """The mean of `values`, shape (queries,), and its bootstrap interval over the queries."""
    drawn = np.random.default_rng(_SEED).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[drawn].mean(axis=1), (2.5, 97.5))
    return Figure(float(values.mean()), float(low), float(high))
