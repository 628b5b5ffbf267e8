"""Text extraction alone: `python -m bench.extraction FOLDER [--against CHECKOUT] [--rounds N]`.

Stackroom, an older checkout of it and pypdf read each PDF one after the other, each in a process of its own
that goes on from PDF to PDF, so that whatever slows the machine meets all of them. Prints Markdown:
CPU-seconds of the rounds' medians, and the PDFs whose reading has become dearer most.
"""

import argparse
import json
import logging
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import IO, cast

from pypdf import PdfReader

from bench.processes import print_table

_WORST = 5


def main() -> None:
    """Measures, and prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.extraction", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="of PDFs")
    parser.add_argument("--against", type=Path, metavar="CHECKOUT", help="an older checkout, to compare")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--without-pypdf", action="store_true", help="pypdf takes ten times as long as all else"
    )
    parser.add_argument("--read-with", choices=["stackroom", "pypdf"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read_with:
        _serve(_pages_of_pypdf if arguments.read_with == "pypdf" else _pages_of_stackroom())
        return
    here = Path(__file__).resolve().parents[1]
    readers = {"Stackroom": (here, "stackroom")}
    if arguments.against:
        readers = {"before": (arguments.against.resolve(), "stackroom"), **readers}
    if not arguments.without_pypdf:
        readers["pypdf"] = (here, "pypdf")
    paths = sorted(arguments.folder.rglob("*.pdf"))
    seconds: dict[str, dict[Path, list[float]]] = {name: defaultdict(list) for name in readers}
    pages: dict[str, dict[Path, int]] = {name: {} for name in readers}
    with ExitStack() as stack:
        asked = {
            name: stack.enter_context(_process(checkout, here, kind))
            for name, (checkout, kind) in readers.items()
        }
        for _ in range(arguments.rounds):
            for path in paths:
                for name, process in asked.items():
                    cpu, pages[name][path] = _ask(process, path)
                    seconds[name][path].append(cpu)
    cpu_of = {name: {path: statistics.median(of[path]) for path in paths} for name, of in seconds.items()}
    rows = []
    for name in readers:
        cpu, read = sum(cpu_of[name].values()), sum(pages[name].values())
        failed = sum(not count for count in pages[name].values())
        rows.append([name, str(read), str(failed), f"{cpu:.2f}", f"{read / cpu:.0f}"])
    print_table(["", "pages", "files that could not be read", "CPU-s", "pages per CPU-s"], *rows)
    if arguments.against:
        before, now = cpu_of["before"], cpu_of["Stackroom"]
        print(f"\nnow / before: {sum(now.values()) / sum(before.values()):.3f}\n")
        worst = sorted(paths, key=lambda path: before[path] - now[path])[:_WORST]
        print_table(
            ["dearer most", "before, CPU-ms", "now"],
            *([path.name, f"{1000 * before[path]:.1f}", f"{1000 * now[path]:.1f}"] for path in worst),
        )


def _process(checkout: Path, here: Path, kind: str) -> "subprocess.Popen[str]":
    """A process that imports the product from a checkout, and the rest from here."""
    path = os.pathsep.join(map(str, (checkout / "src", checkout, here)))
    command = [sys.executable, str(Path(__file__).resolve()), "--read-with", kind]
    return subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _ask(process: "subprocess.Popen[str]", path: Path) -> tuple[float, int]:
    """CPU-seconds and pages of a PDF; 0 pages if it could not be read."""
    question, answer = cast(IO[str], process.stdin), cast(IO[str], process.stdout)
    question.write(f"{path.resolve()}\n")
    question.flush()
    cpu, pages = json.loads(answer.readline())
    return float(cpu), int(pages)


def _serve(count: Callable[[Path], int]) -> None:
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    for line in sys.stdin:
        started = time.process_time()
        pages = count(Path(line.rstrip("\n")))
        print(json.dumps([time.process_time() - started, pages]), flush=True)


def _pages_of_stackroom() -> Callable[[Path], int]:
    try:
        extract = import_module("indexer.pdf.pdfium").extract
    except ModuleNotFoundError:  # the first version
        extract = import_module("indexer.extract").extract
    failed: type[Exception] = import_module("stackroom.common.errors").ExtractionFailed

    def count(path: Path) -> int:
        try:
            return len(extract(path, "0" * 24, on_page=lambda _done, _total: None).pages)
        except failed:
            return 0

    return count


def _pages_of_pypdf(path: Path) -> int:
    try:
        return len([page.extract_text() for page in PdfReader(path).pages])
    except Exception:  # noqa: BLE001  pypdf raises all kinds on damaged files
        return 0


if __name__ == "__main__":
    main()
