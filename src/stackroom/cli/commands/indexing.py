"""The commands that change the index: `index`, `watch` and `forget`."""

import argparse
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from stackroom.cli.arguments import settings_of
from stackroom.cli.exit_codes import INDEX_IS_KEPT, OK, SOMETHING_FAILED, end_with_parent, stop_process
from stackroom.cli.library_roots import library_roots, named_root
from stackroom.cli.patience import patiently
from stackroom.cli.summary_report import tell_summary
from stackroom.common.errors import UsageError
from stackroom.common.events import Events
from stackroom.common.roots import RemotePath, Root, as_root
from stackroom.common.service_manager import ServiceManager
from stackroom.common.settings import Settings

if TYPE_CHECKING:
    from indexer.run.indexer import Indexer
    from indexer.run.summary import Progress, Summary
    from indexer.store.migrate import Upgrade
    from stackroom.cli.progress import ProgressDisplay


def index(arguments: argparse.Namespace) -> int:
    from stackroom.catalog.catalog import Catalog
    from stackroom.catalog.status import legibility
    from stackroom.cli.progress import ProgressDisplay
    from stackroom.cli.unread_languages import about_unread_languages

    settings = settings_of(arguments)
    if arguments.with_parent:
        end_with_parent()
    events = Events(as_json=settings.log_json)
    with (
        open_indexer(settings, wait=arguments.wait, cluster=arguments.cluster) as indexer,
        ProgressDisplay(events, quiet=arguments.quiet) as display,
    ):
        events.take_logging()
        if not arguments.quiet:
            events.tell_steps()
        if arguments.undo:
            summary = _undo(indexer, events, display)
        elif arguments.reembed:
            summary = _reembed(indexer, events, display)
        elif arguments.retry_only:
            roots, unread_files = _failed_before(settings, arguments.paths)
            on_progress = progress_callback(display)
            summary = indexer.run(roots, retry_failed=True, only=unread_files, on_progress=on_progress)
        does_more = not (arguments.undo or arguments.retry_only)
        roots = library_roots(arguments.paths, indexer.libraries()) if does_more else []
        if does_more and (roots or not arguments.reembed):
            on_progress = progress_callback(display)
            run = partial(indexer.run, roots, retry_failed=arguments.retry, on_progress=on_progress)
            after = patiently(run, events)
            if arguments.reembed:
                after.embedded_passages += summary.embedded_passages
                after.seconds += summary.seconds
            else:
                indexer.drop_replaced_model()
            summary = after
    with Catalog(settings.truth) as catalog:
        model = catalog.model()
        passages, illegible = legibility(catalog, model)
    if arguments.json:
        more = {"passages": passages, "illegible_languages": illegible}
        print(json.dumps({**asdict(summary), **more}, ensure_ascii=False))
    if not arguments.undo:
        tell_summary(events, summary)
    name = model.fingerprint.name if model else ""
    if unread := about_unread_languages(passages, illegible, name, settings.precision):
        events.tell("unread", unread, "warning", passages=passages, illegible_languages=illegible)
    failed = summary.newly_failed or (arguments.strict and (summary.failed or summary.unreadable))
    return SOMETHING_FAILED if failed else OK


def _reembed(indexer: "Indexer", events: Events, display: "ProgressDisplay") -> "Summary":
    before, _ = indexer.models()
    if before is not None:
        events.tell(
            "reembedding",
            f"Until all is embedded anew, searches use {before.fingerprint.name}. If this is interrupted, "
            "`stackroom index --reembed` goes on, and `stackroom index --undo` gives it up.",
            model=before.fingerprint.name,
        )
    summary = indexer.reembed(progress_callback(display))
    after, other = indexer.models()
    if before is not None and after == before and other is None:
        name = before.fingerprint.name
        events.tell(
            "as_before",
            f"Nothing has changed: all is from {name} already. Name another model with --model.",
            model=name,
        )
    _tell_switch(indexer, events)
    return summary


def _undo(indexer: "Indexer", events: Events, display: "ProgressDisplay") -> "Summary":
    _, other = indexer.models()
    summary = indexer.undo_reembed(progress_callback(display))
    if other is not None and other.is_replaced:
        _tell_switch(indexer, events)
    elif other is not None:
        name = other.model.fingerprint.name
        events.tell("undone", f"The unfinished vectors of {name} are removed.", model=name)
    return summary


def _tell_switch(indexer: "Indexer", events: Events) -> None:
    """Reports which model is searched now, and how to go back."""
    model, other = indexer.models()
    if model is None or other is None:
        return
    events.tell(
        "switched",
        f"Searches use {model.fingerprint.name} now. The vectors of {other.model.fingerprint.name} are kept, "
        "and `stackroom index --undo` goes back to them, until `stackroom index`, `watch` or `up` is started "
        "next: that removes them.",
        model=model.fingerprint.name,
        before=other.model.fingerprint.name,
    )


