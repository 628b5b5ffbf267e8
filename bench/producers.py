"""How well text in many scripts is read: one page for each script and producer of PDFs that is installed.

Prints the share of the words that are right and in order, in the worst font of each, as the product reads
them, and pdftotext and pypdf where they are there. A word is right if it is the same, character by character;
joiners of no width and marks of direction, which no page shows, are left out of both. In scripts without
blanks a word is right if its characters are there in a row, in the same line or over a line end.
"""

import argparse
import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path

from bench.processes import print_table
from bench.producer_texts import SAMPLES, Sample
from indexer.pdf.pdfium import extract

_UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_TIMEOUT = 120  # seconds; LibreOffice takes ten to start


def main() -> None:
    """Makes the pages, reads them, and prints the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.producers", description=__doc__)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where to leave the PDFs")
    parser.add_argument(
        "--python", default=sys.executable, help="an interpreter that has WeasyPrint, if this one has not"
    )
    parser.add_argument("--only", default="", metavar="LANGUAGES", help="codes with commas between: ar,he")
    arguments = parser.parse_args()
    wanted = [sample for sample in SAMPLES if not arguments.only or sample.code in arguments.only.split(",")]
    with tempfile.TemporaryDirectory(prefix="stackroom-bench-") as work:
        folder = arguments.keep or Path(work)
        folder.mkdir(parents=True, exist_ok=True)
        readers = dict(_readers())
        rows = []
        for sample in wanted:
            for producer, make in _producers(arguments.python):
                shares: dict[str, list[float]] = {name: [] for name in readers}
                for font in sample.fonts:
                    path = folder / f"{sample.code}-{producer}-{font.replace(' ', '')}.pdf"
                    if not path.exists():
                        make(sample, font, path)
                    for name, read in readers.items():
                        shares[name].append(share_right(sample, read(path)))
                rows.append([sample.name, producer, *(_shown(shares[name]) for name in readers)])
        print_table(["script", "producer", *readers], *rows)


def _shown(shares: list[float]) -> str:
    """The worst of the fonts' shares."""
    return f"{min(shares):.3f}".removeprefix("0")


# Producers


def _producers(python: str) -> Iterator[tuple[str, Callable[[Sample, str, Path], None]]]:
    """The name and the function of each that is installed."""
    if browser := shutil.which("chromium") or shutil.which("google-chrome"):
        yield "Chromium", lambda sample, font, path: _print_page(browser, sample, font, path)
    if office := shutil.which("soffice"):
        yield "LibreOffice", lambda sample, font, path: _convert(office, sample, font, path)
    if _can_import(python, "weasyprint"):
        yield "WeasyPrint", lambda sample, font, path: _weasy(python, sample, font, path)
    if importlib.util.find_spec("typst"):
        yield "Typst", _typeset


def _can_import(python: str, module: str) -> bool:
    tried = subprocess.run([python, "-c", f"import {module}"], capture_output=True, timeout=_TIMEOUT)
    return tried.returncode == 0


def _page(sample: Sample, font: str, path: Path) -> Path:
    direction = "rtl" if sample.is_rtl else "ltr"
    paragraphs = "".join(f"<p>{escape(text)}</p>" for text in _plain(sample))
    page = path.with_suffix(".html")
    page.write_text(
        f"<!doctype html><html lang={sample.code} dir={direction}><meta charset=utf-8>"
        f"<title>page</title><body style='font-family:\"{font}\"; font-size:12pt'>{paragraphs}</html>",
        encoding="utf-8",
    )
    return page


def _print_page(browser: str, sample: Sample, font: str, path: Path) -> None:
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    page = _page(sample, font, path).resolve()
    _run([browser, *options, f"--print-to-pdf={path}", page.as_uri()])


def _convert(office: str, sample: Sample, font: str, path: Path) -> None:
    profile = (path.parent / "profile").resolve().as_uri()
    page = _page(sample, font, path)
    filters = ["--infilter=HTML (StarWriter)", "--convert-to", "pdf:writer_pdf_Export"]
    options = [f"-env:UserInstallation={profile}", "--headless"]
    _run([office, *options, *filters, "--outdir", str(path.parent), str(page)])


def _weasy(python: str, sample: Sample, font: str, path: Path) -> None:
    _run([python, "-m", "weasyprint", str(_page(sample, font, path)), str(path)])


def _typeset(sample: Sample, font: str, path: Path) -> None:
    import typst

    special = re.compile(r"([\\#$*_`<>@~\[\]\"'/=-])")
    text = special.sub(r"\\\1", "\n\n".join(_plain(sample)))
    direction = "rtl" if sample.is_rtl else "ltr"
    source = path.with_suffix(".typ")
    source.write_text(
        f'#set text(font: ("{font}", "Noto Sans"), lang: "{sample.code}", dir: {direction}, size: 12pt)\n'
        f"{text}\n",
        encoding="utf-8",
    )
    typst.compile(str(source), output=str(path))


def _run(command: list[str]) -> None:
    subprocess.run(command, capture_output=True, timeout=_TIMEOUT, check=True)


# Readers


def _readers() -> Iterator[tuple[str, Callable[[Path], str]]]:
    yield "Stackroom", _read
    if shutil.which("pdftotext"):
        yield "pdftotext", _read_with_poppler
    if importlib.util.find_spec("pypdf"):
        yield "pypdf", _read_with_pypdf


def _read(path: Path) -> str:
    pages = extract(path, "0" * 24, on_page=lambda done, total: None).pages
    return "\n".join(page.text for page in pages)


def _read_with_poppler(path: Path) -> str:
    done = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, timeout=_TIMEOUT, check=True)  # noqa: S607
    return done.stdout.decode("utf-8", "replace")


def _read_with_pypdf(path: Path) -> str:
    import pypdf

    return "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)


# Words


def _plain(sample: Sample) -> list[str]:
    """The paragraphs as they are printed."""
    return [text.replace("|", "") if sample.is_unspaced else text for text in sample.paragraphs]


def _normal(text: str) -> str:
    return _UNSEEN.sub("", unicodedata.normalize("NFC", text))


def share_right(sample: Sample, found: str) -> float:
    """The share of the sample's words that `found` has in their order."""
    if sample.is_unspaced:
        return _share_unspaced(_normal("|".join(sample.paragraphs)), _normal(found))
    words = _normal(sample.text).split()
    return len(common(words, _normal(found).split())) / len(words)


def _share_unspaced(text: str, found: str) -> float:
    words = [word for word in text.split("|") if word.strip()]
    letters = [*"".join(words)]
    there = [*found.replace("\n", "")]
    matched = dict(common(letters, there))
    right = at = 0
    for word in words:
        places = [matched.get(at + step) for step in range(len(word))]
        first = places[0]
        right += first is not None and places == [*range(first, first + len(word))]
        at += len(word)
    return right / len(words)


def common(ours: list[str], theirs: list[str]) -> list[tuple[int, int]]:
    """A longest common subsequence, as pairs of places."""
    table = [[0] * (len(theirs) + 1) for _ in range(len(ours) + 1)]
    for i in range(len(ours) - 1, -1, -1):
        row, below = table[i], table[i + 1]
        for j in range(len(theirs) - 1, -1, -1):
            row[j] = below[j + 1] + 1 if ours[i] == theirs[j] else max(below[j], row[j + 1])
    pairs, i, j = [], 0, 0
    while i < len(ours) and j < len(theirs):
        if ours[i] == theirs[j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif table[i + 1][j] >= table[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs


if __name__ == "__main__":
    main()
