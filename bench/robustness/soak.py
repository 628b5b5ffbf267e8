"""Callers who search and fetch for minutes while their library changes under them.

Prints Markdown: what each half minute was like, and at the end whether the index holds what the folder holds.
Each caller sends the next call as soon as it has the answer: nine searches, no query twice, then a fetch of
something it found. Meanwhile PDFs of one page are added, changed and removed, and `stackroom watch` follows.
"""

import argparse
import http.client
import json
import multiprocessing
import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import Any, NamedTuple

import numpy as np

from bench.load import HEADERS, HOST, Server
from bench.processes import STACKROOM, Command, print_table, run
from bench.robustness.changed import texts, write_pdf
from bench.words import vocabulary
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.status import read_status

_PROCESSES = 8  # of callers
_FETCH_EVERY = 10
_CHANGE_SECONDS = 2.0
_ADDED, _CHANGED, _REMOVED = 6, 4, 4  # files, each time
_WAIT_SECONDS = 60.0

# How long a caller waits for an answer.
_LONGEST_CALL = 120.0

# What the server says when it refuses on purpose, or when a document has gone since it was found.
_STATED = {
    "Too many calls": "too many calls of a client",
    "The library has too much to do": "too much to do",
    "The answer took longer": "took too long",
    "No document has the id": "the document is gone",
}


class Answer(NamedTuple):
    """What became of a call: `outcome` is empty if all is well."""

    seconds: float
    outcome: str


