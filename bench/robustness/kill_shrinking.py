"""kill -9 while the catalogue is made smaller: `python -m bench.robustness.kill_shrinking --kills N`.

Two folders of documents without PDFs are indexed, with a small embedder. One of them is forgotten, after
which the catalogue's file is written anew without it. That is killed: mostly at a random moment
once it is being written, else before a random write to the catalogue or its log (`faults.c`). After each kill
`stackroom check` must find nothing, and all that is told of the other folder must be what it was. A reader
searches all the while, and must find it each time. Every kill is followed by a run that is let through: then
the file must be as small as that of an undisturbed one. Needs a C compiler; Linux only.
"""

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from bench.robustness.kill_processes import Process, start, wait_for
from fakes import SomeModels, WordHashEmbedder
from indexer.run.indexer import Indexer
from indexer.upkeep.check import check
from stackroom.catalog.catalog import Catalog
from stackroom.common.documents import Document, OutlineEntry, Page
from stackroom.common.settings import Settings
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader

# Of each folder; a document has so many random words, which can't be packed well.
_DOCUMENTS, _WORDS = 150, 300

# Characters of each document's outline, which makes the catalogue large, and nothing else.
_OUTLINE = 150_000

# By how much the file may be larger than that of an undisturbed run.
_MORE = 1.05

_TABLES = {
    "documents": "SELECT * FROM documents WHERE author = 'kept' ORDER BY key",
    "texts": "SELECT t.* FROM texts t JOIN documents d ON d.key = t.document WHERE d.author = 'kept'"
    " ORDER BY t.document, t.start",
    "passages": "SELECT p.*, d.id FROM splits s JOIN documents d ON d.key = s.document JOIN passages p"
    " ON p.id BETWEEN s.first AND s.last WHERE d.author = 'kept' ORDER BY p.id",
    "vectors": "SELECT v.* FROM splits s JOIN documents d ON d.key = s.document JOIN vectors v"
    " ON v.first BETWEEN s.first AND s.last WHERE d.author = 'kept' ORDER BY v.first",
}


def main() -> None:
    """Kills, and says what was lost. Exits with 1 if anything was; the folder is then kept."""
    if sys.argv[1:2] == ["forget"]:
        _forget(Path(sys.argv[2]))
        return
    parser = argparse.ArgumentParser(prog="python -m bench.robustness.kill_shrinking", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10_000)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    work = Path(tempfile.mkdtemp(prefix="stackroom-kills-"))
    shim = work / "faults.so"
    source = Path(__file__).with_name("faults.c")
    compiler = shutil.which("cc") or "cc"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", shim, source, "-ldl"], check=True)
    full = _make(work / "full", chance)
    kept = _kept(full)
    before = full.catalog.stat().st_size

    undisturbed = _copy(full, work / "undisturbed")
    seconds, writes = _let_through(undisturbed)
    small = undisturbed.catalog.stat().st_size
    print(
        f"{before:,} bytes, {small:,} after the folder is forgotten, in {seconds:.2f} s of writing",
        flush=True,
    )

    tally: Counter[str] = Counter()
    while tally.total() < arguments.kills:
        data = _copy(full, work / f"killed {tally.total()}")
        by_writes = tally.total() % 4 == 3
        with _reading(data) as faults:
            process = _start(data, _before_write(shim, data, chance.randrange(writes)) if by_writes else {})
            if not by_writes:
                _wait_until_written(process)
                time.sleep(chance.uniform(0, seconds))
                process.send_signal(signal.SIGKILL)
            process.communicate(timeout=300)
        if process.returncode != -signal.SIGKILL:  # it was done before
            shutil.rmtree(data.data)
            continue
        size = data.catalog.stat().st_size
        tally[f"{'before a write' if by_writes else 'at a moment'}, {_when(data)}"] += 1
        wrong = faults or _wrong(data, kept)
        _let_through(data)
        wrong = wrong or _wrong(data, kept)
        after = data.catalog.stat().st_size
        if not wrong and after > _MORE * small:
            wrong = [f"the file has {after:,} bytes, not {small:,}"]
        if wrong:
            sys.exit(f"FAILED with seed {arguments.seed} after {tally}: {wrong[:3]}; see {data.data}")
        print(f"kill {tally.total()}: the file had {size:,} bytes then, and has {after:,}", flush=True)
        shutil.rmtree(data.data)
    shutil.rmtree(work)
    print(f"seed {arguments.seed}: nothing lost; {dict(tally)}")


def _make(data: Path, chance: random.Random) -> Settings:
    settings = Settings.read({}, data=data)
    with Indexer(settings, SomeModels(WordHashEmbedder)) as indexer:
        for author in ("kept", "forgotten"):
            indexer.run_corpus(data / author, dict(_documents(author, chance)))
    return settings


