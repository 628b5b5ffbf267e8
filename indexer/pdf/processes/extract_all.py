"""Reads PDFs in other processes, so that one that crashes, hangs or explodes harms no other.

Each PDF, or page for OCR, gets a new process with limits on its time and memory. It is forked from a small
server that has the PDF library loaded, or started from nothing where there is no fork. It answers in JSON,
never in pickles: a process that read a hostile file must not be able to run code in ours. Nor can it keep us
waiting or fill our memory: its messages are read as they come, and their length has a limit.

A new process costs as much as reading ten short pages. So small PDFs share one, one after the other, as long
as all goes well. What fails in a process that has read others is read again in a new one: only what happens
there counts.
"""

import multiprocessing
import os
import pickle
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, Protocol, TypeVar

from indexer.pdf.processes import inbox
from indexer.pdf.processes.inbox import Garbled, Inbox, NoMore, TooLong
from indexer.pdf.processes.reading_process import Limits, Send, work_off
from indexer.pdf.processes.received_document import read_document
from indexer.pdf.processes.task import Task, is_of, read_pdf
from stackroom.common.documents import Document
from stackroom.common.errors import FAILURE_KINDS, ExtractionFailed

__all__ = ["Limits", "Send", "extract_all", "in_processes", "ready_to_start"]

_LONGEST_POLL_SECONDS = 0.5

# Seconds to wait until a process that has closed its connection, or was killed, is gone. One that hangs in
# the system (on a dead share) is left there.
_LONGEST_END_SECONDS = 2.0

# A message may be as long as this part of the memory that its process may take: 128 MiB by default; 2,000
# full pages of print are 6 MiB. For a process holds a document at least twice, as objects and as JSON, beside
# what it was made from; and in our process, hostile JSON can take twenty times its length.
_MEMORY_PER_MESSAGE = 16

_LONGEST_REASON = 500

# PDFs of up to so many bytes share a process, so many of them. (A new process costs 18 ms of CPU time; a file
# of this size takes a second or two.)
_SMALL_BYTES = 2**20
_FILES_A_PROCESS = 32


class Job(Protocol):
    """A task for a process: something to do with the file `path`."""

    @property
    def path(self) -> Path:
        """Path of the PDF."""


_WITHOUT_MAIN = threading.Lock()

J = TypeVar("J", bound=Job)
R = TypeVar("R")


@dataclass(slots=True, eq=False)
class _Reading(Generic[J]):
    """A task in progress.

    Attributes:
        heard: when something last came; seconds of the monotonic clock.
        started: when it began; the same clock, without the time in which we did not listen.
        nth: 1 if its process is new, 2 if it has read another file before, and so on.
    """

    task: J
    process: BaseProcess
    inbox: Inbox
    started: float
    heard: float
    nth: int = 1
    pages_done: int = 0
    pages: int | None = None


def extract_all(
    tasks: Iterator[Task], limits: Limits, on_pages: Callable[[int], None]
) -> Generator[tuple[Task, Document | ExtractionFailed], None, None]:
    """Reads PDFs, several at a time, and yields each task with its document, or with why there is none.

    See `in_processes` for the arguments.
    """
    with closing(in_processes(tasks, _extract, _received, limits, on_pages, _is_small)) as outcomes:
        yield from outcomes


def _extract(task: Task, send: Send) -> None:
    def on_page(done: int, pages: int) -> None:
        send("pages", {"done": done, "pages": pages})

    send("result", asdict(read_pdf(task, on_page)))


def _is_small(task: Task) -> bool:
    try:
        return task.attached is None and task.path.stat().st_size <= _SMALL_BYTES
    except OSError:
        return False


def _received(task: Task, content: dict[str, Any]) -> Document | ExtractionFailed:
    document = read_document(content)
    if is_of(task, document):
        return document
    reason = "crashed the reader: what it said was of another document; the file is damaged"
    return ExtractionFailed(task.path, "crashed", reason)


