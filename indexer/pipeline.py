"""The write path: folders are compared, PDFs extracted, split, published, their words indexed, embedded.

Extraction runs in processes of its own; the thread that calls `Indexer.run` publishes each document as soon
as it is read. Beside it, a thread takes what is published into the index of words, and another gives
passages their vectors; extraction waits for neither. A kill at any moment costs the work in flight: the
next run compares the folders again, and goes on with the passages that still wait.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

from indexer.compare import File, compare
from indexer.corpus import publish_corpus
from indexer.embed import embed_pending
from indexer.isolate import Limits, extract_all
from indexer.language import identify
from indexer.lock import alone
from indexer.migrate import Upgrade, migrate
from indexer.mounts import read_mounts, remember_mounts
from indexer.publish import Publisher
from indexer.run import Progress, Run, Summary
from indexer.split import split
from indexer.words import follow_words
from stackroom.catalog import Catalog, Model
from stackroom.documents import Document
from stackroom.embedding.embedder import Embedder, ModelSource, Tokenizer, refuse_another_model
from stackroom.errors import UsageError
from stackroom.lexicon_writer import LexiconWriter
from stackroom.settings import Settings

# How much the embedding threads stand back behind everything else, as `nice` counts (Linux only): words come
# first, and a laptop that is in use stays usable.
_NICE = 19


def _no_progress(progress: Progress) -> None:
    """Nobody is watching."""


class Indexer:
    """The one writer of a data folder; a context manager that holds it. Keeps the model once loaded."""

    def __init__(self, settings: Settings, models: ModelSource) -> None:
        """Touches nothing yet."""
        self._settings = settings
        self._models = models
        self._embedder: Embedder | None = None
        self._model_is_right = False
        self._stack = ExitStack()
        self.upgrade: Upgrade | None = None
        """What was brought up to date when the data folder was taken hold of."""

    def __enter__(self) -> Self:
        """Takes hold of the data folder.

        Raises:
            AlreadyRunning: another indexer has it.
            CatalogError: the catalogue can't be opened.
        """
        with ExitStack() as stack:
            stack.enter_context(alone(self._settings))
            self.upgrade = migrate(self._settings.catalog)
            self._publisher = Publisher(self._settings.catalog, compact=self._settings.compact)
            stack.callback(self._publisher.close)
            self._catalog = stack.enter_context(Catalog(self._settings.catalog))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(
        self,
        roots: Sequence[Path],
        *,
        retry_failed: bool = False,
        on_progress: Callable[[Progress], None] = _no_progress,
        hold_back: Callable[[File], bool] = lambda file: False,
    ) -> Summary:
        """Brings the index up to date with the folders (or single PDFs) `roots`.

        Args:
            roots: absolute paths. Other folders of the library stay as they are.
            retry_failed: try all files again that could not be read.
            on_progress: called often, from this thread and the embedding one.
            hold_back: whether to leave a new or changed file for a later run.

        Raises:
            ModelError: the model can't be had, or is not the one the index was built with.
            CatalogUnusable: the catalogue can't be written, for example because the disk is full.
        """
        self._refuse_another_model()
        self._publisher.forget_unfinished_models()
        run = Run(self._publisher, on_progress)
        file = self._settings.index / "mounts.json"
        mounts = read_mounts(file)
        for root in roots:
            library = self._publisher.add_library(root)
            recorded = self._publisher.recorded(library)
            before = mounts.get(str(root))
            comparison = compare(root, library, recorded, before, retry_failed=retry_failed)
            mounts[str(root)] = comparison.mounts or before or {}
            run.take_in(root, comparison, hold_back)
        remember_mounts(file, mounts)
        run.settle_moves_and_removals()
        current = self._publisher.current_model()
        waiting = self._publisher.pending_count(current) if current else 0
        if run.queue or waiting:
            run.tell("reading", passages=waiting)
            tokenizer = self._models.tokenizer(self._model_name())
            model = self._publisher.add_model(tokenizer.fingerprint)
            with self._beside(run, model) as check:
                self._extract(run, model, tokenizer, check)
                run.tell("embedding")
            self._publisher.trim_changes()
        self._index_words()
        return run.finish()

    def run_corpus(
        self,
        root: Path,
        documents: Mapping[str, Document],
        *,
        on_progress: Callable[[Progress], None] = _no_progress,
    ) -> Summary:
        """Brings the index up to date with documents that come without PDFs, as `run` does with a folder.

        Args:
            root: absolute path of the file they come from: their library.
            documents: by their paths in it.
            on_progress: as for `run`, which raises the same.
        """
        self._refuse_another_model()
        run = Run(self._publisher, on_progress)
        run.progress.files = len(documents)
        tokenizer = self._models.tokenizer(self._model_name())
        model = self._publisher.add_model(tokenizer.fingerprint)
        run.tell("reading", passages=self._publisher.pending_count(model))
        library = self._publisher.add_library(root)
        with self._beside(run, model) as check:

            def on_document(passages: int) -> None:
                run.tell(files_done=1, pages=1, passages=passages)
                check()

            added = publish_corpus(self._publisher, library, documents, tokenizer, model, on_document)
            run.tell("embedding")
        self._publisher.trim_changes()
        self._index_words()
        summary = run.finish()
        summary.added, summary.pages, summary.unchanged = added, added, len(documents) - added
        return summary

    def reembed(self, on_progress: Callable[[Progress], None] = _no_progress) -> Summary:
        """Embeds the whole library with the model of the settings, then switches to it in one step.

        Until then searches are answered from the old vectors. Interrupted, it goes on where it was.
        """
        run = Run(self._publisher, on_progress)
        run.tell("splitting")
        tokenizer = self._models.tokenizer(self._model_name())
        model = self._publisher.add_model(tokenizer.fingerprint)
        with self._beside(run, model) as check:
            run.tell(passages=self._publisher.pending_count(model))
            for key in self._publisher.documents_without_passages(model):
                document = self._publisher.document(key)
                passages = split(document, tokenizer, tokenizer.fingerprint.passage_tokens)
                self._publisher.add_passages(key, document, passages, model)
                run.tell(passages=sum(passage.legible for passage in passages))
                check()
            run.tell("embedding")
        self._publisher.switch_model(model)
        self._index_words()
        return run.finish()

    def forget(self, root: Path) -> int:
        """Removes a folder from the library, with the documents only it holds. Returns how many those were.

        Raises:
            UsageError: the library has no such folder.
        """
        libraries = self._publisher.libraries()
        if root not in libraries:
            known = "".join(f"\n  {known}" for known in libraries) or " none"
            raise UsageError(f"{root} is not a folder of this library. Its folders are:{known}")
        removed = self._publisher.forget_library(libraries[root])
        self._index_words()
        return removed

    def libraries(self) -> list[Path]:
        """The folders (or single PDFs) that were indexed so far."""
        return list(self._publisher.libraries())

    def _model_name(self) -> str:
        current = self._publisher.current_model()
        return self._settings.model or (current.fingerprint.name if current else "")

    def _refuse_another_model(self) -> None:
        """Finds out from the model's files alone, so that a run with nothing to embed need not load it."""
        current = self._publisher.current_model()
        if current is None or self._model_is_right:
            return
        name = self._model_name()
        refuse_another_model(name, self._models.digest(name), current.fingerprint)
        self._model_is_right = True  # we hold the data folder: nobody else can change the index's model

    def _load_embedder(self, model: Model) -> Embedder:
        if self._embedder is None or not self._embedder.fingerprint.same_vectors(model.fingerprint):
            self._embedder = self._models.load(model.fingerprint)
        return self._embedder

    def _index_words(self) -> None:
        with closing(LexiconWriter(self._settings.words)) as lexicon:
            lexicon.follow(self._catalog)

    def _extract(self, run: Run, model: Model, tokenizer: Tokenizer, check: Callable[[], None]) -> None:
        settings = self._settings
        limits = Limits(
            settings.workers, settings.file_seconds, settings.stall_seconds, settings.file_memory_mb
        )
        with closing(extract_all(run.tasks(), limits, lambda pages: run.tell(pages=pages))) as outcomes:
            for task, outcome in outcomes:
                check()
                if isinstance(outcome, Document):
                    outcome = replace(outcome, language=identify(outcome.text))
                    passages = split(outcome, tokenizer, tokenizer.fingerprint.passage_tokens)
                    run.publish(task, outcome, passages, model)
                else:
                    run.fail(task, outcome)

    @contextmanager
    def _beside(self, run: Run, model: Model) -> Iterator[Callable[[], None]]:
        """Indexes words and embeds what waits, in threads, while the block runs and until all is done.

        Yields:
            What raises the error of a thread that has failed: it should not be told after the last file only.
        """
        complete, cancelled = threading.Event(), threading.Event()

        def embed() -> None:
            _stand_back()
            with closing(Publisher(self._settings.catalog, compact=self._settings.compact)) as publisher:
                embed_pending(
                    publisher,
                    model,
                    lambda: self._load_embedder(model),
                    compact=self._settings.compact,
                    complete=complete,
                    cancelled=cancelled,
                    on_embedded=lambda count: run.tell(embedded=count),
                )

        def index_words() -> None:
            with (
                Catalog(self._settings.catalog) as catalog,
                closing(LexiconWriter(self._settings.words)) as lexicon,
            ):
                follow_words(lexicon, catalog, complete=complete, cancelled=cancelled)

        with ThreadPoolExecutor(2, "beside") as executor:
            threads = [executor.submit(index_words), executor.submit(embed)]

            def check() -> None:
                for thread in threads:
                    if thread.done():
                        thread.result()

            try:
                yield check
                complete.set()
                for thread in threads:
                    thread.result()
            finally:
                cancelled.set()


def _stand_back() -> None:
    """Lets the calling thread, and the threads and processes it starts, run when others need not."""
    if sys.platform == "linux":  # elsewhere only whole processes have a priority
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
