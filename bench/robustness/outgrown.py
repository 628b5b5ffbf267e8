"""A library in a database: callers ask several servers while a cluster indexes, and one after another dies.

Prints Markdown. The callers of `bench.robustness.soak` search and fetch for minutes, each time at the next of
the servers. Meanwhile PDFs are added, changed and removed, and `stackroom index --cluster` is run again and
again. A worker of the cluster, a server, and the database are killed in turn, the last two started again some
seconds later. At the end it is compared whether the store holds what a local index of the same folder holds.
"""

import argparse
import http.client
import itertools
import json
import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from queue import Empty
from typing import Any

import numpy as np

from bench.load import HEADERS, HOST
from bench.processes import STACKROOM, print_table
from bench.robustness.soak import Changing
from bench.words import vocabulary
from stackroom.catalog.catalog import Catalog
from stackroom.common.postgres.address import StoreAddress

_PROCESSES = 4  # of callers
_FETCH_EVERY = 10
_CHANGE_SECONDS = 2.0
_DOWN_SECONDS = 8.0
_LONGEST_CALL = 60.0
_WORKER_MB = 250
_MOST_TEXT = 140

# What is said on purpose: by a server whose database is away, by one that has too much to do, and of
# documents that have gone since they were found.
_STATED = (
    "The database ", "The library's database ", "Too many calls", "The library has too much to do",
    "The answer took longer", "No document has the id",
)  # fmt: skip
_GONE = "a server is away"