def in_processes(
    tasks: Iterator[J],
    work: Callable[[J, Send], None],
    read: Callable[[J, dict[str, Any]], R],
    limits: Limits,
    on_pages: Callable[[int], None],
    may_share: Callable[[J], bool] = lambda task: False,
) -> Generator[tuple[J, R | ExtractionFailed], None, None]:
    """Does tasks in processes, several at a time, and yields each with its result, or with why there is none.

    Close the generator to end the processes early.

    Args:
        tasks: the next is taken whenever a process is free.
        work: what a process does with a task; a function at the top of a module. It may raise
            ExtractionFailed.
        read: makes the result from what the process sent; runs in this process.
        limits: for each task.
        on_pages: told how many more pages were done, while they are.
        may_share: whether a task may be done by a process that has done others.
    """
    readings: list[_Reading[J]] = []
    idle: list[_Reading[J]] = []  # done, and their processes can do another task
    exhausted = False
    away = 0.0  # seconds in which we did not listen: no process can help that
    with selectors.DefaultSelector() as selector:
        try:
            while True:
                before = time.monotonic()
                while not exhausted and len(readings) < limits.workers:
                    task = next(tasks, None)
                    if task is None:
                        exhausted = True
                        break
                    reading = _hand_over(idle, task, away) if may_share(task) else None
                    reading = reading or _start(task, work, limits, away)
                    readings.append(reading)
                    selector.register(reading.inbox.connection, selectors.EVENT_READ, reading)
                away += time.monotonic() - before
                if not readings:
                    return
                heard = [key.data for key, _ in selector.select(_LONGEST_POLL_SECONDS)]
                outcomes: list[tuple[_Reading[J], R | ExtractionFailed]] = []
                for reading in list(readings):
                    outcome = _hear(reading, read, limits, on_pages) if reading in heard else None
                    if outcome is None:
                        outcome = _overdue(reading, limits, away)
                    if outcome is None:
                        continue
                    readings.remove(reading)
                    selector.unregister(reading.inbox.connection)
                    is_well = not isinstance(outcome, ExtractionFailed)
                    if is_well and reading.nth < _FILES_A_PROCESS and may_share(reading.task):
                        idle.append(reading)
                    else:
                        _end(reading)
                    if is_well or reading.nth == 1:
                        outcomes.append((reading, outcome))
                        continue
                    on_pages(-reading.pages_done)
                    again = _start(reading.task, work, limits, away)
                    readings.append(again)
                    selector.register(again.inbox.connection, selectors.EVENT_READ, again)
                before = time.monotonic()
                for reading, outcome in outcomes:
                    yield reading.task, outcome
                away += time.monotonic() - before
        finally:
            for reading in (*readings, *idle):
                _end(reading)


def ready_to_start(*also: str) -> Any:
    """What starts processes. Begins the fork server, unless it runs already.

    Args:
        also: more modules that the server is to load, if it is begun now, for whatever else it is to fork.
    """
    # Fork servers fork from a process without threads; the parent has some (the embedding runtime's).
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    from multiprocessing import forkserver, resource_tracker  # not to be had on Windows

    context = multiprocessing.get_context("forkserver")
    # The last two are what every process would import for itself.
    context.set_forkserver_preload(
        [
            "indexer.pdf.processes.fork_server",
            "indexer.pdf.processes.attached_pdf",
            "indexer.ocr.page_job",
            "multiprocessing.popen_forkserver",
            "resource",
            *also,
        ]
    )
    # Ctrl-C in a terminal reaches every process of ours: the server, and what it forks, inherit that it is
    # blocked for them. The resource tracker comes first because starting it unblocks the signal again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return context


