"""The command that measures a model on documents of the user's own: `models try`."""

import argparse
from dataclasses import replace
from pathlib import Path

from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import Model
from stackroom.cli.arguments import settings_of
from stackroom.cli.commands.evaluation import ask_set, data_folder, index_set
from stackroom.cli.evaluation.headings import questions_of
from stackroom.cli.evaluation.sample import Sample, read_sample, refuse_no_folder
from stackroom.cli.evaluation.sets import EvaluationSet
from stackroom.cli.evaluation.trial_report import Trial, Tried, trial_as_json, trial_as_table
from stackroom.cli.exit_codes import OK
from stackroom.cli.models.present import library_model
from stackroom.cli.models.speed import measure
from stackroom.cli.progress import ProgressDisplay
from stackroom.common.amounts import counted
from stackroom.common.errors import UsageError
from stackroom.common.events import Events
from stackroom.common.settings import Settings
from stackroom.embedding.embedder import Tokenizer
from stackroom.embedding.models import Models

# With fewer questions a difference between two models says nothing.
_FEWEST_QUESTIONS = 10

# How many of the sample's passages the speed of a model is measured on.
_TIMED = 32


def try_model(arguments: argparse.Namespace) -> int:
    settings = settings_of(arguments)
    events = Events(as_json=settings.log_json)
    refuse_no_folder(arguments.folder)
    library = library_model(settings)
    # Prompts that are set are for the library's model; the other one gets those of its authors.
    present = replace(settings, model=library.fingerprint.name if library else settings.model)
    other = replace(settings, model=arguments.name, query_prompt="", passage_prompt="")
    tokenizer = Models.of(present).tokenizer(present.model)
    # Before anything is read: it may have to be downloaded and prepared, or be no model that can be used.
    events.tell("preparing", f"Looking for {arguments.name}; if it is new here, it is prepared once.")
    if Models.of(other).tokenizer(other.model).fingerprint.digest == tokenizer.fingerprint.digest:
        raise UsageError(
            f"{arguments.name} is the model of your library already. Name another one to compare."
        )
    with data_folder(None, events) as folder:
        sample = _read(arguments.folder, present, tokenizer, arguments.passages, quiet=arguments.quiet)
        questions = questions_of(sample.documents, arguments.folder.name, folder / "sample")
        if len(questions.queries) < _FEWEST_QUESTIONS:
            raise UsageError(
                f"Only {counted(len(questions.queries), 'question')} can be drawn from "
                f"{counted(len(sample.documents), 'document')} that could be read, and "
                f"{_FEWEST_QUESTIONS} are needed: there are too few headings "
                "of two words or more with text below them. Name another folder, take more with --passages, "
                "or write questions of your own: see `stackroom eval --help`."
            )
        whole = _passages_of(settings, library)
        tried = [
            _try(questions, one, folder / name, whole, sample, quiet=arguments.quiet)
            for name, one in (("present", present), ("tried", other))
        ]
    trial = Trial(
        str(arguments.folder),
        sample.files,
        len(sample.documents),
        sample.cut,
        sample.unread,
        sum(not query.pages for query in questions.queries),
        sum(bool(query.pages) for query in questions.queries),
        whole is not None,
        *tried,
    )
    print(trial_as_json(trial) if arguments.json else trial_as_table(trial))
    return OK


def _read(folder: Path, settings: Settings, tokenizer: Tokenizer, most: int, *, quiet: bool) -> Sample:
    with ProgressDisplay(Events(as_json=settings.log_json), quiet=quiet) as display:
        return read_sample(
            folder, settings, tokenizer, most, lambda passages: display.count("reading", passages, most)
        )


def _passages_of(settings: Settings, library: Model | None) -> int | None:
    """How many passages the library has; None if there is none."""
    if library is None:
        return None
    with Catalog(settings.truth) as catalog:
        return sum(one.last - one.first + 1 for one in catalog.passage_ranges(library)) or None


def _try(
    questions: EvaluationSet,
    settings: Settings,
    data: Path,
    whole: int | None,
    sample: Sample,
    *,
    quiet: bool,
) -> Tried:
    """Indexes and asks with the model of the settings, in the data folder `data`.

    `whole` is how many passages the library has with its own model; the sample was counted with that as well.
    """
    apart = replace(settings, data=data)
    index_set(questions, apart, settings.models, quiet=quiet)
    results = ask_set(questions, apart, settings.models, quiet=quiet)
    with Catalog(apart.truth) as catalog:
        model = catalog.model()
        texts = [] if model is None else [found.text for found in catalog.words(model)]
    if model is None or not texts:
        raise UsageError(f"There is nothing in the sample that {settings.model} could embed.")
    embedder = Models.of(settings).load(model.fingerprint)
    speed = measure(embedder, texts[:: max(1, len(texts) // _TIMED)][:_TIMED])
    # Models cut texts differently: the sample says how many passages this one makes of the same text.
    in_folder = sample.uncut * sample.files / (len(sample.documents) + sample.unread)
    passages = len(texts) * (whole or in_folder) / sample.passages
    return Tried(
        model.fingerprint.name,
        embedder.runtime,
        len(texts),
        speed.cpu_ms,
        round(passages),
        passages * speed.wall_ms / 1000,
        results.measures,
    )
