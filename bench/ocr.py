"""OCR of scans that are made of real pages: how many words are right, what a page costs, what is found.

Some pages of a folder's PDFs are drawn and spoilt in several ways; what OCR reads is compared with their own
text. Then words of that are searched for in an index of the whole folder, in which these pages, and no other
ones, have their text from OCR. Needs tesseract with the languages, and the `dev` extra.
"""

import argparse
import hashlib
import json
import random
import re
import resource
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path

from bench.processes import print_row
from bench.spoilt import WAYS, write_scan
from indexer.ocr.drawing import draw_page
from indexer.ocr.tesseract import Tesseract, find_tesseract
from indexer.pdf.pdfium import extract
from indexer.pdf.text.language import identify
from indexer.run.indexer import Indexer
from stackroom.catalog.catalog import Catalog
from stackroom.common.documents import Document, Page
from stackroom.common.errors import ExtractionFailed
from stackroom.common.settings import Settings, available_cores
from stackroom.embedding.models import Models
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader

_FEWEST_CHARACTERS = 1000  # of a page that is taken
_QUERIES = 12  # searched for on each page
_WORDS = 8  # of each
_RESULTS = 5  # looked at

_WORD = re.compile(r"\w+")

Texts = Mapping[tuple[Path, int], str]
"""By the PDF and the page's number."""


@dataclass(frozen=True)
class _Sample:
    """A page of a real document, with its text."""

    path: Path
    number: int
    language: str
    text: str

    @property
    def place(self) -> tuple[Path, int]:
        return self.path, self.number


def main() -> None:
    """Measures, and prints a row for each way of spoiling pages."""
    parser = argparse.ArgumentParser(prog="python -m bench.ocr", description=__doc__)
    parser.add_argument("folder", type=Path, help="of PDFs with text")
    parser.add_argument("--languages", nargs="+", default=["en", "de", "ru"], metavar="CODE")
    parser.add_argument("--pages", type=int, default=2, help="of each language")
    parser.add_argument("--spoilt", nargs="*", default=list(WAYS), choices=WAYS)
    parser.add_argument(
        "--data", type=Path, help="keeps index, model and what was read, so that a run that was ended goes on"
    )
    arguments = parser.parse_args()
    tesseract, obstacle = find_tesseract("")
    if tesseract is None:
        raise SystemExit(obstacle)
    with ExitStack() as stack:
        work = stack.enter_context(tempfile.TemporaryDirectory(prefix="stackroom-bench-"))
        settings = Settings.read({}, data=arguments.data or Path(work))
        executor = stack.enter_context(ProcessPoolExecutor(available_cores()))
        paths = sorted(arguments.folder.rglob("*.pdf"))
        documents = {
            path: found for path, found in zip(paths, executor.map(_extract, paths), strict=True) if found
        }
        samples = list(_samples(documents, arguments.languages, arguments.pages))
        counts = Counter(sample.language for sample in samples)
        right = [f"words right, {language} ({counts[language]})" for language in arguments.languages]
        head = ["pages", *right, "confidence, %", "CPU-s a page", f"page@{_RESULTS}", "document@1"]
        print_row(head)
        print_row(["---"] * len(head))
        own = ["1"] * len(right)
        print_row(["their own text", *own, "", "", *_found(samples, documents, {}, settings)])
        for way in arguments.spoilt:
            tasks = repeat(way), samples, repeat(tesseract), repeat(settings.data / "read")
            read = dict(zip((sample.place for sample in samples), executor.map(_read, *tasks), strict=True))
            texts = {place: text for place, (text, _, _) in read.items()}
            shares = [
                _share([sample for sample in samples if sample.language == language], texts)
                for language in arguments.languages
            ]
            _, confidences, seconds = zip(*read.values(), strict=True)
            costs = [f"{sum(confidences) / len(read):.0f}", f"{sum(seconds) / len(read):.1f}"]
            print_row([way, *shares, *costs, *_found(samples, documents, texts, settings)])


def _extract(path: Path) -> Document | None:
    try:
        document = extract(path, "0" * 24, on_page=lambda done, total: None)
    except ExtractionFailed:
        return None
    return replace(document, language=identify(document.text))


