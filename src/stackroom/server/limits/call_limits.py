"""Limits on calls of the tools: how many of each client, how many at a time, and how long each may take."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from stackroom.common.errors import CallRefused
from stackroom.server.limits.rates import Counting, Refusals, count
from stackroom.server.limits.throttle import seconds

_Answer = TypeVar("_Answer")


@dataclass(slots=True)
class Caller:
    """Whoever made a call: `is_waiting` until it has the answer, has hung up, or has waited for too long."""

    is_waiting: bool = True


# Two batches of queries for the model: while one is computed, the next one fills.
_AT_ONCE = 32

# Enough that 128 callers at once all get an answer, and twice as many too. Even on a slow machine, at 50 ms
# for each call, the last of them waits for less than `_SECONDS`.
_WAITING = 256

# Calls wait while the model is prepared at the first start, which takes half a minute.
_SECONDS = 60.0

# A refused client is told to come back after this time: by then some calls are answered.
_BUSY_SECONDS = 2


class CallLimits:
    """Computes the answers of calls in threads, within the limits. To be used from one event loop."""

    def __init__(
        self,
        rates: Counting | None = None,
        refusals: Refusals | None = None,
        *,
        at_once: int = _AT_ONCE,
        waiting: int = _WAITING,
        longest: float = _SECONDS,
    ) -> None:
        """Starts no thread yet.

        Args:
            rates: how many calls each client may make; None for any number.
            refusals: counts what is refused.
            at_once: how many answers are computed at the same time.
            waiting: how many more calls may wait; further ones are refused.
            longest: how long a call may take, waiting included, in seconds.
        """
        self._rates = rates
        self._refusals = refusals or Refusals()
        # Threads of our own, so that there are never more, even if some of them hang.
        self._threads = ThreadPoolExecutor(at_once, "call")
        self._most = at_once + waiting
        self._longest = longest
        self._open = 0
        self._lock = threading.Lock()

    async def answer(self, client: str, work: Callable[[Caller], _Answer]) -> _Answer:
        """Runs `work` in a thread, and returns or raises what it does.

        Args:
            client: the name of the client, by which its calls are counted.
            work: gets the caller, so that it can see whether it still waits. It can't be interrupted.

        Raises:
            CallRefused: the client calls too often, there is too much to do, or it takes too long.
        """
        if self._rates and (wait := await count(self._rates, client)):
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
                # If the client hangs up, a call that has not begun yet is cancelled.
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
