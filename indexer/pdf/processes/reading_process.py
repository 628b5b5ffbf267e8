"""What a process does that reads PDFs, or pages for OCR: task by task, within limits."""

import os
import pickle
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from indexer.pdf.processes import inbox
from stackroom.common.errors import ExtractionFailed

# A process that has taken so many MiB of memory, beside what it began with, does no other task: the next one
# might lack them.
_SHARED_MB = 64

T = TypeVar("T")
Send = Callable[[str, dict[str, Any]], None]
"""Sends a message of a kind: "pages" while the process is at work, then "failure" or "result"."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one PDF may cost, and how many are read at once. For units see `Settings`."""

    workers: int
    file_seconds: float
    stall_seconds: float
    file_memory_mb: int


def work_off(connection: socket.socket, work: Callable[[T, Send], None], task: T, limits: Limits) -> None:
    """Does a task, and then others, until there are no more, or one has taken much memory.

    Args:
        connection: to our parent. We answer in JSON lines; further tasks come as pickles.
        work: what to do with a task. What it raises is sent as a failure.
        task: the first one.
        limits: for each task.
    """
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then ends us
    _silence()
    before = _peak_mb()
    with connection, connection.makefile("rb") as tasks, suppress(ConnectionError, EOFError):
        # ConnectionError, EOFError: nobody is left to hear it, or to give us another task.
        while True:
            _limit(limits)
            _do(work, task, limits, partial(inbox.send, connection))
            if _peak_mb() - before > _SHARED_MB:
                return
            task = pickle.load(tasks)  # noqa: S301  our parent has made it


def _do(work: Callable[[T, Send], None], task: T, limits: Limits, send: Send) -> None:
    try:
        work(task, send)
    except ExtractionFailed as error:
        send("failure", {"kind": error.kind, "reason": str(error)})
    except MemoryError:
        reason = f"needs more memory than STACKROOM_FILE_MEMORY_MB={limits.file_memory_mb} allows"
        send("failure", {"kind": "out of memory", "reason": reason})
    except ConnectionError:
        raise
    except Exception as error:  # noqa: BLE001  libraries raise whatever they like over broken files
        at = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"crashed the reader ({type(error).__name__} in {Path(at.filename).name}, line {at.lineno})"
        send("failure", {"kind": "crashed", "reason": f"{reason}; the file is damaged"})


def _peak_mb() -> float:
    """The most memory that this process has had, in MiB; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _silence() -> None:
    """Keeps what the libraries print off the terminal and out of our log: we report errors ourselves."""
    with Path(os.devnull).open("wb") as nowhere:
        for stream in (1, 2):
            os.dup2(nowhere.fileno(), stream)


def _limit(limits: Limits) -> None:
    """Limits what this process may take from now on."""
    try:
        import resource
    except ImportError:  # Windows: the parent's clock is the only limit
        return
    memory = limits.file_memory_mb * 2**20
    seconds = int(time.process_time() + limits.file_seconds) + 1
    for kind, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds)):
        hard = resource.getrlimit(kind)[1]
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        try:
            resource.setrlimit(kind, (most, hard))
        except ValueError:  # macOS refuses RLIMIT_AS
            continue
