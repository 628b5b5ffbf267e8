"""The command line: the only file that sees both wings. Nothing heavy is imported before it is needed."""

import argparse
import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from io import TextIOWrapper
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from stackroom import __version__
from stackroom.errors import SettingsError, StackroomError, UsageError
from stackroom.settings import Settings

if TYPE_CHECKING:
    from indexer.pipeline import Indexer
    from indexer.run import Progress, Summary
    from stackroom.reader import Reader
    from stackroom.terminal import ProgressDisplay

OK, SOMETHING_FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130

_DESCRIPTION = """\
Search and fetch for a private folder of PDFs, on this machine alone.

  stackroom index ~/Papers       read the PDFs of a folder into the index
  stackroom serve                answer search and fetch to an MCP client
  stackroom up ~/Papers          both at once, and follow the folder as it changes
  stackroom search "a question"  try it out here
"""

_EPILOG = """\
exit codes: 0 all is well; 1 something failed (`stackroom status` lists unreadable files); 2 wrong use
environment: STACKROOM_DATA, STACKROOM_MODEL and others; the README has the table
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command. Returns its exit code; argparse itself exits with 2 on wrong use."""
    arguments = _parser().parse_args(argv)
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, _interrupt)
    for stream in (sys.stdout, sys.stderr):
        # A title that the terminal's encoding lacks is no reason to stop.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        return command(arguments)
    except StackroomError as error:
        print(f"stackroom: {error}", file=sys.stderr)
        return WRONG_USE if isinstance(error, UsageError | SettingsError) else SOMETHING_FAILED
    except BrokenPipeError:
        # The reader of our output (head, less) has gone. Python would complain again while exiting.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SOMETHING_FAILED


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        default=argparse.SUPPRESS,
        help="the data folder (default: STACKROOM_DATA, or data/ in the working directory)",
    )
    parser = argparse.ArgumentParser(
        prog="stackroom",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        parents=[common],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"stackroom {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, run: Callable[[argparse.Namespace], int], summary: str) -> argparse.ArgumentParser:
        command = commands.add_parser(
            name, help=summary, description=summary[0].upper() + summary[1:] + ".", parents=[common]
        )
        command.set_defaults(command=run)
        return command

    index = add("index", _index, "read PDFs into the index; what has not changed costs nothing")
    _add_paths(index)
    index.add_argument("--json", action="store_true", help="print a summary as JSON at the end")
    index.add_argument("--quiet", "-q", action="store_true", help="no progress")
    index.add_argument("--retry", action="store_true", help="try files again that could not be read before")
    index.add_argument(
        "--reembed",
        action="store_true",
        help="embed the whole library with the model of STACKROOM_MODEL and switch to it",
    )

    watch = add("watch", _watch, "index, then follow the folders as they change, until Ctrl-C")
    _add_paths(watch)
    watch.add_argument("--quiet", "-q", action="store_true", help="no progress")

    serve = add("serve", _serve, "answer search and fetch to MCP clients, until Ctrl-C")
    _add_address(serve)
    serve.add_argument(
        "--transport",
        choices=["http", "stdio"],
        default="http",
        help="http: streamable HTTP at /mcp (default); stdio: for a client that starts the server itself",
    )

    up = add("up", _up, "watch and serve together, until Ctrl-C")
    _add_paths(up)
    _add_address(up)

    search = add("search", _search, "find the documents that answer a question or hold these words")
    search.add_argument("query", metavar="QUERY")
    search.add_argument("--limit", type=_positive, default=10, metavar="N", help="most results (default: 10)")
    search.add_argument("--json", action="store_true", help="print what the search tool returns")

    fetch = add("fetch", _fetch, "print the whole text of a document")
    fetch.add_argument("id", metavar="ID", help="as a search result gives it")
    fetch.add_argument("--json", action="store_true", help="print what the fetch tool returns")

    status = add("status", _status, "show what the index holds and which files could not be read")
    status.add_argument("--json", action="store_true", help="print it as JSON")

    forget = add("forget", _forget, "remove a folder from the index; its files stay where they are")
    forget.add_argument("path", type=Path, metavar="PATH")
    return parser


def _add_paths(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="a folder of PDFs, or a single PDF (default: all that were indexed before)",
    )


def _add_address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help="address to listen on (default: STACKROOM_HOST, or 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (default: STACKROOM_PORT, or 8000)")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not 1 or more")
    return number


def _settings(arguments: argparse.Namespace) -> Settings:
    given = vars(arguments)
    return Settings.read(data=given.get("data"), host=given.get("host"), port=given.get("port"))


# Writing


