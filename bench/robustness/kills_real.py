"""kill -9 of the indexer on real PDFs with the real model: `python -m bench.robustness.kills_real FOLDER`.

The smallest PDFs of a folder are indexed undisturbed (scans by tesseract, if it is there), then again by runs
of `stackroom index` that are killed at random moments, into a new data folder whenever one is complete. After
each kill `stackroom check` must find no damage; what is complete must be what the undisturbed index is.
Vectors depend a little on what they are computed together with: they need only be as near as makes no
difference. Linux only.
"""

import argparse
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from itertools import count
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from bench.processes import own_models
from bench.robustness.kill_processes import Process, start
from index_content import content
from indexer.upkeep.check import check
from stackroom.catalog.vector_codes import decode
from stackroom.common.settings import Settings

# Kills come at most so many seconds after the indexer has stored its first vectors, or what is on a scan,
# most of them; else after its start.
_LONGEST = 4.0
_AFTER_PROGRESS = 0.75

# A document that takes so many seconds to its first vectors is none that we have.
_LONGEST_PROGRESS = 900.0

_LEAST_COSINE = 0.999


def main() -> None:
    """Kills, and says what was lost. Exits with 1 if anything was; the folders are then kept."""
    parser = argparse.ArgumentParser(prog="python -m bench.robustness.kills_real", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=24)
    parser.add_argument("--documents", type=int, default=20)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10_000)
    parser.add_argument("--models", type=Path, help="`models` of a data folder, to compile none")
    arguments = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="stackroom-kills-"))
    papers = work / "papers"
    papers.mkdir()
    smallest = sorted(arguments.folder.glob("*.pdf"), key=lambda file: file.stat().st_size)
    for file in smallest[: arguments.documents]:
        shutil.copy2(file, papers)
    undisturbed = work / "undisturbed"
    undisturbed.mkdir()
    if arguments.models:
        (undisturbed / "models").symlink_to(arguments.models.resolve())
    else:
        own_models(undisturbed)
    _let_through(undisturbed, papers)
    chance = random.Random(arguments.seed)
    kills = 0
    progress: list[int] = []  # at each kill
    for number in count(1):
        data = work / f"killed {number}"
        data.mkdir()
        (data / "models").symlink_to((undisturbed / "models").resolve())
        while kills < arguments.kills and _kill(data, papers, chance):
            kills += 1
            settings = Settings.read({}, data=data)
            progress.append(_progress(data))
            if settings.catalog.exists() and (damages := check(settings).damages):
                sys.exit(f"FAILED with seed {arguments.seed} after {kills} kills: {damages}; see {work}")
        _let_through(data, papers)
        if difference := _difference(undisturbed, data):
            sys.exit(f"FAILED with seed {arguments.seed} after {kills} kills: {difference}; see {work}")
        print(f"{kills} kills, {number} complete indexes, none different; progress: {progress}", flush=True)
        if kills == arguments.kills:
            break
    with_text = check(Settings.read({}, data=undisturbed))
    shutil.rmtree(work)
    print(f"seed {arguments.seed}: {with_text.documents} documents, {with_text.passages} passages")


def _kill(data: Path, papers: Path, chance: random.Random) -> bool:
    """Starts an indexer and kills it; False if it was done before."""
    before = _progress(data)
    process = _start(data, papers)
    if chance.random() < _AFTER_PROGRESS:
        until = time.monotonic() + _LONGEST_PROGRESS
        while process.poll() is None and _progress(data) == before:
            if time.monotonic() > until:
                sys.exit(f"the indexer has done nothing for {_LONGEST_PROGRESS:g} s")
            time.sleep(0.05)
    try:
        process.wait(chance.uniform(0.0, _LONGEST))
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return True
    _finish(process)
    return False


def _progress(data: Path) -> int:
    """How many passages have a vector, and how many scans were read."""
    catalog = Settings.read({}, data=data).catalog
    if not catalog.exists():
        return 0
    with closing(sqlite3.connect(catalog, timeout=30)) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'vectors'").fetchone():
            return 0
        rows = db.execute("SELECT 1 FROM vectors UNION ALL SELECT 1 FROM scans WHERE state <> 'waiting'")
        return len(rows.fetchall())


def _let_through(data: Path, papers: Path) -> None:
    _finish(_start(data, papers))


def _start(data: Path, papers: Path) -> Process:
    return start("stackroom", ["index", str(papers), "--data", str(data), "--quiet"], {})


def _finish(process: Process) -> None:
    said, complained = process.communicate(timeout=1000)
    if process.returncode:
        sys.exit(f"the indexer ended with {process.returncode}: {said}{complained}")


def _difference(undisturbed: Path, killed: Path) -> str:
    ours, theirs = content(undisturbed), content(killed)
    for name in ours:
        if name != "passages" and ours[name] != theirs[name]:
            return f"other {name}"
    passages, others = ours["passages"], theirs["passages"]
    if [row[:-1] for row in passages] != [row[:-1] for row in others]:
        return "other passages"
    for row, other in zip(passages, others, strict=True):
        if row[-1] != other[-1] and not _are_near(row[-1], other[-1]):
            return f"another vector of the passage {row[:-1]}"
    return ""


def _are_near(code: object, other: object) -> bool:
    if not (isinstance(code, bytes) and isinstance(other, bytes) and code and len(code) == len(other)):
        return False
    vector, its = decode([code, other], len(code) - 2)
    return bool(vector @ its > _LEAST_COSINE * np.linalg.norm(vector) * np.linalg.norm(its))


if __name__ == "__main__":
    main()
