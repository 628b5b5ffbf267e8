"""What a worker does. Knows nothing of Dask: these are functions that run in its threads.

A PDF is read in a process of its own, as everywhere; a worker that dies takes nothing with it but the work at
hand. Reading and publishing are two tasks: in between the coordinator decides on the title, for which it has
to know all others.
"""

import hashlib
import multiprocessing
import pickle
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from indexer.folder.compare import File, is_as_it_was
from indexer.folder.copies import Copies
from indexer.ocr.scan_publisher import ScanPublisher
from indexer.passages.split import split
from indexer.pdf.processes.task import Task
from indexer.pdf.text.language import identify
from indexer.run.cluster.jobs import (
    Away,
    Failed,
    Job,
    Known,
    Order,
    Published,
    Read,
    ScanJob,
    ScansRead,
    Titled,
)
from indexer.run.cluster.kept import Kept, PdfReader
from stackroom import __version__
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import Location
from stackroom.catalog.vector_codes import encode
from stackroom.common.documents import ID_DIGITS, Document, Passage
from stackroom.common.errors import ClusterUnusable, ExtractionFailed, ModelError, SourceAway
from stackroom.common.settings import Settings
from stackroom.embedding.embedder import Embedder, Tokenizer
from stackroom.page.table_rows import as_embedded

# Passages embedded in one call: among so many the runtime finds some of similar length.
_AT_ONCE = 256

_CHANGED = Failed("changed", "was changed while it was being read; it is read again on the next run")


def introduce(version: str, order: bytes) -> None:
    """Finds out whether this worker can do the jobs of an order.

    Args:
        version: of the coordinator's Stackroom. It comes first in each task, and all else as pickles: another
            version may not understand these.
        order: an `Order`.

    Raises:
        ClusterUnusable: it can't; the message says why, and what to do.
    """
    _desk(version, order)


def read(version: str, order: bytes, job: bytes) -> Read:
    """Reads a PDF, unless the catalogue has it already. Raises as `introduce`.

    Args:
        version: see `introduce`.
        order: likewise.
        job: a `Job`.
    """
    desk, wanted = _desk(version, order), _job(job)
    if not is_as_it_was(_file(wanted)):
        desk.refuse_to_see_nothing(wanted)
        return _CHANGED
    try:
        with desk.copies.held(wanted.path, wanted.state) as path:
            return _read(desk, wanted, path)
    except SourceAway as error:
        return Away(str(error))
    except ExtractionFailed as error:
        return Failed(error.kind, str(error))


def _read(desk: "_Desk", wanted: Job, path: Path) -> Read:
    document_id = ""
    if wanted.attached is None:
        try:
            with path.open("rb") as content:
                document_id = hashlib.file_digest(content, "sha256").hexdigest()[:ID_DIGITS]
        except OSError as error:
            return Failed("unreadable", f"cannot be read: {error.strerror or error}")
        with desk.publisher() as publisher:
            if publisher.document_key(document_id) is not None:
                return Known(document_id)
    passwords = desk.settings.passwords()
    outcome = desk.read(Task(path, document_id, passwords, wanted.attached, wanted.container))
    if isinstance(outcome, ExtractionFailed):
        return Failed(outcome.kind, str(outcome))
    with desk.publisher() as publisher:
        document = publisher.with_earlier_scans(outcome)
    return replace(document, language=identify(document.text, desk.settings.models))


def about(outcome: Read) -> Titled | Known | Failed | Away:
    """What the coordinator has to know of what was read: the text stays with the worker."""
    if isinstance(outcome, Document):
        length = len(outcome.pages), len(outcome.text.encode())
        first_page = outcome.pages[0].text if outcome.pages else ""
        return Titled(outcome.id, outcome.title, length, first_page)
    return outcome


