"""Tables of public PDFs whose cells are known, from a clone of https://github.com/camelot-dev/camelot.

It holds two sets (nothing of them is in this repository):

- "icdar": the files of the ICDAR 2013 table competition, 67 PDFs of European and American offices with every
  table marked by hand (`*-str.xml`). Where two readings of a file were allowed (a and b), the first counts.
- "camelot": what camelot's own tests expect (`tests/data.py`). It is camelot's reading, looked through by its
  authors: camelot is right in it by construction, also where it takes a title for a row. The rows above and
  below that its `network` parser leaves out are left out here too. A page may have other tables.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

SETS = ("icdar", "camelot")


@dataclass(frozen=True)
class TrueCell:
    """A cell with text.

    Attributes:
        text: as it is written down in the set.
        rows, columns: those that it covers, from 0.
    """

    text: str
    rows: range
    columns: range


@dataclass(frozen=True)
class TrueFile:
    """A PDF and its tables.

    Attributes:
        path: of the PDF.
        pages: number of the page, from 1 → its tables, each as its cells. Pages without tables are left out.
        is_whole: whether these are all tables of the file.
    """

    path: Path
    pages: dict[int, list[list[TrueCell]]]
    is_whole: bool


def read_truth(clone: Path, name: str) -> list[TrueFile]:
    """The files of one of SETS, in the order of their names.

    Raises:
        FileNotFoundError: `clone` has no such set.
    """
    tests = clone / "tests"
    found = _read_competition(tests) if name == "icdar" else _read_camelot(tests)
    if not found:
        raise FileNotFoundError(f"{tests} has no PDFs with tables that are known: clone camelot there")
    return found


def _read_competition(tests: Path) -> list[TrueFile]:
    found = []
    for marked in sorted(tests.rglob("*-str.xml")):
        path = marked.with_name(marked.name.replace("-str.xml", ".pdf"))
        if not path.exists():
            continue  # the second reading of a file
        pages: dict[int, list[list[TrueCell]]] = {}
        for region in ElementTree.parse(marked).iter("region"):  # noqa: S314  the user chose the clone
            pages.setdefault(int(region.attrib["page"]), []).append(_region(region))
        found.append(TrueFile(path, pages, is_whole=True))
    return found


def _region(region: ElementTree.Element) -> list[TrueCell]:
    cells = []
    for cell in region.iter("cell"):
        rows, columns = (
            range(int(first), int(cell.get(f"end-{side}", first)) + 1)
            for side in ("row", "col")
            for first in (cell.attrib[f"start-{side}"],)
        )
        text = cell.findtext("content") or ""
        if text.strip():
            cells.append(TrueCell(text, rows, columns))
    return cells


# What the tests of camelot 2.0 read from which file, on its first page: (names in tests/data.py, file).
_CAMELOT = (
    ("lattice_table_rotated", "clockwise_table_1"),
    ("lattice_table_rotated", "anticlockwise_table_1"),
    ("lattice_two_tables_1 lattice_two_tables_2", "twotables_2"),
    ("lattice_table_regions", "table_region"),
    ("lattice_process_background", "background_lines_1"),
    ("lattice_copy_text", "row_span_1"),
    ("lattice_shift_text_left_top", "column_span_2"),
    ("lattice_split_text", "split_text_lattice"),
    ("arabic", "tabula/arabic"),
    ("stream", "health"),
    ("network_table_rotated", "clockwise_table_2"),
    ("network_table_rotated", "anticlockwise_table_2"),
    ("network_two_tables_1 network_two_tables_2", "tabula/12s0324"),
    ("network_two_tables_b_1 network_two_tables_b_2", "multiple_tables"),
    ("network_vertical_headers", "vertical_header"),
    ("network_table_regions", "tabula/us-007"),
    ("stream_columns", "mexican_towns"),
    ("stream_split_text", "tabula/m27"),
    ("stream_layout_kwargs", "detect_vertical_false"),
    ("network_edge_tol", "edge_tol"),
    ("stream_inner_outer_columns", "stream_inner_outer_columns"),
)


def _read_camelot(tests: Path) -> list[TrueFile]:
    if not (tests / "data.py").exists():
        return []
    named = _lists((tests / "data.py").read_text("utf-8"))
    found = []
    for names, file in _CAMELOT:
        tables = [_cells(named[f"data_{name}"]) for name in names.split()]
        found.append(TrueFile(tests / "files" / f"{file}.pdf", {1: tables}, is_whole=False))
    return sorted(found, key=lambda each: each.path)


def _lists(source: str) -> dict[str, list[list[str]]]:
    """The lists of a module that only assigns lists and slices of them, by name. It is not run."""
    named: dict[str, Any] = {}
    for line in ast.parse(source).body:
        if not isinstance(line, ast.Assign) or not isinstance(line.targets[0], ast.Name):
            continue
        value = line.value
        if isinstance(value, ast.List):
            named[line.targets[0].id] = ast.literal_eval(value)
        elif isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Slice):
            lower, upper = (end and ast.literal_eval(end) for end in (value.slice.lower, value.slice.upper))
            named[line.targets[0].id] = named[ast.unparse(value.value)][lower:upper]
    return named


def _cells(rows: Sequence[Sequence[str]]) -> list[TrueCell]:
    return [
        TrueCell(text, range(at, at + 1), range(column, column + 1))
        for at, row in enumerate(rows)
        for column, text in enumerate(row)
        if text.strip()
    ]
