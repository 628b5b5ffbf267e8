"""How long `watch` does not see what happens in its folder while passages wait to be embedded.

Prints Markdown: with passages waiting, seconds until a file that is dropped can be found by its words, one
that is written over by its new words, and until a rename and a removal take effect; all happens at once. Each
checkout that is named gets the same library, one after the other; all run in this environment.
"""

import argparse
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from bench.processes import STACKROOM, Command, own_models, print_table, run
from bench.robustness.changed import texts, write_pdf
from stackroom.catalog.catalog import Catalog
from stackroom.common.settings import Settings
from stackroom.embedding.models import Models
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader

_TEXTS_A_PAGE = 6  # of 60 words
_PAGES = 10
_LONGEST_SECONDS = 3600.0
_POLL_SECONDS = 0.1


def main() -> None:
    """Measures, and prints a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.robustness.blind", description=__doc__)
    parser.add_argument("--files", type=int, default=100, help="of ten pages")
    parser.add_argument(
        "checkouts", nargs="*", type=Path, default=[Path.cwd()], help="(default: the working directory)"
    )
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="stackroom-blind-") as name:
        prepared = _prepared_models(Path(name))
        for number, checkout in enumerate(arguments.checkouts):
            rows.append(_measure(checkout.resolve(), Path(name) / str(number), arguments.files, prepared))
    heads = ["checkout", "passages waiting", "dropped", "written over", "renamed", "removed", "all embedded"]
    print(f"{arguments.files} PDFs of {_PAGES} pages. Seconds from the change, of which a file keeps still")
    print("for 1 s; the last column from the start.\n")
    print_table(heads, *rows)


def _prepared_models(folder: Path) -> Path:
    (folder / "first").mkdir()
    write_pdf(folder / "first" / "a.pdf", next(texts()))
    models = own_models(folder / "data")
    run([*STACKROOM, "index", str(folder / "first"), "--data", str(folder / "data"), "--quiet"])
    return models


def _measure(checkout: Path, folder: Path, files: int, models: Path) -> list[str]:
    library, data = folder / "library", folder / "data"
    library.mkdir(parents=True)
    data.mkdir()
    (data / "models").symlink_to(models, target_is_directory=True)
    written = texts()
    for number in range(files):
        path = library / f"{number:05}.pdf"
        write_pdf(path, *(_text(written) for _ in range(_PAGES)))
        os.utime(path, (0, 0))  # it has kept still
    (outside := folder / "outside").mkdir()
    for word in ("dropped", "over"):
        write_pdf(outside / f"{word}.pdf", f"Xylqqx{word} {_text(written)}")
    paths = os.pathsep.join([str(checkout / "src"), str(checkout)])
    watch = Command(
        [*STACKROOM, "watch", str(library), "--data", str(data), "--quiet"],
        {"PYTHONPATH": paths, "PYTHONSAFEPATH": "1"},  # nothing from the working directory
    )
    settings = Settings.read({}, data=data)

    def number_of(query: str) -> int:
        with closing(sqlite3.connect(f"{settings.catalog.as_uri()}?mode=ro", uri=True, timeout=30)) as db:
            return int(db.execute(query).fetchone()[0])

    def wait(is_so: Callable[[], bool]) -> float:
        while not is_so():
            if watch.wait(_POLL_SECONDS) or watch.age > _LONGEST_SECONDS:
                raise SystemExit("waited in vain")
        return watch.age

    pending = "SELECT count(*) FROM pending"
    wait(settings.catalog.exists)
    wait(lambda: number_of("SELECT count(*) FROM sqlite_master WHERE name = 'pending'") == 1)
    wait(lambda: number_of("SELECT count(*) FROM documents") == files)
    with closing(
        Reader(Catalog(settings.catalog), WordIndex(settings.words), Models(settings.models))
    ) as reader:

        def finds(word: str) -> bool:
            return any(f"Xylqqx{word}" in hit.best.text for hit in reader.search(f"Xylqqx{word}"))

        finds("dropped")  # the model is loaded
        waiting = number_of(pending)
        began = watch.age
        (outside / "dropped.pdf").rename(library / "dropped.pdf")
        (outside / "over.pdf").rename(library / "00000.pdf")
        (library / "00001.pdf").rename(library / "renamed.pdf")
        (library / "00002.pdf").unlink()
        for moved in ("dropped.pdf", "00000.pdf"):
            os.utime(library / moved)
        checks: dict[str, Callable[[], bool]] = {
            "dropped": lambda: finds("dropped"),
            "over": lambda: finds("over"),
            "renamed": lambda: number_of("SELECT count(*) FROM locations WHERE path = 'renamed.pdf'") == 1,
            "removed": lambda: number_of("SELECT count(*) FROM locations WHERE path = '00002.pdf'") == 0,
        }
        seconds: dict[str, float] = {}
        while len(seconds) < len(checks):
            wait(lambda: any(check() for what, check in checks.items() if what not in seconds))
            for what, check in checks.items():
                if what not in seconds and check():
                    seconds[what] = watch.age - began
        done = wait(lambda: number_of(pending) == 0)
    watch.stop()
    return [checkout.name, f"{waiting:,}", *(f"{seconds[what]:.1f}" for what in checks), f"{done:.0f}"]


def _text(written: Iterator[str]) -> str:
    return " ".join(next(written) for _ in range(_TEXTS_A_PAGE))


if __name__ == "__main__":
    main()
