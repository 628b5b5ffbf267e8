"""Tables of public PDFs whose cells are known: `python -m bench.public_tables CLONE [--peers PYTHON]`.

CLONE is a folder with https://github.com/camelot-dev/camelot (see `bench.table_truth`). Stackroom's tables
are those of the Markdown that `fetch` gives, at the cost of all of reading. The files are parted by their
names: one half is for tuning, the other only reported. Prints Markdown.

- Cells: the share of the true cells with text that are right. A table that was found is compared with the
  true one of its page with which it shares most words. Columns and then rows are assigned in order, so that
  most texts are the same; a cell is right if its text is in its column and row: case, blanks and hyphens
  between letters are no difference. One that spans may be in any of those that it spans. Empty cells are not
  counted.
- Relations: what the competition measured. Each cell is related to the next cell with text on its right and
  below it; precision and recall of these pairs of texts are averaged over the files of the second half. A
  file without any has 0.
- False tables: those most of whose words are in no true table of their page.
"""

import argparse
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from bench.processes import print_table
from bench.table_peers import Pages
from bench.table_readers import TablesRead, read_all
from bench.table_truth import SETS, TrueCell, TrueFile, read_truth

_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u2010\u00ad](?=[^\W\d_])")

Grid = list[list[str]]


@dataclass
class Score:
    """How much of one file's tables was found.

    Attributes:
        right, cells: true cells that are right, and all of them.
        related, true_related, found_related: pairs of neighbours that are right, all true, and all found.
        false_tables: how many tables are none.
    """

    right: int = 0
    cells: int = 0
    related: int = 0
    true_related: int = 0
    found_related: int = 0
    false_tables: int = 0


def main() -> None:
    """Reads, measures, and prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.public_tables", description=__doc__)
    parser.add_argument("clone", type=Path)
    parser.add_argument("--peers", metavar="PYTHON", help="a Python that has the other libraries")
    parser.add_argument(
        "--files", action="store_true", help="also the right cells of each file of the first half"
    )
    arguments = parser.parse_args()
    truth = {name: read_truth(arguments.clone, name) for name in SETS}
    files = [file for found in truth.values() for file in found]
    paths = [file.path for file in files]
    read = dict(read_all(paths, arguments.peers))
    for name, found in truth.items():
        _print_scores(name, found, read)
        if arguments.files:
            _print_files([file for file in found if half(file.path) == 1], read)
    _print_speed(read)


def half(path: Path) -> int:
    """1 for the files for tuning, 2 for the others."""
    return 1 + sha256(path.stem.encode()).digest()[0] % 2


def _print_scores(name: str, found: Sequence[TrueFile], read: Mapping[str, TablesRead]) -> None:
    rows = [
        [
            name,
            "cells, first half",
            "second half",
            "precision",
            "recall",
            "F",
            "false tables, first",
            "second",
        ]
    ]
    for library, tables in read.items():
        scores = {at: [score(file, tables.files) for file in found if half(file.path) == at] for at in (1, 2)}
        precision, recall = relations(scores[2])
        both = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        rows.append(
            [library]
            + [f"{share(scores[at]):.3f}" for at in (1, 2)]
            + [f"{value:.3f}" for value in (precision, recall, both)]
            + [str(sum(each.false_tables for each in scores[at])) for at in (1, 2)]
        )
    print_table(*rows)


def _print_files(found: Sequence[TrueFile], read: Mapping[str, TablesRead]) -> None:
    rows = [["file", "cells", *read]]
    for file in found:
        scores = [score(file, tables.files) for tables in read.values()]
        marks = [f"{each.right}" + f" +{each.false_tables}" * bool(each.false_tables) for each in scores]
        rows.append([file.path.stem, str(scores[0].cells), *marks])
    print_table(*rows)


def _print_speed(read: Mapping[str, TablesRead]) -> None:
    rows = [["", "pages per CPU-s", "of pdfplumber's"]]
    pages = read["Stackroom"].pages
    plumber = read.get("pdfplumber")
    for library, tables in read.items():
        times = f"{plumber.seconds / tables.seconds:.1f}" if plumber else ""
        rows.append([library, f"{pages / tables.seconds:.1f}", times])
    print_table(*rows)


def share(scores: Sequence[Score]) -> float:
    """Of the cells of some files, the right ones."""
    return sum(each.right for each in scores) / max(sum(each.cells for each in scores), 1)


def relations(scores: Sequence[Score]) -> tuple[float, float]:
    """Precision and recall of the pairs of neighbours: means over the files."""
    precisions = [each.related / max(each.found_related, 1) for each in scores]
    recalls = [each.related / max(each.true_related, 1) for each in scores]
    return sum(precisions) / max(len(scores), 1), sum(recalls) / max(len(scores), 1)


def score(file: TrueFile, read: Mapping[Path, Pages]) -> Score:
    """How much of a file's tables is in what was read. Of a file that has tables that are not known, nothing
    is false.
    """
    total = Score()
    found = read.get(file.path, {})
    for number in file.pages.keys() | (found.keys() if file.is_whole else ()):
        tables = [list(map(_plain_cell, cells)) for cells in file.pages.get(number, [])]
        grids = [[list(map(_plain, row)) for row in grid] for grid in found.get(number, [])]
        words = [Counter(word for cell in cells for word in cell.text.split()) for cells in tables]
        every: Counter[str] = sum(words, Counter())
        right: set[tuple[int, int]] = set()
        for grid in grids:
            own = Counter(word for row in grid for cell in row for word in cell.split())
            if (own & every).total() * 2 < own.total():
                total.false_tables += file.is_whole
            shared = [(own & each).total() for each in words]
            if any(shared):
                at = shared.index(max(shared))
                right |= {(at, cell) for cell in right_cells(tables[at], _squeezed(grid))}
        true_pairs = Counter(pair for cells in tables for pair in _pairs(cells))
        found_pairs = Counter(pair for grid in grids for pair in _pairs(_as_cells(grid)))
        total.right += len(right)
        total.cells += sum(map(len, tables))
        total.related += (true_pairs & found_pairs).total()
        total.true_related += true_pairs.total()
        total.found_related += found_pairs.total()
    return total


def _plain(text: str) -> str:
    """The text with one form for each character, words parted by one blank, broken ones whole."""
    return _HYPHEN.sub("", " ".join(unicodedata.normalize("NFKC", text).casefold().split()))


def _plain_cell(cell: TrueCell) -> TrueCell:
    return replace(cell, text=_plain(cell.text))


def _squeezed(grid: Grid) -> Grid:
    return [[_squeeze(cell) for cell in row] for row in grid]


def _squeeze(text: str) -> str:
    return _HYPHEN.sub("", text.replace(" ", ""))


def _as_cells(grid: Grid) -> list[TrueCell]:
    return [
        TrueCell(text, range(row, row + 1), range(column, column + 1))
        for row, cells in enumerate(grid)
        for column, text in enumerate(cells)
        if text
    ]


def _pairs(cells: Sequence[TrueCell]) -> Iterator[tuple[str, str, str]]:
    """Each cell's text with that of the next one on its right or below, and which of the two."""
    at = {(row, column): cell for cell in cells for row in cell.rows for column in cell.columns}
    height = max((cell.rows.stop for cell in cells), default=0)
    width = max((cell.columns.stop for cell in cells), default=0)
    for cell in cells:
        beside = (
            _next(at, [(row, column) for column in range(cell.columns.stop, width)]) for row in cell.rows
        )
        below = (
            _next(at, [(row, column) for row in range(cell.rows.stop, height)]) for column in cell.columns
        )
        for side, others in (("right", beside), ("below", below)):
            for other in {id(other): other for other in others if other}.values():
                yield _squeeze(cell.text), _squeeze(other.text), side


