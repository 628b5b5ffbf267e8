"""kill -9 of indexer and server, and a failing disk: `python -m bench.robustness.kills --kills N`.

A small library changes all the while; each run of the indexer, or the server, is killed at a random moment,
or its disk fails. After each, `stackroom check` must find nothing, and no document may be gone that a file
still holds, nor a page of a scan recognised again (`kill_checks`). Every few kills a run is let
through: then everything must be there, also in what is derived. A client searches and fetches all the while
(`kill_client`), and must never see half a document.

With --tally FILE, several calls add up to so many kills. Needs a C compiler for the failing disk; Linux only.
"""

import argparse
import json
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

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from bench.robustness.kill_checks import Checks
from bench.robustness.kill_client import Client, Unanswered
from bench.robustness.kill_library import Library
from bench.robustness.kill_processes import Process, start, tell, wait_for
from bench.robustness.kill_scans import RUN, Program
from stackroom.common.settings import Settings

_WORDS = "indexer killed while the index of words is compacted"
_LOG = "indexer killed while the log is written back"

# What is done to a run of the indexer or to the server, and how often.
_FAULTS = {
    "indexer killed": 35,
    "indexer killed while pages are recognised": 25,
    "indexer killed while embedding anew": 15,
    _WORDS: 10,
    _LOG: 8,
    "server killed": 12,
    "fsync fails": 7,
    "disk full": 7,
    "disk full, last write half done": 6,
}
_DISK = {"fsync fails": "fsync", "disk full": "full", "disk full, last write half done": "short"}

# Faults between runs that are let through.
_CYCLE = 6

# Not every change of the folder makes anything be compacted.
_MOST_ROUNDS = 20

_FOLLOW_SECONDS = 20.0


