"""A library of many small PDFs: indexing it, a run with nothing changed, and a run after one has changed.

Prints Markdown. The PDFs are made here: a page of 60 words each, all different. The last two take turns.
"""

import argparse
import random
import tempfile
import textwrap
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

from bench.processes import STACKROOM, Command, median, print_table, run
from bench.words import vocabulary, zipf_weights

_WORDS = 60


def main() -> None:
    """Measures, and prints a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.robustness.changed", description=__doc__)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3, help="of the runs with nothing and one changed")
    arguments = parser.parse_args()
    written = texts()
    with tempfile.TemporaryDirectory(prefix="stackroom-bench-") as name:
        library = Path(name) / "library"
        paths = [library / f"{number // 100:03}" / f"{number:05}.pdf" for number in range(arguments.files)]
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_pdf(path, next(written))
        index = [*STACKROOM, "index", str(library), "--data", f"{name}/data", "--json", "--quiet"]
        first = run(index)
        nothing, one = [], []
        for number in range(arguments.rounds):
            nothing.append(run(index))
            write_pdf(paths[number * len(paths) // arguments.rounds], next(written))
            one.append(run(index))
        helps = [run([*STACKROOM, "--help"]) for _ in range(arguments.rounds)]
    print(
        f"{arguments.files} PDFs of one page, {_WORDS} words each; {arguments.rounds} rounds, the medians.\n"
    )
    print_table(
        ["what", "CPU-s", "wall-clock s", "peak RSS of all processes, MB"],
        _row("indexing all", [first]),
        _row("again, nothing changed", nothing),
        _row("again, one document changed", one),
        _row("to compare: `stackroom --help`", helps),
    )


def write_pdf(path: Path, *texts: str) -> None:
    """A PDF with a page for each of these ASCII texts."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(texts)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(texts)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for text in texts:
        escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        lines = "".join(f"({line}) '\n" for line in textwrap.wrap(escaped, 80))
        shown = f"BT /F1 11 Tf 14 TL 50 780 Td {lines}ET"
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {len(objects) + 2} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>",
            f"<< /Length {len(shown)} >>\nstream\n{shown}\nendstream",
        ]
    written = "%PDF-1.4\n"
    table = "0000000000 65535 f \n"
    for number, content in enumerate(objects, 1):
        table += f"{len(written):010} 00000 n \n"
        written += f"{number} 0 obj\n{content}\nendobj\n"
    trailer = f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(written)}\n%%EOF\n"
    path.write_bytes(f"{written}xref\n0 {len(objects) + 1}\n{table}{trailer}".encode("ascii"))


def texts() -> Iterator[str]:
    """Texts that differ, without end."""
    chance = random.Random(1)
    words = vocabulary(20_000)
    cumulated = list(accumulate(zipf_weights(len(words))))
    while True:
        yield " ".join(chance.choices(words, cum_weights=cumulated, k=_WORDS)).capitalize() + "."


def _row(what: str, runs: list[Command]) -> list[str]:
    return [
        what,
        f"{median(run.cpu for run in runs):.2f}",
        f"{median(run.seconds for run in runs):.2f}",
        f"{median(run.together_mb for run in runs):.0f}",
    ]


if __name__ == "__main__":
    main()
