"""PDFs and files that are made to hurt: what a folder of them costs, and what is said of each.

Prints Markdown: for each bomb, what indexing says of it and what its picture ends with; and the longest
time and the most memory. A good PDF lies among them, and must be found. `--keep FOLDER` only makes them.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from bench.processes import STACKROOM, print_table, run
from stackroom.common.errors import PictureFailed
from stackroom.server.room.pictures import PageToDraw, Pictures

_LIMITS = {
    "STACKROOM_FILE_SECONDS": "30",
    "STACKROOM_STALL_SECONDS": "10",
    "STACKROOM_FILE_MEMORY_MB": "1024",
}


def main() -> None:
    """Makes them, indexes them, draws them, prints the table. Exits with 1 if the good PDF is not found."""
    parser = argparse.ArgumentParser(prog="python -m bench.robustness.bombs", description=__doc__)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="make them there, and nothing else")
    parser.add_argument("--models", type=Path, help="a data folder's models, so as not to make them again")
    arguments = parser.parse_args()
    sys.path.append(str(Path(__file__).parents[2] / "tests"))
    from make_bombs import BOMBS, make

    if arguments.keep:
        make(arguments.keep)
        return
    with tempfile.TemporaryDirectory(prefix="stackroom-bombs-") as name:
        library, data = Path(name) / "library", Path(name) / "data"
        make(library)
        data.mkdir()
        if arguments.models:
            (data / "models").symlink_to(arguments.models.resolve(), target_is_directory=True)
        index = run([*STACKROOM, "index", str(library), "--data", str(data), "--json", "--quiet"], _LIMITS)
        summary = json.loads(index.output)
        rows = []
        for path in sorted(library.glob("*.pdf")):
            if path.stem in BOMBS or path.name in ("good.pdf", "claiming.pdf"):
                drawn, seconds = _drawn(path)
                said = summary["failures"].get(str(path), "read")
                rows.append([path.name, f"{path.stat().st_size:,}", said, drawn, f"{seconds:.1f}"])
        for path, reason in summary["unreadable"].items():
            rows.append([ascii(Path(path).name), "", reason, "", ""])
        found = run([*STACKROOM, "search", "ordinary page", "--data", str(data), "--json"])
        is_found = "An ordinary page among bombs" in json.loads(found.output)["results"][0]["text"]
    print_table(["file", "bytes", "indexing", "its picture", "s"], *rows)
    print(f"Indexing took {index.seconds:.0f} s; most memory of a reading process {index.other_mb:.0f} MB.")
    print(f"The good PDF is {'found' if is_found else 'NOT found'}.")
    raise SystemExit(not is_found)


def _drawn(path: Path) -> tuple[str, float]:
    started = time.monotonic()
    try:
        picture = Pictures().picture(PageToDraw("0" * 24, 1, path, "", 0, 0))
        outcome = f"{picture.width}x{picture.height}"
    except PictureFailed as error:
        outcome = str(error)
    return outcome, time.monotonic() - started


if __name__ == "__main__":
    main()
