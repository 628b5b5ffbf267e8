"""Reads the pages that wait for OCR; last in a run, since each takes as long as a hundred pages with text."""

from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from typing import TYPE_CHECKING

from indexer.folder.copies import Copies
from indexer.ocr.scan_publisher import ScanPublisher
from indexer.ocr.tesseract import FindOcr
from indexer.run.account import Run
from stackroom.catalog.entries import Location, Model, shown_path
from stackroom.common.documents import Passage
from stackroom.common.settings import Settings
from stackroom.embedding.embedder import Tokenizer

if TYPE_CHECKING:
    from indexer.run.spread import Spread


def read_scans(
    run: Run,
    publisher: ScanPublisher,
    find_ocr: FindOcr,
    settings: Settings,
    copies: Copies,
    put_off: Callable[[], bool],
    tokenizer_and_model: Callable[[], tuple[Tokenizer, Model]],
    in_background: Callable[[Model], AbstractContextManager[Callable[[], None]]],
    spreading: "Callable[[Model, Callable[[], None]], Spread] | None" = None,
) -> None:
    """Reads the pages that wait for OCR, unless there are none or `put_off` says so.

    Args:
        run: told what is done.
        publisher: of the catalogue.
        find_ocr: finds the program.
        settings: of the data folder, with the passwords to try.
        copies: of the files of sources.
        put_off: whether to leave the rest for a later run.
        tokenizer_and_model: of the library.
        in_background: indexes words and embeds passages while its block runs; see `background`.
        spreading: has the workers of a cluster do it; None if this machine does.
    """
    if not publisher.scanned_documents():
        return
    summary, waiting = run.summary, publisher.waiting_scans()
    tesseract = None
    if spreading and not put_off():
        _, model = tokenizer_and_model()
        run.tell("scans", scans=waiting)
        with in_background(model) as check:
            spreading(model, check).read_scans(put_off)
    elif not put_off():
        tesseract, summary.ocr_obstacle = find_ocr(settings.ocr_languages)
    if tesseract is not None:
        from indexer.ocr.scan_reader import ScanReader  # here, because most runs do without it: .1 s

        tokenizer, model = tokenizer_and_model()
        run.tell("scans", scans=waiting)

        def on_published(places: list[Location], passages: list[Passage]) -> None:
            run.tell(passages=sum(passage.legible for passage in passages))
            if not passages:
                summary.without_text += (shown_path(str(place.file), place.name) for place in places)

        reader = ScanReader(
            publisher,
            tesseract,
            settings,
            tokenizer,
            model,
            copies=copies,
            put_off=put_off,
            on_published=on_published,
        )
        with in_background(model) as check, closing(reader.run()) as outcomes:
            for is_read in outcomes:
                check()
                summary.recognised += is_read
                summary.unrecognised += not is_read
                run.tell(scans_done=1)
    summary.waiting_scans = publisher.waiting_scans()
