"""Results as a table for people, and as JSON for programs."""

import json
from dataclasses import asdict

from stackroom.cli.evaluation.ask_questions import Results
from stackroom.cli.evaluation.measures import RESAMPLES, Figure

_HEADINGS = ("", "queries", "words", "meaning", "fused", "fused minus the better")


def as_json(results: Results) -> str:
    """One JSON object with the fields of `Results`."""
    return json.dumps(asdict(results), ensure_ascii=False)


def as_table(results: Results) -> str:
    """Lines of text: what was measured on what, and an aligned table."""
    rows = [_HEADINGS]
    for name, measured in results.measures.items():
        figures = [_shown(each) for each in (measured.words, measured.meaning, measured.fused)]
        gain = f"{_shown(measured.gain, sign='+')} over {measured.better}"
        rows.append((name, str(measured.queries), figures[0], figures[1], figures[2], gain))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    table = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]
    left_out = f", {results.left_out} left out" if results.left_out else ""
    return "\n".join(
        [
            f"{results.name}: {results.queries:,} queries{left_out}; {results.documents:,} documents, "
            f"{results.passages:,} passages; {results.model}",
            "",
            *(line.rstrip() for line in table),
            "",
            f"In brackets: 95 % confidence intervals, from {RESAMPLES:,} random resamples of the queries.",
        ]
    )


def _shown(figure: Figure, sign: str = "") -> str:
    return f"{figure.mean:{sign}.3f} [{figure.low:{sign}.3f}, {figure.high:{sign}.3f}]"
