"""Reads the PDFs of a run, in processes of this machine, and publishes each as soon as it is read."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

from indexer.ocr.scan_publisher import ScanPublisher
from indexer.passages.split import split
from indexer.pdf.processes.extract_all import Limits, extract_all
from indexer.pdf.processes.task import Task
from indexer.pdf.text.language import identify
from indexer.run.account import Run
from indexer.run.shared_titles import SharedTitles
from stackroom.catalog.entries import Model
from stackroom.common.documents import Document
from stackroom.common.settings import Settings
from stackroom.embedding.embedder import Tokenizer


def read_files(
    run: Run,
    publisher: ScanPublisher,
    settings: Settings,
    tokenizer: Tokenizer,
    model: Model,
    check: Callable[[], None],
    tasks: Iterator[Task],
) -> None:
    """Reads PDFs and publishes them.

    Args:
        run: told what became of each.
        publisher: of the catalogue.
        settings: the limits of the processes.
        tokenizer: of the model.
        model: whose passages the documents are split into.
        check: called after each; see `background`.
        tasks: what to read.
    """
    limits = Limits(settings.workers, settings.file_seconds, settings.stall_seconds, settings.file_memory_mb)
    titles = SharedTitles(publisher)
    with closing(extract_all(tasks, limits, lambda pages: run.tell(pages=pages))) as outcomes:
        for task, outcome in outcomes:
            if isinstance(outcome, Document):
                outcome = publisher.with_earlier_scans(outcome)
                outcome = titles.told_apart(outcome, task.stem)
                outcome = replace(outcome, language=identify(outcome.text, settings.models))
                passages = split(outcome, tokenizer, tokenizer.fingerprint.passage_tokens)
                run.publish(task, outcome, passages, model)
            else:
                run.fail(task, outcome)
            check()
