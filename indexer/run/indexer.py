"""The write path: compares folders, extracts, splits and publishes PDFs, indexes words, embeds passages.

Extraction runs in processes of its own; the thread that calls `Indexer.run` publishes each document as soon
as it is read. Meanwhile one thread adds what is published to the index of words, and another gives passages
their vectors; extraction waits for neither. Scanned pages are read last, by OCR. If the process is killed,
only the work at hand is lost: the next run compares the folders again, and goes on with what still waits. The
same holds after a run that was told to put off the rest; embedding then goes on while the next run compares.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial, wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from indexer.folder.compare import File
from indexer.folder.copies import Copies
from indexer.folder.leave_out import Rules
from indexer.ocr.scan_publisher import ScanPublisher
from indexer.ocr.tesseract import FindOcr, find_tesseract
from indexer.passages.split import split
from indexer.run.account import Run
from indexer.run.background import in_background
from indexer.run.compare_folders import Folders, compare_folders
from indexer.run.held_folder import HeldFolder
from indexer.run.pace import Pace
from indexer.run.plain_texts import publish_corpus
from indexer.run.read_files import read_files
from indexer.run.read_scans import read_scans
from indexer.run.summary import Progress, Summary
from indexer.run.workers import Workers
from indexer.store.lock import alone
from indexer.store.migrate import Upgrade
from stackroom.catalog.entries import Model, OtherModel
from stackroom.common.documents import Document
from stackroom.common.errors import FAILURE_KINDS, TRANSIENT, FailureKind, SettingsError, UsageError
from stackroom.common.roots import Root
from stackroom.common.settings import Settings
from stackroom.embedding.embedder import Embedder, ModelSource, Tokenizer, refuse_another_model

_P = ParamSpec("_P")
_Done = TypeVar("_Done")


def _no_progress(progress: Progress) -> None:
    """Ignores the progress."""


def _in_the_held_folder(
    work: "Callable[Concatenate[Indexer, _P], _Done]",
) -> "Callable[Concatenate[Indexer, _P], _Done]":
    """Decorates a method of `Indexer`, so that it runs inside `HeldFolder.in_use`."""

    @wraps(work)
    def wrapped(self: "Indexer", /, *args: _P.args, **kwargs: _P.kwargs) -> _Done:
        with self._held.in_use():
            return work(self, *args, **kwargs)

    return wrapped


class Indexer:
    """The one writer of a data folder; a context manager that holds the folder. A loaded model is kept."""

    def __init__(
        self,
        settings: Settings,
        models: ModelSource,
        find_ocr: FindOcr = find_tesseract,
        take_hold: Callable[[Settings], AbstractContextManager[None]] = alone,
        workers: Workers | None = None,
    ) -> None:
        """Touches nothing yet.

        Args:
            settings: of the data folder, and of how PDFs are read.
            models: where embedders come from.
            find_ocr: finds the program for scans.
            take_hold: keeps other indexers out while its block lasts, and raises AlreadyRunning if it can't.
            workers: read the files, if not this process; closed with the indexer.

        Raises:
            SettingsError: a line of what is excluded is no pattern.
            UsageError: the workers can't write the library.
        """
        if workers:
            workers.refuse_a_file(settings)
        settings = self._settings = replace(settings, store_replica="")  # which may lag behind what we commit
        self._rules = Rules.of(settings)
        self._find_ocr = find_ocr
        self._models = models
        self._workers = workers
        self._held = HeldFolder(settings, take_hold, self._load_embedder)
        self._copies = Copies(settings.file_memory_mb)
        self._embedder: Embedder | None = None
        self._model_is_right_since = 0  # `HeldFolder.openings` when it was checked
        self._passwords: tuple[str, ...] | None = None  # as they were last read
        self._passwords_tried: tuple[str, ...] = ()
        self.upgrade: Upgrade | None = None
        """The upgrade that the catalogue got when the data folder was opened; None if it needed none."""

    def __enter__(self) -> Self:
        """Opens the data folder. The indexer may be left and entered again. Raises as `HeldFolder.open`."""
        self.upgrade = self._held.open()
        return self

    def __exit__(self, *_: object) -> None:
        if self._workers:
            self._workers.close()
        self._copies.close()
        self._held.close()

    def is_current(self) -> bool:
        """Whether the files that we have open are still those in the data folder. Cheap."""
        return self._held.is_current()

    @property
    def _publisher(self) -> ScanPublisher:
        return self._held.publisher

    @_in_the_held_folder
    def run(
        self,
        roots: Sequence[Root],
        *,
        retry_failed: bool = False,
        only: Collection[Root] | None = None,
        on_progress: Callable[[Progress], None] = _no_progress,
        hold_back: Callable[[File], bool] = lambda file: False,
        put_off: Callable[[Summary], bool] = lambda summary: False,
    ) -> Summary:
        """Brings the index up to date with the folders (or sources, or single PDFs) `roots`.

        Args:
            roots: absolute paths, or sources. Other folders of the library stay as they are.
            retry_failed: try again all files and scanned pages that could not be read.
            only: the files that it is about; others stay as the index has them.
            on_progress: called often.
            hold_back: whether to leave a new or changed file for a later run.
            put_off: gets the summary so far, and says whether to leave the rest for a later run. Asked before
                each PDF and each scanned page, and a few times a second while only embedding is left. What
                is being read is finished first. Embedding goes on in its thread until the indexer is left.

        Raises:
            ModelError: the model can't be had, or is not the one the index was built with.
            CatalogUnusable: the catalogue can't be written, for example because the disk is full.
            ClusterUnusable: there is no cluster where workers are to read the files, or they are unfit.
            SettingsError: the file of passwords can't be read, and no earlier run has read it.

        Example, with `settings = Settings.read()`, `models = Models(settings.models)` and two PDFs, 3 pages:

            >>> with Indexer(settings, models) as indexer:
            ...     first = indexer.run([folder])
            ...     second = indexer.run([folder])
            >>> first.added, first.pages, first.failures
            (2, 3, {})
            >>> second.added, second.unchanged
            (0, 2)
        """
        settings, passwords = self._settings, self._read_passwords()
        # Passwords are stored nowhere, not even as hashes. So we can't know which ones were tried before this
        # process began, and its first run tries PDFs that need one again.
        retry: set[FailureKind] = {*TRANSIENT}
        if passwords != self._passwords_tried:
            retry.add("password")
        self._refuse_another_model()
        pace = Pace(settings.indexer_lock, on_progress)
        run = Run(
            self._publisher,
            pace,
            self._copies,
            retry_failed=retry_failed,
            follow_links=self._rules.follow_links,
        )
        folders = Folders(roots, self._rules, hold_back, None if only is None else frozenset(only))
        compare_folders(run, self._publisher, settings.index, folders, retry, retry_failed=retry_failed)
        run.settle_moves_and_removals()
        leave_off = partial(put_off, run.summary)
        settings = replace(settings, pdf_passwords=passwords, pdf_passwords_file=None)
        spreading = None
        if self._workers:
            spreading = partial(self._workers.spread, run, self._held, settings, self._find_ocr)
        self._publisher.retry_attachments(FAILURE_KINDS if retry_failed else retry, only)
        current = self._publisher.current_model()
        waiting = self._publisher.pending_count(current) if current else 0
        if run.queue or waiting or self._publisher.waiting_attachments():
            run.tell("reading", passages=waiting)
            tokenizer, model = self._tokenizer_and_model()
            with self._in_background(run, model, leave_off) as check:
                if spreading and (run.queue or self._publisher.waiting_attachments()):
                    spread = spreading(model, check)
                    spread.read_files(leave_off)
                    spread.read_attached(leave_off)
                elif not spreading:
                    for tasks in (run.tasks, run.attached_tasks):
                        todo = tasks(passwords, leave_off)
                        read_files(run, self._publisher, settings, tokenizer, model, check, todo)
        if not run.summary.waiting_files:
            self._passwords_tried = passwords
        if retry_failed:
            self._publisher.retry_scans(only)
        background = partial(self._in_background, run, put_off=leave_off)
        read_scans(
            run,
            self._publisher,
            self._find_ocr,
            settings,
            self._copies,
            leave_off,
            self._tokenizer_and_model,
            background,
            spreading,
        )
        self._publisher.trim_changes()
        self._held.finish_work(leave_off)
        self._held.sum_up(run.summary, leave_off)
        pace.close()
        return run.finish()

    @_in_the_held_folder
    def run_corpus(
        self,
        root: Path,
        documents: Mapping[str, Document],
        *,
        on_progress: Callable[[Progress], None] = _no_progress,
    ) -> Summary:
        """Brings the index up to date with documents that come without PDFs. Raises as `run` does.

        Args:
            root: absolute path of the file that the documents come from; it counts as their library.
            documents: by their paths in the library.
            on_progress: called often.
        """
        self._refuse_another_model()
        run = Run(self._publisher, Pace(self._settings.indexer_lock, on_progress), self._copies)
        run.progress.files = len(documents)
        tokenizer, model = self._tokenizer_and_model()
        run.tell("reading", passages=self._publisher.pending_count(model))
        library = self._publisher.add_library(root)
        with self._in_background(run, model) as check:

            def on_document(passages: int) -> None:
                run.tell(files_done=1, pages=1, passages=passages)
                check()

            added = publish_corpus(self._publisher, library, documents, tokenizer, model, on_document)
        self._publisher.trim_changes()
        self._held.finish_work()
        self._held.shrink()
        summary = run.finish()
        summary.added, summary.pages, summary.unchanged = added, added, len(documents) - added
        return summary

    @_in_the_held_folder
    def reembed(self, on_progress: Callable[[Progress], None] = _no_progress) -> Summary:
        """Embeds the whole library with the model of the settings, then switches to it in one step.

        Until then searches use the old vectors, and runs keep these up to date. After an interruption, the
        next call goes on from there; without a model in the settings, too. The old vectors are kept.
        """
        other = self._publisher.other_model()
        unfinished = other.model.fingerprint.name if other and not other.is_replaced else ""
        tokenizer, model = self._tokenizer_and_model(self._settings.model or unfinished)
        current = self._publisher.current_model()
        if current and current.id != model.id:
            self._publisher.forget_other_models(model)
        return self._switch_to(tokenizer, model, on_progress)

    @_in_the_held_folder
    def undo_reembed(self, on_progress: Callable[[Progress], None] = _no_progress) -> Summary:
        """Takes the last `reembed` back.

        If that is not finished, its vectors are removed. Otherwise the model before takes its place again, in
        the same way: what has been indexed in the meantime is embedded with that one first.

        Raises:
            UsageError: no vectors are kept beside those that are searched.
            ModelError: the model before can't be had any more.
        """
        other = self._publisher.other_model()
        if other is None:
            raise UsageError(
                "There is nothing to undo: no vectors of another model are kept. To change the model: "
                "`stackroom index --reembed --model NAME`."
            )
        if not other.is_replaced:
            self._publisher.forget_other_models()
            self._held.shrink()
            return Run(self._publisher, on_progress, self._copies).finish()
        before = other.model.fingerprint
        tokenizer = self._models.tokenizer(before.name)
        refuse_another_model(before.name, tokenizer.fingerprint.digest, before)
        return self._switch_to(tokenizer, other.model, on_progress)

    @_in_the_held_folder
    def drop_replaced_model(self) -> None:
        """Removes the vectors that `undo_reembed` would go back to. Those of an unfinished one stay."""
        other = self._publisher.other_model()
        if other and other.is_replaced:
            self._publisher.forget_other_models()
            self._held.shrink()

    @_in_the_held_folder
    def models(self) -> tuple[Model | None, OtherModel | None]:
        """The model that is searched, and the one whose vectors are kept beside it."""
        return self._publisher.current_model(), self._publisher.other_model()

    @_in_the_held_folder
    def forget(self, root: Root) -> int:
        """Removes a folder from the library; returns how many documents went too, held by no other folder.

        Raises:
            UsageError: the library has no such folder.
        """
        libraries = self._publisher.libraries()
        if root not in libraries:
            known = "".join(f"\n  {known}" for known in libraries) or " none"
            raise UsageError(f"{root} is not a folder of this library. Its folders are:{known}")
        removed = self._publisher.forget_library(libraries[root])
        self._held.finish_work()
        self._held.shrink()
        return removed

    @_in_the_held_folder
    def libraries(self) -> list[Root]:
        """The folders (or sources, or single PDFs) that were indexed so far."""
        return list(self._publisher.libraries())

    @property
    def catalog_id(self) -> int:
        """Random id of the catalogue's file: if it is another one, the index was deleted and begun again."""
        return self._held.catalog.id()

    def _model_name(self) -> str:
        current = self._publisher.current_model()
        return self._settings.model or (current.fingerprint.name if current else "")

    def _tokenizer_and_model(self, name: str = "") -> tuple[Tokenizer, Model]:
        """Of the model to embed with, by default that of the library; the catalogue knows it then."""
        tokenizer = self._models.tokenizer(name or self._model_name())
        return tokenizer, self._publisher.add_model(tokenizer.fingerprint)

    def _switch_to(
        self, tokenizer: Tokenizer, model: Model, on_progress: Callable[[Progress], None]
    ) -> Summary:
        """Embeds what has no vectors of this model yet, then makes it the one that is searched."""
        pace = Pace(self._settings.indexer_lock, on_progress)
        run = Run(self._publisher, pace, self._copies)
        missing = self._publisher.documents_without_passages(model)
        run.progress.files = len(missing)
        run.tell("splitting", passages=self._publisher.pending_count(model))
        with self._in_background(run, model) as check:
            for key in missing:
                document = self._publisher.document(key)
                passages = split(document, tokenizer, tokenizer.fingerprint.passage_tokens)
                self._publisher.add_passages(key, document, passages, model)
                run.tell(files_done=1, passages=sum(passage.legible for passage in passages))
                check()
        self._publisher.switch_model(model)
        self._held.finish_work()
        pace.close()
        return run.finish()

    def _refuse_another_model(self) -> None:
        """Raises ModelError if the model is not the one that the index was built with.

        It compares only digests of the model's files, so that a run with nothing to embed need not load it.
        """
        current = self._publisher.current_model()
        if current is None or self._model_is_right_since == self._held.openings:
            return
        name = self._model_name()
        refuse_another_model(name, self._models.digest(name), current.fingerprint)
        # Once is enough for each opening: while we hold the data folder, nobody else can change the model.
        self._model_is_right_since = self._held.openings

    def _load_embedder(self, model: Model) -> Embedder:
        if self._embedder is None or not self._embedder.fingerprint.same_vectors(model.fingerprint):
            self._embedder = self._models.load(model.fingerprint)
        return self._embedder

    def _read_passwords(self) -> tuple[str, ...]:
        """The passwords; if their file can't be read, those that were last read from it.

        Raises:
            SettingsError: the file can't be read, and was never read before.
        """
        try:
            self._passwords = self._settings.passwords()
        except SettingsError:
            if self._passwords is None:
                raise
        return self._passwords

    def _in_background(
        self, run: Run, model: Model, put_off: Callable[[], bool] = lambda: False
    ) -> AbstractContextManager[Callable[[], None]]:
        return in_background(self._settings, run, model, self._publisher, self._held.embedding, put_off)
