"""A document with scans in it, and indexing it with a program that stands in for tesseract."""

from collections.abc import Callable, Collection
from pathlib import Path

from pypdf import PdfWriter

from fakes import OneModel, WordHashEmbedder
from indexer.ocr.tesseract import FindOcr
from indexer.run.indexer import Indexer
from indexer.run.summary import Progress, Summary
from make_pdfs import write_pdf, write_scanned_pdf
from stackroom.common.settings import Settings

FERRY = "The ferry to the island leaves at noon, except on holidays."


TOLL = "A toll of two shillings is taken from every carriage."


OTTERS = "Otters hold hands while they sleep, so that the current does not carry them apart. " * 2


def index(
    settings: Settings,
    folder: Path,
    ocr: FindOcr,
    *,
    retry_failed: bool = False,
    only: Collection[Path] | None = None,
    put_off: Callable[[Summary], bool] = lambda summary: False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    embedder: WordHashEmbedder | None = None,
) -> Summary:
    with Indexer(settings, OneModel(embedder or WordHashEmbedder()), ocr) as indexer:
        return indexer.run(
            [folder], retry_failed=retry_failed, only=only, put_off=put_off, on_progress=on_progress
        )


def mixed(path: Path) -> Path:
    """A page of text, two scans, a page of text."""
    before = write_pdf(path.with_suffix(".1"), [OTTERS], title="On Otters")
    scans = write_scanned_pdf(path.with_suffix(".2"), shades=[10, 20])
    after = write_pdf(path.with_suffix(".3"), ["They use stones as tools. " * 5])
    writer = PdfWriter()
    for part in (before, scans, after):
        writer.append(str(part))
        part.unlink()
    writer.add_metadata({"/Title": "On Otters"})
    writer.write(str(path))
    return path
