"""Thousands of PDFs dropped into a watched folder at once, and then a folder of thousands renamed.

Prints Markdown. The PDFs have one page of 60 words each; half of them end up in the folder that is renamed.
"""

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.processes import STACKROOM, Command, print_table
from bench.robustness.changed import texts, write_pdf

_POLL_SECONDS = 0.25
_LONGEST_SECONDS = 1800.0
_NEVER_READ = "SELECT count(*) FROM locations WHERE document IS NULL"


def main() -> None:
    """Measures, and prints a table. Exits with 1 if a file was lost, or one that was renamed was embedded."""
    parser = argparse.ArgumentParser(prog="python -m bench.robustness.dropped", description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--models", type=Path, help="a data folder's models, so as not to make them again")
    arguments = parser.parse_args()
    files = arguments.files
    written = texts()
    with tempfile.TemporaryDirectory(prefix="stackroom-dropped-") as name:
        outside, library, data = (Path(name) / part for part in ("outside", "library", "data"))
        for folder in (outside, library, data):
            folder.mkdir()
        for number in range(files):
            path = outside / f"half{number * 2 // files}" / f"{number // 100:03}" / f"{number:06}.pdf"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_pdf(path, next(written))
        if arguments.models:
            (data / "models").symlink_to(arguments.models.resolve(), target_is_directory=True)
        watch = Command([*STACKROOM, "watch", str(library), "--data", str(data), "--quiet"])
        catalog = Catalogue(data / "index" / "catalog.sqlite3")
        _wait(watch, "the watch to begin", lambda: catalog.number("SELECT count(*) FROM libraries") == 1)

        drop = Lap(watch)
        for path in sorted(outside.rglob("*.pdf")):
            target = library / path.relative_to(outside)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
        moved = drop.seconds
        counted = "SELECT count(*) FROM documents"
        first = drop.until("the first document", lambda: catalog.number(counted) > 0)
        read = drop.until("all to be read", lambda: catalog.number(counted) == files)
        done = drop.until("all to be embedded", lambda: catalog.number("SELECT count(*) FROM pending") == 0)
        drop_cpu, drop_mb = drop.cpu, watch.together_mb
        failed = catalog.number(_NEVER_READ)

        last_passage = catalog.number("SELECT max(id) FROM passages")
        rename = Lap(watch)
        (library / "half0").rename(library / "renamed")
        known = rename.until(
            "all to be known by their new names",
            lambda: (
                catalog.number("SELECT count(*) FROM locations WHERE path LIKE 'renamed/%'") == files // 2
                and catalog.number("SELECT count(*) FROM locations WHERE path LIKE 'half0/%'") == 0
            ),
        )
        rename_cpu = rename.cpu
        is_new = catalog.number("SELECT max(id) FROM passages") - last_passage
        failed += catalog.number(_NEVER_READ) + abs(catalog.number(counted) - files)
        watch.stop()
    print_table(
        ["what", "wall-clock s", "CPU-s"],
        [f"{files} PDFs moved into the folder, one by one", f"{moved:.1f}", ""],
        ["until the first can be searched", f"{first:.1f}", ""],
        ["until all can be searched by their words", f"{read:.1f}", ""],
        ["until all can be searched by their meaning", f"{done:.1f}", f"{drop_cpu:.0f}"],
        [
            f"a folder with {files // 2} of them renamed, until all are known",
            f"{known:.1f}",
            f"{rename_cpu:.1f}",
        ],
    )
    print(f"Peak memory of all processes together {drop_mb:.0f} MB, of the first {watch.main_mb:.0f} MB.")
    print(f"Files lost or not read: {failed}. Passages made by renaming: {is_new}.")
    raise SystemExit(bool(failed or is_new))


class Lap:
    """Time and CPU time of a watch since a moment."""

    def __init__(self, watch: Command) -> None:
        """Begins now."""
        watch.sample()
        self._watch, self._cpu, self._started = watch, watch.cpu, time.monotonic()

    @property
    def seconds(self) -> float:
        """Wall-clock seconds since it began."""
        return time.monotonic() - self._started

    @property
    def cpu(self) -> float:
        """CPU-seconds since it began."""
        self._watch.sample()
        return self._watch.cpu - self._cpu

    def until(self, what: str, is_so: Callable[[], bool]) -> float:
        """Waits, and returns how many seconds after the beginning that was."""
        _wait(self._watch, what, is_so)
        return self.seconds


class Catalogue:
    """Numbers from the catalogue while another process writes it."""

    def __init__(self, path: Path) -> None:
        """Need not be there yet."""
        self._path = path

    def number(self, query: str) -> int:
        """What a query finds; 0 if there is no catalogue yet."""
        if not self._path.exists():
            return 0
        connection = sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True, timeout=30)
        try:
            return int(connection.execute(query).fetchone()[0] or 0)
        except sqlite3.OperationalError:  # it is being made
            return 0
        finally:
            connection.close()


def _wait(watch: Command, what: str, is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while not is_so():
        if watch.wait(_POLL_SECONDS) or time.monotonic() > deadline:
            raise SystemExit(f"waited in vain for {what}")
        watch.sample()


if __name__ == "__main__":
    main()
