"""kill -9 of indexer and server, and a failing disk: `python -m bench.kills [--kills 200] [--seed N]`.

A small library changes all the while; each run of the indexer, or the server, is killed at a random moment,
or its disk fails. After each, `stackroom check` must find nothing, and no document may be gone that a file
still holds. Every few kills a run is let through: then everything must be there, also in what is derived. A
client searches and fetches all the while (`bench.kill_client`), and must never see half a document.

With --tally FILE, several calls add up to so many kills. Needs a C compiler for the failing disk; Linux only.
"""

import argparse
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import NoReturn

TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS))

from bench.kill_client import Client, Unanswered  # noqa: E402
from bench.kill_library import Library  # noqa: E402
from indexer.check import check  # noqa: E402
from stackroom.settings import Settings  # noqa: E402

# What is done to a run of the indexer or to the server, and how often.
_FAULTS = {
    "indexer killed": 50,
    "indexer killed while embedding anew": 15,
    "server killed": 12,
    "fsync fails": 7,
    "disk full": 7,
    "disk full, last write half done": 6,
}
_DISK = {"fsync fails": "fsync", "disk full": "full", "disk full, last write half done": "short"}

# Faults between runs that are let through.
_CYCLE = 6

_FOLLOW_SECONDS = 20.0


class Bench:
    """One library, one data folder, one server, one client."""

    def __init__(self, work: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.papers = Library(work / "papers", self.chance)
        self.settings = Settings.read({}, data=work / "data")
        self.tally: Counter[str] = Counter()
        self._shim = work / "faults.so"
        source = Path(__file__).with_name("faults.c")
        compiler = shutil.which("cc") or "cc"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", self._shim, source, "-ldl"], check=True)
        self._seed = seed
        self._model = "one"
        self._committed: set[str] = set()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self._let_through("one")
        self.client = Client(self._port, self.papers, seed)
        self._server = self._start_server()
        self.client.start()

    def run(self, kills: int, seconds: float) -> None:
        """Does so many faults, or as many as there is time for."""
        end = time.monotonic() + seconds
        while self.tally.total() < kills and time.monotonic() < end:
            (fault,) = self.chance.choices(list(_FAULTS), list(_FAULTS.values()))
            for _ in range(self.chance.randrange(1, 4)):
                self.papers.change()
            if fault == "server killed":
                self._kill_server()
            else:
                self._disturb_indexer(fault)
            self._check_all()
            if self.client.faults:
                self._fail("; ".join(self.client.faults[:3]))
            if self.tally.total() % _CYCLE == 0:
                self._let_through(self._model)
                self._follow()
        self._let_through(self._model)
        self._follow()

    def close(self) -> None:
        """Ends the client and the server."""
        self.client.finish()
        self._server.kill()
        self._server.wait()

    def _disturb_indexer(self, fault: str) -> None:
        model = self._model
        if fault == "indexer killed while embedding anew":
            model = f"model {self.chance.randrange(10**6)}"
        environment = {}
        if fault in _DISK:
            environment = {
                "LD_PRELOAD": str(self._shim),
                "FAULT_KIND": _DISK[fault],
                "FAULT_AFTER": str(self.chance.randrange(60 if fault == "fsync fails" else 250)),
                "FAULT_PATH": str(self.settings.index),
            }
        process = self._start_indexer(model, environment)
        if fault in _DISK:
            _, said = process.communicate(timeout=120)
            if process.returncode not in (0, 1) or (process.returncode and "stated: " not in said):
                self._fail(f"{fault}: the indexer ended with {process.returncode} and said {said[-2000:]}")
            if process.returncode:  # else it wrote less than was allowed
                self.tally[fault] += 1
        else:
            if process.stdout and self.chance.random() < 0.9:
                process.stdout.readline()  # importing takes longer than most runs
            try:
                process.wait(self.chance.uniform(0.0, 1.3))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                self.tally[fault] += 1
            process.communicate()
        with closing(sqlite3.connect(self.settings.catalog)) as db:
            (self._model,) = db.execute("SELECT name FROM models WHERE current = 1").fetchone()

    def _kill_server(self) -> None:
        # While an indexer writes.
        indexer = self._start_indexer(self._model, {})
        time.sleep(self.chance.uniform(0.3, 1.5))
        self.client.server_lives += 1
        self._server.send_signal(signal.SIGKILL)
        self._server.wait()
        self.tally["server killed"] += 1
        _, said = indexer.communicate(timeout=120)
        if indexer.returncode:
            self._fail(f"the indexer ended with {indexer.returncode}: {said[-2000:]}")
        self._server = self._start_server()

    def _start_server(self) -> "subprocess.Popen[str]":
        server = self._start(["serve", str(self.settings.data), str(self._port)], {})
        deadline = time.monotonic() + 60
        while True:
            try:
                self.client.call("search", "query", "otters")
            except Unanswered:
                if time.monotonic() > deadline:
                    self._fail(f"the server does not come up: {server.poll()}")
                time.sleep(0.1)
            else:
                self.client.server_lives += 1
                return server

    def _start_indexer(self, model: str, environment: dict[str, str]) -> "subprocess.Popen[str]":
        profile = self.chance.choice(["default", "default", "compact"])
        arguments = ["index", str(self.settings.data), str(self.papers.folder), model, profile]
        return self._start(arguments, environment)

    def _start(self, arguments: list[str], environment: dict[str, str]) -> "subprocess.Popen[str]":
        paths = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
        return subprocess.Popen(
            [sys.executable, "-m", "bench.kill_target", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if arguments[0] == "serve" else subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": paths, **environment},
        )

    def _check_all(self) -> None:
        report = check(self.settings)
        if report.damages:
            self._fail(f"damaged: {report.damages}")
        held = self._held()
        if lost := (self._committed & self.papers.ids()) - held:
            self._fail(f"lost: {lost}")
        self._committed = held

    def _let_through(self, model: str) -> None:
        process = self._start_indexer(model, {})
        _, said = process.communicate(timeout=120)
        if process.returncode:
            self._fail(f"an undisturbed run ended with {process.returncode}: {said[-2000:]}")
        report = check(self.settings)
        if report.damages or report.pending or report.words_behind or report.new or report.missing:
            self._fail(f"not all is well after an undisturbed run: {report}")
        self._committed = self._held()
        if self._committed != self.papers.ids():
            self._fail(f"the index has {len(self._committed)} documents, the folder {len(self.papers.ids())}")
        self.papers.settled()

    def _follow(self) -> None:
        """The running server must find what was indexed last."""
        document_id, word = self.papers.somebody()
        deadline = time.monotonic() + _FOLLOW_SECONDS
        while time.monotonic() < deadline:
            found, _ = self.client.call("search", "query", word)
            if document_id in [result["id"] for result in found.get("results", [])[:1]]:
                return
            time.sleep(0.1)
        self._fail(f"the server does not find {word}")

    def _held(self) -> set[str]:
        with closing(sqlite3.connect(self.settings.catalog)) as db:
            return {row[0] for row in db.execute("SELECT id FROM documents")}

    def _fail(self, what: str) -> NoReturn:
        print(f"FAILED with seed {self._seed} after {dict(self.tally)}: {what}", flush=True)
        sys.exit(1)


def main() -> None:
    """Kills, and says what was lost. Exits with 1 if anything was; the folder is then kept."""
    parser = argparse.ArgumentParser(prog="python -m bench.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="in all (default: 200)")
    parser.add_argument("--seconds", type=float, default=1e9, help="begin no more after this time")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10_000)
    parser.add_argument("--tally", type=Path, help="file in which several calls count together")
    arguments = parser.parse_args()
    before: Counter[str] = Counter()
    if arguments.tally and arguments.tally.exists():
        before.update(json.loads(arguments.tally.read_text()))
    done = sum(before[fault] for fault in _FAULTS)
    work = Path(tempfile.mkdtemp(prefix="stackroom-kills-"))
    started = time.monotonic()
    bench = Bench(work, arguments.seed + done)
    try:
        bench.run(arguments.kills - done, arguments.seconds)
    except SystemExit:
        print(f"Kept: {work}")
        raise
    finally:
        bench.close()
    shutil.rmtree(work)
    total = before + bench.tally + bench.client.counts + Counter(changes=bench.papers.changes)
    if arguments.tally:
        arguments.tally.write_text(json.dumps(total, indent=1))
    print(f"seeds from {arguments.seed}, {time.monotonic() - started:.0f} s; nothing lost in")
    for name, count in total.items():
        print(f"  {count:6} {name}")


if __name__ == "__main__":
    main()