@dataclass
class Cast:
    """Who takes part, as processes.

    Attributes:
        data: the data folder of the indexer.
        store: URL of the database.
        ports: of the servers.
        deaths: what was killed, with the second.
        runs: how runs of the indexer ended: exit code, and the last line that it wrote.
    """

    data: Path
    papers: Path
    store: str
    workers: int
    ports: list[int] = field(default_factory=list)
    servers: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    indexer: "subprocess.Popen[str] | None" = None
    deaths: list[str] = field(default_factory=list)
    runs: list[tuple[int, str]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """For our commands."""
        return {**os.environ, "STACKROOM_STORE": self.store, "STACKROOM_CALLS_PER_MINUTE": "0"}

    def serve(self, number: int) -> None:
        """Starts a server."""
        data = self.data.with_name(f"server{number}")
        data.mkdir(exist_ok=True)
        command = [*STACKROOM, "serve", "--data", str(data), "--port", str(self.ports[number])]
        log = (data / "log").open("ab")
        started = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        log.close()
        self.servers[number : number + 1] = [started]

    def index(self) -> None:
        """Starts a run of the indexer."""
        command = [*STACKROOM, "index", str(self.papers), "--data", str(self.data), "--quiet", "--json"]
        command += ["--cluster", str(self.workers)]
        self.indexer = subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def go_on_indexing(self) -> None:
        """Takes note of a run that has ended, and starts the next."""
        if self.indexer is not None and self.indexer.poll() is not None:
            output, errors = self.indexer.communicate()
            try:
                failures = json.loads(output)["failures"]
                ended = ", ".join(sorted(set(failures.values()))) or "all well"
            except (ValueError, KeyError):
                ended = errors.strip().rpartition("\n")[2]
            self.runs.append((self.indexer.returncode, ended))
            self.index()

    def worker(self) -> int | None:
        """The process id of one worker of the cluster: what has loaded the model is one."""
        found = (
            [pid for pid in _below(self.indexer.pid) if _resident(pid) > _WORKER_MB] if self.indexer else []
        )
        return max(found, key=_resident, default=None)

    def end(self) -> None:
        """Ends all."""
        processes: list[subprocess.Popen[Any]] = [*self.servers]
        if self.indexer is not None:
            processes.append(self.indexer)
        for process in processes:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()
            process.wait()


def main() -> None:
    """Measures, and prints the tables. Exits with 1 if a call failed or the store is wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.robustness.outgrown", description=__doc__)
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--servers", type=int, default=3)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--files", type=int, default=300, help="PDFs at the start")
    arguments = parser.parse_args()
    sys.path.append(str(Path(__file__).parents[2] / "tests"))
    from postgres_server import PostgresServer

    with (
        tempfile.TemporaryDirectory(prefix="stackroom-outgrown-") as name,
        PostgresServer(durable=True) as db,
    ):
        changing = Changing(Path(name) / "folder", arguments.files)
        cast = Cast(Path(name) / "indexer", Path(name) / "folder", db.url(), arguments.workers)
        first = [*STACKROOM, "index", str(cast.papers), "--data", str(cast.data), "--quiet"]
        subprocess.run(first, env=cast.environment, check=True)
        for number in range(arguments.servers):
            with socket.create_server((HOST, 0)) as free:
                cast.ports.append(free.getsockname()[1])
            cast.serve(number)
        _wait_for(cast.ports)
        cast.index()
        try:
            answers = _play(arguments, cast, changing, db)
        finally:
            cast.end()
        differences = _compare(cast, Path(name) / "local")
    _show(arguments, cast, changing, answers, differences)


def _play(
    arguments: argparse.Namespace, cast: Cast, changing: Changing, db: Any
) -> list[tuple[float, float, str]]:
    """All calls: when it ended, in seconds since the start, how long it took, and how it ended."""
    context = multiprocessing.get_context("fork")
    queue: Any = context.Queue()
    started = time.monotonic()
    until = started + arguments.seconds
    shares = [len(range(number, arguments.callers, _PROCESSES)) for number in range(_PROCESSES)]
    processes = [
        context.Process(target=_call, args=(cast.ports, number, share, until, queue), daemon=True)
        for number, share in enumerate(shares)
    ]
    for process in processes:
        process.start()
    script = threading.Thread(target=_kill_in_turn, args=(cast, db, started, arguments.seconds), daemon=True)
    script.start()
    answers, ended, change_at = [], 0, started
    while ended < len(processes):
        if time.monotonic() > until + 2 * _LONGEST_CALL:
            raise SystemExit("callers come to no end")
        with suppress(Empty):
            answer = queue.get(timeout=0.2)
            if answer is None:
                ended += 1
            else:
                at, seconds, outcome = answer
                answers.append((at - started, seconds, outcome))
        now = time.monotonic()
        if change_at <= now < until:
            changing.change()
            change_at = now + _CHANGE_SECONDS
        cast.go_on_indexing()
    script.join(_LONGEST_CALL)
    return answers


def _kill_in_turn(cast: Cast, db: Any, started: float, seconds: float) -> None:
    """Kills a worker, a server and the database, each twice, at even distances."""
    turns = itertools.cycle(["worker", "server", "database"])
    for turn, who in zip(range(1, 7), turns, strict=False):
        time.sleep(max(started + turn * seconds / 7 - time.monotonic(), 0))
        at = f"{time.monotonic() - started:.0f} s"
        if who == "worker":
            pid = None
            while pid is None and time.monotonic() < started + seconds:  # between two runs there is none
                pid = cast.worker()
                time.sleep(0.05)
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
        elif who == "server":
            number = turn % len(cast.servers)
            cast.servers[number].kill()
            cast.servers[number].wait()
            time.sleep(_DOWN_SECONDS)
            cast.serve(number)
        else:
            db.stop(signal.SIGQUIT)  # as a crash: the server recovers from its log
            time.sleep(_DOWN_SECONDS)
            db.start()
        cast.deaths.append(f"{who} at {at}")


def _call(ports: Sequence[int], number: int, callers: int, until: float, queue: Any) -> None:
    """Some of the callers, in a process of their own."""
    words = vocabulary(5_000)
    threads = [
        threading.Thread(target=_caller, args=(ports, words, number * 1000 + caller, until, queue))
        for caller in range(callers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    queue.put(None)


def _caller(ports: Sequence[int], words: Sequence[str], seed: int, until: float, queue: Any) -> None:
    chance = random.Random(seed)
    lines = itertools.cycle([http.client.HTTPConnection(HOST, port, timeout=_LONGEST_CALL) for port in ports])
    found: list[str] = []
    for sent in itertools.count(1):
        if time.monotonic() >= until:
            return
        fetches = sent % _FETCH_EVERY == 0 and bool(found)
        query = " ".join(chance.choices(words, k=chance.randint(2, 6)))
        started = time.monotonic()
        outcome, result = _ask(next(lines), "fetch" if fetches else "search", found[0] if fetches else query)
        if not outcome and not fetches:
            found = [hit["id"] for hit in result["results"]] or found
        queue.put((time.monotonic(), time.monotonic() - started, outcome))
        if outcome:
            time.sleep(0.5)  # as a balancer's next try


def _ask(connection: http.client.HTTPConnection, tool: str, asked: str) -> tuple[str, Any]:
    """How a call ended (empty if well), and what it returned."""
    arguments = {"id": asked} if tool == "fetch" else {"query": asked}
    params = {"name": tool, "arguments": arguments}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
    try:
        connection.request("POST", "/mcp", body, HEADERS)
        response = connection.getresponse()
        content = response.read()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        away = isinstance(
            error, ConnectionError | http.client.RemoteDisconnected | http.client.IncompleteRead
        )
        return _GONE if away else f"{type(error).__name__}: {error}", None
    if response.status == 503 and b"atabase" in content:
        return "503, with the reason", None
    if response.status != 200:
        return f"HTTP {response.status}: {content[:200]!r}", None
    result = json.loads(content).get("result", {"isError": True, "content": [{"text": content.decode()}]})
    if not result.get("isError"):
        return "", result["structuredContent"]
    text: str = result["content"][0]["text"]
    return text[:_MOST_TEXT], None


def _wait_for(ports: Sequence[int]) -> None:
    deadline = time.monotonic() + 120
    for port in ports:
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection((HOST, port), 1):
                break
            time.sleep(0.1)


# Processes


def _below(pid: int) -> Iterator[int]:
    """All processes that one has started, and those that these have."""
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, task.read_text().split()):
                yield child
                yield from _below(child)


def _resident(pid: int) -> float:
    """Memory of a process, in MB; 0 if it has ended."""
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    return 0.0


# What is left


def _compare(cast: Cast, local: Path) -> list[str]:
    """What is not in the store as it is in a local index of the folder; nothing if all is."""
    run = [*STACKROOM, "index", str(cast.papers), "--quiet", "--data"]
    last = subprocess.run([*run, str(cast.data)], env=cast.environment, capture_output=True, text=True)
    subprocess.run([*run, str(local)], check=True)
    found = []
    if last.returncode:
        found.append(f"the last run failed: {last.stderr.strip()}")
    check = [*STACKROOM, "check", "--data", str(cast.data)]
    checked = subprocess.run(check, env=cast.environment, capture_output=True, text=True)
    if checked.returncode:
        found.append(f"check: {checked.stdout.strip()} {checked.stderr.strip()}")
    with (
        Catalog(StoreAddress(cast.store, cast.data / "index")) as store,
        Catalog(local / "index" / "catalog.sqlite3") as alone,
    ):
        ours, theirs = _contents(store), _contents(alone)
    for id_ in sorted(ours.keys() | theirs.keys()):
        if ours.get(id_) != theirs.get(id_):
            found.append(f"{id_}: {ours.get(id_)} in the store, {theirs.get(id_)} in a local index")
    return found


def _contents(catalog: Catalog) -> dict[str, tuple[object, ...]]:
    """Id → paths, text, passages and vectors of each document, in short."""
    model = catalog.model()
    assert model is not None  # noqa: S101
    found: dict[str, tuple[object, ...]] = {}
    for described in catalog.descriptions(model):
        first, last, key = described.passages
        text = "".join(page.text for page in catalog.pages(key))
        vectors = len(catalog.vectors(model, first, last)[0])
        digest = sha256(text.encode()).hexdigest()[:16]
        found[described.id] = described.paths, digest, last - first + 1, vectors
    return found


def _show(
    arguments: argparse.Namespace,
    cast: Cast,
    changing: Changing,
    answers: Sequence[tuple[float, float, str]],
    differences: Sequence[str],
) -> None:
    rows = []
    step = arguments.seconds / 10
    for number in range(10):
        some = [one for one in answers if number * step <= one[0] < (number + 1) * step]
        well = [seconds * 1000 for _, seconds, outcome in some if not outcome] or [0.0]
        p50, p99 = np.percentile(well, [50, 99])
        row = (len(some), f"{p50:.0f}", f"{p99:.0f}", f"{max(well):.0f}", len(some) - len(well))
        rows.append([f"{(number + 1) * step:.0f}", *map(str, row)])
    print_table(["until s", "calls", "p50 ms", "p99 ms", "longest ms", "refused"], *rows)
    outcomes = Counter(outcome for _, _, outcome in answers)
    stated = {one: count for one, count in outcomes.items() if one and _is_stated(one)}
    failed = {one: count for one, count in outcomes.items() if one and not _is_stated(one)}
    print(f"Killed: {', '.join(cast.deaths)}. Runs of the indexer: {Counter(cast.runs)}.")
    print(f"Answered {outcomes['']}; refused, saying why: {stated or 'none'}; failed: {failed or 'none'}.")
    print(f"Files added, changed, removed meanwhile: {changing.done}.")
    print("The store holds exactly what a local index holds." if not differences else "DIFFERENCES:")
    print(*differences[:20], sep="\n")
    raise SystemExit(bool(failed or differences))


def _is_stated(outcome: str) -> bool:
    return outcome.startswith((_GONE, "503, with the reason", *_STATED))


if __name__ == "__main__":
    main()