def _documents(author: str, chance: random.Random) -> Iterator[tuple[str, Document]]:
    for number in range(_DOCUMENTS):
        words = " ".join(f"{chance.randrange(16**8):08x}" for _ in range(_WORDS))
        text = f"Otters of {author} {number}.\n{words}\n"
        id_ = hashlib.sha256(text.encode()).hexdigest()[:24]
        outline = (OutlineEntry(chance.randbytes(_OUTLINE // 2).hex(), 1, 1),)
        pages = (Page(1, "1", text),)
        yield str(number), Document(id_, f"{author} {number}", author, "", "", outline, pages, "none")


def _forget(data: Path) -> None:
    """What is killed: forgets the folder, or, if that is done, does what a run does in the end."""
    settings = Settings.read({}, data=data)
    with Indexer(settings, SomeModels(WordHashEmbedder)) as indexer:
        print("forgetting", flush=True)
        roots = [root for root in indexer.libraries() if root.name == "forgotten"]
        for root in roots:
            indexer.forget(root)
        if not roots:
            indexer.run([])


def _start(data: Settings, environment: Mapping[str, str]) -> Process:
    return start("bench.robustness.kill_shrinking", ["forget", str(data.data)], environment)


def _before_write(shim: Path, data: Settings, after: int) -> dict[str, str]:
    path = str(data.catalog)
    return {"LD_PRELOAD": str(shim), "FAULT_KIND": "kill", "FAULT_AFTER": str(after), "FAULT_PATH": path}


def _let_through(data: Settings) -> tuple[float, int]:
    """Returns how long it took, in seconds, once the file was being written, and about how many writes."""
    process = _start(data, {})
    _wait_until_written(process)
    began = time.monotonic()
    _, said = process.communicate(timeout=300)
    if process.returncode:
        sys.exit(f"the indexer ended with {process.returncode}: {said}")
    # Two for each page and frame of the log (its head, itself), and one to write it back.
    return time.monotonic() - began, 3 * data.catalog.stat().st_size // 4096


def _wait_until_written(process: Process) -> None:
    """Until SQLite has the temporary file, which has no name any more, or the process has ended."""
    wait_for("forgetting", process)
    while process.poll() is None:
        with suppress(OSError):  # a file was closed, or the process has ended
            if any("etilqs_" in os.readlink(file) for file in Path(f"/proc/{process.pid}/fd").iterdir()):  # noqa: PTH115
                return
        time.sleep(0.001)


def _copy(settings: Settings, data: Path) -> Settings:
    shutil.copytree(settings.data, data)
    return Settings.read({}, data=data)


def _when(settings: Settings) -> str:
    """How far the killed one was."""
    with Catalog(settings.catalog) as catalog:
        (pages,), (free,) = (catalog.rows(f"PRAGMA {name}")[0] for name in ("page_count", "freelist_count"))
        if catalog.rows("SELECT 1 FROM documents WHERE author = 'forgotten' LIMIT 1"):
            return "nothing was removed yet"
        return "the smaller file was not committed yet" if 3 * free >= pages else "it was"


def _kept(settings: Settings) -> dict[str, str]:
    """A digest of all that is told of the folder that is kept, and of what is found in it."""
    with Catalog(settings.catalog) as catalog:
        found = {
            name: hashlib.sha256(repr(catalog.rows(query)).encode()).hexdigest()
            for name, query in _TABLES.items()
        }
        hits = WordIndex(settings.words).search("otters kept", 10_000).hits
        shown = sorted(passage.document_id for passage in catalog.passages([id_ for id_, _ in hits]).values())
        return {**found, "words": str([one for one in shown if one in _ids(catalog)])}


def _ids(catalog: Catalog) -> set[str]:
    return {row[0] for row in catalog.rows("SELECT id FROM documents WHERE author = 'kept'")}


def _wrong(settings: Settings, kept: Mapping[str, str]) -> list[str]:
    report = check(settings)
    now = _kept(settings)
    damages = [str(damage) for damage in report.damages]
    return damages + [f"other {name}" for name in kept if now[name] != kept[name]]


@contextmanager
def _reading(settings: Settings) -> Iterator[list[str]]:
    """Searches while the block runs. Gives what was wrong, in a list that is complete after it."""
    faults: list[str] = []
    is_over = threading.Event()

    def search() -> None:
        reader = Reader(Catalog(settings.catalog), WordIndex(settings.words), SomeModels(WordHashEmbedder))
        with closing(reader):
            while not is_over.is_set():
                titles = {hit.title for hit in reader.search('"otters of kept" author:kept', 5)}
                if len(titles) != 5:
                    faults.append(f"found {titles}")

    searching = threading.Thread(target=search)
    searching.start()
    try:
        yield faults
    finally:
        is_over.set()
        searching.join()


if __name__ == "__main__":
    main()