def _samples(documents: Mapping[Path, Document], languages: Sequence[str], most: int) -> Iterator[_Sample]:
    """Pages of each language, of as many documents as there are, evenly spread over each."""
    full: defaultdict[str, list[tuple[Path, list[Page]]]] = defaultdict(list)
    for path, document in documents.items():
        pages = [page for page in document.pages if len(page.text) >= _FEWEST_CHARACTERS]
        pages = [page for page in pages if identify(page.text) == document.language]
        if pages:
            full[document.language].append((path, pages))
    for language in languages:
        left = most
        for at, (path, pages) in enumerate(full[language]):
            share = min(len(pages), -(-left // (len(full[language]) - at)))
            for page in pages[:: len(pages) // share][:share] if share else ():
                left -= 1
                yield _Sample(path, page.number, language, page.text)


def _read(way: str, sample: _Sample, tesseract: Tesseract, kept: Path) -> tuple[str, int, float]:
    """What OCR reads on a page, how sure it is, in percent, and the CPU-seconds of it; read once."""
    name = hashlib.sha256(f"{way} {sample.place}".encode()).hexdigest()[:24]
    file = kept / f"{name}.json"
    if file.exists():
        text, confidence, seconds = json.loads(file.read_text())
        return text, confidence, seconds
    with tempfile.TemporaryDirectory(prefix="stackroom-bench-") as work:
        pdf = write_scan(sample.path, sample.number, WAYS[way], Path(work) / "scan.pdf")
        started = _cpu_seconds()
        drawing = draw_page(pdf, 1, (), lambda page: True)
    assert drawing is not None  # noqa: S101
    language = tesseract.named(sample.language) or tesseract.first_guess("")
    found = tesseract.read(drawing, language, 120.0)
    read = found.text, found.confidence, _cpu_seconds() - started
    kept.mkdir(exist_ok=True)
    file.write_text(json.dumps(read))
    return read


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _share(samples: Sequence[_Sample], texts: Texts) -> str:
    """Of the words of the pages' own texts, how many were read."""
    right = total = 0
    for sample in samples:
        own = Counter(_words(sample.text))
        right += (own & Counter(_words(texts[sample.place]))).total()
        total += own.total()
    return f"{right / total:.3f}" if total else "-"


def _found(
    samples: Sequence[_Sample], documents: Mapping[Path, Document], texts: Texts, settings: Settings
) -> list[str]:
    """Of some words of each page, how often a search finds the page, and its document first of all."""
    changed = {path.name: _with_texts(path, document, texts) for path, document in documents.items()}
    source = Models.of(settings)
    with Indexer(settings, source) as indexer:
        indexer.run_corpus(settings.data / "scans", changed)
    chance = random.Random(7)
    asked = pages = first = 0
    with closing(Reader(Catalog(settings.catalog), WordIndex(settings.words), source)) as reader:
        reader.warm()
        for sample in samples:
            words = [word for word in _WORD.findall(sample.text) if not word.isdigit()]
            document_id = changed[sample.path.name].id
            for _ in range(_QUERIES):
                start = chance.randrange(max(1, len(words) - _WORDS))
                hits = reader.search(" ".join(words[start : start + _WORDS]), _RESULTS)
                places = [(hit.document_id, quote.page) for hit in hits for quote in (hit.best, *hit.more)]
                asked += 1
                pages += (document_id, sample.number) in places[:_RESULTS]
                first += hits[:1] != [] and hits[0].document_id == document_id
    return [f"{pages / asked:.3f} of {asked}", f"{first / asked:.3f}"]


def _with_texts(path: Path, document: Document, texts: Texts) -> Document:
    """The document with these texts on its pages, and another id. Headings are left out: they would move."""
    pages = tuple(replace(page, text=texts.get((path, page.number), page.text)) for page in document.pages)
    changed = replace(document, pages=pages, sections=(), outline=(), scans=())
    id_ = hashlib.sha256((path.name + changed.text).encode()).hexdigest()[:24]
    return replace(changed, id=id_)


def _cpu_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    main()
