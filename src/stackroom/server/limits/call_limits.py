"""Letting calls of the tools through: so many of a client, so many at a time, each for so long."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from stackroom.common.errors import CallRefused
from stackroom.server.limits.rates import Rates, Refusals, seconds

_Answer = TypeVar("_Answer")


@dataclass(slots=True)
class Caller:
    """Who asked: `is_waiting` until it has the answer, has hung up, or has waited for too long."""

    is_waiting: bool = True


# Two batches of queries for the model: one is computed while the next one gathers.
_AT_ONCE = 32

# 128 callers at once all get an answer, and so do twice as many. Even on a slow machine, at 50 ms for each
# call, the last of them waits for less than a call may take.
_WAITING = 256

# More than the model takes to be made ready at the first start (half a minute), during which calls wait.
_SECONDS = 60.0

# When to come back if there is too much to do: by then some are answered.
_BUSY_SECONDS = 2


class CallLimits:
    """Computes answers in threads. To be used from one event loop."""

    def __init__(
        self,
        rates: Rates | None = None,
        refusals: Refusals | None = None,
        *,
        at_once: int = _AT_ONCE,
        waiting: int = _WAITING,
        longest: float = _SECONDS,
    ) -> None:
        """Starts no thread yet.

        Args:
            rates: how many calls each client may make; None if any number.
            refusals: hears of what is refused.
            at_once: answers computed at the same time.
            waiting: calls that may wait for that; what comes on top is refused.
            longest: how long a call may take, waiting included, in seconds.
        """
        self._rates = rates
        self._refusals = refusals or Refusals()
        # Threads of our own: one that hangs keeps its place, so that no more of them ever run.
        self._threads = ThreadPoolExecutor(at_once, "call")
        self._most = at_once + waiting
        self._longest = longest
        self._open = 0
        self._lock = threading.Lock()

    async def answer(self, client: str, work: Callable[[Caller], _Answer]) -> _Answer:
        """What `work` returns or raises, in a thread.

        Args:
            client: whose call it is.
            work: can see whether its caller still waits; it can't be interrupted.

        Raises:
            CallRefused: the client calls too often, there is too much to do, or it takes too long.
        """
        if self._rates and (wait := self._rates.wait(client)):
            self._refusals.add("too many calls of a client")
            raise CallRefused(
                f"Too many calls: {self._rates.each_minute} in a minute. Try again in {seconds(wait)}."
            )
        with self._lock:
            if self._open >= self._most:
                self._refusals.add("too many calls at once")
                raise CallRefused(
                    f"The library has too much to do at the moment. Try again in {seconds(_BUSY_SECONDS)}."
                )
            self._open += 1
        caller = Caller()
        future = self._threads.submit(work, caller)
        future.add_done_callback(self._done)
        try:
            async with asyncio.timeout(self._longest) as limit:
                # If the client hangs up, a call that still waits loses its place.
                return await asyncio.wrap_future(future)
        except TimeoutError:
            if not limit.expired():
                raise
            self._refusals.add("calls that took too long")
            raise CallRefused(
                f"The answer took longer than {seconds(self._longest)}. Try again, or with a shorter query."
            ) from None
        finally:
            caller.is_waiting = False

    def _done(self, _: "Future[_Answer]") -> None:
        with self._lock:
            self._open -= 1
