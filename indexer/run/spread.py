"""Has the workers of a cluster do what a run has to do: see `indexer.run.cluster`.

A job is a file, a PDF that is attached to one, or the scanned pages of a document. There are only some more
in hand than workers can do at once. What a worker has committed is counted when it says so; if it dies
before, the job is done again by another one, which finds what is there.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence

from indexer.folder.compare import File
from indexer.ocr.scan_publisher import ScanPublisher
from indexer.pdf.processes.task import without_ending
from indexer.run.account import Run
from indexer.run.cluster import tasks
from indexer.run.cluster.dask_cluster import DaskCluster, Ticket, WorkersDied, pickled
from indexer.run.cluster.jobs import Away, Failed, Job, Known, Order, Published, ScanJob, ScansRead, Titled
from indexer.run.shared_titles import SharedTitles
from indexer.store.attachment_publisher import WaitingAttachment
from stackroom import __version__
from stackroom.catalog.entries import shown_path
from stackroom.common.errors import ExtractionFailed, FailureKind
from stackroom.common.roots import Root

# Seconds between two looks at the threads of this process, while no job is done.
_POLL_SECONDS = 0.5

# How often a job may be given up by the cluster because workers died while they had it, maybe of another one.
# After the first time, no two such jobs are in hand at once.
_MOST_DEATHS = 3

_KILLER = "ended every worker that had it: it needs more memory than a worker has, or crashes it"


class Spread:
    """Hands out the jobs of one run, and keeps its account."""

    def __init__(
        self,
        run: Run,
        publisher: ScanPublisher,
        cluster: DaskCluster,
        order: Order,
        check: Callable[[], None],
    ) -> None:
        """Hands out nothing yet.

        Args:
            run: told what became of each file.
            publisher: the calling thread's connection.
            cluster: entered.
            order: for the workers.
            check: called again and again; may raise an error that ends the run.
        """
        self.run = run
        self.publisher = publisher
        self.cluster = cluster
        self.on_the_way = _OnTheWay(publisher)
        self.titles = SharedTitles(self.on_the_way)
        self.counted: set[str] = set()
        """Ids of the documents that were counted as added."""
        self._order = pickled(order)
        self._check = check

    def read_files(self, put_off: Callable[[], bool]) -> None:
        """Has all files of the run read, until `put_off` says to leave the others for later."""
        roots = {number: root for root, number in self.publisher.libraries().items()}
        self._work_off(_File(self, roots[file.place.library_id], file) for file in self.run.files(put_off))

    def read_attached(self, put_off: Callable[[], bool]) -> None:
        """Has what is attached to files read."""
        self._work_off(_Attached(self, waiting) for waiting in self.run.attached(put_off))

    def read_scans(self, put_off: Callable[[], bool]) -> None:
        """Has the scanned pages of all documents read."""
        self._work_off(_Scans(self, key) for key in self.publisher.scanned_documents() if not put_off())

    def hand_in(self, task: Callable[..., object], *arguments: object, first: bool = False) -> Ticket:
        """Has a worker do a task of the order; `first`: before others."""
        return self.cluster.hand_in(task, __version__, self._order, *arguments, first=first)

    def _work_off(self, jobs: Iterator["_Work"]) -> None:
        in_hand: dict[Ticket, _Work] = {}
        try:
            self._work_off_with(in_hand, jobs)
        finally:
            for work in in_hand.values():
                work.release()

    def _work_off_with(self, in_hand: "dict[Ticket, _Work]", jobs: Iterator["_Work"]) -> None:
        suspects: list[_Work] = []
        exhausted = False
        while True:
            if suspects and not any(work.deaths for work in in_hand.values()):
                suspect = suspects.pop(0)
                in_hand[suspect.begin()] = suspect
            while not exhausted and len(in_hand) < self.cluster.window():
                work = next(jobs, None)
                if work is None:
                    exhausted = True
                else:
                    in_hand[work.begin()] = work
            if not in_hand:
                return
            done = self.cluster.next_done(_POLL_SECONDS)
            if done is not None:
                work = in_hand[done]
                try:
                    following = work.go_on(self.cluster.result(done))
                except WorkersDied:
                    following = None
                    work.deaths += 1
                    if work.deaths < _MOST_DEATHS:
                        suspects.append(work)
                    else:
                        work.fail("crashed", _KILLER)
                del in_hand[done]
                if following is not None:
                    in_hand[following] = work
                else:
                    work.release()
            self._check()


class _OnTheWay:
    """The documents of a catalogue, and those that workers are about to publish: for `SharedTitles`."""

    def __init__(self, publisher: ScanPublisher) -> None:
        self._publisher = publisher
        self._first_pages: dict[str, str] = {}
        self._again: set[str] = set()

    def begin(self, titled: Titled) -> None:
        """A worker is about to publish this one."""
        self._first_pages[titled.document_id] = titled.first_page

    def end(self, document_id: str) -> None:
        """It was published."""
        self._first_pages.pop(document_id, None)
        if document_id in self._again:
            self._again.remove(document_id)
            self._publisher.read_again([document_id])

    def titles(self) -> list[tuple[str, str, int, int]]:
        return self._publisher.titles()

    def first_page(self, document_id: str) -> str:
        return self._first_pages.get(document_id) or self._publisher.first_page(document_id)

    def read_again(self, document_ids: Sequence[str]) -> None:
        self._again |= {id_ for id_ in document_ids if id_ in self._first_pages}
        self._publisher.read_again([id_ for id_ in document_ids if id_ not in self._first_pages])


class _Work(ABC):
    """One job, from its first task to its last."""

    def __init__(self, spread: Spread) -> None:
        self.deaths = 0
        self._spread = spread
        self._tickets: list[Ticket] = []

    @abstractmethod
    def begin(self) -> Ticket:
        """Hands in the first task, also for another time; returns what is to be waited for."""

    @abstractmethod
    def go_on(self, result: object) -> Ticket | None:
        """Takes in what was waited for. Returns what is to be waited for next; None if all is done."""

    @abstractmethod
    def fail(self, kind: FailureKind, reason: str) -> None:
        """Records that nothing came of it."""

    def release(self) -> None:
        """Has the cluster forget it."""
        self._spread.cluster.release(*self._tickets)
        self._tickets.clear()

    def _hand_in(self, task: Callable[..., object], *arguments: object, first: bool = False) -> Ticket:
        ticket = self._spread.hand_in(task, *arguments, first=first or self.deaths > 0)
        self._tickets.append(ticket)
        return ticket


class _Pdf(_Work):
    """A PDF: it is read, the coordinator gives it a title, and it is published."""

    def __init__(self, spread: Spread, job: Job, stem: str) -> None:
        super().__init__(spread)
        self._job = pickled(job)
        self._path, self._root = job.path, job.root
        self._stem = stem
        self._was_known = False

    def begin(self) -> Ticket:
        self._read = self._hand_in(tasks.read, self._job)
        told = self._spread.cluster.hand_in(tasks.about, self._read, first=True)
        self._tickets.append(told)
        return self._spread.cluster.watch(told)

    def go_on(self, result: object) -> Ticket | None:
        match result:
            case Titled():
                self._was_known = self._is_known(result.document_id)
                title = self._spread.titles.title(
                    result.document_id, result.title, result.length, result.first_page, self._stem
                )
                self._spread.on_the_way.begin(result)
                published = self._hand_in(tasks.publish, self._job, self._read, title, first=True)
                return self._spread.cluster.watch(published)
            case Published():
                # A worker that died just after its commit could not say so: the next one found it there.
                added = not self._was_known and result.document_id not in self._spread.counted
                if result.added or added:
                    self._spread.counted.add(result.document_id)
                self._count(result, added=result.added or added)
                self._spread.on_the_way.end(result.document_id)
            case Known():
                if not self._settle(result.document_id):
                    self.release()
                    return self.begin()  # another file let go of it meanwhile
            case Failed():
                self.fail(result.kind, result.reason)
            case Away():
                self._spread.run.leave(self._root, result.reason)
            case _:
                raise TypeError(f"a worker gave {type(result).__name__}")
        return None

    def fail(self, kind: FailureKind, reason: str) -> None:
        self._record(ExtractionFailed(self._path, kind, reason))

    @abstractmethod
    def _is_known(self, document_id: str) -> bool:
        """Whether the catalogue has such a document, before it is published."""

    @abstractmethod
    def _settle(self, document_id: str) -> bool:
        """Records that its file holds a document that is known. Returns whether it is."""

    @abstractmethod
    def _count(self, done: Published, *, added: bool) -> None:
        """Counts a document that is in the catalogue now."""

    @abstractmethod
    def _record(self, error: ExtractionFailed) -> None:
        """Records why it could not be read."""


class _File(_Pdf):
    """A file of a library."""

    def __init__(self, spread: Spread, root: Root, file: File) -> None:
        super().__init__(
            spread, Job(root, file.place, file.path, file.state, file.inside), without_ending(file.path.name)
        )
        self._file = file

    def _is_known(self, document_id: str) -> bool:
        return False  # or the worker would have said so, and not read it

    def _settle(self, document_id: str) -> bool:
        return self._spread.run.settle_known(self._file, document_id)

    def _count(self, done: Published, *, added: bool) -> None:
        self._spread.run.count_published(self._file, done, added=added)

    def _record(self, error: ExtractionFailed) -> None:
        self._spread.run.fail_file(self._file, error)


class _Attached(_Pdf):
    """A PDF that is attached to one in a file."""

    def __init__(self, spread: Spread, waiting: WaitingAttachment) -> None:
        file, root, attached = spread.run.file_of(waiting), waiting.file.root, waiting.attachment
        job = Job(root, file.place, file.path, file.state, file.inside, attached, waiting.container)
        super().__init__(spread, job, without_ending(attached.name))
        self._waiting = waiting

    def _is_known(self, document_id: str) -> bool:
        return self._spread.publisher.is_known(document_id)

    def _settle(self, document_id: str) -> bool:
        raise TypeError("what is attached is not known before it is read")

    def _count(self, done: Published, *, added: bool) -> None:
        self._spread.run.count_attached(self._waiting, done, added=added)

    def _record(self, error: ExtractionFailed) -> None:
        self._spread.run.fail_attached(self._waiting, error)


class _Scans(_Work):
    """The scanned pages of a document."""

    def __init__(self, spread: Spread, key: int) -> None:
        super().__init__(spread)
        document_id, self._pages = (
            spread.publisher.document_id(key),
            spread.publisher.scanned_document(key).waiting,
        )
        self._key = key
        self._job = pickled(ScanJob(key, document_id, self._pages))

    def begin(self) -> Ticket:
        return self._spread.cluster.watch(self._hand_in(tasks.read_scans, self._job))

    def go_on(self, result: object) -> Ticket | None:
        if not isinstance(result, ScansRead):
            raise TypeError(f"a worker gave {type(result).__name__}")
        run = self._spread.run
        if result.obstacle:
            run.summary.ocr_obstacle = result.obstacle
            return None
        run.summary.recognised += result.recognised
        run.summary.unrecognised += result.unrecognised
        run.summary.without_text += (shown_path(str(one.file), one.name) for one in result.without_text)
        run.tell(
            scans_done=result.recognised + result.unrecognised,
            passages=result.passages,
            embedded=result.passages,
        )
        return None

    def fail(self, kind: FailureKind, reason: str) -> None:
        """Records it for all pages that are left: the next run does not try them by itself."""
        left = self._spread.publisher.fail_scans(self._key, reason)
        self._spread.run.summary.unrecognised += left
        self._spread.run.summary.recognised += len(self._pages) - left
        self._spread.run.tell(scans_done=len(self._pages))
