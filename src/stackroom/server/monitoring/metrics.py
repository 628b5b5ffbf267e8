"""Figures about a running server, in the text form that Prometheus reads."""

import time
from asyncio import CancelledError
from collections import Counter as Count
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from stackroom.catalog.status import Status
from stackroom.common.errors import CallRefused, UnknownDocument

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

# Upper bounds in seconds: a warm search takes some 20 ms, and a call may take a minute.
_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)


class Metrics:
    """Counts calls of the tools. Safe to use from several threads.

    Example:
        >>> metrics = Metrics()
        >>> with metrics.call("search"):
        ...     pass  # answer it
    """

    def __init__(self) -> None:
        """Begins with no calls; the uptime counts from now."""
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second line for each counter
        self._started = time.monotonic()
        self._registry = CollectorRegistry()  # not the library's global one: a process may have two servers
        self._calls = Counter(
            "stackroom_calls_total",
            "Calls of tools, by how they ended.",
            ["tool", "outcome"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "stackroom_call_seconds",
            "Time of the calls that were answered.",
            ["tool"],
            buckets=_BOUNDS,
            registry=self._registry,
        )
        ProcessCollector(registry=self._registry)  # memory, processor time, open files; on Linux only

    @contextmanager
    def call(self, tool: str) -> Iterator[None]:
        """Counts the call that the block answers, its outcome, and, if it is answered, the seconds it takes.

        The outcome is "answered", "refused" (too many calls, too slow, too long a query), "unknown" (no such
        document), "failed", or "cancelled" (the client hung up).
        """
        started = time.monotonic()
        outcome = "failed"
        try:
            yield
            outcome = "answered"
            self._seconds.labels(tool).observe(time.monotonic() - started)
        except CallRefused:
            outcome = "refused"
            raise
        except UnknownDocument:
            outcome = "unknown"
            raise
        except CancelledError:
            outcome = "cancelled"
            raise
        finally:
            self._calls.labels(tool, outcome).inc()

    def exposition(self, status: Status | None, refused: Mapping[str, int]) -> str:
        """All figures as text for Prometheus.

        Args:
            status: of the catalogue; None for the server's own figures alone.
            refused: how often something was refused since the start, by reason.
        """
        now = CollectorRegistry()
        if status:
            _add_catalogue(now, status)
        uptime = Gauge("stackroom_uptime_seconds", "Since the server started.", registry=now)
        uptime.set(time.monotonic() - self._started)
        refusals = Counter("stackroom_refused_total", "Refusals, by reason.", ["reason"], registry=now)
        for reason, count in refused.items():
            refusals.labels(reason).inc(count)
        return (generate_latest(now) + generate_latest(self._registry)).decode()


def _add_catalogue(registry: CollectorRegistry, status: Status) -> None:
    for name, about, value in (
        ("documents", "Documents in the index.", status.documents),
        ("pages", "Pages of them.", status.pages),
        ("passages", "Passages of them.", status.passages),
        ("pending_passages", "Those without a vector.", status.pending),
        ("index_bytes", "All files of the index.", status.index_bytes),
    ):
        Gauge(f"stackroom_{name}", about, registry=registry).set(value)
    about = "Files, or whole folders, that could not be indexed."
    failed = Gauge("stackroom_failed_files", about, ["kind"], registry=registry)
    for kind, count in Count(failure.kind for failure in (*status.failures, *status.unreadable)).items():
        failed.labels(kind).set(count)