class Bench:
    """One library, one data folder, one server, one client."""

    def __init__(self, work: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.papers = Library(work / "papers", self.chance)
        self.settings = Settings.read({}, data=work / "data")
        self.tally: Counter[str] = Counter()
        self.checks = 0
        self._shim = work / "faults.so"
        source = Path(__file__).with_name("faults.c")
        compiler = shutil.which("cc") or "cc"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", self._shim, source, "-ldl"], check=True)
        self._ocr = work / "ocr"
        ocr = Program(self._ocr)
        ocr.write()
        self._checks = Checks(self.settings, self.papers, ocr)
        self._seed = seed
        self._runs = 0
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self._let_through()
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
            elif fault in _DISK:
                self._fail_disk(fault)
            elif fault in (_WORDS, _LOG):
                self._kill_compacting(fault)
            else:
                self._kill_indexer(fault)
            self._must(self._checks.after_fault(self._runs))
            self._must("; ".join(self.client.faults[:3]))
            if self.tally.total() % _CYCLE == 0:
                self._let_through()
                self._follow()
                self._check_by_command()
        self._let_through()
        self._follow()

    def close(self) -> None:
        """Ends the client and the server."""
        self.client.finish()
        self._server.kill()
        self._server.wait()

    def _kill_indexer(self, fault: str) -> None:
        scanning = fault == "indexer killed while pages are recognised"
        if scanning:
            self.papers.add(scanned=True)
        process = self._start_indexer({}, embed_anew=fault == "indexer killed while embedding anew")
        if scanning or self.chance.random() < 0.9:  # importing takes longer than most runs
            wait_for("scans" if scanning else "started", process)
        try:
            process.wait(self.chance.uniform(0.0, 1.3))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            self.tally[fault] += 1
        process.communicate()

    def _kill_compacting(self, fault: str) -> None:
        """Kills an indexer, which goes on and on, before a write to what it compacts."""
        if fault == _LOG:
            environment = self._faults("kill", 300, self.settings.catalog) | {"FAULT_WHOLE": "1"}
        else:
            environment = self._faults("kill", 60, self.settings.words) | {"FAULT_THREAD": "merge_thread"}
        process = self._start_indexer(environment, is_told=True)
        for _ in range(_MOST_ROUNDS):
            if not wait_for("done", process):
                break
            self.papers.add()
            self.papers.change()
            # Embedding anew makes the log grow, and the index of words begin anew.
            tell(self._new_model() if fault == _LOG else self._current_model(), process)
        _, said = process.communicate(timeout=120)
        if process.returncode == -signal.SIGKILL:
            self.tally[fault] += 1
        elif process.returncode:
            self._fail(f"{fault}: the indexer ended with {process.returncode} and said {said[-2000:]}")

    def _fail_disk(self, fault: str) -> None:
        after = 60 if fault == "fsync fails" else 250
        process = self._start_indexer(self._faults(_DISK[fault], after, self.settings.index))
        _, said = process.communicate(timeout=120)
        if process.returncode not in (0, 1) or (process.returncode and "stated: " not in said):
            self._fail(f"{fault}: the indexer ended with {process.returncode} and said {said[-2000:]}")
        if process.returncode:  # else it wrote less than was allowed
            self.tally[fault] += 1

    def _faults(self, kind: str, after: int, path: Path) -> dict[str, str]:
        """The environment in which `path` fails after at most so many calls."""
        return {
            "LD_PRELOAD": str(self._shim),
            "FAULT_KIND": kind,
            "FAULT_AFTER": str(self.chance.randrange(after)),
            "FAULT_PATH": str(path),
        }

    def _kill_server(self) -> None:
        # While an indexer writes.
        indexer = self._start_indexer({})
        time.sleep(self.chance.uniform(0.3, 1.5))
        self.client.server_lives += 1
        self._server.send_signal(signal.SIGKILL)
        self._server.wait()
        self.tally["server killed"] += 1
        _, said = indexer.communicate(timeout=120)
        if indexer.returncode:
            self._fail(f"the indexer ended with {indexer.returncode}: {said[-2000:]}")
        self._server = self._start_server()

    def _start_server(self) -> Process:
        server = start(
            "bench.robustness.kill_target", ["serve", str(self.settings.data), str(self._port)], {}
        )
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

    def _start_indexer(
        self, environment: dict[str, str], *, embed_anew: bool = False, is_told: bool = False
    ) -> Process:
        self._runs += 1
        model = self._new_model() if embed_anew else self._current_model()
        profile = self.chance.choice(["default", "default", "compact"])
        folders = [self.settings.data, self.papers.folder, self.papers.passwords, self._ocr]
        arguments = ["index", *map(str, folders), model, profile]
        environment = {RUN: str(self._runs), **environment}
        return start("bench.robustness.kill_target", arguments, environment, is_told=is_told)

    def _new_model(self) -> str:
        return f"model {self.chance.randrange(10**6)}"

    def _current_model(self) -> str:
        if not self.settings.catalog.exists():
            return "one"
        with closing(sqlite3.connect(self.settings.catalog)) as db:
            return str(db.execute("SELECT name FROM models WHERE current = 1").fetchone()[0])

    def _let_through(self) -> None:
        process = self._start_indexer({})
        _, said = process.communicate(timeout=120)
        if process.returncode:
            self._fail(f"an undisturbed run ended with {process.returncode}: {said[-2000:]}")
        self._must(self._checks.after_run(self._runs))
        self.papers.settled()

    def _check_by_command(self) -> None:
        """`stackroom check`, while the server answers the client."""
        process = start("stackroom", ["check", "--data", str(self.settings.data), "--quiet"], {})
        said, complained = process.communicate(timeout=120)
        if process.returncode:
            self._fail(f"stackroom check ended with {process.returncode}: {said}{complained}")
        self.checks += 1

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

    def _must(self, wrong: str) -> None:
        if wrong:
            self._fail(wrong)

    def _fail(self, what: str) -> NoReturn:
        print(f"FAILED with seed {self._seed} after {dict(self.tally)}: {what}", flush=True)
        sys.exit(1)


def main() -> None:
    """Kills, and says what was lost. Exits with 1 if anything was; the folder is then kept."""
    parser = argparse.ArgumentParser(prog="python -m bench.robustness.kills", description=__doc__)
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
    total = before + bench.tally + bench.client.counts
    total.update({"changes": bench.papers.changes, "checks beside the server": bench.checks})
    if arguments.tally:
        arguments.tally.write_text(json.dumps(total, indent=1))
    print(f"seeds from {arguments.seed}, {time.monotonic() - started:.0f} s; nothing lost in")
    for name, count in total.items():
        print(f"  {count:6} {name}")


if __name__ == "__main__":
    main()
