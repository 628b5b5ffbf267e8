"""OCR of scans that are made of real pages: how many words are right, what a page costs, what is found.

Pages with text are drawn and spoilt in several ways; what OCR reads is compared with their own text, and
words of that are searched for in an index of what OCR read. Needs tesseract with the languages, and the `dev`
extra.
"""

import argparse
import hashlib
import io
import random
import re
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import pypdfium2
from PIL import Image, ImageFilter

from bench.processes import print_row
from indexer.extract import extract
from indexer.language import identify
from indexer.pipeline import Indexer
from indexer.scans import draw_page
from indexer.tesseract import Tesseract, find_tesseract
from stackroom.catalog import Catalog
from stackroom.documents import Document, Page
from stackroom.embedding.models import Models
from stackroom.errors import ExtractionFailed
from stackroom.lexicon import Lexicon
from stackroom.reader import Reader
from stackroom.settings import Settings, available_cores

_FEWEST_CHARACTERS = 1000  # of a page that is taken
_SENTENCES = 3  # searched for on each page
_WORDS = 8  # of each

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class _Sample:
    """A page of a real document, with its text."""

    path: Path
    number: int
    language: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.path.stem} {self.number}"


def main() -> None:
    """Measures, and prints a row for each way of spoiling pages."""
    parser = argparse.ArgumentParser(prog="python -m bench.ocr", description=__doc__)
    parser.add_argument("folder", type=Path, help="of PDFs with text")
    parser.add_argument("--languages", nargs="+", default=["en", "de", "ru"], metavar="CODE")
    parser.add_argument("--pages", type=int, default=7, help="of each language")
    parser.add_argument("--spoilt", nargs="+", default=list(_WAYS), choices=_WAYS)
    parser.add_argument("--models", type=Path, help="folder of prepared models")
    arguments = parser.parse_args()
    tesseract, obstacle = find_tesseract("")
    if tesseract is None:
        raise SystemExit(obstacle)
    samples = list(_samples(arguments.folder, arguments.languages, arguments.pages))
    right = [f"words right, {language}" for language in arguments.languages]
    head = ["pages", "how many", *right, "confidence, %", "CPU-s a page", "page@5"]
    print_row(head)
    print_row(["---"] * len(head))
    with tempfile.TemporaryDirectory(prefix="stackroom-bench-") as work:
        for way in arguments.spoilt:
            texts, confidences, seconds = _read(samples, _WAYS[way], tesseract, Path(work))
            row = [way, str(len(samples))]
            for language in arguments.languages:
                chosen = [sample for sample in samples if sample.language == language]
                row.append(_share(chosen, texts))
            row += [f"{sum(confidences) / len(confidences):.0f}", f"{seconds / len(samples):.1f}"]
            row.append(_found(samples, texts, arguments.models, Path(work) / way))
            print_row(row)  # at once: the next one takes minutes


