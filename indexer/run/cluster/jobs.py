"""What the coordinator and the workers tell each other. All of it can be pickled."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from indexer.ocr.tesseract import FindOcr
from indexer.store.publisher import FileState, Place
from stackroom.catalog.entries import Location, Model
from stackroom.common.documents import Attachment, Document
from stackroom.common.errors import FailureKind
from stackroom.common.roots import Root
from stackroom.common.settings import Settings
from stackroom.embedding.embedder import ModelSource


@dataclass(frozen=True, slots=True)
class Order:
    """What all jobs of a run have in common.

    Attributes:
        catalog: id of the catalogue, so that no worker writes into another one.
        model: what passages are split for and embedded with.
        settings: the coordinator's, where workers have the same machine and data folder; None where they have
            their own.
        is_compact, ocr_languages, passwords: the coordinator's, for all workers; see `Settings`.
        models_of: makes the source of models of a worker's settings.
        find_ocr: finds the program for scans.
    """

    catalog: int
    model: Model
    settings: Settings | None
    is_compact: bool
    ocr_languages: str
    passwords: tuple[str, ...] = field(repr=False)
    models_of: Callable[[Settings], ModelSource]
    find_ocr: FindOcr


@dataclass(frozen=True, slots=True)
class Job:
    """A PDF to be read: a file, or what is attached to one.

    Attributes:
        root: of the file's library.
        place, path, state, inside: as a `File` has them.
        attached: the attachment that is to be read, if not the file itself.
        container: the key of the document that it is attached to.
    """

    root: Root
    place: Place
    path: Root
    state: FileState
    inside: Path | None
    attached: Attachment | None = None
    container: int = 0


@dataclass(frozen=True, slots=True)
class ScanJob:
    """A document whose scanned pages are to be read.

    Attributes:
        key, document_id: of the document.
        pages: numbers of the pages that waited for OCR when the job was made.
    """

    key: int
    document_id: str
    pages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a PDF could not be read; see `ExtractionFailed`."""

    kind: FailureKind
    reason: str


@dataclass(frozen=True, slots=True)
class Away:
    """Why the source of a PDF can't be read now."""

    reason: str


@dataclass(frozen=True, slots=True)
class Known:
    """The catalogue has the document of this file already, under this id."""

    document_id: str


@dataclass(frozen=True, slots=True)
class Titled:
    """What has to be known of a document that was read to give it a title; see `SharedTitles`."""

    document_id: str
    title: str
    length: tuple[int, int]
    first_page: str


@dataclass(frozen=True, slots=True)
class Published:
    """A document that is in the catalogue now, with its vectors.

    Attributes:
        document_id: its id.
        added: whether it was not there before.
        pages: how many it has.
        passages: how many of its passages have vectors.
        has_text: whether it has passages, or pages that wait for OCR.
    """

    document_id: str
    added: bool
    pages: int
    passages: int
    has_text: bool


@dataclass(frozen=True, slots=True)
class ScansRead:
    """What OCR has done for a document.

    Attributes:
        recognised, unrecognised: pages that were read, and that could not be.
        passages: how many have vectors now; 0 if the document stays as it is.
        without_text: the files of the document, if it has no text at all now.
        obstacle: why the worker can read none; empty if it can.
    """

    recognised: int
    unrecognised: int
    passages: int = 0
    without_text: tuple[Location, ...] = ()
    obstacle: str = ""


Read = Document | Known | Failed | Away
"""What reading a PDF has given."""
