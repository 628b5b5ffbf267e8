"""What is measured, and how sure one can be of it; the only file that knows ir-measures."""

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
        "`stackroom eval` needs the package ir-measures. In the environment that Stackroom runs in, run "
        "`pip install 'stackroom[eval]'`, or in a checkout `pip install -e '.[eval]'`."
    ) from error

Measures = Mapping[str, Measure]
"""What is measured, by the names that people know."""

# As BEIR does: linear gain for nDCG, and grades above 0 are relevant for the others.
JUDGED: Measures = {"nDCG@10": nDCG @ 10, "Recall@100": R @ 100, "MRR@10": RR @ 10}

DOCUMENTS: Measures = {f"document@{k}": Success @ k for k in (1, 5, 10)}
PAGES: Measures = {f"page@{k}": Success @ k for k in (1, 5, 10)}

DEPTH = 100
"""Documents that a ranking must reach for these measures."""

RESAMPLES = 2000
_SEED = 20260101  # the same samples for all rankings and on every run


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over queries; the true one is between `low` and `high` with a confidence of 95 %."""

    mean: float
    low: float
    high: float


def measure(
    found: Mapping[str, Sequence[str]],
    truth: Mapping[str, Mapping[str, int]],
    measures: Measures,
) -> dict[str, NDArray[np.float64]]:
    """What each query is worth.

    Args:
        found: the things found, the best first and each once, by query.
        truth: the grades of things by query; what is not named has grade 0.
        measures: by name.

    Returns:
        By the measures' names arrays of shape (queries,), in the order of `truth`: 0 to 1, higher is better.
    """
    rows = {query: row for row, query in enumerate(truth)}
    names = {each: name for name, each in measures.items()}
    values = {name: np.zeros(len(rows)) for name in measures}
    # Scores that descend strictly: equal ones would be ordered by the things' names.
    run = {query: {thing: float(-rank) for rank, thing in enumerate(found.get(query, ()))} for query in truth}
    judgments = {query: dict(grades) for query, grades in truth.items()}
    for value in ir_measures.iter_calc(list(measures.values()), judgments, run):
        values[names[value.measure]][rows[value.query_id]] = value.value
    return values


def figure(values: NDArray[np.float64]) -> Figure:
    """The mean of `values`, shape (queries,), and its bootstrap interval over the queries."""
    drawn = np.random.default_rng(_SEED).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[drawn].mean(axis=1), (2.5, 97.5))
    return Figure(float(values.mean()), float(low), float(high))
