"""What the threads of a worker keep open from job to job."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Generic, Protocol, TypeVar

from indexer.pdf.processes.extract_all import Limits, extract_all
from indexer.pdf.processes.task import Task
from stackroom.common.documents import Document
from stackroom.common.errors import ExtractionFailed
from stackroom.common.settings import Settings


class _Closing(Protocol):
    def close(self) -> None: ...


K = TypeVar("K", bound=_Closing)


class Kept(Generic[K]):
    """Things that threads use in turns, each kept for the next. May be used from any thread."""

    def __init__(self) -> None:
        """Has none yet."""
        self._turn = threading.Lock()
        self._idle: list[K] = []
        self._is_closed = False

    @contextmanager
    def one(self, make: Callable[[], K]) -> Iterator[K]:
        """One that nobody else has meanwhile, made by `make` if need be; not used again after an error."""
        with self._turn:
            taken = self._idle.pop() if self._idle else None
        taken = taken or make()
        with ExitStack() as stack:
            stack.callback(taken.close)
            yield taken
            with self._turn:
                if not self._is_closed:
                    self._idle.append(taken)
                    stack.pop_all()

    def close(self) -> None:
        """Closes those that nobody has; others are closed when they are given back."""
        with self._turn:
            idle, self._idle, self._is_closed = self._idle, [], True
        for one in idle:
            one.close()


class PdfReader:
    """Reads PDFs, one after the other. Small ones share a process: see `extract_all`."""

    def __init__(self, settings: Settings) -> None:
        """Starts no process yet."""
        self._next: list[Task] = []
        limits = Limits(1, settings.file_seconds, settings.stall_seconds, settings.file_memory_mb)
        self._outcomes = extract_all(self._tasks(), limits, lambda pages: None)

    def _tasks(self) -> Iterator[Task]:
        while True:
            yield self._next.pop()

    def read(self, task: Task) -> Document | ExtractionFailed:
        """What becomes of a PDF."""
        self._next.append(task)
        return next(self._outcomes)[1]

    def close(self) -> None:
        """Ends its process."""
        self._outcomes.close()
