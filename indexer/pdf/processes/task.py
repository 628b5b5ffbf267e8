"""A PDF that is to be read: a file, or one that is attached to a PDF in a file."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from stackroom.common.documents import ID_DIGITS, Attachment, Document

if TYPE_CHECKING:
    from indexer.pdf.raw_reading import OnPage

_ENDING = re.compile(r"\.pdf$", re.IGNORECASE)
_ID = re.compile(f"[0-9a-f]{{{ID_DIGITS}}}")


@dataclass(frozen=True, slots=True)
class Task:
    """A PDF to read, and the id its document will have; if it is attached to another PDF, that is not known.

    Attributes:
        path: of the file.
        document_id: of the document; "" for an attached one.
        passwords: tried if the PDF needs one.
        attached: the attachment that is to be read, if not the file itself.
        container: the key of the document that it is attached to.
    """

    path: Path
    document_id: str
    passwords: tuple[str, ...] = field(default=(), repr=False)
    attached: Attachment | None = None
    container: int = 0

    @property
    def stem(self) -> str:
        """The name of the PDF, without ".pdf"."""
        return without_ending(self.attached.name if self.attached else self.path.name)


def without_ending(name: str) -> str:
    """The name of a PDF, without ".pdf"."""
    return _ENDING.sub("", name)


def read_pdf(task: Task, on_page: "OnPage") -> Document:
    """Reads it, in the process that is made for that. For `on_page` and what is raised see `extract`."""
    # The fork server has imported them. The process that makes tasks needs neither: .1 s.
    from indexer.pdf.pdfium import extract
    from indexer.pdf.processes.attached_pdf import extract_attached

    attached = task.attached
    if attached is None:
        return extract(task.path, task.document_id, passwords=task.passwords, on_page=on_page)
    place = attached.page, attached.number
    return extract_attached(task.path, place, attached.name, passwords=task.passwords, on_page=on_page)


def is_of(task: Task, document: Document) -> bool:
    """Whether a document can be what a task was to read. The id of an attached one we can't know."""
    return document.id == task.document_id or bool(task.attached and _ID.fullmatch(document.id))