def publish(version: str, order: bytes, job: bytes, outcome: Read, title: str) -> Published | Failed | Away:
    """Splits and embeds a document, and commits it with passages and vectors, once. Raises as `introduce`.

    Args:
        version: see `read`.
        order: likewise.
        job: likewise.
        outcome: a document that was read. If it was read again, because its worker died just after it had
            published it, it is known meanwhile.
        title: for the document.
    """
    desk, wanted = _desk(version, order), _job(job)
    with desk.publisher() as publisher:
        model = desk.order.model
        if isinstance(outcome, Failed | Away):
            return outcome
        if isinstance(outcome, Known):
            pages, count = publisher.size_of(outcome.document_id, model)
            return Published(outcome.document_id, False, pages, count, True)
        document = replace(outcome, title=title)
        passages = desk.split(document)
        codes = desk.embed(publisher, document, passages)
        if not is_as_it_was(_file(wanted)):
            return _CHANGED
        if wanted.attached is not None:
            added = publisher.publish_attached(
                wanted.container, wanted.attached, document, passages, model, codes
            )
        else:
            added = publisher.publish_once(document, passages, codes, model, wanted.place, wanted.state)
        count = sum(passage.legible for passage in passages)
        has_text = bool(passages or document.scans)
        return Published(document.id, added, len(document.pages), count, has_text)


def read_scans(version: str, order: bytes, job: bytes) -> ScansRead:
    """Reads the scanned pages of a document, and publishes it with their text. Raises as `introduce`.

    Each page is kept as soon as it is read: if the worker dies, the next one goes on with the others.

    Args:
        version: see `introduce`.
        order: likewise.
        job: a `ScanJob`.
    """
    from indexer.ocr.scan_reader import ScanReader  # here, because most runs do without it: .1 s

    desk = _desk(version, order)
    wanted: ScanJob = pickle.loads(job)  # noqa: S301  the coordinator has made it
    embedded = 0
    without_text: list[Location] = []

    def on_published(places: list[Location], passages: list[Passage]) -> None:
        nonlocal embedded
        embedded += sum(passage.legible for passage in passages)
        if not passages:
            without_text.extend(places)

    with desk.publisher() as publisher:
        before = publisher.scan_states(wanted.document_id)
        if not any(state in ("waiting", "read") for state in before.values()):  # a worker that died was done
            failed = sum(before.get(page) == "failed" for page in wanted.pages)
            _, embedded = publisher.size_of(wanted.document_id, desk.order.model)
            return ScansRead(len(wanted.pages) - failed, failed, embedded)
        tesseract, obstacle = desk.order.find_ocr(desk.settings.ocr_languages)
        if tesseract is None:
            return ScansRead(0, 0, obstacle=f"{obstacle} (on {_here()})")
        earlier = [before[page] for page in wanted.pages if before.get(page, "waiting") != "waiting"]
        recognised, unrecognised = earlier.count("read"), earlier.count("failed")
        reader = ScanReader(
            publisher,
            tesseract,
            desk.settings,
            desk.tokenizer,
            desk.order.model,
            copies=desk.copies,
            put_off=lambda: False,
            on_published=on_published,
            only=wanted.key,
            embed=lambda document, passages: desk.embed(publisher, document, passages),
        )
        with closing(reader.run()) as outcomes:
            for is_read in outcomes:
                recognised += is_read
                unrecognised += not is_read
    return ScansRead(recognised, unrecognised, embedded, tuple(without_text))


