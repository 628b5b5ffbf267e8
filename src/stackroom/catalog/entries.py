"""What the catalogue says about models, documents and passages: frozen dataclasses.

At the end, what both its readers and its writer read.
"""

from dataclasses import dataclass
from pathlib import Path

from stackroom.catalog.passage_ranges import PassageRange
from stackroom.catalog.text_blocks import Rows
from stackroom.common.documents import AttachmentPlace, OutlineEntry
from stackroom.common.roots import RemotePath, Root, as_root
from stackroom.embedding.embedder import Fingerprint


@dataclass(frozen=True, slots=True)
class Model:
    """A model whose vectors the catalogue holds. `id` is the catalogue's own."""

    id: int
    fingerprint: Fingerprint


CURRENT, UNFINISHED, REPLACED = 1, 0, -1
"""How a model stands, in the column `current` of the table `models`: its passages are searched; they are
being made beside those; they were searched before, and are kept so that one can go back."""


@dataclass(frozen=True, slots=True)
class OtherModel:
    """A model whose vectors are kept beside those that are searched.

    `is_replaced` says whether they were searched before; if not, they are still being made.
    """

    model: Model
    is_replaced: bool


@dataclass(frozen=True, slots=True)
class Change:
    """A change that the indexes made from the catalogue have to follow.

    Attributes:
        kind: "published", "embedded", "named", "removed" or "model".
        first, last: ids of the passages that it is about, both inclusive; 0 for "model".
    """

    kind: str
    first: int
    last: int


def is_unchanged(file: Path, size: int, modified_ns: int) -> bool:
    """Whether a file is there and looks as it did before: then its content counts as the same.

    Args:
        file: its path.
        size: what it had before, in bytes.
        modified_ns: its modification time then, in nanoseconds since the epoch.
    """
    try:
        found = file.stat()
    except OSError:
        return False
    return (found.st_size, found.st_mtime_ns) == (size, modified_ns)


def file_at(root: Root, path: str) -> Root:
    """Where a library's file is.

    Args:
        root: of the library: absolute path of a folder or of a single PDF; or a source.
        path: of the file, relative to `root`; the name of that PDF if `root` is one.
    """
    if isinstance(root, RemotePath):
        return root if root.name == path and root.suffix.lower() == ".pdf" else root / path
    return root if root.name == path and not root.is_dir() else root / path


def path_from_library(root: Root, path: str) -> str:
    """The path of a library's file for people, from the library's own name on: what is above it is nobody's
    business. The arguments are those of `file_at`.
    """
    return path if path == root.name else f"{root.name}/{path}"


@dataclass(frozen=True, slots=True)
class Location:
    """A file that holds a document: `path` is relative to `root`, with forward slashes.

    Attributes:
        inside: where the document is attached to the PDF in the file; None if it is that PDF.
        name: of the attachment, as a stranger has called it; empty if it is none.
        size: in bytes, when it was indexed.
        modified_ns: its modification time then, in nanoseconds since the epoch.
    """

    root: Root
    path: str
    size: int
    modified_ns: int
    inside: AttachmentPlace | None = None
    name: str = ""

    @property
    def file(self) -> Root:
        """Where the file is."""
        return file_at(self.root, self.path)

    @property
    def path_within(self) -> str:
        """The path, for an attachment as if the file were a folder: what filters and words find it by."""
        return path_within(self.path, self.name)

    @property
    def shown_path(self) -> str:
        """The path for people: of an attachment "tender.pdf, in folder/cover.pdf"."""
        return shown_path(self.path, self.name)

    @property
    def shown_name(self) -> str:
        """The file's name for people: of an attachment "tender.pdf, in cover.pdf"."""
        return shown_path(self.path.rpartition("/")[2], self.name)


def path_within(path: str, name: str) -> str:
    """See `Location.path_within`."""
    return f"{path}/{name}" if name else path


def shown_path(path: str, name: str) -> str:
    """See `Location.shown_path`."""
    return f"{name}, in {path}" if name else path