def _next(at: Mapping[tuple[int, int], TrueCell], places: Sequence[tuple[int, int]]) -> TrueCell | None:
    return next((at[place] for place in places if place in at), None)


def right_cells(cells: Sequence[TrueCell], grid: Grid) -> set[int]:
    """The numbers of those true cells whose text is in their row and column of `grid`, whose cells have no
    blanks.
    """
    texts = [_squeeze(cell.text) for cell in cells]
    width = max((len(row) for row in grid), default=0)
    rows = [row + [""] * (width - len(row)) for row in grid]
    wide, high = max(cell.columns.stop for cell in cells), max(cell.rows.stop for cell in cells)
    own: list[Counter[str]] = [Counter() for _ in range(wide)]
    for cell, text in zip(cells, texts, strict=True):
        for column in cell.columns:
            own[column][text] += 1
    theirs = [Counter(row[column] for row in rows) for column in range(width)]
    column_of = _assign([[(one & other).total() for other in theirs] for one in own])
    wanted: list[list[tuple[str, list[int]]]] = [[] for _ in range(high)]
    for cell, text in zip(cells, texts, strict=True):
        columns = [column_of[column] for column in cell.columns if column in column_of]
        for at in cell.rows:
            wanted[at].append((text, columns))
    row_of = _assign(
        [
            [sum(any(row[at] == text for at in columns) for text, columns in line) for row in rows]
            for line in wanted
        ]
    )
    return {
        number
        for number, (cell, text) in enumerate(zip(cells, texts, strict=True))
        if any(
            rows[row_of[row]][column_of[column]] == text
            for row in cell.rows
            if row in row_of
            for column in cell.columns
            if column in column_of
        )
    }


def _assign(alike: Sequence[Sequence[int]]) -> dict[int, int]:
    """Which of the others belongs to each, in order, so that the sum of what is alike is highest."""
    width = len(alike[0]) if alike else 0
    best = [[0] * (width + 1) for _ in range(len(alike) + 1)]
    for at, line in enumerate(alike):
        for other, value in enumerate(line):
            best[at + 1][other + 1] = max(best[at][other + 1], best[at + 1][other], best[at][other] + value)
    assigned = {}
    at, other = len(alike), width
    while at and other:
        if best[at][other] == best[at - 1][other]:
            at -= 1
        elif best[at][other] == best[at][other - 1]:
            other -= 1
        else:
            at, other = at - 1, other - 1
            assigned[at] = other
    return assigned


if __name__ == "__main__":
    main()