def _samples(folder: Path, languages: list[str], most: int) -> Iterator[_Sample]:
    """Pages of each language, at most three of a document, evenly spread over it."""
    left = dict.fromkeys(languages, most)
    for path in sorted(folder.rglob("*.pdf")):
        try:
            document = extract(path, "0" * 24, on_page=lambda done, total: None)
        except ExtractionFailed:
            continue
        language = identify(document.text)
        full = [page for page in document.pages if len(page.text) >= _FEWEST_CHARACTERS]
        full = [page for page in full if identify(page.text) == language]
        for page in full[:: max(1, len(full) // 3)][: min(3, left.get(language, 0))]:
            left[language] -= 1
            yield _Sample(path, page.number, language, page.text)


def _read(
    samples: list[_Sample], spoil: Callable[[Image.Image], Image.Image], tesseract: Tesseract, work: Path
) -> tuple[dict[str, str], list[int], float]:
    """What OCR reads on each page, how sure it is of each, and the CPU-seconds of it all."""
    texts: dict[str, str] = {}
    confidences: list[int] = []
    seconds = 0.0
    drawings = []
    for sample in samples:
        pdf = _scan(sample, spoil, work)
        started = _cpu_seconds()
        drawing = draw_page(pdf, 1, (), lambda page: True)
        seconds += _cpu_seconds() - started
        assert drawing is not None  # noqa: S101
        drawings.append(drawing)
    languages = [tesseract.named(sample.language) or tesseract.first_guess("") for sample in samples]
    started = _cpu_seconds()
    with ThreadPoolExecutor(available_cores()) as executor:
        found = list(executor.map(tesseract.read, drawings, languages, repeat(120.0)))
    seconds += _cpu_seconds() - started
    for sample, read in zip(samples, found, strict=True):
        texts[sample.name] = read.text
        confidences.append(read.confidence)
    return texts, confidences, seconds


def _scan(sample: _Sample, spoil: Callable[[Image.Image], Image.Image], work: Path) -> Path:
    """A PDF with nothing but a picture of the page."""
    from fpdf import FPDF

    with closing(pypdfium2.PdfDocument(sample.path)) as source:
        page = source[sample.number - 1]
        width, height = page.get_size()
        picture = spoil(page.render(scale=300 / 72).to_pil().convert("L"))
    pdf = FPDF(unit="pt", format=(width, height))
    pdf.set_image_filter("DCTDecode" if picture.info.get("jpeg") else "FlateDecode")
    pdf.add_page()
    pdf.image(picture, 0, 0, width, height)
    path = work / "scan.pdf"
    pdf.output(str(path))
    return path


def _noisy(picture: Image.Image) -> Image.Image:
    noise = Image.effect_noise(picture.size, 60)
    return Image.blend(picture, noise, 0.3)


def _coarse(picture: Image.Image) -> Image.Image:
    """150 dots an inch, as a JPEG of low quality."""
    small = picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    small.save(file, "JPEG", quality=35)
    again = Image.open(file)
    again.load()
    return again


_WAYS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "clean": lambda picture: picture,
    "turned by 1°": lambda picture: picture.rotate(1, Image.Resampling.BICUBIC, fillcolor=255),
    "blurred": lambda picture: picture.filter(ImageFilter.GaussianBlur(2.5)),
    "noisy": _noisy,
    "150 dpi, JPEG": _coarse,
    "on its side": lambda picture: picture.transpose(Image.Transpose.ROTATE_90),
}


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _share(samples: list[_Sample], texts: dict[str, str]) -> str:
    """Of the words of the pages' own texts, how many were read."""
    right = total = 0
    for sample in samples:
        own = Counter(_words(sample.text))
        right += (own & Counter(_words(texts[sample.name]))).total()
        total += own.total()
    return f"{right / total:.3f}" if total else "-"


def _found(samples: list[_Sample], texts: dict[str, str], models: Path | None, data: Path) -> str:
    """Of some words of each page, how often a search finds the page among the first five."""
    settings = Settings.read({}, data=data)
    documents = {}
    for path in sorted({sample.path for sample in samples}):
        numbers = [sample.number for sample in samples if sample.path == path]
        pages = tuple(
            Page(at, str(number), texts[f"{path.stem} {number}"]) for at, number in enumerate(numbers, 1)
        )
        id_ = hashlib.sha256(path.name.encode()).hexdigest()[:24]
        documents[path.name] = Document(id_, path.stem, "", "", "", (), pages, "tesseract")
    source = Models(models or settings.models, settings.precision)
    with Indexer(settings, source) as indexer:
        indexer.run_corpus(data / "scans", documents)
    reader = Reader(Catalog(settings.catalog), Lexicon(settings.words), source)
    chance = random.Random(7)
    asked = found = 0
    with closing(reader):
        reader.warm()
        for sample in samples:
            words = [word for word in _WORD.findall(sample.text) if not word.isdigit()]
            document = documents[sample.path.name]
            (page,) = [page.number for page in document.pages if page.label == str(sample.number)]
            for _ in range(_SENTENCES):
                start = chance.randrange(max(1, len(words) - _WORDS))
                hits = reader.search(" ".join(words[start : start + _WORDS]), 5)
                places = [(hit.document_id, quote.page) for hit in hits for quote in (hit.best, *hit.more)]
                asked += 1
                found += (document.id, page) in places[:5]
    return f"{found / asked:.3f} of {asked}"


def _cpu_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    main()