def _index(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    with _indexer(settings) as indexer, _progress(arguments.quiet) as display:
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
    _print_summary(summary)
    return SOMETHING_FAILED if summary.failed or summary.unreadable else OK


def _watch(arguments: argparse.Namespace) -> int:
    from indexer.watch import watch

    settings = _settings(arguments)
    first = True

    def on_summary(summary: "Summary") -> None:
        nonlocal first
        display.rest()
        changed = summary.added or summary.changed or summary.moved or summary.removed or summary.failures
        if first or changed or summary.embedded_passages:
            print(time.strftime("%T "), end="", file=sys.stderr)
            _print_summary(summary)
        if first:
            print("Watching. Ctrl-C ends it.", file=sys.stderr, flush=True)
        first = False

    with _indexer(settings) as indexer, _progress(arguments.quiet) as display:
        watch(
            indexer,
            _roots(arguments.paths, indexer),
            settings,
            stop=threading.Event(),
            on_progress=_teller(display),
            on_summary=on_summary,
            on_trouble=lambda trouble: print(f"stackroom: {trouble}", file=sys.stderr, flush=True),
        )
    return OK


def _up(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    program = [sys.executable, "-m", "stackroom"]
    paths = [str(path) for path in arguments.paths]
    address = ["--host", settings.host, "--port", str(settings.port)]
    data = ["--data", str(settings.data)]
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


def _indexer(settings: Settings) -> "Indexer":
    from indexer.pipeline import Indexer
    from stackroom.embedding.models import Models

    return Indexer(settings, Models(settings.models, settings.precision))


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


def _progress(quiet: bool) -> "ProgressDisplay":
    from stackroom.terminal import ProgressDisplay

    return ProgressDisplay(quiet=quiet)


def _teller(display: "ProgressDisplay") -> "Callable[[Progress], None]":
    return lambda progress: display.update(**asdict(progress))


def _print_summary(summary: "Summary") -> None:
    from stackroom.terminal import duration, listed

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

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
    say(f"{what}; {work}, {duration(summary.seconds)}")
    for title, entries in (
        ("Not indexed:", summary.failures),
        ("Could not be looked at:", summary.unreadable),
        ("No text found (scanned pages?), so not searchable:", dict.fromkeys(summary.without_text, "")),
    ):
        if entries:
            say(f"{title}\n{listed(entries)}")
    if summary.failed > len(summary.failures):
        earlier = summary.failed - len(summary.failures)
        say(f"{earlier} unchanged files failed before: see `stackroom status`; --retry tries them again.")


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
    from stackroom.terminal import printable

    settings = _settings(arguments)
    reader = _reader(settings)
    reader.warm()
    hits = reader.search(arguments.query, arguments.limit)
    answer = search_answer(hits, base_url(settings))
    if arguments.json:
        print(answer.model_dump_json())
        return OK
    for number, result in enumerate(answer.results, 1):
        print(f"{number:2}. {printable(result.title)}, page {result.page_label}  ({result.score:.2f})")
        print(f"    {printable(result.text)[:240]}")
        print(f"    {result.url}")
    if not answer.results:
        print("Nothing found.", file=sys.stderr)
    return OK


def _fetch(arguments: argparse.Namespace) -> int:
    from stackroom.server.address import base_url
    from stackroom.server.answers import fetch_answer

    settings = _settings(arguments)
    answer = fetch_answer(_reader(settings).fetch(arguments.id), base_url(settings))
    print(answer.model_dump_json() if arguments.json else answer.text)
    return OK


def _status(arguments: argparse.Namespace) -> int:
    from stackroom.catalog import Catalog
    from stackroom.embedding.models import Models
    from stackroom.lexicon import Lexicon
    from stackroom.terminal import show_status

    settings = _settings(arguments)
    with Catalog(settings.catalog) as catalog:
        status = catalog.status()
    words = len(Lexicon(settings.words))
    runtime = Models(settings.models, settings.precision).runtime(status.model_digest or "")
    if arguments.json:
        print(json.dumps({**asdict(status), "words": words, "runtime": runtime}, ensure_ascii=False))
        return OK
    show_status(status, words, runtime)
    return OK


def _reader(settings: Settings, *, create: bool = False) -> "Reader":
    from stackroom.catalog import Catalog
    from stackroom.embedding.models import Models
    from stackroom.lexicon import Lexicon
    from stackroom.reader import Reader

    models = Models(settings.models, settings.precision, queries=True)
    return Reader(Catalog(settings.catalog, create=create), Lexicon(settings.words), models, settings.model)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    """Ends the process where it stands, as a crash would: what is committed is whole, locks are the system's.

    An exception instead would have to pass through a model that is being loaded, which takes seconds, and is
    lost if it is raised in a callback of the interpreter.
    """
    show_cursor = b"\x1b[?25h" if sys.stderr.isatty() else b""  # the progress bar hides it
    os.write(2, show_cursor + b"\nstackroom: stopped; what was indexed is kept, and the next run goes on\n")
    os._exit(INTERRUPTED)
