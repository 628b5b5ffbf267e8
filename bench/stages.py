"""What each step of reading a folder takes, by itself in one process: `python -m bench.stages FOLDER`.

Prints Markdown. The indexer does the same in several processes and threads, at the same time: what the sum
leaves out is their start and the way between them.
"""

import argparse
import ctypes
import hashlib
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pypdfium2.raw as pdfium

from bench.processes import print_table
from indexer.passages.split import split
from indexer.passages.words_writer import WordsWriter
from indexer.pdf.pdfium import extract
from indexer.pdf.text.language import identify
from indexer.store.publisher import FileState, Place, Publisher
from stackroom.catalog.catalog import Catalog
from stackroom.common.documents import Document
from stackroom.common.errors import ExtractionFailed
from stackroom.common.settings import Settings
from stackroom.embedding.models import Models

_Result = TypeVar("_Result")


def main() -> None:
    """Measures, and prints the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.stages", description=__doc__)
    parser.add_argument("folder", type=Path, help="of PDFs")
    paths = sorted(parser.parse_args().folder.rglob("*.pdf"))
    rows: list[list[str]] = []

    def measured(what: str, step: Callable[[], _Result]) -> _Result:
        started = time.process_time()
        result = step()
        rows.append([what, f"{time.process_time() - started:.2f}"])
        return result

    with tempfile.TemporaryDirectory(prefix="stackroom-bench-") as name:
        settings = Settings.read({}, data=Path(name))
        measured("PDFium alone: opening, pages, their text", lambda: _with_pdfium(paths))
        documents = measured("reading, with PDFium: lines, paragraphs, headings", lambda: _read(paths))
        measured("the detector of languages is loaded", lambda: identify("so that it knows what this is in"))
        documents = measured("languages", lambda: [replace(d, language=identify(d.text)) for d in documents])
        tokenizer = measured("the tokenizer is loaded", lambda: Models(settings.models).tokenizer(""))
        limit = tokenizer.fingerprint.passage_tokens
        passages = measured("passages", lambda: [split(d, tokenizer, limit) for d in documents])
        with closing(Publisher(settings.catalog)) as publisher:
            model, library = publisher.add_model(tokenizer.fingerprint), publisher.add_library(Path(name))

            def publish() -> None:
                for at, (document, of_it) in enumerate(zip(documents, passages, strict=True)):
                    publisher.publish(document, of_it, model, {Place(library, f"{at}"): FileState(0, 0)})

            measured("the catalogue", publish)
        with Catalog(settings.catalog) as catalog, closing(WordsWriter(settings.words)) as words:
            measured("words: stems, both indexes", lambda: words.follow(catalog))
    print(f"{len(documents)} PDFs, {sum(map(len, passages))} passages\n")
    print_table(["step", "CPU-s"], *rows)


def _read(paths: list[Path]) -> list[Document]:
    documents = []
    for path in paths:
        try:
            documents.append(extract(path, _id(path), on_page=lambda _read, _all: None))
        except ExtractionFailed as failure:
            print(failure)
    return documents


def _id(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:24]


def _with_pdfium(paths: list[Path]) -> None:
    for path in paths:
        content = path.read_bytes()
        pdf = pdfium.FPDF_LoadMemDocument64(content, len(content), None)
        if not pdf:
            continue
        for at in range(pdfium.FPDF_GetPageCount(pdf)):
            page = pdfium.FPDF_LoadPage(pdf, at)
            text = pdfium.FPDFText_LoadPage(page) if page else None
            if text:
                count = pdfium.FPDFText_CountChars(text)
                pdfium.FPDFText_GetText(text, 0, count, (ctypes.c_ushort * (2 * count + 2))())
                pdfium.FPDFText_ClosePage(text)
            if page:
                pdfium.FPDF_ClosePage(page)
        pdfium.FPDF_CloseDocument(pdf)


if __name__ == "__main__":
    main()
