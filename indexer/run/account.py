"""The account of one run: which files it has to deal with, and what became of each."""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from indexer.folder.compare import Comparison, File, is_as_it_was
from indexer.pdf.processes.task import Task
from indexer.run.cluster.jobs import Published as Done
from indexer.run.summary import Progress, Summary
from indexer.store.attachment_publisher import AttachmentPublisher, WaitingAttachment
from indexer.store.publisher import FileState, Place, Recorded
from stackroom.catalog.entries import Model, shown_path
from stackroom.common.documents import ID_DIGITS, Attachment, Document, Passage
from stackroom.common.errors import ExtractionFailed, FailureKind

# How reading an attachment may fail after it has cost all that it may; and how many of a file's may do so,
# before the others are left unread. A file of a megabyte can have a thousand of them.
_COSTLY: frozenset[FailureKind] = frozenset({"too large", "out of memory", "timed out", "crashed"})
_MOST_COSTLY = 10


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

    def files(self, put_off: Callable[[], bool]) -> Iterator[File]:
        """The files to be looked into by others, who tell what became of each: as `tasks`, but nothing is
        opened.
        """
        self.summary.waiting_files = len(self.queue)
        for file in self.queue:
            if put_off():
                return
            self.summary.waiting_files -= 1
            yield file

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

    def settle_known(self, file: File, document_id: str) -> bool:
        """Records that a file holds a document that is known. Returns whether it is."""
        key = self._publisher.document_key(document_id)
        if key is not None:
            self._publisher.settle({file.place: (file.state, key)}, ())
            self._count(file, key)
        return key is not None

    def fail_file(self, file: File, error: ExtractionFailed) -> None:
        """Records that a file could not be read."""
        self._fail(file, error)

    def count_published(self, file: File, done: Done, *, added: bool) -> None:
        """Counts a file whose document somebody else has published, or found published, if not `added`."""
        self._count(file, None if added else self._publisher.document_key(done.document_id))
        if added:
            self._count_document(str(file.path), done)

    def count_attached(self, task: Task, done: Done, *, added: bool) -> None:
        """The same for an attachment."""
        self.tell(files_done=1)
        if added and task.attached is not None:
            self.summary.attachments += 1
            self._count_document(shown_path(str(task.path), task.attached.name), done)

    def _count_document(self, path: str, done: Done) -> None:
        self.summary.pages += done.pages
        if not done.has_text:
            self.summary.without_text.append(path)
        self.tell(pages=done.pages, passages=done.passages, embedded=done.passages)

    def file_of(self, task: Task) -> tuple[Path, File]:
        """Where an attachment of `attached_tasks` is: the root of its library, and the file."""
        waiting = next(one for at, one in self._attached.items() if at == (task.container, task.attached))
        return waiting.file.root, self._file(waiting)

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
        return is_as_it_was(self._file(waiting))

    def _file(self, waiting: WaitingAttachment) -> File:
        file = waiting.file
        inside = None if self._follow_links else file.root
        return File(Place(0, file.path), file.file, FileState(file.size, file.modified_ns), inside)

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