def watch(arguments: argparse.Namespace) -> int:
    from indexer.run import watch as following
    from indexer.run.indexer import Indexer
    from indexer.run.workers import workers_of
    from indexer.store.turns import refuse_second_watcher, turn
    from stackroom.cli.progress import ProgressDisplay
    from stackroom.embedding.models import Models

    settings = settings_of(arguments)
    events = Events(as_json=settings.log_json)
    manager = ServiceManager.take(os.environ)
    signal.signal(signal.SIGTERM, lambda signum, frame: stop_process(events, INDEX_IS_KEPT, OK))
    if arguments.with_parent:
        end_with_parent()
    refuse_second_watcher(settings)
    indexer = Indexer(
        settings,
        Models.of(settings),
        take_hold=lambda settings: turn(settings, 1.0),
        workers=workers_of(arguments.cluster, Models.of),
    )
    first = True
    embedded = 0
    unreadable: dict[str, str] = {}

    def roots(known: list[Root]) -> list[Root]:
        print_upgrade(indexer.upgrade)
        return library_roots(arguments.paths, known)

    def on_summary(summary: "Summary") -> None:
        nonlocal first, embedded, unreadable
        display.hide()
        embedded += summary.embedded_passages
        changed = summary.added or summary.changed or summary.moved or summary.removed or summary.failures
        # A network folder that goes away is reported once, and once more when it is back.
        is_news = summary.recognised or summary.freed_bytes or summary.unreadable != unreadable
        if first or changed or is_news or (embedded and not summary.waiting_passages):
            summary.embedded_passages, embedded = embedded, 0
            tell_summary(events, summary, time.strftime("%H:%M:%S "))
        if first:
            indexer.drop_replaced_model()
            events.tell("watching", "Watching. Ctrl-C ends it.")
        first, unreadable = False, summary.unreadable
        manager.tell("STATUS=Following the folders")

    def on_trouble(trouble: str) -> None:
        events.tell("trouble", f"stackroom: {trouble}", "warning", message=trouble)
        manager.tell(f"STATUS={trouble}")

    def tell_status(text: str) -> None:
        manager.tell(f"STATUS={text}")

    with ProgressDisplay(events, quiet=arguments.quiet, on_text=tell_status) as display:
        events.take_logging()
        if not arguments.quiet:
            events.tell_steps()
        following.watch(
            indexer,
            roots,
            settings,
            follow_all=not arguments.paths,
            stop=threading.Event(),
            on_progress=progress_callback(display),
            on_summary=on_summary,
            on_trouble=on_trouble,
            on_news=lambda news: events.tell("news", f"stackroom: {news}", message=news),
        )
    return OK


def forget(arguments: argparse.Namespace) -> int:
    from stackroom.common.amounts import counted

    with open_indexer(settings_of(arguments), wait=arguments.wait) as indexer:
        removed = indexer.forget(named_root(arguments.path))
    print(f"Forgotten, with {counted(removed, 'document')}. The files are untouched.")
    return OK


@contextmanager
def open_indexer(
    settings: Settings,
    models: Path | None = None,
    *,
    wait: float = 0.0,
    cluster: str | int | None = None,
) -> "Iterator[Indexer]":
    """An indexer of the data folder, for a `with` block. Says so if the catalogue had to be upgraded.

    Args:
        settings: of the command.
        models: the folder of compiled models, if it is not that of the settings.
        wait: how long to wait if another indexer is at work, in seconds.
        cluster: whose workers read the files: see `Workers`; None if this process does.

    Raises:
        StackroomError: whatever `Indexer` raises, for example because another one is still at work.
    """
    from indexer.run.indexer import Indexer
    from indexer.run.workers import workers_of
    from indexer.store.turns import turn
    from stackroom.embedding.models import Models

    def take_hold(settings: Settings) -> AbstractContextManager[None]:
        return turn(settings, wait, tell_waiting(settings))

    workers = workers_of(cluster, Models.of)
    indexer = Indexer(settings, Models.of(settings, models), take_hold=take_hold, workers=workers)
    with ExitStack() as stack:
        patiently(indexer.__enter__, Events(as_json=settings.log_json))
        stack.push(indexer)
        print_upgrade(indexer.upgrade)
        yield indexer


def tell_waiting(settings: Settings) -> Callable[[str], None]:
    """A function that reports what the command is waiting for."""
    events = Events(as_json=settings.log_json)
    return lambda message: events.tell("waiting", f"stackroom: {message}", message=message)


def print_upgrade(upgrade: "Upgrade | None") -> None:
    """Prints that the catalogue was upgraded, if it was."""
    if upgrade:
        print(f"stackroom: {upgrade}", file=sys.stderr, flush=True)


def _failed_before(settings: Settings, named: Sequence[Root]) -> tuple[list[Root], list[Root]]:
    """The libraries of the files that could not, or not wholly, be read, and these; in `named` only, if that
    is not empty.
    """
    from stackroom.catalog.catalog import Catalog
    from stackroom.catalog.status import read_status

    with Catalog(settings.truth) as catalog:
        status = read_status(catalog)
    paths = [as_root(failure.file) for failure in status.retriable]
    wanted = [named_root(path) for path in named]
    failed = [path for path in paths if not named or any(_is_below(path, one) for one in wanted)]
    if named and not failed:
        raise UsageError("Of these, the index knows no file that could not be read: see `stackroom status`.")
    libraries = [as_root(root) for root in status.libraries]
    roots = [root for root in libraries if any(_is_below(path, root) for path in failed)]
    return roots, failed


def _is_below(path: Root, root: Root) -> bool:
    if isinstance(path, RemotePath):
        return path.is_relative_to(root)
    return isinstance(root, Path) and path.is_relative_to(root)


def progress_callback(display: "ProgressDisplay") -> "Callable[[Progress], None]":
    """A function to give to an indexer as `on_progress`: it shows the progress on `display`."""
    return lambda progress: display.update(**asdict(progress))
