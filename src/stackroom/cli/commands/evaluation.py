"""The command that measures how well questions are answered: `eval`."""

import argparse
import shutil
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from stackroom.catalog.catalog import Catalog
from stackroom.cli.arguments import settings_of
from stackroom.cli.commands.indexing import open_indexer, progress_callback
from stackroom.cli.commands.searching import open_reader
from stackroom.cli.evaluation.ask_questions import Results, ask_questions
from stackroom.cli.evaluation.report import as_json, as_table
from stackroom.cli.evaluation.sets import EvaluationSet, read_set
from stackroom.cli.exit_codes import OK, interruptions, stop_process
from stackroom.cli.progress import ProgressDisplay
from stackroom.cli.summary_report import tell_summary
from stackroom.common.errors import ModelMismatch, UsageError
from stackroom.common.events import Events
from stackroom.common.settings import Settings

# How often to try to remove the folder: other threads may still be writing to it.
_REMOVALS = 3


def evaluate(arguments: argparse.Namespace) -> int:
    settings = settings_of(arguments)
    evaluation_set = read_set(
        arguments.folder, queries=arguments.queries, qrels=arguments.qrels, questions=arguments.questions
    )
    if arguments.half:
        evaluation_set = evaluation_set.half(arguments.half)
    with data_folder(arguments.keep, Events(as_json=settings.log_json)) as data:
        apart = replace(settings, data=data)
        index_set(evaluation_set, apart, settings.models, quiet=arguments.quiet)
        results = ask_set(evaluation_set, apart, settings.models, quiet=arguments.quiet)
    print(as_json(results) if arguments.json else as_table(results))
    return OK


def ask_set(evaluation_set: EvaluationSet, settings: Settings, models: Path, *, quiet: bool) -> Results:
    """Asks the questions of a set that is indexed; the arguments as for `index_set`."""
    with (
        Catalog(settings.truth) as catalog,
        closing(open_reader(settings, models)) as reader,
        ProgressDisplay(Events(as_json=settings.log_json), quiet=quiet) as display,
    ):
        return ask_questions(
            evaluation_set,
            catalog,
            reader,
            lambda done: display.count("asking", done, len(evaluation_set.queries)),
        )


def index_set(evaluation_set: EvaluationSet, settings: Settings, models: Path, *, quiet: bool) -> None:
    """Indexes the documents of a set.

    Args:
        evaluation_set: with its documents.
        settings: of a data folder for this set alone.
        models: the folder of prepared models.
        quiet: show no progress.

    Raises:
        UsageError: the data folder holds something else, or was made with another model.
    """
    events = Events(as_json=settings.log_json)
    with open_indexer(settings, models) as indexer, ProgressDisplay(events, quiet=quiet) as display:
        # Documents of another set would be found as well, and count as wrong answers.
        others = [root for root in indexer.libraries() if root != evaluation_set.root]
        if others:
            raise UsageError(
                f"{settings.data} holds the index of {others[0]}. Name another folder, or an empty one, "
                f"with --keep."
            )
        try:
            if evaluation_set.documents is None:
                summary = indexer.run([evaluation_set.root], on_progress=progress_callback(display))
            else:
                summary = indexer.run_corpus(
                    evaluation_set.root, evaluation_set.documents, on_progress=progress_callback(display)
                )
        except ModelMismatch as error:  # its own advice is about the user's index
            raise UsageError(
                f"The index in {settings.data} was made with another model. Name another folder with --keep."
            ) from error
    tell_summary(events, summary)


@contextmanager
def data_folder(keep: Path | None, events: Events) -> Iterator[Path]:
    """The folder `keep`, or a temporary one, which is removed even if the command is interrupted."""
    if keep is not None:
        yield keep.expanduser().resolve()
        return
    with TemporaryDirectory(prefix="stackroom-eval-", ignore_cleanup_errors=True) as name:
        folder = Path(name)

        def remove(signum: int, frame: FrameType | None) -> None:
            for _ in range(_REMOVALS):
                shutil.rmtree(folder, ignore_errors=True)
            stop_process(events, "the temporary index is removed")

        for signum in interruptions():
            signal.signal(signum, remove)
        yield folder
