"""Reads the tables of PDFs with Stackroom, and with other libraries in a Python that has them."""

import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.table_peers import LIBRARIES, Pages, parse_markdown
from indexer.pdf.pdfium import extract


@dataclass(frozen=True)
class TablesRead:
    """What one library found.

    Attributes:
        files: path → number of a page, from 1 → its tables as rows of cells.
        seconds: CPU-seconds for all files; the least of some rounds.
        pages: how many pages the files have; 0 if the library does not tell.
    """

    files: dict[Path, Pages]
    seconds: float
    pages: int = 0


def read_all(paths: Sequence[Path], peers: str | None, rounds: int = 3) -> Iterator[tuple[str, TablesRead]]:
    """Each library's name with what it found, Stackroom first. Prints why one is left out.

    Args:
        paths: of the PDFs.
        peers: a Python that has the other libraries, if these are wanted.
        rounds: how often Stackroom reads everything; the others read it once.
    """
    yield "Stackroom", _read(paths, rounds)
    for library in LIBRARIES if peers else ():
        outcome = _read_with(str(peers), library, paths)
        if isinstance(outcome, str):
            print(f"{library}: left out, {outcome}\n")
        else:
            yield library, outcome


def _read(paths: Sequence[Path], rounds: int) -> TablesRead:
    seconds = []
    for _ in range(rounds):
        started = time.process_time()
        read = {path: extract(path, "0" * 24, on_page=lambda done, total: None) for path in paths}
        seconds.append(time.process_time() - started)
    files = {
        path: {page.number: parse_markdown(page.text) for page in document.pages}
        for path, document in read.items()
    }
    return TablesRead(files, min(seconds), sum(map(len, files.values())))


def _read_with(python: str, library: str, paths: Sequence[Path]) -> TablesRead | str:
    """What another library found; or why that cannot be."""
    program = str(Path(__file__).with_name("table_peers.py"))
    command = [python, program, library, *map(str, paths)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode:
        return done.stderr.strip().rpartition("\n")[2]
    # Some write notes of their own before.
    answer = json.loads(done.stdout.strip().rpartition("\n")[2])["files"]
    files = {
        Path(path): {int(number): tables for number, tables in pages.items()}
        for path, (pages, _) in answer.items()
    }
    return TablesRead(files, sum(seconds for _, seconds in answer.values()))
