"""The account of one run: which files it has to deal with, and what became of each."""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from indexer.folder.compare import Comparison, File, is_as_it_was
from indexer.pdf.processes.task import Task
from indexer.store.attachment_publisher import AttachmentPublisher, WaitingAttachment
from indexer.store.publisher import FileState, Place, Recorded
from stackroom.catalog.entries import Model, shown_path
from stackroom.common.documents import ID_DIGITS, Attachment, Document, Passage
from stackroom.common.errors import ExtractionFailed, FailureKind

# How reading an attachment may fail after it has cost all that it may; and how many of a file's may do so,
# before the others are left unread. A file of a megabyte can have a thousand of them.
_COSTLY: frozenset[FailureKind] = frozenset({"too large", "out of memory", "timed out", "crashed"})
_MOST_COSTLY = 10


@dataclass(slots=True)
class Progress:
    """How far a run is. Counts only what this run has to do.

    Attributes:
        stage: what is being done, in a word.
        files, files_done: PDFs to look into, and how many of them are done.
        pages: read so far.
        passages, embedded: passages to embed, as far as is known, and how many of them are embedded.
        scans, scans_done: pages that wait for OCR, and how many of them are done; 0 before OCR begins.
        share: of the work that is done, from 0 to 1: an estimate, as the next.
        seconds_left: how long the rest takes; None if that can't be told yet.
    """

    stage: str = "comparing"
    files: int = 0
    files_done: int = 0
    pages: int = 0
    passages: int = 0
    embedded: int = 0
    scans: int = 0
    scans_done: int = 0
    share: float = 0.0
    seconds_left: float | None = None


@dataclass(slots=True)
class Summary:
    """What a run did.

    Attributes:
        added, changed, moved, removed, unchanged: files. A copy of a known document is added, a renamed
            file moved; one that was only touched is unchanged.
        failed: files that could not be read: in this run, or in an earlier one and unchanged since.
        embedded_passages: passages embedded in this run.
        pages: of the documents read in this run.
        seconds: of wall-clock time.
        failures: absolute path → reason, of the files that failed in this run. A file that was tried again
            without being asked for, and failed for the same reason as before, is not among them.
        newly_failed: how many files are in `failures`, plus the folders that could not be looked at for a
            reason that the last run did not have. A library that is not there as a whole counts each time.
        without_text: absolute paths of files read in this run that have no text on any page, nor scans.
        recognised, unrecognised: pages that OCR read in this run, and could not read.
        waiting_scans: pages that wait for OCR now.
        ocr_obstacle: why these pages wait; empty if the next run reads them.
        unreadable: folders and names that could not be looked at, with the reasons, by absolute path.
        left_out: how many links that lead out of the folders, folders of the system, and files and folders
            that the owner's patterns exclude.
        other_formats: ending → how many files in the folders have it, and are no PDFs: see `Walk`.
        waiting_files, waiting_passages: files (and attachments) to be read and passages to be embedded that
            were put off.
        attachments: PDFs that are attached to others and were read in this run. Those that could not be read
            are in `failed` and `failures`.
        unfinished_model: name of the model that the library is half embedded with anew; empty if there is
            none.
        freed_bytes: by which the catalogue's file was made smaller.
        shrink_obstacle: why it was not, though much of it is room; else empty.
    """

    added: int = 0
    changed: int = 0
    moved: int = 0
    removed: int = 0
    unchanged: int = 0
    failed: int = 0
    embedded_passages: int = 0
    pages: int = 0
    seconds: float = 0.0
    failures: dict[str, str] = field(default_factory=dict)
    newly_failed: int = 0
    without_text: list[str] = field(default_factory=list)
    recognised: int = 0
    unrecognised: int = 0
    waiting_scans: int = 0
    ocr_obstacle: str = ""
    unreadable: dict[str, str] = field(default_factory=dict)
    left_out: int = 0
    other_formats: dict[str, int] = field(default_factory=dict)
    waiting_files: int = 0
    waiting_passages: int = 0
    attachments: int = 0
    unfinished_model: str = ""
    freed_bytes: int = 0
    shrink_obstacle: str = ""


