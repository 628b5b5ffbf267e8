"""Stackroom and the plain stack of bench.baseline index the same folder, in turns; then again, with a change.

Stackroom does so twice: in a new data folder, for which the model is compiled beside, and with that model.
Prints Markdown. Each takes minutes, so one round is the default. A slower processor is simulated for both by
--env ONEDNN_MAX_CPU_ISA=AVX2_VNNI (OpenVINO, oneDNN) --env MKL_ENABLE_INSTRUCTIONS=AVX2 --env
ATEN_CPU_CAPABILITY=avx2 (the rest of torch).
"""

import argparse
import json
import logging
import shutil
import sqlite3
import sys
import tempfile
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from pypdf import PdfReader, PdfWriter

from bench.checkouts import HERE, Checkout
from bench.processes import STACKROOM, Command, environment, median, own_models, print_table, run
from bench.robustness.changed import write_pdf
from bench.words import queries

_ALL_WORDS = "all documents found by words"

# What holds when a point is reached; `:files` is how many PDFs the folder has, `:words` how many passages can
# be found by their words.
MILESTONES = {
    "first document found by words": "SELECT :words > 0",
    _ALL_WORDS: "SELECT count(*) >= :files AND :words >="
    " (SELECT coalesce(sum(last - first + 1), 0) FROM splits) FROM locations",
    "first passages found by meaning": "SELECT EXISTS (SELECT 1 FROM vectors)",
    "everything found by meaning": "SELECT count(*) >= :files AND NOT EXISTS (SELECT 1 FROM pending)"
    " FROM locations",
}

Figures = dict[str, list[float]]


class Milestones:
    """Looks at a catalogue that is being written. Costs microseconds while nothing is committed."""

    def __init__(self, data: Path, files: int) -> None:
        self.reached: dict[str, tuple[float, float]] = {}  # wall-clock seconds and CPU-seconds
        self._catalog = data / "index" / "catalog.sqlite3"
        self._files = files
        self._db: sqlite3.Connection | None = None
        self._words = data / "index" / "words" / "passages" / "meta.json"
        self._seen = (0, 0)

    def look(self, running: Command) -> None:
        """Notes what has been reached since the last look."""
        with suppress(sqlite3.Error, OSError, ValueError):  # not there yet, or just being made
            if self._db is None:
                self._db = sqlite3.connect(f"{self._catalog.resolve().as_uri()}?mode=ro", uri=True)
            seen = self._db.execute("PRAGMA data_version").fetchone()[0], self._searchable()
            if seen == self._seen:
                return
            values = {"files": self._files, "words": seen[1]}
            for name, sql in MILESTONES.items():
                if name not in self.reached and self._db.execute(sql, values).fetchone()[0]:
                    self.reached[name] = running.age, running.cpu
            self._seen = seen

    def _searchable(self) -> int:
        """How many passages' words are in the index, by the engine's own list of its parts: any build's."""
        if not self._words.exists():
            return 0
        parts = json.loads(self._words.read_bytes())["segments"]
        entries: int = sum(
            part["max_doc"] - (part["deletes"] or {}).get("num_deleted_docs", 0) for part in parts
        )
        return max(entries - 1, 0)  # one entry says how far the index has followed the catalogue

    def close(self) -> None:
        """Lets go of the catalogue."""
        if self._db is not None:
            self._db.close()


