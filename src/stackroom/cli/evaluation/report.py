"""Results as a table for people, and as JSON for programs."""

import json
from dataclasses import asdict

from stackroom.cli.evaluation.ask_questions import Answered, Results
from stackroom.cli.evaluation.measures import RESAMPLES, SURE, Figure
from stackroom.common.amounts import counted

_HEADINGS = ("", "queries", "words", "meaning", "fused", "fused minus the better")

_SHOWN = "shown@search: the right page is one of all those that the answer to a search shows."
_UNANSWERABLE = (
    "unanswerable: of the questions that nothing answers, how many have a best score below that of "
    f"{SURE:.0%} of the others."
)


def as_json(results: Results) -> str:
    """One JSON object with the fields of `Results`, without the values of each query."""
    content = asdict(results)
    for measured in content["measures"].values():
        del measured["values"]
    return json.dumps(content, ensure_ascii=False)


def as_table(results: Results) -> str:
    """Lines of text: what was measured on what, and an aligned table."""
    rows: list[tuple[str, ...]] = [_HEADINGS]
    for name, measured in results.measures.items():
        figures = [_shown(each) for each in (measured.words, measured.meaning, measured.fused)]
        gain = f"{_shown(measured.gain, sign='+')} over {measured.better}"
        rows.append((name, str(measured.queries), figures[0], figures[1], figures[2], gain))
    rows += _answered("shown@search", results.shown) + _answered("unanswerable", results.unanswerable)
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    table = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]
    left_out = f", {results.left_out} left out" if results.left_out else ""
    return "\n".join(
        [
            f"{results.name}: {counted(results.queries, 'query', 'queries')}{left_out}; "
            f"{counted(results.documents, 'document')}, {counted(results.passages, 'passage')}; "
            f"{results.model}",
            "",
            *(line.rstrip() for line in table),
            "",
            f"A search takes {results.cpu_ms:.1f} ms of CPU time (median){_reread(results)}.",
            *([_SHOWN] if results.shown else []),
            *([_UNANSWERABLE] if results.unanswerable else []),
            f"In brackets: 95 % confidence intervals, from {RESAMPLES:,} random resamples of the queries.",
        ]
    )


def _reread(results: Results) -> str:
    if results.reread is None:
        return ""
    passages, milliseconds = results.reread
    return f", {milliseconds:.1f} ms of it in the reranker, which reads {passages:g} passages (medians)"


def _answered(name: str, answered: Answered | None) -> list[tuple[str, ...]]:
    """The row of a measure that only the whole search has; none if it was not measured."""
    return [(name, str(answered.queries), "", "", _shown(answered.figure), "")] if answered else []


def _shown(figure: Figure, sign: str = "") -> str:
    return f"{figure.mean:{sign}.3f} [{figure.low:{sign}.3f}, {figure.high:{sign}.3f}]"
