"""Reads tables with another library: `PYTHON bench/table_peers.py LIBRARY FILE...`, a Python that has it.

Writes one JSON object: the library's version, and for each file its tables (rows of cells) by the number
of the page, and the CPU-seconds that they took. It imports nothing of the project, so that any Python can run
it.
"""

import contextlib
import io
import json
import re
import sys
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from typing import Any

Tables = list[list[list[str]]]
Pages = dict[int, Tables]
_ROW = re.compile(r"\s*\|.*\|\s*")
_SEPARATOR = re.compile(r"[\s|:-]*")


def parse_markdown(text: str) -> Tables:
    """The tables of a Markdown text. Rows that only part the header from the rest are left out."""
    tables: Tables = [[]]
    for line in text.split("\n"):
        if not _ROW.fullmatch(line):
            tables.append([])
        elif "-" not in line or not _SEPARATOR.fullmatch(line):
            cells = re.split(r"(?<!\\)\|", line.strip()[1:-1])
            tables[-1].append([cell.strip().replace("\\|", "|").replace("<br>", " ") for cell in cells])
    return [table for table in tables if table]


def _pdfplumber(path: str) -> Pages:
    """Tables by lines; where a page has none, by text."""
    pages: Pages = {}
    with import_module("pdfplumber").open(path) as pdf:
        for page in pdf.pages:
            by_text = {"vertical_strategy": "text", "horizontal_strategy": "text"}
            found = page.extract_tables() or page.extract_tables(by_text)
            pages[page.page_number] = [[[cell or "" for cell in row] for row in table] for table in found]
    return pages


def _camelot(path: str, flavor: str) -> Pages:
    pages: Pages = {}
    for table in import_module("camelot").read_pdf(path, pages="all", flavor=flavor, suppress_stdout=True):
        rows = [[str(cell) for cell in row] for row in table.df.to_numpy().tolist()]
        pages.setdefault(table.page, []).append(rows)
    return pages


def _pymupdf4llm(path: str) -> Pages:
    pages = import_module("pymupdf4llm").to_markdown(path, show_progress=False, page_chunks=True)
    texts = [page["text"].replace("**", "").replace("_", "") for page in pages]
    return {number: parse_markdown(text) for number, text in enumerate(texts, 1)}


LIBRARIES: dict[str, Callable[[str], Pages]] = {
    "pdfplumber": _pdfplumber,
    "camelot stream": lambda path: _camelot(path, "stream"),
    "camelot lattice": lambda path: _camelot(path, "lattice"),
    "pymupdf4llm": _pymupdf4llm,
}


def main() -> None:
    """Reads each file, and writes what was found."""
    library, *paths = sys.argv[1:]
    package = library.partition(" ")[0]
    import_module(package)
    warnings.simplefilter("ignore")
    files: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        LIBRARIES[library](paths[0])  # what is done once is not measured
        for path in paths:
            started = time.process_time()
            try:
                pages = LIBRARIES[library](path)
            except Exception:  # noqa: BLE001  each library raises kinds of its own
                pages = {}
            files[path] = [pages, time.process_time() - started]
    named = {"camelot": "camelot-py"}.get(package, package)
    print(json.dumps({"version": version(named), "files": files}))


if __name__ == "__main__":
    main()
