"""What a cluster costs: the CPU time of indexing with workers of `--cluster N`, against a run without one.

Each is run in turns on the same PDFs, after one that prepares the model. Counted is the CPU time of all
processes: the command's, the workers', and those that read PDFs. Prints Markdown. Linux only.
"""

import argparse
import json
import os
import shutil
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median

from bench.processes import STACKROOM, Command, print_table


def main() -> None:
    """Measures, and prints the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.cluster", description=__doc__)
    parser.add_argument("folder", type=Path, help="of PDFs")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4], metavar="N")
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stackroom-bench-") as work:
        folder = arguments.folder.resolve()
        _index(_first(folder, Path(work) / "first"), Path(work), 0)  # prepares the model
        cpu, seconds = defaultdict[int, list[float]](list), defaultdict[int, list[float]](list)
        pages = passages = 0
        for _ in range(arguments.rounds):
            for count in (0, *arguments.workers):
                command = _index(folder, Path(work), count)
                summary = json.loads(command.output)
                pages, passages = summary["pages"], summary["embedded_passages"]
                cpu[count].append(command.cpu)
                seconds[count].append(command.seconds)
    print(f"{pages} pages, {passages} passages, {os.cpu_count()} cores\n")
    alone = median(cpu[0])
    rows = [
        [
            f"{count} workers" if count else "no cluster",
            f"{median(cpu[count]):.1f}",
            f"{pages / median(cpu[count]):.2f}",
            f"{100 * (median(cpu[count]) / alone - 1):+.1f}",
            f"{median(seconds[count]):.1f}",
        ]
        for count in (0, *arguments.workers)
    ]
    print_table(["", "CPU-s", "pages per CPU-s", "more CPU time, %", "seconds"], *rows)


def _first(folder: Path, at: Path) -> Path:
    at.mkdir()
    shutil.copy(min(folder.glob("*.pdf"), key=lambda pdf: pdf.stat().st_size), at)
    return at


def _index(folder: Path, work: Path, workers: int) -> Command:
    shutil.rmtree(work / "data" / "index", ignore_errors=True)  # the model stays
    spread = ["--cluster", str(workers)] if workers else []
    command = [*STACKROOM, "index", str(folder), "--data", str(work / "data"), "--quiet", "--json", *spread]
    started = Command(command)
    started.finish()
    return started


if __name__ == "__main__":
    main()