@dataclass(frozen=True, slots=True)
class AttachmentEntry:
    """A file inside a document; see `stackroom.common.documents.Attachment`.

    Attributes:
        page: that it is pinned to, from 1; 0 if it belongs to the document as a whole.
        name: as a stranger has called it.
        document_id: of the document that it is; empty if it was not read.
        reason: why it was not read, for a person; empty if it was, or is no PDF.
    """

    page: int
    name: str
    document_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """A document without its pages, and where it is. See `stackroom.common.documents.Document`."""

    key: int
    id: str
    title: str
    author: str
    created: str
    modified: str
    outline: tuple[OutlineEntry, ...]
    extractor: str
    page_count: int
    locations: tuple[Location, ...]
    attachments: tuple[AttachmentEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class PassageText:
    """A passage with everything that its words are found by.

    Attributes:
        passage: its id.
        first_passage: id of the first passage of the same document; all of its passages share it.
        page: 1-based number of the page that it is on.
        language: of the document; see `stackroom.common.documents.Document`.
        title: of the document.
        heading: the headings above it; empty if there are none.
        text: its own.
    """

    passage: int
    first_passage: int
    page: int
    language: str
    title: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class DocumentText:
    """Everything that a document as a whole is found by.

    Attributes:
        first_passage: id of its first passage.
        language: see `stackroom.common.documents.Document`.
        names: of its files, with their folders, one a line.
        text: the same names, then its title, author and date, and its first pages.
    """

    first_passage: int
    language: str
    names: str
    text: str


@dataclass(frozen=True, slots=True)
class Description:
    """What the filters of a query choose a document by. See `stackroom.common.documents.Document`.

    Attributes:
        passages: the ids of its passages.
        paths: of its files. They begin with the name of their library: what is above it is nobody's business.
        pages: how many it has.
        folders: that these files are in, in the same form.
    """

    passages: PassageRange
    id: str
    title: str
    author: str
    created: str
    modified: str
    language: str
    paths: tuple[str, ...]
    pages: int = 0
    folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage with the page it is on.

    Attributes:
        document_id, title: of its document.
        page, page_label: 1-based number, and what is printed.
        page_text: the text of the whole page.
        start, stop: offsets of the passage in it; `stop` is not included.
        ocr_confidence: how sure OCR was of the page's text, in percent; None if the PDF has the text itself.
        language: of its document, ISO 639-1; "" if it is not known.
        text_bytes, page_count: of its document: of the whole text in UTF-8, and how many pages it has.
    """

    document_id: str
    title: str
    page: int
    page_label: str
    page_text: str
    start: int
    stop: int
    ocr_confidence: int | None = None
    language: str = ""
    text_bytes: int = 0
    page_count: int = 0

    @property
    def text(self) -> str:
        """The passage exactly as it stands on the page."""
        return self.page_text[self.start : self.stop]


def current_model(rows: Rows) -> Model | None:
    """The model whose vectors are searched; None before the first indexing."""
    found = rows("SELECT id, name, digest, dimensions, passage_tokens FROM models WHERE current = 1", ())
    return Model(found[0][0], Fingerprint(*found[0][1:])) if found else None


def other_model(rows: Rows) -> OtherModel | None:
    """The model whose vectors are kept beside those that are searched; None if there is none."""
    found = rows(
        "SELECT id, name, digest, dimensions, passage_tokens, current FROM models WHERE current <> 1"
        " ORDER BY current LIMIT 1",
        (),
    )
    if not found:
        return None
    id_, *about, standing = found[0]
    return OtherModel(Model(id_, Fingerprint(*about)), standing == REPLACED)


def pending_count(rows: Rows, model: Model) -> int:
    """How many passages of a model wait for a vector."""
    found = rows(
        "SELECT count(*) FROM splits s CROSS JOIN pending w"
        " WHERE s.model = ? AND w.passage BETWEEN s.first AND s.last",
        (model.id,),
    )
    return int(found[0][0])


def locations(rows: Rows, key: int) -> tuple[Location, ...]:
    """Where the document with this key is: files first, then attachments, each ordered by their paths."""
    found = rows(
        "SELECT b.root, h.path, h.size, h.modified_ns, h.page, h.number, h.name FROM holders h"
        " JOIN libraries b ON b.id = h.library_id WHERE h.document = ?"
        " ORDER BY h.page IS NOT NULL, b.root, h.path, h.page, h.number",
        (key,),
    )
    return tuple(
        Location(as_root(root), path, size, modified, None if page is None else (page, number), name)
        for root, path, size, modified, page, number, name in found
    )


NESTED = "it is attached to a PDF that is attached itself; save that as a file of its own"
"""Why such an attachment is not read."""


def attachments(rows: Rows, key: int) -> tuple[AttachmentEntry, ...]:
    """The files inside the document with this key, in their order."""
    found = rows(
        "SELECT a.page, a.name, coalesce(d.id, ''), CASE a.state WHEN 'failed' THEN a.reason"
        " WHEN 'waiting' THEN CASE WHEN EXISTS (SELECT 1 FROM locations WHERE document = a.container)"
        "  THEN 'it has not been read yet' ELSE ? END ELSE '' END"
        " FROM attachments a LEFT JOIN documents d ON d.key = a.document"
        " WHERE a.container = ? ORDER BY a.page, a.number",
        (NESTED, key),
    )
    return tuple(AttachmentEntry(*row) for row in found)
