"""The account of one run: which files it has to deal with, and what became of each."""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from indexer.folder.compare import Comparison, File, is_as_it_was
from indexer.folder.copies import Copies
from indexer.pdf.processes.task import Task
from indexer.run.cluster.jobs import Published as Done
from indexer.run.summary import Progress, Summary
from indexer.store.attachment_publisher import AttachmentPublisher, WaitingAttachment
from indexer.store.publisher import FileState, Place, Recorded
from stackroom.catalog.entries import Model, shown_path
from stackroom.common.documents import ID_DIGITS, Attachment, Document, Passage
from stackroom.common.errors import ExtractionFailed, FailureKind, SourceAway
from stackroom.common.roots import RemotePath, Root

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
        copies: Copies,
        *,
        retry_failed: bool = False,
        follow_links: bool = False,
    ) -> None:
        """Nothing is done yet.

        Args:
            publisher: a writer's connection.
            on_progress: told how far the run is.
            copies: of the files of sources.
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
        self._copies = copies
        self._roots: dict[int, Root] = {}  # of the libraries that were compared, by their numbers
        self._away: set[Root | None] = set()  # sources that went away
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
        self,
        library: int,
        root: Root,
        comparison: Comparison,
        before: Mapping[str, str],
        hold_back: Callable[[File], bool],
    ) -> None:
        """Adds what a folder's comparison found to the work of this run.

        Args:
            library: its number in the catalogue.
            root: of the library.
            comparison: of its folder.
            before: relative path → reason, of what the last run could not look at in this folder.
            hold_back: whether to leave a new or changed file for a later run.
        """
        self._roots[library] = root
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
            self.summary.unreadable[str(root / path if path else root)] = reason
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
            elif path := self._held(file):
                self._reading[document_id] = [file]
                yield Task(path, document_id, passwords)

    def files(self, put_off: Callable[[], bool]) -> Iterator[File]:
        """The files to be looked into by others, who tell what became of each: as `tasks`, but nothing is
        opened.
        """
        self.summary.waiting_files = len(self.queue)
        for file in self.queue:
            if put_off():
                return
            self.summary.waiting_files -= 1
            if self._roots[file.place.library_id] not in self._away:
                yield file

    def attached_tasks(self, passwords: tuple[str, ...], put_off: Callable[[], bool]) -> Iterator[Task]:
        """The PDFs attached to files, which were read before; as `tasks`."""
        for one in self.attached(put_off):
            if path := self._held(self.file_of(one), one):
                self._attached[one.container, one.attachment] = one
                yield Task(path, "", passwords, one.attachment, one.container)

    def attached(self, put_off: Callable[[], bool]) -> Iterator[WaitingAttachment]:
        """The same for others, who tell what became of each."""
        waiting = self._publisher.waiting_attachments()
        self.progress.files += len(waiting)
        self.summary.waiting_files += len(waiting)
        for one in waiting:
            if put_off():
                return
            self.summary.waiting_files -= 1
            if one.file.root in self._away:
                continue
            if not is_as_it_was(self.file_of(one)):
                self.tell(files_done=1)  # the next comparison finds out what became of it
            elif self._costly[one.container] < _MOST_COSTLY:
                yield one
            else:
                reason = f"was not tried, because {_MOST_COSTLY} others of the file cost all they may"
                self.fail_attached(one, ExtractionFailed(one.file.file, "timed out", reason))

    def publish(self, task: Task, document: Document, passages: Sequence[Passage], model: Model) -> None:
        """Adds a document that was read, unless its files have changed since they were compared."""
        if task.attached is not None:
            self._publish_attached(self._let_go_attached(task, task.attached), document, passages, model)
            return
        files = []
        for file in self._let_go(task):
            if is_as_it_was(file):
                files.append(file)
            else:
                reason = "was changed while it was being read; it is read again on the next run"
                self.fail_file(file, ExtractionFailed(file.path, "changed", reason))
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
            self.fail_attached(self._let_go_attached(task, task.attached), error)
            return
        for file in self._let_go(task):
            self.fail_file(file, error)

    def settle_known(self, file: File, document_id: str) -> bool:
        """Records that a file holds a document that is known. Returns whether it is."""
        key = self._publisher.document_key(document_id)
        if key is not None:
            self._publisher.settle({file.place: (file.state, key)}, ())
            self._count(file, key)
        return key is not None

    def fail_file(self, file: File, error: ExtractionFailed) -> None:
        """Records that a file could not be read."""
        self._publisher.fail(file.place, file.state, error)
        self.summary.failed += 1
        before = self._retried.get(file)
        if self._retry_failed or before is None or before.reason != str(error):
            self.summary.newly_failed += 1
            self.summary.failures[str(file.path)] = str(error)
        self.tell(files_done=1)

    def fail_attached(self, waiting: WaitingAttachment, error: ExtractionFailed) -> None:
        """The same for an attachment."""
        self.tell(files_done=1)
        if not is_as_it_was(self.file_of(waiting)):
            return
        self._costly[waiting.container] += error.kind in _COSTLY
        if not self._publisher.fail_attached(waiting.container, waiting.attachment, error):
            return
        self.summary.failed += 1
        if self._retry_failed or waiting.reason != str(error):
            self.summary.newly_failed += 1
            self.summary.failures[_shown(waiting)] = str(error)

    def leave(self, root: Root, reason: str) -> None:
        """Leaves what is not read yet of a source for later: it went away."""
        if root not in self._away:
            self._away.add(root)
            self.summary.unreadable[str(root)] = f"{reason}; the rest of it is read on the next run"
            self.summary.newly_failed += 1

    def count_published(self, file: File, done: Done, *, added: bool) -> None:
        """Counts a file whose document somebody else has published, or found published, if not `added`."""
        self._count(file, None if added else self._publisher.document_key(done.document_id))
        if added:
            self._count_document(str(file.path), done)

    def count_attached(self, waiting: WaitingAttachment, done: Done, *, added: bool) -> None:
        """The same for an attachment."""
        self.tell(files_done=1)
        if added:
            self.summary.attachments += 1
            self._count_document(_shown(waiting), done)

    def _count_document(self, path: str, done: Done) -> None:
        self.summary.pages += done.pages
        if not done.has_text:
            self.summary.without_text.append(path)
        self.tell(pages=done.pages, passages=done.passages, embedded=done.passages)

    def file_of(self, waiting: WaitingAttachment) -> File:
        """The file that holds an attachment, as it looked when it was indexed."""
        file = waiting.file
        inside = None if self._follow_links or isinstance(file.root, RemotePath) else file.root
        return File(Place(0, file.path), file.file, FileState(file.size, file.modified_ns), inside)

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
            path = self._held(file)
            if path is None:
                return None
            try:
                with path.open("rb") as content:
                    digest = hashlib.file_digest(content, "sha256").hexdigest()
            except OSError as error:
                reason = f"cannot be read: {error.strerror or error}"
                self.fail_file(file, ExtractionFailed(file.path, "unreadable", reason))
                return None
            finally:
                self._copies.let_go(file.path, file.state)
            self._ids[file] = digest[:ID_DIGITS]
        return self._ids[file]

    def _held(self, file: File, waiting: WaitingAttachment | None = None) -> Path | None:
        """Where a file can be read, until it is let go; if it can't, that is recorded, and None returned."""
        root = waiting.file.root if waiting else self._roots.get(file.place.library_id)
        if root in self._away:
            return None
        try:
            return self._copies.hold(file.path, file.state)
        except SourceAway as error:
            self.leave(root or file.path, str(error))
        except ExtractionFailed as error:
            if waiting:
                self.fail_attached(waiting, error)
            else:
                self.fail_file(file, error)
        return None

    def _let_go(self, task: Task) -> list[File]:
        """The files with the content of a task that is done."""
        files = self._reading.pop(task.document_id)
        self._copies.let_go(files[0].path, files[0].state)
        return files

    def _let_go_attached(self, task: Task, attached: Attachment) -> WaitingAttachment:
        waiting = self._attached.pop((task.container, attached))
        file = self.file_of(waiting)
        self._copies.let_go(file.path, file.state)
        return waiting

    def _publish_attached(
        self, waiting: WaitingAttachment, document: Document, passages: Sequence[Passage], model: Model
    ) -> None:
        self.tell(files_done=1)
        if not is_as_it_was(self.file_of(waiting)):
            return
        place = waiting.container, waiting.attachment
        if self._publisher.publish_attached(*place, document, passages, model):
            self.summary.attachments += 1
            self.summary.pages += len(document.pages)
            if not passages and not document.scans:
                self.summary.without_text.append(_shown(waiting))
            self.tell(passages=sum(passage.legible for passage in passages))

    def _count(self, file: File, key: int | None) -> None:
        before = self._changed.get(file)
        if before is None:
            self.summary.added += 1
        elif key is not None and before.document == key:
            self.summary.unchanged += 1
        else:
            self.summary.changed += 1
        self.tell(files_done=1)


def _shown(waiting: WaitingAttachment) -> str:
    return shown_path(str(waiting.file.file), waiting.attachment.name)
