"""What a trial of a model found, as a table for people and as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from stackroom.cli.evaluation.ask_questions import Measured
from stackroom.cli.evaluation.measures import Figure, figure
from stackroom.cli.terminal import aligned, printable
from stackroom.common.amounts import counted, duration

# What is shown of a trial; JSON has all measures.
_SHOWN = ("page@1", "page@5", "document@1")
_RANKINGS = {"meaning": "meaning alone", "words": "words alone", "fused": "together"}

_NOTE = """\
page@5: how often the page that a heading stands on is among the first 5 found; document@1: how often the
first is the document of a heading or title. In brackets: 95 % confidence intervals, of the difference by
comparing question by question: if its interval holds 0, it may be chance, and a larger sample (--passages)
tells more. Headings are not what people ask: `stackroom eval` measures questions of your own. Your library is
as it was."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What was measured of one model.

    Attributes:
        name: of the model.
        runtime: what runs it.
        passages: how many it makes of the sample.
        cpu_ms: milliseconds of CPU time for one of them.
        library_passages: how many it would make of the library, or of the folder: an estimate.
        library_seconds: how long it would take to embed these, at the speed of this moment.
        measures: by name, as `stackroom eval` has them.
    """

    name: str
    runtime: str
    passages: int
    cpu_ms: float
    library_passages: int
    library_seconds: float
    measures: Mapping[str, Measured]


@dataclass(frozen=True, slots=True)
class Trial:
    """Two models on the same sample.

    Attributes:
        folder: that the sample is from.
        files: how many PDFs it has.
        documents: how many are in the sample.
        cut: how many of these only in part.
        unread: how many could not be read, or have no text.
        titles, headings: how many questions of each kind.
        has_library: whether the estimates are about a library; if there is none, they are about the folder.
        present: the model of the library.
        tried: the other one.
    """

    folder: str
    files: int
    documents: int
    cut: int
    unread: int
    titles: int
    headings: int
    has_library: bool
    present: Tried
    tried: Tried


def trial_as_json(trial: Trial) -> str:
    """One JSON object with the fields of `Trial`, without the values of each query, and the differences."""
    content = asdict(trial)
    for one in (content["present"], content["tried"]):
        for measured in one["measures"].values():
            del measured["values"]
    content["difference"] = {
        name: {ranking: asdict(_difference(trial, name, ranking)) for ranking in measured.values}
        for name, measured in trial.present.measures.items()
    }
    return json.dumps(content, ensure_ascii=False)


def trial_as_table(trial: Trial) -> str:
    """Lines of text: what was measured on what, an aligned table, and how to read it."""
    both = (trial.present, trial.tried)
    cut = f", {trial.cut} of them in part" if trial.cut else ""
    unread = f"; {trial.unread} could not be read or have no text" if trial.unread else ""
    rows: list[tuple[str, ...]] = [("", "present", "tried", "difference")]
    for name in _SHOWN:
        if name not in trial.present.measures:
            continue
        for ranking, called in _RANKINGS.items():
            cells = [f"{np.mean(one.measures[name].values[ranking]):.3f}" for one in both]
            rows.append((f"{name}, {called}", *cells, _figure(_difference(trial, name, ranking))))
    whole = "your library" if trial.has_library else "all of the folder"
    rows += [
        ("CPU-ms a passage", *(f"{one.cpu_ms:.1f}" for one in both), ""),
        (f"embedding {whole}, about", *(_whole(one) for one in both), ""),
    ]
    return "\n".join(
        [
            f"{printable(trial.folder)}: {trial.documents} of {counted(trial.files, 'PDF')}{cut}{unread}; "
            f"{counted(trial.headings, 'heading')} and {counted(trial.titles, 'title')} asked",
            f"present: {printable(trial.present.name)} ({trial.present.runtime})",
            f"tried:   {printable(trial.tried.name)} ({trial.tried.runtime})",
            "",
            *aligned(rows),
            "",
            _NOTE,
        ]
    )


def _difference(trial: Trial, name: str, ranking: str) -> Figure:
    """How much higher the measure of the model tried is; the interval is that of the difference."""
    present, tried = (np.array(one.measures[name].values[ranking]) for one in (trial.present, trial.tried))
    return figure(tried - present)


def _figure(found: Figure) -> str:
    return f"{found.mean:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"


def _whole(tried: Tried) -> str:
    return f"{duration(tried.library_seconds)} ({counted(tried.library_passages, 'passage')})"
