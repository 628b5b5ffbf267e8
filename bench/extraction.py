"""Text extraction alone, in one process: Stackroom's and pypdf's, document by document in turns."""

import argparse
import logging
import time
from pathlib import Path

from pypdf import PdfReader

from bench.processes import print_table
from indexer.pdf.pdfium import extract
from stackroom.common.errors import ExtractionFailed


def main() -> None:
    """Measures, and prints a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.extraction", description=__doc__)
    parser.add_argument("folder", type=Path, help="of PDFs")
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    figures = {"Stackroom": [0.0, 0, 0], "pypdf": [0.0, 0, 0]}  # CPU-seconds, pages, files that failed
    for path in sorted(parser.parse_args().folder.rglob("*.pdf")):
        for name, read in (("Stackroom", _ours), ("pypdf", _plain)):
            started = time.process_time()
            pages = read(path)
            figures[name][0] += time.process_time() - started
            figures[name][1] += pages
            figures[name][2] += not pages
    print_table(
        ["extraction alone", "pages", "files that could not be read", "CPU-s", "pages per CPU-s"],
        *(
            [name, f"{pages:.0f}", f"{failed:.0f}", f"{cpu:.1f}", f"{pages / cpu:.0f}"]
            for name, (cpu, pages, failed) in figures.items()
        ),
    )


def _ours(path: Path) -> int:
    try:
        return len(extract(path, "0" * 24, on_page=lambda done, total: None).pages)
    except ExtractionFailed:
        return 0


def _plain(path: Path) -> int:
    try:
        return len([page.extract_text() for page in PdfReader(path).pages])
    except Exception:  # noqa: BLE001  pypdf raises all kinds on damaged files
        return 0


if __name__ == "__main__":
    main()
