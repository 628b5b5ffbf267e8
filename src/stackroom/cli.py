"""The command line: the only file that sees both wings. Nothing heavy is imported before it is needed."""

import argparse
import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from io import TextIOWrapper
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from stackroom.arguments import parse
from stackroom.errors import ModelMismatch, SettingsError, StackroomError, UsageError
from stackroom.events import Events
from stackroom.settings import Settings

if TYPE_CHECKING:
    from indexer.migrate import Upgrade
    from indexer.pipeline import Indexer
    from indexer.run import Progress, Summary
    from stackroom.evaluation.sets import EvaluationSet
    from stackroom.reader import Reader
    from stackroom.terminal import ProgressDisplay

OK, SOMETHING_FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130

_KEPT = "what was indexed is kept, and the next run goes on"

# Tries to remove a folder that other threads are still writing to.
_REMOVALS = 3


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command. Returns its exit code; argparse itself exits with 2 on wrong use."""
    arguments = parse(argv)
    events = _events(arguments)
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda signum, frame: _stop(events, _KEPT))
    for stream in (sys.stdout, sys.stderr):
        # A title that the terminal's encoding lacks is no reason to stop.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        return _COMMANDS[arguments.command](arguments)
    except StackroomError as error:
        events.tell("failed", f"stackroom: {error}", "error", message=str(error), error=type(error).__name__)
        return WRONG_USE if isinstance(error, UsageError | SettingsError) else SOMETHING_FAILED
    except BrokenPipeError:
        # The reader of our output (head, less) has gone. Python would complain again while exiting.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SOMETHING_FAILED


def _settings(arguments: argparse.Namespace) -> Settings:
    given = vars(arguments)
    return Settings.read(
        data=given.get("data"),
        host=given.get("host"),
        port=given.get("port"),
        public_url=given.get("public_url"),
        allow_anonymous=given.get("allow_anonymous"),
        calls_per_minute=given.get("calls_per_minute"),
        log_json=given.get("log_json"),
    )


def _events(arguments: argparse.Namespace) -> Events:
    try:
        return Events(as_json=_settings(arguments).log_json)
    except SettingsError:  # which the command itself will meet
        return Events(as_json=bool(vars(arguments).get("log_json")))


# Writing


def _index(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    events = Events(as_json=settings.log_json)
    with _indexer(settings) as indexer, _progress(events, arguments.quiet) as display:
        events.take_logging()
        if arguments.reembed:
            summary = indexer.reembed(_teller(display))
        roots = _roots(arguments.paths, indexer)
        if roots or not arguments.reembed:
            after = indexer.run(roots, retry_failed=arguments.retry, on_progress=_teller(display))
            if arguments.reembed:
                after.embedded_passages += summary.embedded_passages
                after.seconds += summary.seconds
            summary = after
    if arguments.json:
        print(json.dumps(asdict(summary), ensure_ascii=False))
    _tell_summary(events, summary)
    return SOMETHING_FAILED if summary.failed or summary.unreadable else OK


def _watch(arguments: argparse.Namespace) -> int:
    from indexer.watch import watch

    settings = _settings(arguments)
    events = Events(as_json=settings.log_json)
    first = True
    unreadable: dict[str, str] = {}

    def on_summary(summary: "Summary") -> None:
        nonlocal first, unreadable
        display.rest()
        changed = summary.added or summary.changed or summary.moved or summary.removed or summary.failures
        # A share that goes away is told once, and that it is back.
        is_news = summary.embedded_passages or summary.recognised or summary.unreadable != unreadable
        if first or changed or is_news:
            _tell_summary(events, summary, time.strftime("%H:%M:%S "))
        if first:
            events.tell("watching", "Watching. Ctrl-C ends it.")
        first, unreadable = False, summary.unreadable

    with _indexer(settings) as indexer, _progress(events, arguments.quiet) as display:
        events.take_logging()
        watch(
            indexer,
            _roots(arguments.paths, indexer),
            settings,
            stop=threading.Event(),
            on_progress=_teller(display),
            on_summary=on_summary,
            on_trouble=lambda trouble: events.tell(
                "trouble", f"stackroom: {trouble}", "warning", message=trouble
            ),
        )
    return OK


def _up(arguments: argparse.Namespace) -> int:
    from indexer.lock import alone
    from indexer.migrate import migrate

    settings = _settings(arguments)
    with alone(settings):  # before the server looks at it
        _print_upgrade(migrate(settings.catalog))
    program = [sys.executable, "-m", "stackroom"]
    paths = [str(path) for path in arguments.paths]
    address = ["--host", settings.host, "--port", str(settings.port)]
    if settings.public_url:
        address += ["--public-url", settings.public_url]
    if settings.allow_anonymous:
        address += ["--allow-anonymous"]
    address += ["--calls-per-minute", str(settings.calls_per_minute)]
    data = ["--data", str(settings.data)]
    if settings.log_json:
        data += ["--log-json"]
    processes = [
        subprocess.Popen([*program, "watch", *data, "--", *paths]),
        subprocess.Popen([*program, "serve", *data, *address]),
    ]
    stop = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):  # those two say for themselves that they stop
        signal.signal(signum, lambda signum, frame: stop.set())
    while all(process.poll() is None for process in processes) and not stop.wait(0.2):
        pass
    ended = [process.returncode for process in processes if process.returncode is not None]
    for process in processes:
        if process.poll() is None:
            process.terminate()
        process.wait()
    return INTERRUPTED if stop.is_set() else max(ended)


def _forget(arguments: argparse.Namespace) -> int:
    with _indexer(_settings(arguments)) as indexer:
        removed = indexer.forget(arguments.path.expanduser().resolve())
    print(f"Forgotten, with {removed} documents. The files are untouched.")
    return OK


def _check(arguments: argparse.Namespace) -> int:
    from indexer.check import check
    from indexer.lock import alone
    from indexer.mend import mend
    from stackroom.embedding.models import Models
    from stackroom.terminal import show_check

    settings = _settings(arguments)
    done: list[str] = []
    with alone(settings), _progress(Events(), arguments.quiet) as display:
        report = found = check(settings, display.count)
        if arguments.repair:
            done = mend(settings, Models(settings.models, settings.precision), found, display.count)
            report = check(settings, display.count) if done else found
    if arguments.json:
        print(json.dumps({**asdict(report), "found": asdict(found)["damages"], "repaired": done}))
    else:
        show_check(asdict(found), asdict(report), done)
    return SOMETHING_FAILED if report.damages else OK


def _backup(arguments: argparse.Namespace) -> int:
    from stackroom.backup import back_up
    from stackroom.terminal import size

    contents = back_up(_settings(arguments), arguments.file)
    print(f"{arguments.file}: {size(sum(contents.files.values()))} in {len(contents.files)} files.")
    print("Whoever can read it can read the library. `stackroom restore` puts it into an empty data folder.")
    return OK


def _restore(arguments: argparse.Namespace) -> int:
    from indexer.migrate import migrate
    from stackroom.backup import restore

    settings = _settings(arguments)
    contents = restore(settings, arguments.file, migrate)
    print(f"Restored into {settings.data}: the backup of {contents.created}.")
    print("`stackroom search` and `serve` work now; `stackroom index` looks what has changed since.")
    return OK


@contextmanager
def _indexer(settings: Settings, models: Path | None = None) -> "Iterator[Indexer]":
    from indexer.pipeline import Indexer
    from stackroom.embedding.models import Models

    with Indexer(settings, Models(models or settings.models, settings.precision)) as indexer:
        _print_upgrade(indexer.upgrade)
        yield indexer


def _print_upgrade(upgrade: "Upgrade | None") -> None:
    if upgrade:
        print(f"stackroom: {upgrade}", file=sys.stderr, flush=True)


def _roots(paths: Sequence[Path], indexer: "Indexer") -> list[Path]:
    known = indexer.libraries()
    roots = []
    for path in paths:
        root = path.expanduser().resolve()
        if not root.exists() and root not in known:
            raise UsageError(f"{path} does not exist. Name a folder of PDFs, or a PDF.")
        if root.is_file() and root.suffix.lower() != ".pdf":
            raise UsageError(f"{path} is not a PDF. Name a folder of PDFs, or a PDF.")
        if root not in roots:
            roots.append(root)
    if not roots and not known:
        raise UsageError(
            "Nothing has been indexed yet: name a folder of PDFs, as in `stackroom index ~/Papers`."
        )
    return roots or known


def _progress(events: Events, quiet: bool) -> "ProgressDisplay":
    from stackroom.terminal import ProgressDisplay

    return ProgressDisplay(events, quiet=quiet)


def _teller(display: "ProgressDisplay") -> "Callable[[Progress], None]":
    return lambda progress: display.update(**asdict(progress))


def _tell_summary(events: Events, summary: "Summary", before: str = "") -> None:
    from stackroom.terminal import duration, listed

    counts = {
        "added": summary.added,
        "changed": summary.changed,
        "moved": summary.moved,
        "removed": summary.removed,
        "unchanged": summary.unchanged,
        "failed": summary.failed,
    }
    what = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "no PDFs found"
    work = f"{summary.pages} pages read, {summary.embedded_passages} passages embedded"
    if not summary.pages and not summary.embedded_passages:
        work = "nothing to embed"
    lines = [f"{before}{what}; {work}, {duration(summary.seconds)}"]
    if summary.recognised or summary.unrecognised:
        failed = f", {summary.unrecognised} could not be read" if summary.unrecognised else ""
        lines.append(f"{summary.recognised} scanned pages read by OCR{failed}")
    if summary.waiting_scans:
        obstacle = summary.ocr_obstacle or "the next run goes on with them"
        lines.append(f"{summary.waiting_scans} scanned pages wait for OCR: {obstacle}.")
    for title, entries in (
        ("Not indexed:", summary.failures),
        ("Could not be looked at:", summary.unreadable),
        ("No text found, so not searchable:", dict.fromkeys(summary.without_text, "")),
    ):
        if entries:
            lines.append(f"{title}\n{listed(entries)}")
    if summary.failed > len(summary.failures):
        earlier = summary.failed - len(summary.failures)
        lines.append(
            f"{earlier} unchanged files failed before: see `stackroom status`; --retry tries them again."
        )
    level = "warning" if summary.failures or summary.unreadable else "info"
    events.tell("indexed", "\n".join(lines), level, **asdict(summary))


# Reading


def _serve(arguments: argparse.Namespace) -> int:
    # FastMCP brings 900 modules, none of which goes away: looking for garbage there takes a tenth of it.
    gc.disable()
    from stackroom.server.application import serve_http
    from stackroom.server.stdio import serve_stdio

    gc.freeze()
    gc.enable()
    settings = _settings(arguments)
    reader = _reader(settings, create=True)
    if arguments.transport == "stdio":
        serve_stdio(settings, reader)
    else:
        serve_http(settings, reader)
    return OK


def _search(arguments: argparse.Namespace) -> int:
    from stackroom.server.address import base_url
    from stackroom.server.answers import search_answer
    from stackroom.snippets import RESULT_CHARACTERS, TERMINAL_CHARACTERS
    from stackroom.terminal import show_hits

    settings = _settings(arguments)
    reader = _reader(settings)
    reader.warm()
    characters = RESULT_CHARACTERS if arguments.json else TERMINAL_CHARACTERS
    query = " ".join(arguments.query)
    found = reader.explain(query, arguments.limit, characters, marked=not arguments.json)
    answer = search_answer([hit for hit, _ in found], base_url(settings))
    if not arguments.json:
        urls = [result.url for result in answer.results]
        show_hits(
            [hit for hit, _ in found], urls, [evidence for _, evidence in found] if arguments.explain else ()
        )
        return OK
    results = answer.model_dump()
    if arguments.explain:
        for result, (_, evidence) in zip(results["results"], found, strict=True):
            result["evidence"] = evidence._asdict()
    print(json.dumps(results, ensure_ascii=False))
    return OK


def _fetch(arguments: argparse.Namespace) -> int:
    from stackroom.server.address import base_url
    from stackroom.server.answers import fetch_answer

    settings = _settings(arguments)
    # A person has no use for parts.
    limit = None if arguments.json else sys.maxsize
    answer = fetch_answer(_reader(settings).fetch(arguments.id, limit), base_url(settings))
    print(answer.model_dump_json() if arguments.json else answer.text)
    return OK


def _status(arguments: argparse.Namespace) -> int:
    from indexer.tesseract import find_tesseract
    from stackroom.catalog import Catalog
    from stackroom.embedding.models import Models
    from stackroom.lexicon import Lexicon
    from stackroom.terminal import show_status

    settings = _settings(arguments)
    with Catalog(settings.catalog) as catalog:
        status = catalog.status()
    words = len(Lexicon(settings.words))
    runtime = Models(settings.models, settings.precision).runtime(status.model_digest or "")
    obstacle = find_tesseract(settings.ocr_languages)[1] if status.scans_waiting else ""
    if arguments.json:
        more = {"words": words, "runtime": runtime, "ocr_obstacle": obstacle}
        print(json.dumps({**asdict(status), **more}, ensure_ascii=False))
        return OK
    show_status(status, words, runtime, obstacle)
    return OK


def _log(arguments: argparse.Namespace) -> int:
    from stackroom.server.ledger import newest
    from stackroom.terminal import show_calls

    settings = _settings(arguments)
    calls = newest(settings.calls, arguments.limit)
    if arguments.json:
        print(json.dumps(calls, ensure_ascii=False))
    else:
        show_calls(calls)
    if not settings.ledger:
        print("Calls are not recorded: STACKROOM_LEDGER is off.", file=sys.stderr)
    elif not calls:
        print(f"No client has called yet: {settings.calls} holds no calls.", file=sys.stderr)
    return OK


def _reader(settings: Settings, models: Path | None = None, *, create: bool = False) -> "Reader":
    from stackroom.catalog import Catalog
    from stackroom.embedding.models import Models
    from stackroom.lexicon import Lexicon
    from stackroom.reader import Reader

    source = Models(models or settings.models, settings.precision, queries=True)
    return Reader(
        Catalog(settings.catalog, create=create),
        Lexicon(settings.words),
        source,
        settings.model,
        settings.fetch_characters,
    )


# Letting others in


def _passphrase(arguments: argparse.Namespace) -> int:
    from stackroom.access_commands import set_passphrase

    return set_passphrase(_settings(arguments))


def _token(arguments: argparse.Namespace) -> int:
    from stackroom import access_commands

    settings = _settings(arguments)
    if arguments.action == "new":
        return access_commands.new_token(settings, arguments.name, as_json=arguments.json)
    if arguments.action == "revoke":
        return access_commands.revoke_token(settings, arguments.name)
    return access_commands.show(settings, as_json=arguments.json, tokens_only=True)


def _clients(arguments: argparse.Namespace) -> int:
    from stackroom import access_commands

    settings = _settings(arguments)
    if arguments.action == "revoke":
        return access_commands.revoke(settings, arguments.id)
    return access_commands.show(settings, as_json=arguments.json)


def _doctor(arguments: argparse.Namespace) -> int:
    from stackroom.doctor.report import doctor

    # As an exception, unlike elsewhere: the access that it was given has to be given back.
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.default_int_handler)
    try:
        fine = doctor(
            _settings(arguments),
            arguments.url,
            arguments.query,
            token=arguments.token,
            passphrase_on_stdin=arguments.passphrase_stdin,
            as_json=arguments.json,
        )
    except KeyboardInterrupt:
        print("\nstackroom: stopped; the access that was given for the checks is ended", file=sys.stderr)
        return INTERRUPTED
    return OK if fine else SOMETHING_FAILED


# Writing, then reading


def _eval(arguments: argparse.Namespace) -> int:
    from stackroom.catalog import Catalog
    from stackroom.evaluation.report import as_json, as_table
    from stackroom.evaluation.sets import read_set
    from stackroom.evaluation.trial import hold_trial

    settings = _settings(arguments)
    asked = read_set(
        arguments.folder, queries=arguments.queries, qrels=arguments.qrels, questions=arguments.questions
    )
    if arguments.half:
        asked = asked.half(arguments.half)
    with _data_folder(arguments.keep, Events(as_json=settings.log_json)) as data:
        apart = replace(settings, data=data)
        _index_set(asked, apart, settings.models, quiet=arguments.quiet)
        with (
            Catalog(apart.catalog) as catalog,
            closing(_reader(apart, settings.models)) as reader,
            _progress(Events(as_json=settings.log_json), arguments.quiet) as display,
        ):
            results = hold_trial(
                asked, catalog, reader, lambda done: display.count("asking", done, len(asked.queries))
            )
    print(as_json(results) if arguments.json else as_table(results))
    return OK


def _index_set(asked: "EvaluationSet", settings: Settings, models: Path, *, quiet: bool) -> None:
    events = Events(as_json=settings.log_json)
    with _indexer(settings, models) as indexer, _progress(events, quiet) as display:
        # Other documents would be found as well, and taken for wrong answers.
        others = [root for root in indexer.libraries() if root != asked.root]
        if others:
            raise UsageError(
                f"{settings.data} holds the index of {others[0]}. Name another folder, or an empty one, "
                f"with --keep."
            )
        try:
            if asked.documents is None:
                summary = indexer.run([asked.root], on_progress=_teller(display))
            else:
                summary = indexer.run_corpus(asked.root, asked.documents, on_progress=_teller(display))
        except ModelMismatch as error:  # whose own advice is about the user's index
            raise UsageError(
                f"The index in {settings.data} was made with another model. Name another folder with --keep."
            ) from error
    _tell_summary(events, summary)


@contextmanager
def _data_folder(keep: Path | None, events: Events) -> Iterator[Path]:
    """The folder to keep, or a temporary one that is removed even if we are interrupted."""
    if keep is not None:
        yield keep.expanduser().resolve()
        return
    with TemporaryDirectory(prefix="stackroom-eval-", ignore_cleanup_errors=True) as name:
        folder = Path(name)

        def stop(signum: int, frame: FrameType | None) -> None:
            for _ in range(_REMOVALS):
                shutil.rmtree(folder, ignore_errors=True)
            _stop(events, "the temporary index is removed")

        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, stop)
        yield folder


def _stop(events: Events, outcome: str) -> NoReturn:
    """Ends the process where it stands, as a crash would: what is committed is whole, locks are the system's.

    An exception instead would have to pass through a model that is being loaded, which takes seconds, and is
    lost if it is raised in a callback of the interpreter.
    """
    show_cursor = "\x1b[?25h" if sys.stderr.isatty() and not events.as_json else ""  # the bar hides it
    os.write(
        2, events.line("stopped", f"{show_cursor}\nstackroom: stopped; {outcome}", message=outcome).encode()
    )
    os._exit(INTERRUPTED)


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "index": _index,
    "watch": _watch,
    "serve": _serve,
    "up": _up,
    "search": _search,
    "fetch": _fetch,
    "status": _status,
    "log": _log,
    "check": _check,
    "backup": _backup,
    "restore": _restore,
    "eval": _eval,
    "passphrase": _passphrase,
    "token": _token,
    "clients": _clients,
    "doctor": _doctor,
    "forget": _forget,
}
