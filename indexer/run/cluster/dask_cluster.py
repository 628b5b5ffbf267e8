"""A cluster of Dask: an existing scheduler with its workers, or workers of our own on this machine.

The only file that knows Dask.
"""

import logging
import os
import pickle
import queue
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Self
from uuid import uuid4

from indexer.pdf.processes.extract_all import ready_to_start
from stackroom import __version__
from stackroom.common.errors import ClusterUnusable, ExtraMissing, StackroomError

try:
    from dask import config
    from distributed import CancelledError, Client, Future, KilledWorker, LocalCluster, Security
    from distributed.comm.core import CommClosedError
except ModuleNotFoundError as error:
    raise ExtraMissing(
        "`--cluster` needs the package distributed. In the environment that Stackroom runs in, run "
        "`pip install 'stackroom[cluster]'`, or in a checkout `pip install -e '.[cluster]'`."
    ) from error

# Seconds that workers have to end by themselves.
_CLOSE_SECONDS = 20.0

# Seconds to wait for a result that has to be made again: Dask tells only of those that come first.
_AGAIN_SECONDS = 0.1

# Jobs in hand for each thread of the workers: one at work, and one that is ready when it is done.
_JOBS_PER_THREAD = 2

# For workers of our own: no page of HTTP tells of them; what has killed two is given up; and how often they
# look after themselves. As Dask has it, four of them take a fifth of a core for that alone.
_OWN_WORKERS = {
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.scheduler.allowed-failures": 1,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.worker.memory.monitor-interval": "1s",
    "distributed.worker.profile.enabled": False,
    "distributed.scheduler.work-stealing-interval": "1s",
}
# Forked from a server that has all modules loaded, they are there in a tenth of the time.
_START_METHOD = "distributed.worker.multiprocessing-method"
# After how long a worker that is away counts as dead, and is started again.
_LOST = "distributed.deploy.lost-worker-timeout"

Task = Callable[..., object]
"""A function of `tasks`."""


class WorkersDied(Exception):
    """Dask has given a task up, because too many workers died while they had it."""


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """A task that was handed in."""

    future: "Future[Any]"