def _start(task: J, work: Callable[[J, Send], None], limits: Limits, away: float) -> _Reading[J]:
    # A pair of sockets, not a pipe: what can be read of it without waiting is the same on every system.
    ours, theirs = socket.socketpair()
    with theirs:
        process = ready_to_start().Process(target=work_off, args=(theirs, work, task, limits), daemon=True)
        with _without_main():
            process.start()
    now = time.monotonic()
    inbox = Inbox(ours, limits.file_memory_mb * 2**20 // _MEMORY_PER_MESSAGE)
    return _Reading(task, process, inbox, now - away, now)


def _hand_over(idle: list[_Reading[J]], task: J, away: float) -> _Reading[J] | None:
    """Gives a task to a process that has done another; None if there is none."""
    while idle:
        before = idle.pop()
        try:
            before.inbox.connection.sendall(pickle.dumps(task))
        except OSError:  # it has ended, or does not read what we send
            _end(before)
            continue
        now = time.monotonic()
        return _Reading(task, before.process, before.inbox, now - away, now, before.nth + 1)
    return None


@contextmanager
def _without_main() -> Iterator[None]:
    """Keeps multiprocessing from running our main script in the new process, which does not need it.

    That saves a third of the cost of starting a process. Threads that start some take turns: one would take
    another's makeshift for the main script.
    """
    with _WITHOUT_MAIN:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


def _end(reading: _Reading[J]) -> None:
    reading.inbox.connection.close()
    if hasattr(os, "killpg") and reading.process.exitcode is None and reading.process.pid is not None:
        with suppress(OSError):  # it has ended, or has not yet got so far as to have a group
            os.killpg(reading.process.pid, signal.SIGKILL)  # with the programs that it has started
    reading.process.kill()
    reading.process.join(_LONGEST_END_SECONDS)
    if reading.process.exitcode is not None:
        reading.process.close()


def _hear(
    reading: _Reading[J],
    read: Callable[[J, dict[str, Any]], R],
    limits: Limits,
    on_pages: Callable[[int], None],
) -> R | ExtractionFailed | None:
    """Takes in what has come. Returns the outcome if it is known now."""
    path = reading.task.path
    try:
        messages = reading.inbox.take_in()
        reading.heard = time.monotonic()
        for kind, content in messages:
            if kind == "result":
                return read(reading.task, content)
            if kind == "failure":
                return _failure(path, content)
            done, pages = content["done"], content["pages"]
            if type(done) is not int or type(pages) is not int or not 0 <= done <= pages <= inbox.LARGEST:
                raise ValueError("no count of pages")
            on_pages(done - reading.pages_done)
            reading.pages_done, reading.pages = done, pages
    except NoMore:
        reading.process.join(_LONGEST_END_SECONDS)
        return _died(reading, limits)
    except TooLong:
        most = limits.file_memory_mb / _MEMORY_PER_MESSAGE
        reason = f"has more than {most:g} MiB of text; STACKROOM_FILE_MEMORY_MB raises the limit"
        return ExtractionFailed(path, "too large", reason)
    except (Garbled, LookupError, TypeError, ValueError):
        reason = f"crashed the reader{_where(reading)}: what it said made no sense; the file is damaged"
        return ExtractionFailed(path, "crashed", reason)
    return None


def _failure(path: Path, content: dict[str, Any]) -> ExtractionFailed:
    kind, reason = content["kind"], str(content["reason"])[:_LONGEST_REASON]
    reason.encode()  # raises ValueError if it has half of a surrogate pair, which no catalogue can hold
    return ExtractionFailed(path, kind if kind in FAILURE_KINDS else "crashed", reason)


def _where(reading: _Reading[J]) -> str:
    return f" on page {reading.pages_done + 1} of {reading.pages}" if reading.pages else " while opening it"


def _died(reading: _Reading[J], limits: Limits) -> ExtractionFailed:
    where, code = _where(reading), reading.process.exitcode
    if code == -getattr(signal, "SIGXCPU", 0):
        reason = f"took longer than {limits.file_seconds:g} s{where}; STACKROOM_FILE_SECONDS raises the limit"
        return ExtractionFailed(reading.task.path, "timed out", reason)
    if code is None:
        how = "it closed its connection"
    else:
        how = f"signal {_signal(-code)}" if code < 0 else f"exit code {code}"
    return ExtractionFailed(
        reading.task.path,
        "crashed",
        f"crashed the reader{where} ({how}); the file is damaged, or needs more memory than "
        f"STACKROOM_FILE_MEMORY_MB={limits.file_memory_mb} allows",
    )


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # most real-time signals have no name
        return str(number)


def _overdue(reading: _Reading[J], limits: Limits, away: float) -> ExtractionFailed | None:
    """Why a process has to be ended, if its time is up; None if not. What it has sent by now was taken in
    before.
    """
    now = time.monotonic()
    where = f"page {reading.pages_done + 1} of {reading.pages}" if reading.pages else "opening it"
    if now - reading.heard > limits.stall_seconds:
        reason = f"hung for {limits.stall_seconds:g} s at {where}; STACKROOM_STALL_SECONDS raises the limit"
    elif now - away - reading.started > limits.file_seconds:
        reason = f"took longer than {limits.file_seconds:g} s; STACKROOM_FILE_SECONDS raises the limit"
    else:
        return None
    return ExtractionFailed(reading.task.path, "timed out", reason)