def main() -> None:
    """Measures, and prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.indexing", description=__doc__)
    parser.add_argument("folder", type=Path, help="of PDFs")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE", help="for both stacks")
    parser.add_argument("--threads", type=int, help="of the plain stack's torch: see bench.baseline")
    parser.add_argument("--keep", type=Path, metavar="DATA", help="leave Stackroom's data folder there")
    arguments = parser.parse_args()
    env = environment(arguments.env)
    baseline = [sys.executable, "-m", "bench.baseline"]
    if arguments.threads:
        baseline += ["--threads", str(arguments.threads)]
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    first: Figures = defaultdict(list)
    ours: Figures = defaultdict(list)
    plain: Figures = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="stackroom-bench-") as name:
        work = Path(name)
        files = _copy(arguments.folder, work / "library")
        for number in range(arguments.rounds):
            _measure_plain(baseline, work, work / f"plain{number}", env, plain)
            measure_indexing(work / "library", work / f"first{number}", env, first, files)
            (work / f"ours{number}").mkdir()
            (work / f"first{number}" / "models").rename(work / f"ours{number}" / "models")
            measure_indexing(work / "library", work / f"ours{number}", env, ours, files)
            _measure_words(work / "library", work / f"words{number}", env, ours, files)
            _measure_afterwards(work / "library", work / f"ours{number}", env, ours)
        if arguments.keep:
            shutil.copytree(work / "ours0", arguments.keep, dirs_exist_ok=True)
    print(f"{files} PDFs, {arguments.rounds} rounds" + "".join(f", {setting}" for setting in arguments.env))
    print("\nThe plain stack has one step: nothing can be found before its end, and each run starts anew.\n")
    rows = [["what", "plain stack", "Stackroom, first run", "model compiled", "plain / Stackroom (compiled)"]]
    for what in ours:
        its, mine = median(plain[what]), median(ours[what])
        first_run = f"{median(first[what]):.4g}" if what in first else ""
        compares = what.endswith((" s", "CPU-s", "MB", "per passage")) and its and mine
        rows.append([what, f"{its:.4g}", first_run, f"{mine:.4g}", f"{its / mine:.1f}" if compares else ""])
    print_table(*rows)


def _measure_plain(
    baseline: list[str], work: Path, data: Path, env: dict[str, str], figures: Figures
) -> None:
    command = run([*baseline, "index", str(work / "library"), str(data)], env)
    counts = json.loads(command.output)
    _note_indexing(figures, command, counts["pages"], counts["passages"], counts["skipped"])
    for name in MILESTONES:
        figures[f"{name}: wall-clock s"].append(command.seconds)
        figures[f"{name}: CPU-s"].append(command.cpu)
    for what in ("nothing changed", "one document changed"):
        figures[f"{what}: CPU-s"].append(command.cpu)
        figures[f"{what}: wall-clock s"].append(command.seconds)
    for query in queries(3):
        figures["`search` in a process: CPU-s"].append(run([*baseline, "search", str(data), query], env).cpu)


def measure_indexing(
    library: Path,
    data: Path,
    env: dict[str, str],
    figures: Figures,
    files: int,
    checkout: Checkout = HERE,
) -> None:
    """Indexes a library of so many PDFs into a data folder, and adds what that took to the figures."""
    own_models(data)
    milestones = Milestones(data, files)
    command = run(_index(library, data, checkout), {**checkout.environment, **env}, milestones.look)
    milestones.close()
    summary = json.loads(command.output)
    _note_indexing(figures, command, summary["pages"], summary["embedded_passages"], summary["failed"])
    for name in MILESTONES:
        # What the last 50 ms brought is seen at the end.
        seconds, cpu = milestones.reached.get(name, (command.seconds, command.cpu))
        figures[f"{name}: wall-clock s"].append(seconds)
        figures[f"{name}: CPU-s"].append(cpu)


def _measure_words(library: Path, data: Path, env: dict[str, str], figures: Figures, files: int) -> None:
    milestones = Milestones(data, files)
    command = Command([sys.executable, "-m", "bench.reading", str(library), str(data)], env)
    while _ALL_WORDS not in milestones.reached and not command.wait():
        command.sample()
        milestones.look(command)
    milestones.close()
    seconds, cpu = milestones.reached[_ALL_WORDS]
    command.stop()
    figures[f"{_ALL_WORDS}, nothing embedded beside: wall-clock s"].append(seconds)
    figures[f"{_ALL_WORDS}, nothing embedded beside: CPU-s"].append(cpu)


def _measure_afterwards(library: Path, data: Path, env: dict[str, str], figures: Figures) -> None:
    index = _index(library, data)
    _note_run(figures, "nothing changed", run(index, env))
    changed = _change_one(library)
    _note_run(figures, "one document changed", run(index, env))
    changed.with_suffix(".original").rename(changed)
    for query in queries(3):
        search = [*STACKROOM, "search", query, "--data", str(data), "--json"]
        figures["`search` in a process: CPU-s"].append(run(search, env).cpu)


def _index(library: Path, data: Path, checkout: Checkout = HERE) -> list[str]:
    return [*checkout.stackroom, "index", str(library), "--data", str(data), "--json", "--quiet"]


def _note_indexing(figures: Figures, command: Command, pages: int, passages: int, failed: int) -> None:
    _note_run(figures, "indexing", command)
    figures["pages"].append(pages)
    figures["passages (the plain stack's overlap)"].append(passages)
    figures["files that could not be read"].append(failed)
    figures["pages per CPU-s"].append(pages / command.cpu)
    figures["CPU-ms per passage"].append(command.cpu / max(passages, 1) * 1000)
    figures["peak RSS, first process, MB"].append(command.main_mb)
    figures["peak RSS, any other process, MB"].append(command.other_mb)
    figures["peak RSS, sum of all processes, MB"].append(command.together_mb)


def _note_run(figures: Figures, what: str, command: Command) -> None:
    figures[f"{what}: CPU-s"].append(command.cpu)
    figures[f"{what}: wall-clock s"].append(command.seconds)


def _copy(folder: Path, library: Path) -> int:
    paths = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() == ".pdf" and path.is_file()]
    for path in paths:
        copy = library / path.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    if not paths:
        raise SystemExit(f"there is no PDF in {folder}")
    return len(paths)


def _change_one(library: Path) -> Path:
    """Adds a page to the PDF of middle size. The original stays beside it, no PDF by its name."""
    paths = sorted(library.rglob("*.pdf"), key=lambda path: path.stat().st_size)
    path = paths[len(paths) // 2]
    shutil.copyfile(path, path.with_suffix(".original"))
    page = library / "page.tmp"
    write_pdf(page, "This page was added to the document after it had been indexed.")
    writer = PdfWriter(clone_from=path)
    writer.append(PdfReader(page))
    writer.write(path)
    page.unlink()
    return path


if __name__ == "__main__":
    main()
