"""Tries a prepared encoder: are its vectors the model's own, and does the runtime live through them?

Each precision is tried in a process of its own, because a runtime may end the process that it is in. It is
this file, run as a module: `python -m stackroom.embedding.preparing.trial FOLDER PRECISION`. What was found
is kept in the encoder's folder, and holds for the same processor and versions; elsewhere it is tried again,
which needs no torch.
"""

import hashlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from stackroom.common.amounts import duration
from stackroom.common.events import STEPS
from stackroom.common.programs import Answer, ask_program
from stackroom.common.settings import available_cores
from stackroom.embedding.processor import Precision, processor
from stackroom.embedding.running.prepared import Opening, is_static

TRIALS = "trials.json"
"""File name in a prepared model's folder: what its trials have found."""

SAMPLES = "samples.npz"
"""File name in a prepared model's folder: texts, and the vectors that the model's own library gives them."""

# The least cosine between a prepared model's vectors and the model's own.
PARITY: dict[Precision, float] = {"fp32": 0.999, "bf16": 0.999, "int8": 0.985}

_PROGRAM = (sys.executable, "-m", __name__)

# The largest models take minutes; the answer is a line.
_MOST_SECONDS = 1800.0
_MOST_BYTES = 100_000

# Exit codes of a process that somebody has stopped: nothing is wrong with the model.
_STOPPED = tuple(-number for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", 1)))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the trial of an encoder in one precision has found.

    Attributes:
        cosine: the least between a vector and the model's own, from -1 to 1; 0 if it gave none.
        problem: why the encoder is not to be run in this precision, for people; empty if it is.
    """

    cosine: float
    problem: str = ""


class Choice(NamedTuple):
    """A precision for an encoder: the first that passed, or None; and what is wrong with those before it."""

    precision: Precision | None
    problems: tuple[str, ...]


def choose(folder: Path, precisions: Sequence[Precision], program: Sequence[str] = _PROGRAM) -> Choice:
    """The first of some precisions that an encoder can be run in. Tries what was not tried here yet.

    Args:
        folder: of the encoder.
        precisions: the preferred one first.
        program: the command that tries one of them.
    """
    return _first(folder, precisions, lambda precision: _try(folder, precision, program))


def known_choice(folder: Path, precisions: Sequence[Precision]) -> Choice:
    """As `choose`, but tries nothing: of what was not tried here yet the best is hoped."""
    return _first(folder, precisions, lambda _: Verdict(0))


def _first(
    folder: Path, precisions: Sequence[Precision], of_unknown: Callable[[Precision], Verdict]
) -> Choice:
    problems: list[str] = []
    for precision in ("fp32",) if is_static(folder) else precisions:
        verdict = _known(folder, precision) or of_unknown(precision)
        if not verdict.problem:
            return Choice(precision, tuple(problems))
        problems.append(f"in {precision} it {verdict.problem}")
    return Choice(None, tuple(problems))


def _known(folder: Path, precision: Precision) -> Verdict | None:
    """What a trial with these versions, on such a processor, has found; None if there was none."""
    try:
        return Verdict(**json.loads((folder / TRIALS).read_text(encoding="utf-8"))[_conditions()][precision])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _conditions() -> str:
    """Names what decides a trial, besides the encoder's own files."""
    with_what = [
        processor(),
        *(f"{name} {version(name)}" for name in ("stackroom", "openvino", "tokenizers")),
    ]
    return hashlib.sha256(json.dumps(with_what).encode()).hexdigest()[:16]


def _try(folder: Path, precision: Precision, program: Sequence[str]) -> Verdict:
    started = time.monotonic()
    answer = ask_program([*program, str(folder), precision], seconds=_MOST_SECONDS, most_bytes=_MOST_BYTES)
    verdict = _judge(answer, precision)
    found = verdict.problem or f"gives the model's own vectors (cosine {verdict.cosine:.4f})"
    STEPS.info("Tried in %s: it %s; %s.", precision, found, duration(time.monotonic() - started))
    if answer.code in _STOPPED:
        return verdict  # by somebody, who says nothing about the model
    with suppress(OSError), FileLock((folder / TRIALS).with_suffix(".lock")):  # else it is tried again
        try:
            trials = json.loads((folder / TRIALS).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            trials = {}
        trials.setdefault(_conditions(), {})[precision] = asdict(verdict)
        new = folder / f"{TRIALS}.{os.getpid()}"
        new.write_text(json.dumps(trials, indent=1), encoding="utf-8")
        new.replace(folder / TRIALS)
    return verdict


def _judge(answer: Answer, precision: Precision) -> Verdict:
    if answer.is_late:
        return Verdict(0, f"took longer than {_MOST_SECONDS / 60:g} minutes")
    if answer.code:
        return Verdict(0, _end(answer))
    try:
        cosine = float(json.loads(answer.output))
    except ValueError:
        return Verdict(0, "did not say what it found")
    if np.isnan(cosine):
        return Verdict(0, "gives vectors that are no numbers (NaN)")
    if cosine < PARITY[precision]:
        return Verdict(cosine, f"gives vectors that are not the model's own (cosine {cosine:.4f})")
    return Verdict(cosine)


def _end(answer: Answer) -> str:
    if answer.code < 0:
        with suppress(ValueError):
            return f"ends the process that runs it ({signal.Signals(-answer.code).name})"
    said = answer.errors.decode(errors="replace").strip().splitlines()
    return f"ends the process that runs it (code {answer.code}{': ' + said[-1][:200] if said else ''})"


def write_samples(folder: Path, inputs: Sequence[str], outputs: NDArray[np.float32]) -> None:
    """Keeps for trials of the encoder in `folder` what it is to make of some texts.

    Args:
        folder: of the encoder.
        inputs: texts with their prompts.
        outputs: shape (len(inputs), dimensions), aligned with them: the model's own vectors.
    """
    np.savez_compressed(folder / SAMPLES, inputs=np.array(inputs), outputs=outputs)


def least_cosine(folder: Path, precision: Precision) -> float:
    """The least cosine between an encoder's vectors and the model's own, computed in this process."""
    with np.load(folder / SAMPLES) as samples:
        inputs, own = samples["inputs"].tolist(), samples["outputs"]
    rows = list(range(len(inputs)))
    by_length = sorted(rows, key=lambda row: len(inputs[row]))
    # Together, where short ones are padded; alone, in as many shapes as there are lengths; and the shortest
    # padded as far as the longest.
    batches = [rows, *([row] for row in rows), [by_length[0], by_length[-1]]]

    def least(streams: int) -> float:
        encoder = Opening(folder, precision, streams).open()
        found = np.concatenate([encoder.outputs([inputs[row] for row in batch]) for batch in batches])
        return float((found * own[np.concatenate(batches)]).sum(axis=1).min())

    # As an indexer does, on all cores at once; and as a server does.
    return float(np.min([least(streams) for streams in {available_cores(), 1}]))  # NaN if one of them is


def _main() -> None:
    folder, precision = Path(sys.argv[1]), sys.argv[2]
    json.dump(least_cosine(folder, precision), sys.stdout)  # type: ignore[arg-type]  # `choose` has checked it


if __name__ == "__main__":
    _main()
