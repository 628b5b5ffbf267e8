"""Share of cells in the right row and column: `python -m bench.tables FOLDER [--peers PYTHON]`.

Makes 60 PDFs with tables whose cells are known (see `bench.table_files`) in FOLDER, unless they are there.
The first 30 are for tuning, the others only reported. With `--peers`, a Python that has pdfplumber,
camelot-py or pymupdf4llm reads the same files. Prints Markdown.

A cell is right if its text, blanks apart, stands in its column of its row: rows are assigned in order, so
that most cells are right; columns without text are not counted. Empty cells count as well, those that another
one spans do not.
"""

import argparse
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.processes import print_table
from bench.table_files import Table, make, tables
from bench.table_peers import Tables
from bench.table_readers import read_all


def main() -> None:
    """Makes the files, measures, and prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.tables", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peers", metavar="PYTHON", help="a Python that has the other libraries")
    parser.add_argument("--kinds", action="store_true", help="also the share for each kind and producer")
    arguments = parser.parse_args()
    every = tables()
    for producer, reason in make(every, arguments.folder).items():
        print(f"{producer}: left out, {reason}\n")
    found = [table for table in every if (arguments.folder / f"{table.name}.pdf").exists()]
    results = dict(read_all([arguments.folder / f"{table.name}.pdf" for table in found], arguments.peers))
    read = {
        name: {
            path.stem: [table for page in pages.values() for table in page]
            for path, pages in each.files.items()
        }
        for name, each in results.items()
    }
    rows = [["", "first half", "second half", "pages per CPU-s", "of pdfplumber's"]]
    plumber = results.get("pdfplumber")
    for name, each in results.items():
        halves = [_share(part, read[name]) for part in (found[: len(every) // 2], found[len(every) // 2 :])]
        times = f"{plumber.seconds / each.seconds:.1f}" if plumber else ""
        rows.append([name, *halves, f"{results['Stackroom'].pages / each.seconds:.0f}", times])
    print_table(*rows)
    if arguments.kinds:
        for kind in ("kind", "producer"):
            _print_by(kind, found, read)


def _print_by(kind: str, found: Sequence[Table], read: Mapping[str, Mapping[str, Tables]]) -> None:
    groups: defaultdict[str, list[Table]] = defaultdict(list)
    for table in found:
        groups[getattr(table, kind)].append(table)
    rows = [[kind, *read]]
    rows += [[name, *(_share(some, tables_) for tables_ in read.values())] for name, some in groups.items()]
    print_table(*rows)


def _share(some: Sequence[Table], read: Mapping[str, Tables]) -> str:
    counts = [count_right(table.grid(), read.get(table.name, [])) for table in some]
    cells = sum(cells for _, cells in counts)
    return f"{sum(right for right, _ in counts) / cells:.3f}" if cells else "–"


def count_right(truth: Sequence[Sequence[str | None]], read: Tables) -> tuple[int, int]:
    """How many cells are right, and how many there are.

    Args:
        truth: see `bench.table_files.Table.grid`.
        read: the tables that were found in the file; those of a file are parts of one table.
    """
    rows = [row for table in read for row in _without_empty_columns(table)]
    wanted = [[None if text is None else _squeezed(text) for text in row] for row in truth]
    best = [0] * (len(rows) + 1)  # most right cells of the true rows so far, by rows used
    for line in wanted:
        now = best[:]
        for at, row in enumerate(rows):
            now[at + 1] = max(now[at], best[at + 1], best[at] + _count_alike(line, row))
        best = now
    return best[-1], sum(text is not None for row in wanted for text in row)


def _count_alike(line: Sequence[str | None], row: Sequence[str]) -> int:
    """The right cells of a row; none if only empty ones are."""
    alike = [text for text, other in zip(line, row, strict=False) if text is not None and text == other]
    return len(alike) if any(alike) else 0


def _without_empty_columns(table: list[list[str]]) -> list[list[str]]:
    width = max(map(len, table), default=0)
    rows = [[_squeezed(cell) for cell in row] + [""] * (width - len(row)) for row in table]
    kept = [column for column in range(width) if any(row[column] for row in rows)]
    return [[row[column] for column in kept] for row in rows]


def _squeezed(text: str) -> str:
    return "".join(text.split())


if __name__ == "__main__":
    main()
