"""So many tries at once, then one every few seconds."""

import threading
import time
from collections.abc import Callable


class Throttle:
    """Tries that are used up and come back with time; of everybody together.

    Not one for each caller: behind a tunnel all callers have the tunnel's address, and what a header says
    about theirs can be made up. Safe to use from several threads.
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
        """Takes one try. Returns 0, or, if there is none, the seconds until there is."""
        with self._lock:
            now = self._clock()
            self._left = min(self._burst, self._left + (now - self._looked) / self._seconds_each)
            self._looked = now
            if self._left < 1:
                return (1 - self._left) * self._seconds_each
            self._left -= 1
            return 0.0

    def give_back(self) -> None:
        """Gives back a try that turned out to be right."""
        with self._lock:
            self._left = min(self._burst, self._left + 1)
