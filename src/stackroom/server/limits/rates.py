"""Limits how often each client may call; counts refusals, and reports them to the owner in the log."""

import logging
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Protocol

from starlette.concurrency import run_in_threadpool

from stackroom.server.limits.throttle import Throttle

_log = logging.getLogger(__name__)

CLIENTS = 1000
"""How many clients are remembered, 300 bytes each: the last thousand. One that was forgotten begins anew."""

# Seconds between two lines about refusals: a flood must not fill the log.
_LINE_SECONDS = 60.0


class Counting(Protocol):
    """Counts what clients do. Safe to use from several threads."""

    each_minute: int
    """How much of it each client may do at once; it comes back evenly within a minute."""

    def wait(self, client: str) -> float:
        """Counts a call of `client`. Returns 0; or, if it may not call now, the seconds until it may."""

    def known(self, client: str) -> float | None:
        """As `wait`, if that takes microseconds; else None, and nothing is counted."""


async def count(counting: Counting, client: str) -> float:
    """As `Counting.wait`, for an event loop."""
    known = counting.known(client)
    return await run_in_threadpool(counting.wait, client) if known is None else known


class Rates:
    """A `Throttle` for each client. Safe to use from several threads."""

    def __init__(self, each_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Allows each client `each_minute` calls at once; used ones come back evenly within a minute."""
        self.each_minute = each_minute
        self._clock = clock
        self._throttles: OrderedDict[str, Throttle] = OrderedDict()
        self._lock = threading.Lock()

    def known(self, client: str) -> float:
        """See `Counting`."""
        return self.wait(client)

    def wait(self, client: str) -> float:
        """See `Counting`."""
        with self._lock:
            throttle = self._throttles.get(client)
            if throttle is None:
                throttle = Throttle(self.each_minute, 60.0 / self.each_minute, self._clock)
                self._throttles[client] = throttle
                if len(self._throttles) > CLIENTS:
                    self._throttles.popitem(last=False)
            else:
                self._throttles.move_to_end(client)
        return throttle.wait()


class Refusals:
    """Counts refusals by reason, and logs the counts: one line a minute at most. For any thread.

    They are not in the ledger, where a flood of refusals would push out the calls that were answered.

    Attributes:
        total: how often something was refused since the start, by reason.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begins with no refusals."""
        self._lines = Throttle(1, _LINE_SECONDS, clock)
        self.total: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, reason: str) -> None:
        """Counts a refusal. `reason` must not contain anything that a client sent."""
        with self._lock:
            self.total[reason] += 1
            self._counts[reason] += 1
            if self._lines.wait():
                return
            counts = ", ".join(f"{reason}: {count}" for reason, count in self._counts.items())
            self._counts.clear()
        _log.warning(
            "Refused since the last such line: %s. The next such line comes in a minute at the earliest.",
            counts,
        )
