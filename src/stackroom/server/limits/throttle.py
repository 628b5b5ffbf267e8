"""Limits tries: so many at once, then one every few seconds; and says how long to wait for the next."""

import threading
import time
from collections.abc import Callable
from typing import Protocol


class Tries(Protocol):
    """A number of tries, which are used up and come back with time."""

    def wait(self) -> float:
        """Takes one try. Returns 0, or, if none is left, the seconds until there is one."""

    def give_back(self) -> None:
        """Gives back one try, because it was right: only wrong ones count."""


class Throttle:
    """A number of tries, for all callers together, that are used up and come back with time.

    Callers are not told apart here: behind a tunnel they all have the tunnel's address, and the address in a
    header can be made up. `rates.Rates` has one `Throttle` for each. Safe to use from several threads.
    """

    def __init__(self, burst: int, seconds_each: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Allows `burst` tries at once, and gives one back every `seconds_each` seconds."""
        self._burst = burst
        self._seconds_each = seconds_each
        self._clock = clock
        self._left = float(burst)
        self._looked = clock()
        self._lock = threading.Lock()

    def wait(self) -> float:
        """See `Tries`."""
        with self._lock:
            now = self._clock()
            self._left = min(self._burst, self._left + (now - self._looked) / self._seconds_each)
            self._looked = now
            if self._left < 1:
                return (1 - self._left) * self._seconds_each
            self._left -= 1
            return 0.0

    def give_back(self) -> None:
        """See `Tries`."""
        with self._lock:
            self._left = min(self._burst, self._left + 1)


def seconds(wait: float) -> str:
    """A number of seconds for a person to read, rounded up: "1 second", "90 seconds"."""
    whole = whole_seconds(wait)
    return "1 second" if whole == 1 else f"{whole:,} seconds"


def whole_seconds(wait: float) -> int:
    """A number of seconds for a Retry-After header: rounded up, at least 1."""
    return max(1, -int(-wait // 1))