class _Desk:
    """What this process needs for the jobs of an order; each part is made when it is first needed."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.settings = _settings(order)
        self._publishers: Kept[ScanPublisher] = Kept()
        self._readers: Kept[PdfReader] = Kept()
        self.copies = Copies(self.settings.file_memory_mb)
        self._turn = threading.Lock()
        self._models = order.models_of(self.settings)
        with Catalog(self.settings.truth) as catalog:
            if catalog.id() != order.catalog:
                raise ClusterUnusable(
                    f"The worker on {_here()} has another store than this command. Start it with the same "
                    "STACKROOM_STORE."
                )
        # Workers of Dask may have no children unless they say so. Ours end by themselves when we die.
        multiprocessing.current_process().daemon = False

    @contextmanager
    def publisher(self) -> Iterator[ScanPublisher]:
        """A connection to the catalogue."""
        settings = self.settings

        def connect() -> ScanPublisher:
            return ScanPublisher(settings.truth, compact=settings.compact, create=False)

        with self._publishers.one(connect) as publisher:
            yield publisher

    def read(self, task: Task) -> Document | ExtractionFailed:
        """Reads a PDF in a process of its own."""
        with self._readers.one(lambda: PdfReader(self.settings)) as reader:
            return reader.read(task)

    def close(self) -> None:
        """Closes what is not in use, and the rest once it is not."""
        self._publishers.close()
        self._readers.close()
        self.copies.close()

    def refuse_to_see_nothing(self, job: Job) -> None:
        """Raises ClusterUnusable if a file is not there because its whole library is not."""
        if isinstance(job.root, Path) and not job.root.exists():
            raise ClusterUnusable(
                f"The worker on {_here()} does not see {job.root}. Mount it there under the same path, or do "
                "without this worker."
            )

    @cached_property
    def tokenizer(self) -> Tokenizer:
        wanted = self.order.model.fingerprint
        try:
            found = self._models.tokenizer(wanted.name)
        except ModelError as error:
            raise ClusterUnusable(f"The worker on {_here()} cannot use the model: {error}") from error
        if not found.fingerprint.same_vectors(wanted):
            raise ClusterUnusable(
                f"The worker on {_here()} has another model under the name {wanted.name!r} than this command."
            )
        return found

    @cached_property
    def _embedder(self) -> Embedder:
        try:
            return self._models.load(self.order.model.fingerprint)
        except ModelError as error:
            raise ClusterUnusable(f"The worker on {_here()} cannot use the model: {error}") from error

    def split(self, document: Document) -> list[Passage]:
        return split(document, self.tokenizer, self.order.model.fingerprint.passage_tokens)

    def embed(
        self, publisher: ScanPublisher, document: Document, passages: Sequence[Passage]
    ) -> list[bytes | None]:
        """The vectors of passages; None for those that the model can't read.

        Those that the catalogue has are not made again.
        """
        known = publisher.codes_known(document, passages, self.order.model)
        text = document.text
        texts = [passage.context + as_embedded(text[passage.start : passage.stop]) for passage in passages]
        codes = {one: code for one, code in zip(texts, known, strict=True) if code is not None}
        new = list(
            dict.fromkeys(
                one
                for one, passage in zip(texts, passages, strict=True)
                if passage.legible and one not in codes
            )
        )
        for start in range(0, len(new), _AT_ONCE):
            some = new[start : start + _AT_ONCE]
            with self._turn:
                embedder = self._embedder
            vectors = embedder.embed_passages(some)
            codes.update(zip(some, encode(vectors, compact=self.settings.compact), strict=True))
        return [codes[one] if passage.legible else None for one, passage in zip(texts, passages, strict=True)]


_DESKS = threading.Lock()
_desks: dict[bytes, _Desk] = {}

# Desks of orders that nobody has ended, because the coordinator was killed, are kept up to so many.
_MOST_DESKS = 2


def _desk(version: str, order: bytes) -> _Desk:
    """The desk of an order, made for its first job."""
    if version != __version__:
        raise ClusterUnusable(
            f"The worker on {_here()} has Stackroom {__version__}, and this command is of {version}: install "
            "the same version on both."
        )
    with _DESKS:
        if order not in _desks:
            made = _Desk(pickle.loads(order))  # noqa: S301  the coordinator has made it
            while len(_desks) >= _MOST_DESKS:
                _desks.pop(next(iter(_desks))).close()
            _desks[order] = made
        return _desks[order]


def leave(order: bytes) -> None:
    """Closes what this process has open for an order."""
    with _DESKS:
        desk = _desks.pop(order, None)
    if desk is not None:
        desk.close()


def _settings(order: Order) -> Settings:
    """A worker's settings for an order. Raises ClusterUnusable if they name no store."""
    settings = order.settings
    if settings is None:
        settings = Settings.read()
        if not settings.store:
            raise ClusterUnusable(
                f"The worker on {_here()} knows no store. Start it with STACKROOM_STORE=postgresql://…, as "
                "this command has it."
            )
    return replace(
        settings,
        profile="compact" if order.is_compact else "default",
        ocr_languages=order.ocr_languages,
        pdf_passwords=order.passwords,
        pdf_passwords_file=None,
        workers=1,
    )


def _job(job: bytes) -> Job:
    loaded: Job = pickle.loads(job)  # noqa: S301  the coordinator has made it
    return loaded


def _file(job: Job) -> File:
    return File(job.place, job.path, job.state, job.inside)


def _here() -> str:
    return socket.gethostname()
