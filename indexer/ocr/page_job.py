"""OCR of pages, each in a process of its own, which draws the page and runs tesseract on it."""

import os
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pypdfium2 import PdfiumError

from indexer.ocr.drawing import draw_page
from indexer.ocr.own_text import OwnText, find_own_text
from indexer.ocr.tesseract import OcrFailed, Recognised, Tesseract
from indexer.pdf.ink.layers import Layers
from indexer.pdf.page_reader import read_open_page
from indexer.pdf.processes.extract_all import Limits, Send, in_processes
from indexer.pdf.processes.inbox import made
from stackroom.common.documents import AttachmentPlace
from stackroom.common.errors import ExtractionFailed
from stackroom.page.attached_file import AttachmentTooLarge
from stackroom.page.word_boxes import WordBox

# The longest that a page may take, in seconds. The slowest real page took 10.
_MOST_SECONDS = 120.0

# OCR runs at the lowest priority, as `nice` counts, because it may take hours.
_NICE = 19


@dataclass(frozen=True, slots=True)
class PageTask:
    """A page to be read by OCR.

    Attributes:
        path: of the PDF.
        document: its key in the catalogue.
        page: the page's 1-based number.
        languages: as tesseract names them: "eng+deu".
        passwords: tried if the PDF needs one.
        tesseract: the program.
        inside: where the PDF is attached to the one at `path`; None if it is that one.
    """

    path: Path
    document: int
    page: int
    languages: str
    passwords: tuple[str, ...] = field(repr=False)
    tesseract: Tesseract
    inside: AttachmentPlace | None = None


@dataclass(frozen=True, slots=True)
class NoScan:
    """The outcome for a page that waited for OCR, but turns out to need none."""


def recognise_all(
    tasks: Iterator[PageTask], workers: int, memory_mb: int
) -> Generator[tuple[PageTask, Recognised | NoScan | ExtractionFailed], None, None]:
    """Reads all pages, several at a time, and yields each with its text or why there is none.

    Close the generator to end the processes early.

    Args:
        tasks: the next is taken whenever a process is free.
        workers: how many pages are read at the same time.
        memory_mb: most address space that a process, or tesseract, may take, in MiB.
    """
    # The process itself ends a slow tesseract. The process is ended from here only if it has failed to do so.
    limits = Limits(workers, _MOST_SECONDS + 10, _MOST_SECONDS + 10, memory_mb)
    with closing(in_processes(tasks, _recognise, _recognised, limits, lambda pages: None)) as outcomes:
        for task, outcome in outcomes:
            if isinstance(outcome, ExtractionFailed) and outcome.kind in ("crashed", "timed out"):
                # The usual reasons are about whole files, and name settings that do not apply to a page.
                reason = (
                    "crashed OCR" if outcome.kind == "crashed" else f"took longer than {_MOST_SECONDS:g} s"
                )
                outcome = ExtractionFailed(task.path, outcome.kind, reason)
            yield task, outcome


def _recognise(task: PageTask, send: Send) -> None:
    """Reads one page; runs in the process."""
    if hasattr(os, "nice"):
        with suppress(OSError):
            os.nice(_NICE)
    at = task.page - 1

    own: list[OwnText | None] = []

    def is_scan(page: Any) -> bool:
        reading = read_open_page(page.raw, at, Layers(None if task.inside else task.path))
        own.append(find_own_text(page.raw, reading.lines or []) if reading.is_scan else None)
        return reading.is_scan

    try:
        drawing = draw_page(task.path, task.page, task.passwords, is_scan, task.inside)
        if drawing is None:
            send("result", {})
            return
        has_text = own[0].has if own[0] else None
        found = task.tesseract.read(drawing, task.languages, _MOST_SECONDS, has_text)
    except (PdfiumError, OSError, IndexError, AttachmentTooLarge) as error:
        raise ExtractionFailed(task.path, "damaged", "the page cannot be drawn") from error
    except OcrFailed as error:
        raise ExtractionFailed(task.path, "damaged", str(error)) from error
    send("result", asdict(found))


def _recognised(_: PageTask, content: dict[str, Any]) -> Recognised | NoScan:
    if not content:
        return NoScan()
    content["words"] = tuple(made(WordBox, word) for word in content["words"])
    found = made(Recognised, content)
    confidence, weakest = (min(max(value, 0), 100) for value in (found.confidence, found.weakest))
    return replace(found, confidence=confidence, weakest=weakest)
