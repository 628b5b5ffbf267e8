"""So many calls of each client at once, then one every so often; and what the owner hears of refusals."""

import logging
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable

from stackroom.server.access.throttle import Throttle

_log = logging.getLogger(__name__)

# Clients remembered, 300 bytes each. Who has been silent for longer than a thousand others begins anew.
_CLIENTS = 1000

# Seconds between two lines about refusals: a flood must not fill the log.
_LINE_SECONDS = 60.0


class Rates:
    """A `Throttle` for each client. Safe to use from several threads."""

    def __init__(self, each_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Allows a client `each_minute` at once, which come back within a minute."""
        self.each_minute = each_minute
        self._clock = clock
        self._throttles: OrderedDict[str, Throttle] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, client: str) -> float:
        """Counts one of `client`. Returns 0, or, if it may have none now, the seconds until it may."""
        with self._lock:
            throttle = self._throttles.get(client)
            if throttle is None:
                throttle = Throttle(self.each_minute, 60.0 / self.each_minute, self._clock)
                self._throttles[client] = throttle
                if len(self._throttles) > _CLIENTS:
                    self._throttles.popitem(last=False)
            else:
                self._throttles.move_to_end(client)
        return throttle.wait()


class Refusals:
    """Tells the owner in the log how much was refused: one line a minute at most. For any thread.

    Attributes:
        total: how often for each reason, since the start.

    Not in the ledger, where a flood would push out what was answered.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Has refused nothing yet."""
        self._lines = Throttle(1, _LINE_SECONDS, clock)
        self.total: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, reason: str) -> None:
        """Counts one. `reason` must not hold what a client sent."""
        with self._lock:
            self.total[reason] += 1
            self._counts[reason] += 1
            if self._lines.wait():
                return
            counts = ", ".join(f"{reason}: {count}" for reason, count in self._counts.items())
            self._counts.clear()
        _log.warning("Refused since the last such line: %s. What follows is counted for a minute.", counts)


def seconds(wait: float) -> str:
    """A wait in the words of a person, rounded up to whole seconds."""
    whole = whole_seconds(wait)
    return "1 second" if whole == 1 else f"{whole:,} seconds"


def whole_seconds(wait: float) -> int:
    """A wait for a Retry-After header: rounded up, at least 1."""
    return max(1, -int(-wait // 1))
