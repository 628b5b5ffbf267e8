"""Figures about a running server, in the text form that Prometheus reads.

Of our own rather than by prometheus-client, whose registry is a global, and of which this would take three
counters and the escaping of labels.
"""

import sys
import threading
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from stackroom.errors import CallRefused, UnknownDocument
from stackroom.status import Status

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# Upper bounds in seconds: a warm search takes some 20 ms, and a call may take a minute.
_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)

_Samples = Mapping[tuple[tuple[str, str], ...], float]


class Metrics:
    """Counts calls of the tools. Safe to use from several threads."""

    def __init__(self) -> None:
        """Has counted nothing; the server's time begins now."""
        self._started = time.monotonic()
        self._calls: Counter[tuple[str, str]] = Counter()
        self._buckets: dict[str, list[int]] = {}
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._lock = threading.Lock()

    @contextmanager
    def call(self, tool: str) -> Iterator[None]:
        """Counts the call that the block answers, with how it ends and how long it takes.

        How: "answered", "refused" (too many, too late, too long), "unknown" (no such document), "failed", and
        "cancelled" if the client hung up.
        """
        started = time.monotonic()
        outcome = "cancelled"  # what asyncio raises is no Exception
        try:
            yield
            outcome = "answered"
        except CallRefused:
            outcome = "refused"
            raise
        except UnknownDocument:
            outcome = "unknown"
            raise
        except Exception:
            outcome = "failed"
            raise
        finally:
            self._count(tool, outcome, time.monotonic() - started)

    def _count(self, tool: str, outcome: str, seconds: float) -> None:
        with self._lock:
            self._calls[tool, outcome] += 1
            if outcome == "answered":
                buckets = self._buckets.setdefault(tool, [0] * (len(_BOUNDS) + 1))
                buckets[bisect_left(_BOUNDS, seconds)] += 1
                self._seconds[tool] += seconds

    def exposition(self, status: Status, refused: Mapping[str, int]) -> str:
        """All figures.

        Args:
            status: of the catalogue.
            refused: how often each reason was one to refuse something, since the start.
        """
        lines = [
            *_metric("stackroom_documents", "gauge", "Documents in the index.", _one(status.documents)),
            *_metric("stackroom_pages", "gauge", "Pages of them.", _one(status.pages)),
            *_metric("stackroom_passages", "gauge", "Passages of them.", _one(status.passages)),
            *_metric("stackroom_pending_passages", "gauge", "Those without a vector.", _one(status.pending)),
            *_metric("stackroom_index_bytes", "gauge", "All files of the index.", _one(status.index_bytes)),
            *_metric(
                "stackroom_failed_files",
                "gauge",
                "Files, or whole folders, that could not be indexed.",
                _labelled(
                    "kind", Counter(failure.kind for failure in (*status.failures, *status.unreadable))
                ),
            ),
            *_metric(
                "stackroom_refused_total", "counter", "Refusals, by reason.", _labelled("reason", refused)
            ),
            *self._about_calls(),
            *_metric(
                "stackroom_uptime_seconds",
                "gauge",
                "Since the server started.",
                _one(round(time.monotonic() - self._started, 3)),
            ),
        ]
        if memory := _memory_bytes():
            lines += _metric("process_resident_memory_bytes", "gauge", "Memory (RSS).", _one(memory))
        return "\n".join(lines) + "\n"

    def _about_calls(self) -> Iterator[str]:
        with self._lock:
            calls: _Samples = {
                (("tool", tool), ("outcome", how)): count for (tool, how), count in self._calls.items()
            }
            buckets = {tool: list(counts) for tool, counts in self._buckets.items()}
            seconds = dict(self._seconds)
        yield from _metric("stackroom_calls_total", "counter", "Calls of tools, by how they ended.", calls)
        name = "stackroom_call_seconds"
        yield f"# HELP {name} Time of the calls that were answered."
        yield f"# TYPE {name} histogram"
        for tool, counts in buckets.items():
            below = 0
            for bound, count in zip((*map(str, _BOUNDS), "+Inf"), counts, strict=True):
                below += count
                yield f'{name}_bucket{{tool="{tool}",le="{bound}"}} {below}'
            yield f'{name}_sum{{tool="{tool}"}} {seconds[tool]:.6f}'
            yield f'{name}_count{{tool="{tool}"}} {below}'


def _metric(name: str, kind: str, about: str, samples: _Samples) -> Iterator[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples.items():
        shown = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels)
        yield f"{name}{{{shown}}} {value}" if shown else f"{name} {value}"


def _one(value: float) -> _Samples:
    return {(): value}


def _labelled(label: str, counts: Mapping[str, int]) -> _Samples:
    return {((label, text),): count for text, count in counts.items()}


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _memory_bytes() -> int:
    """Memory of this process; 0 where the system does not say it in a file."""
    if sys.platform == "linux":
        with suppress(OSError):
            import resource

            return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    return 0
