"""`Rates` that all servers of a store share: a client has its calls once, not once at each server.

A server does not ask the store at every call: it takes up to eight calls of a client at a time, and counts
them by itself. It keeps them for two seconds; then those that were not made are given back. So a client never
has more calls than one server alone would let it have, and may have seven fewer for each other server that it
has just been to.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from stackroom.common.errors import CatalogError
from stackroom.common.postgres.address import StoreAddress
from stackroom.server.limits.rates import CLIENTS, Rates
from stackroom.server.limits.shared_throttle import SharedTries

_AT_A_TIME = 8
_KEPT_SECONDS = 2.0

# A client that was refused is refused for so long without asking the store again, whatever it sends.
_REFUSED_SECONDS = 1.0


@dataclass(slots=True)
class _Held:
    """What this server holds for a client: calls, until when, and until when it is refused."""

    calls: int = 0
    until: float = 0.0
    refused_until: float = 0.0


class SharedRates:
    """See `Rates`. While the store is away, this server counts alone."""

    def __init__(
        self,
        address: StoreAddress,
        what: str,
        each_minute: int,
        clock: Callable[[], float] = time.monotonic,
        tries: SharedTries | None = None,
    ) -> None:
        """`what` is counted, "calls" for example: clients have a number of each such thing."""
        self.each_minute = each_minute
        self._what = what
        self._clock = clock
        self._tries = tries or SharedTries(address, each_minute, 60.0 / each_minute)
        self._alone = Rates(each_minute, clock)
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._lock = threading.Lock()

    def known(self, client: str) -> float | None:
        """See `Counting`."""
        now = self._clock()
        with self._lock:
            held = self._of(client)
            if held.calls and now < held.until:
                held.calls -= 1
                return 0.0
            return held.refused_until - now if now < held.refused_until else None

    def wait(self, client: str) -> float:
        """See `Counting`."""
        if (known := self.known(client)) is not None:
            return known
        with self._lock:
            held = self._of(client)
            back, held.calls = (0 if self._clock() < held.until else held.calls), 0
        try:
            taken, wait = self._tries.take(f"{self._what} {client}", _AT_A_TIME, back)
        except CatalogError:
            return self._alone.wait(client)
        now = self._clock()
        with self._lock:
            held = self._of(client)
            if taken:
                held.calls += taken - 1
                held.until = now + _KEPT_SECONDS
            else:
                held.refused_until = now + min(wait, _REFUSED_SECONDS)
        return wait

    def _of(self, client: str) -> _Held:
        """Call with the lock."""
        held = self._held.setdefault(client, _Held())
        self._held.move_to_end(client)
        if len(self._held) > CLIENTS:
            self._held.popitem(last=False)
        return held
