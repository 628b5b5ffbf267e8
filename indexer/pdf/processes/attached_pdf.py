"""Makes a Document of a PDF that is attached to another one. Runs in a process of its own, as for a file."""

from contextlib import closing
from hashlib import sha256
from pathlib import Path

from pypdfium2 import PdfiumError

from indexer.pdf.pdfium import extract
from indexer.pdf.raw_reading import OnPage
from stackroom.common.documents import ID_DIGITS, AttachmentPlace, Document
from stackroom.common.errors import ExtractionFailed
from stackroom.page.attached_file import MOST_BYTES, AttachmentTooLarge, read_attached
from stackroom.page.open_pdf import open_pdf


def extract_attached(
    path: Path,
    place: AttachmentPlace,
    name: str,
    *,
    passwords: tuple[str, ...],
    on_page: OnPage,
    most_bytes: int = MOST_BYTES,
) -> Document:
    """Reads the PDF that is attached to the one at `path`.

    Args:
        path: of the container.
        place: of the attachment in it.
        name: of the attachment; the title, if the PDF has no better one.
        passwords: tried on the container and on the PDF in it.
        on_page: see `extract`.
        most_bytes: of the attachment; a larger one is refused.

    Raises:
        ExtractionFailed: with the kind and a reason for a person.
    """
    try:
        with closing(open_pdf(path, passwords)) as container:
            content = read_attached(container, place, most_bytes)
    except PdfiumError as error:
        raise ExtractionFailed(path, "damaged", "its bytes cannot be taken out of the container") from error
    except AttachmentTooLarge as error:
        raise ExtractionFailed(path, "too large", f"{error}; save it as a file of its own") from error
    except OSError as error:
        raise ExtractionFailed(path, "unreadable", f"cannot be read: {error.strerror or error}") from error
    stem = name[: -len(".pdf")] if name.casefold().endswith(".pdf") else name
    id_ = sha256(content).hexdigest()[:ID_DIGITS]
    return extract(path, id_, content=content, stem=stem, passwords=passwords, on_page=on_page)