def main() -> None:
    """Measures, and prints the tables. Exits with 1 if a call failed or the index is wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.robustness.soak", description=__doc__)
    parser.add_argument("--callers", type=int, default=128)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--files", type=int, default=500, help="PDFs at the start")
    parser.add_argument("--row", type=int, default=30, help="seconds of a row of the table")
    parser.add_argument("--models", type=Path, help="a data folder's models, so as not to make them again")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stackroom-soak-") as name:
        library, data = Path(name) / "library", Path(name) / "data"
        changing = Changing(library, arguments.files)
        data.mkdir()
        if arguments.models:
            (data / "models").symlink_to(arguments.models.resolve(), target_is_directory=True)
        run([*STACKROOM, "index", str(library), "--data", str(data), "--quiet"])
        watch = Command([*STACKROOM, "watch", str(library), "--data", str(data), "--quiet"])
        server = Server(data)
        rows, outcomes = _soak(arguments, changing, server.port, (server.command, watch))
        is_right = _catches_up(data, library)
        resting = [f"{command.resident_mb():.0f}" for command in (server.command, watch)]
        server.command.stop()
        watch.stop()
    print_table(
        ["until s", "calls", "p50 ms", "p99 ms", "longest ms", "refused", "server MB", "watch MB"],
        *rows,
        ["at rest", "", "", "", "", "", *resting],
    )
    refused = {outcome: count for outcome, count in outcomes.items() if outcome in _STATED.values()}
    failed = {outcome: count for outcome, count in outcomes.items() if outcome and outcome not in refused}
    print(f"Answered {outcomes['']}; refused, saying why: {refused or 'none'}; failed: {failed or 'none'}.")
    print(f"Files added, changed, removed meanwhile: {changing.done}.")
    print(f"The index holds {'exactly what' if is_right else 'NOT what'} the folder holds.")
    raise SystemExit(bool(failed) or not is_right)


class Changing:
    """A library that changes. Attributes: done: files added, changed and removed so far."""

    def __init__(self, library: Path, files: int) -> None:
        """Makes it, with so many PDFs."""
        self.done = [0, 0, 0]
        self._library = library
        self._texts = texts()
        self._chance = random.Random(1)
        self._paths: list[Path] = []
        for _ in range(files):
            self._add()

    def change(self) -> None:
        """Adds, changes and removes some."""
        for _ in range(_ADDED):
            self._add()
        for path in self._chance.sample(self._paths, _CHANGED):
            write_pdf(path, next(self._texts))
        for _ in range(_REMOVED):
            self._paths.pop(self._chance.randrange(len(self._paths))).unlink()
        for number, count in enumerate((_ADDED, _CHANGED, _REMOVED)):
            self.done[number] += count

    def _add(self) -> None:
        number = len(self._paths) + self.done[2]
        path = self._library / f"{number // 100:03}" / f"{number:06}.pdf"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_pdf(path, next(self._texts))
        self._paths.append(path)


def _soak(
    arguments: argparse.Namespace, changing: Changing, port: int, commands: Sequence[Command]
) -> tuple[list[list[str]], Counter[str]]:
    """The rows of the table, and how often each outcome was."""
    context = multiprocessing.get_context("fork")
    answers: Any = context.Queue()
    until = time.monotonic() + arguments.seconds
    started = time.monotonic()
    shares = [len(range(number, arguments.callers, _PROCESSES)) for number in range(_PROCESSES)]
    processes = [
        context.Process(target=_call, args=(port, number, share, until, answers), daemon=True)
        for number, share in enumerate(shares)
    ]
    for process in processes:
        process.start()
    rows: list[list[str]] = []
    outcomes: Counter[str] = Counter()
    row: list[Answer] = []
    change_at, row_at, ended = started, started + arguments.row, 0
    while ended < len(processes):
        if any(process.exitcode for process in processes) or time.monotonic() > until + 2 * _LONGEST_CALL:
            raise SystemExit("callers have died, or come to no end")
        with suppress(Empty):
            answer = answers.get(timeout=0.2)
            if answer is None:
                ended += 1
            else:
                row.append(answer)
        now = time.monotonic()
        if now >= change_at and now < until:
            changing.change()
            change_at = now + _CHANGE_SECONDS
        if now >= row_at or ended == len(processes):
            rows.append(_row(now - started, row, commands))
            outcomes.update(answer.outcome for answer in row)
            row_at, row = row_at + arguments.row, []
    for process in processes:
        process.join()
    return rows, outcomes


def _row(until: float, answers: Sequence[Answer], commands: Sequence[Command]) -> list[str]:
    latencies = [answer.seconds * 1000 for answer in answers if not answer.outcome] or [0.0]
    p50, p99 = np.percentile(latencies, [50, 99])
    for command in commands:
        command.sample()
    return [
        f"{until:.0f}",
        str(len(answers)),
        *(f"{milliseconds:.0f}" for milliseconds in (p50, p99, max(latencies))),
        str(sum(answer.outcome != "" for answer in answers)),
        *(f"{command.resident_mb():.0f}" for command in commands),
    ]


def _catches_up(data: Path, library: Path) -> bool:
    """Whether in the end each file is in the index, with its vectors, and nothing else is."""
    files = sum(1 for _ in library.rglob("*.pdf"))
    deadline = time.monotonic() + _WAIT_SECONDS
    with Catalog(data / "index" / "catalog.sqlite3") as catalog:
        while True:
            status = read_status(catalog)
            if status.documents == files and not status.pending and not status.failures:
                return True
            if time.monotonic() > deadline:
                print(f"{files} files, {status.documents} documents, {status.pending} passages pending")
                print(*status.failures[:20], sep="\n")
                return False
            time.sleep(0.5)


# The callers


def _call(port: int, number: int, callers: int, until: float, answers: Any) -> None:
    """Some of the callers, in a process of their own."""
    words = vocabulary(5_000)
    threads = [
        threading.Thread(target=_caller, args=(port, _queries(words, number * 1000 + caller), until, answers))
        for caller in range(callers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers.put(None)


def _caller(port: int, asked: Iterator[str], until: float, answers: Any) -> None:
    connection = http.client.HTTPConnection(HOST, port, timeout=_LONGEST_CALL)
    found: list[str] = []
    sent = 0
    while time.monotonic() < until:
        sent += 1
        fetches = sent % _FETCH_EVERY == 0 and bool(found)
        arguments = {"id": found[0]} if fetches else {"query": next(asked)}
        started = time.monotonic()
        outcome, result = _ask(connection, "fetch" if fetches else "search", arguments)
        if not outcome and not fetches:
            found = [hit["id"] for hit in result["results"]]
            outcome = "" if found else "found nothing"
        answers.put(Answer(time.monotonic() - started, outcome))
    connection.close()


def _ask(connection: http.client.HTTPConnection, tool: str, arguments: object) -> tuple[str, Any]:
    """How a call ended (empty if well), and what it returned."""
    params = {"name": tool, "arguments": arguments}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
    try:
        connection.request("POST", "/mcp", body, HEADERS)
        response = connection.getresponse()
        content = response.read()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return f"{type(error).__name__}: {error}", None
    if response.status != 200:
        return f"HTTP {response.status}", None
    result = json.loads(content).get("result", {"isError": True, "content": [{"text": "no result"}]})
    if not result.get("isError"):
        return "", result["structuredContent"]
    text: str = result["content"][0]["text"]
    return next((short for begin, short in _STATED.items() if text.startswith(begin)), text), None


def _queries(words: Sequence[str], seed: int) -> Iterator[str]:
    """Some words each, hardly ever the same, without end."""
    chance = random.Random(seed)
    while True:
        yield " ".join(chance.choices(words, k=chance.randint(2, 6)))


if __name__ == "__main__":
    main()
