"""How much of this processor a passage takes with a model: measured once, and remembered."""

import json
import platform
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from stackroom.embedding.embedder import Embedder, Tokenizer

PASSAGE_TOKENS = 190
"""Of the passages that are measured, if the model takes so many: most that `indexer.passages.split` makes."""

_NOTE = "speeds.json"
_PASSAGES = 16

# How often they are embedded: what else the machine does makes a round slower, never faster. No round begins
# after so many seconds.
_ROUNDS, _MOST_SECONDS = 3, 3.0
_WARM_UP = 8  # the first batches compile something in some runtimes

_TEXT = """\
The harbour was dredged again in the spring of 1893, after two winters in which no ship of more than forty
tons could reach the quay. The council paid for a third of the work; the owners of the fish market paid for
the rest, on condition that the new basin stayed closed to coal. Most of what was brought up, clay and sand
with broken pottery in it, was spread over the meadows behind the church, where it is found to this day.
"""


@dataclass(frozen=True, slots=True)
class Speed:
    """How long a model takes for a passage, on average.

    Attributes:
        cpu_ms: milliseconds of CPU time, of all cores together.
        wall_ms: milliseconds of the clock, with all cores.
    """

    cpu_ms: float
    wall_ms: float


def measure(embedder: Embedder, passages: Sequence[str]) -> Speed:
    """Embeds these passages, at least one, and takes the time; a few times, and the best counts.

    Nothing else should be at work in this process.
    """
    embedder.embed_passages(passages[:_WARM_UP])
    rounds: list[Speed] = []
    until = time.monotonic() + _MOST_SECONDS
    while len(rounds) < _ROUNDS and (not rounds or time.monotonic() < until):
        wall, cpu = time.monotonic(), time.process_time()
        embedder.embed_passages(passages)
        cpu, wall = time.process_time() - cpu, time.monotonic() - wall
        rounds.append(Speed(1000 * cpu / len(passages), 1000 * wall / len(passages)))
    return min(rounds, key=lambda speed: speed.cpu_ms)


def standard_passages(tokenizer: Tokenizer) -> list[str]:
    """English passages of PASSAGE_TOKENS tokens of a model, or of as many as it takes."""
    length = min(PASSAGE_TOKENS, tokenizer.fingerprint.passage_tokens)
    text = _TEXT * (1 + _PASSAGES * length // len(_TEXT.split()))
    starts = tokenizer.token_starts([text])[0]
    return [text[starts[at] : starts[at + length]] for at in range(0, _PASSAGES * length, length)]


class Speeds:
    """What was measured on this machine, in a file beside the prepared models; it may be deleted."""

    def __init__(self, folder: Path) -> None:
        """Reads what was measured before; `folder` is that of prepared models."""
        self._path = folder / _NOTE
        self._known: dict[str, dict[str, Any]] = {}
        with suppress(OSError, ValueError, AttributeError, TypeError):  # then it is measured again
            content = json.loads(self._path.read_text(encoding="utf-8"))
            self._known = {str(key): dict(entry) for key, entry in content.items()}

    def name(self, digest: str) -> str:
        """How the model with this digest was called; empty if that is not known."""
        names = (entry.get("name") for key, entry in self._known.items() if key.startswith(digest))
        return next((name for name in names if isinstance(name, str)), "")

    def cpu_ms(self, digest: str, runtime: str) -> float | None:
        """CPU-ms a passage with this model and runtime; None if it was not measured on this processor."""
        found = self._known.get(_key(digest, runtime), {}).get("cpu_ms")
        return found if isinstance(found, float) else None

    def remember(self, digest: str, runtime: str, name: str, cpu_ms: float) -> None:
        """Keeps what was measured, if the folder can be written."""
        self._known[_key(digest, runtime)] = {"name": name, "cpu_ms": cpu_ms}
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps(self._known, ensure_ascii=False, indent=1), encoding="utf-8")


def _key(digest: str, runtime: str) -> str:
    """Whatever the time depends on: the model, what runs it, and the processor."""
    return f"{digest} {runtime}, {_versions()}, {_processor()}"


def _versions() -> str:
    found = []
    for name in ("openvino", "torch"):
        with suppress(metadata.PackageNotFoundError):
            found.append(f"{name} {metadata.version(name)}")
    return ", ".join(found)


def _processor() -> str:
    with suppress(OSError):  # only Linux has that file, and elsewhere Python knows the name
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