class Run:
    """Keeps account of one run and writes its outcomes through the publisher."""

    def __init__(
        self,
        publisher: AttachmentPublisher,
        on_progress: Callable[[Progress], None],
        *,
        retry_failed: bool = False,
        follow_links: bool = False,
    ) -> None:
        """Nothing is done yet.

        Args:
            publisher: a writer's connection.
            on_progress: told how far the run is.
            retry_failed: whether the user asked to try failed files again.
            follow_links: whether attachments are read from files behind links that lead out of their folder.
        """
        self.queue: list[File] = []
        self.summary = Summary()
        self.progress = Progress()
        self._publisher = publisher
        self._on_progress = on_progress
        self._started = time.monotonic()
        self._retry_failed = retry_failed
        self._follow_links = follow_links
        self._changed: dict[File, Recorded] = {}
        self._retried: dict[File, Recorded] = {}
        self._gone: dict[Place, Recorded] = {}
        self._ids: dict[File, str] = {}
        self._reading: dict[str, list[File]] = {}  # files with the same bytes, by document id
        self._attached: dict[tuple[int, Attachment], WaitingAttachment] = {}  # by container and attachment
        self._costly: Counter[int] = Counter()  # attachments that cost all they may, by their container

    def tell(
        self,
        stage: str = "",
        *,
        files_done: int = 0,
        pages: int = 0,
        passages: int = 0,
        embedded: int = 0,
        scans: int = 0,
        scans_done: int = 0,
    ) -> None:
        """Adds these numbers to the progress, and reports it."""
        self.progress.stage = stage or self.progress.stage
        self.progress.files_done += files_done
        self.progress.pages += pages
        self.progress.passages += passages
        self.progress.embedded += embedded
        self.progress.scans += scans
        self.progress.scans_done += scans_done
        self._on_progress(self.progress)

    def take_in(
        self, root: Path, comparison: Comparison, before: Mapping[str, str], hold_back: Callable[[File], bool]
    ) -> None:
        """Adds what a folder's comparison found to the work of this run.

        Args:
            root: of the library.
            comparison: of its folder.
            before: relative path → reason, of what the last run could not look at in this folder.
            hold_back: whether to leave a new or changed file for a later run.
        """
        self._changed |= comparison.changed
        self._retried |= comparison.retried
        self._gone |= comparison.gone
        files = [*comparison.new, *comparison.changed, *comparison.retried]
        self.queue += [file for file in files if not hold_back(file)]
        self.summary.unchanged += comparison.unchanged
        self.summary.failed += len(comparison.failed)
        self.summary.left_out += len(comparison.left_out)
        for ending, count in comparison.other_formats.most_common():
            self.summary.other_formats[ending] = self.summary.other_formats.get(ending, 0) + count
        for path, reason in comparison.unreadable.items():
            self.summary.unreadable[str(root / path)] = reason
            self.summary.newly_failed += path == "" or before.get(path) != reason

    def settle_moves_and_removals(self) -> None:
        """Recognises renamed files by their content, then forgets the paths that are gone.

        In this order, because a document without a path is removed: otherwise a renamed file would have to
        be embedded again.
        """
        self.progress.files = len(self.queue)
        self.tell("hashing")
        leaving = [*self._gone.values(), *self._changed.values()]
        sizes = {known.state.size for known in leaving if known.document is not None}
        unclaimed = Counter(known.document for known in self._gone.values() if known.document is not None)
        queue, self.queue = self.queue, []
        known_files: dict[Place, tuple[FileState, int]] = {}
        for file in queue:
            if file.state.size not in sizes:
                self.queue.append(file)
                continue
            document_id = self._identify(file)
            if document_id is None:
                continue
            key = self._publisher.document_key(document_id)
            if key is None:
                self.queue.append(file)
                continue
            known_files[file.place] = (file.state, key)
            if file not in self._changed and unclaimed[key] > 0:
                unclaimed[key] -= 1
                self.summary.moved += 1
                self.tell(files_done=1)
            else:
                self._count(file, key)
        self.summary.removed = len(self._gone) - self.summary.moved
        if known_files or self._gone:
            self._publisher.settle(known_files, self._gone)

    def tasks(self, passwords: tuple[str, ...], put_off: Callable[[], bool]) -> Iterator[Task]:
        """The PDFs to extract, with the passwords to try, until `put_off` says to leave the others for later.

        Files whose content is known, or is being read already, need no extraction.
        """
        self.summary.waiting_files = len(self.queue)
        for file in self.queue:
            if put_off():
                return
            self.summary.waiting_files -= 1
            document_id = self._identify(file)
            if document_id is None:
                continue
            key = self._publisher.document_key(document_id)
            if key is not None:
                self._publisher.settle({file.place: (file.state, key)}, ())
                self._count(file, key)
            elif document_id in self._reading:
                self._reading[document_id].append(file)
            else:
                self._reading[document_id] = [file]
                yield Task(file.path, document_id, passwords)

    def attached_tasks(self, passwords: tuple[str, ...], put_off: Callable[[], bool]) -> Iterator[Task]:
        """The PDFs attached to files, which were read before; as `tasks`."""
        waiting = self._publisher.waiting_attachments()
        self.progress.files += len(waiting)
        self.summary.waiting_files += len(waiting)
        for one in waiting:
            if put_off():
                return
            self.summary.waiting_files -= 1
            task = Task(one.file.file, "", passwords, one.attachment, one.container)
            self._attached[one.container, one.attachment] = one
            if not self._is_as_it_was(one):
                self.tell(files_done=1)  # the next comparison finds out what became of it
            elif self._costly[one.container] < _MOST_COSTLY:
                yield task
            else:
                reason = f"was not tried, because {_MOST_COSTLY} others of the file cost all they may"
                self.fail(task, ExtractionFailed(task.path, "timed out", reason))

    def publish(self, task: Task, document: Document, passages: Sequence[Passage], model: Model) -> None:
        """Adds a document that was read, unless its files have changed since they were compared."""
        if task.attached is not None:
            self._publish_attached(task, task.attached, document, passages, model)
            return
        files = []
        for file in self._reading.pop(task.document_id):
            if is_as_it_was(file):
                files.append(file)
            else:
                reason = "was changed while it was being read; it is read again on the next run"
                self._fail(file, ExtractionFailed(file.path, "changed", reason))
        if not files:
            return
        self._publisher.publish(document, passages, model, {file.place: file.state for file in files})
        self.summary.pages += len(document.pages)
        for file in files:
            self._count(file, None)
            if not passages and not document.scans:
                self.summary.without_text.append(str(file.path))
        self.tell(passages=sum(passage.legible for passage in passages))

    def fail(self, task: Task, error: ExtractionFailed) -> None:
        """Records that a PDF could not be read."""
        if task.attached is not None:
            self._fail_attached(task, task.attached, error)
            return
        for file in self._reading.pop(task.document_id):
            self._fail(file, error)

    def finish(self) -> Summary:
        """Completes the summary of the run, and returns it."""
        self.summary.embedded_passages = self.progress.embedded
        self.summary.seconds = round(time.monotonic() - self._started, 2)
        return self.summary

    def _identify(self, file: File) -> str | None:
        """The id of the document that `file` holds, made from the file's hash, which is computed only once.

        If the file can't be read, that is recorded, and None returned.
        """
        if file not in self._ids:
            try:
                with file.path.open("rb") as content:
                    digest = hashlib.file_digest(content, "sha256").hexdigest()
            except OSError as error:
                reason = f"cannot be read: {error.strerror or error}"
                self._fail(file, ExtractionFailed(file.path, "unreadable", reason))
                return None
            self._ids[file] = digest[:ID_DIGITS]
        return self._ids[file]

    def _publish_attached(
        self, task: Task, attached: Attachment, document: Document, passages: Sequence[Passage], model: Model
    ) -> None:
        self.tell(files_done=1)
        if not self._is_as_it_was(self._attached[task.container, attached]):
            return
        if self._publisher.publish_attached(task.container, attached, document, passages, model):
            self.summary.attachments += 1
            self.summary.pages += len(document.pages)
            if not passages and not document.scans:
                self.summary.without_text.append(shown_path(str(task.path), attached.name))
            self.tell(passages=sum(passage.legible for passage in passages))

    def _fail_attached(self, task: Task, attached: Attachment, error: ExtractionFailed) -> None:
        self.tell(files_done=1)
        waiting = self._attached[task.container, attached]
        if not self._is_as_it_was(waiting):
            return
        self._costly[task.container] += error.kind in _COSTLY
        if not self._publisher.fail_attached(task.container, attached, error):
            return
        self.summary.failed += 1
        if self._retry_failed or waiting.reason != str(error):
            self.summary.newly_failed += 1
            self.summary.failures[shown_path(str(task.path), attached.name)] = str(error)

    def _is_as_it_was(self, waiting: WaitingAttachment) -> bool:
        """Whether the file that holds an attachment still looks as it did when it was indexed."""
        file = waiting.file
        inside = None if self._follow_links else file.root
        return is_as_it_was(
            File(Place(0, file.path), file.file, FileState(file.size, file.modified_ns), inside)
        )

    def _count(self, file: File, key: int | None) -> None:
        before = self._changed.get(file)
        if before is None:
            self.summary.added += 1
        elif key is not None and before.document == key:
            self.summary.unchanged += 1
        else:
            self.summary.changed += 1
        self.tell(files_done=1)

    def _fail(self, file: File, error: ExtractionFailed) -> None:
        self._publisher.fail(file.place, file.state, error)
        self.summary.failed += 1
        before = self._retried.get(file)
        if self._retry_failed or before is None or before.reason != str(error):
            self.summary.newly_failed += 1
            self.summary.failures[str(file.path)] = str(error)
        self.tell(files_done=1)