class DaskCluster:
    """A connection to a cluster; a context manager. For one thread."""

    def __init__(
        self,
        where: str | int,
        *,
        connect_seconds: float = 10.0,
        worker_seconds: float = 60.0,
        look_seconds: float = 2.0,
    ) -> None:
        """Connects to nothing yet.

        Args:
            where: the address of a scheduler, as Dask writes it ("tcp://host:8786"); or how many workers to
                start on this machine, each a process.
            connect_seconds: longest time to wait for the scheduler.
            worker_seconds: and for a worker, when there is none or some are missing.
            look_seconds: time between two looks at how many workers there are.
        """
        self._where = where
        self._connect_seconds = connect_seconds
        self._worker_seconds = worker_seconds
        self._look_seconds = look_seconds
        self._done: queue.SimpleQueue[Ticket] = queue.SimpleQueue()
        self._open: set[Ticket] = set()
        self._name, self._handed_in = uuid4().hex[:8], 0
        self._threads, self._looked = 0, 0.0
        self._stack = ExitStack()
        self._local: LocalCluster | None = None
        self._missing_since = time.monotonic()

    @property
    def is_local(self) -> bool:
        """Whether the workers are processes of this machine that only this command has."""
        return isinstance(self._where, int)

    def __enter__(self) -> Self:
        """Connects, or starts the workers. Raises ClusterUnusable if that can't be."""
        if isinstance(self._where, int):
            # Who reaches a scheduler may have code run: other users of this machine can't without its key.
            with _quiet_at_the_end():
                start_method = ready_to_start(
                    "distributed.nanny", "indexer.run.cluster.tasks"
                ).get_start_method()
            self._stack.enter_context(
                config.set(
                    {**_OWN_WORKERS, _START_METHOD: start_method, _LOST: f"{self._worker_seconds / 2:g}s"}
                )
            )
            local = LocalCluster(
                n_workers=self._where,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                env=dict(os.environ),  # what they are forked from may have been started with another
                silence_logs=logging.CRITICAL,
                security=Security.temporary(),
            )
            self._stack.callback(local.close, _CLOSE_SECONDS)
            self._local = local
            self._client = Client(local, set_as_default=False)
            return self
        try:
            self._client = Client(self._where, timeout=self._connect_seconds, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise ClusterUnusable(
                f"There is no scheduler of Dask at {self._where}: {error}. Start it there with `dask "
                "scheduler`, or correct the address of --cluster."
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        """Cancels what waits. Workers of our own are ended, others finish what they are at."""
        with suppress(TimeoutError, CommClosedError):  # they are told, and end with us at the latest
            self._client.cancel([ticket.future for ticket in self._open])
            self._open.clear()
            self._client.close(_CLOSE_SECONDS)
        with suppress(TimeoutError):
            self._stack.close()

    def refuse_unfit(self, introduce: Task, *arguments: object) -> None:
        """Runs a task on every worker, and waits for the first if there is none yet.

        Raises:
            ClusterUnusable: no worker came, or one of them failed.
        """
        try:
            self._client.wait_for_workers(1, timeout=self._worker_seconds)
        except TimeoutError as error:
            raise ClusterUnusable(
                f"The scheduler at {self._where} has had no worker for {self._worker_seconds:g} s. Start "
                f"some: `dask worker {self._where}`."
            ) from error
        answers = self._client.run(introduce, __version__, *arguments, on_error="return")
        for address, answer in answers.items():
            if isinstance(answer, StackroomError):
                raise answer
            if isinstance(answer, ImportError):
                raise _has_no_stackroom(address, answer)
            if isinstance(answer, Exception):
                raise ClusterUnusable(
                    f"The worker {address} cannot be used: {type(answer).__name__}: {answer}. Its log says "
                    "more."
                ) from answer

    def tell_all(self, task: Task, *arguments: object) -> None:
        """Runs a task on every worker; those that can't any more are left alone."""
        with suppress(TimeoutError, CommClosedError):
            self._client.run(task, *arguments, on_error="ignore")

    def window(self) -> int:
        """How many jobs should be in hand now: enough that no worker waits, and no more."""
        now = time.monotonic()
        if now - self._looked >= self._look_seconds:
            self._looked = now
            workers = self._client.nthreads()
            self._threads = sum(workers.values())
            self._heal(len(workers), now)
        return max(_JOBS_PER_THREAD * self._threads, 1)

    def _heal(self, workers: int, now: float) -> None:
        """Starts workers of our own anew that did not come back; tells if there is none at all.

        Dask starts one again that has died, but not one that died while it was starting, or was slow at it.
        """
        wanted = self._where if isinstance(self._where, int) else 1
        if workers >= wanted:
            self._missing_since = now
        elif now - self._missing_since >= self._worker_seconds:
            self._missing_since = now
            if self._local is not None:
                self._local.scale(wanted)
            else:
                logging.getLogger(__name__).warning(
                    "The scheduler at %s has no worker any more. Start some: `dask worker %s`.",
                    *(self._where, self._where),
                )

    def hand_in(self, task: Task, *arguments: object, first: bool = False) -> Ticket:
        """Has a worker do a task.

        Args:
            task: to be done.
            arguments: bytes, text, or tickets, in place of which the task gets their results.
            first: before others that wait.
        """
        self._handed_in += 1
        future = self._client.submit(
            task,
            *(one.future if isinstance(one, Ticket) else one for one in arguments),
            key=f"stackroom-{task.__name__}-{self._name}-{self._handed_in}",
            pure=False,
            priority=1 if first else 0,
        )
        ticket = Ticket(future)
        self._open.add(ticket)
        return ticket

    def watch(self, ticket: Ticket) -> Ticket:
        """The ticket, which `next_done` gives once its task is done."""
        ticket.future.add_done_callback(lambda _: self._done.put(ticket))
        return ticket

    def next_done(self, seconds: float) -> Ticket | None:
        """A watched ticket whose task is done; None if there is none within these seconds."""
        try:
            ticket = self._done.get(timeout=seconds)
        except queue.Empty:
            return None
        if ticket.future.status in ("pending", "lost"):  # its worker died with the result: it is done again
            time.sleep(_AGAIN_SECONDS)
            self.watch(ticket)
            return None
        return ticket

    def result(self, ticket: Ticket) -> Any:
        """What the task gave. Raises what it raised, or

        Raises:
            WorkersDied: too many workers died while they had it.
            ClusterUnusable: a worker has no Stackroom, or the scheduler is away.
        """
        try:
            return ticket.future.result()
        except (CancelledError, CommClosedError) as error:
            raise ClusterUnusable(
                f"The scheduler at {self._where} went away. What was read by then is in the index; run the "
                "command again once the scheduler is there."
            ) from error
        except KilledWorker as error:
            raise WorkersDied from error
        except ImportError as error:
            raise _has_no_stackroom(str(self._where), error) from error

    def release(self, *tickets: Ticket) -> None:
        """Has the cluster forget these, with their results."""
        for ticket in tickets:
            self._open.discard(ticket)
            ticket.future.release()


@contextmanager
def _quiet_at_the_end() -> Iterator[None]:
    """Has the process that looks after semaphores, if it is started in the block, not complain of Dask's.

    Ctrl-C ends us at once. That process then removes what Dask would have; nobody need know.
    """
    sys.warnoptions.append("ignore:resource_tracker:UserWarning")
    try:
        yield
    finally:
        sys.warnoptions.pop()


def pickled(what: object) -> bytes:
    """An argument of a task; Dask need not look into it."""
    return pickle.dumps(what)


def _has_no_stackroom(where: str, error: ImportError) -> ClusterUnusable:
    return ClusterUnusable(
        f"A worker of {where} has no Stackroom {__version__} ({error}): install it where workers run, with "
        "the extras that this command has."
    )
