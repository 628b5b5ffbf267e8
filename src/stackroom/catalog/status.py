"""What the catalogue holds, in numbers, and which files could not be indexed."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import (
    NESTED,
    Model,
    OtherModel,
    file_at,
    locations,
    other_model,
    pending_count,
    shown_path,
)
from stackroom.catalog.folder_notes import REASONS, read_notes
from stackroom.common.data_folder import LEFT_OUT, UNREADABLE
from stackroom.common.roots import as_root
from stackroom.page.parts import ranges

# The name of an attachment, with its page if it is pinned to one.
_NAME = "name || CASE WHEN page > 0 THEN ' (page ' || page || ')' ELSE '' END"


WHY_LEFT_OUT = {
    "link": "links that lead out of it: --follow-links follows them",
    "pattern": "by patterns of .stackroomignore or --exclude",
    "system": "recycle bins and other system folders",
}
"""What is said of each reason of `LeftOut`."""

NOT_READ = {
    "scan": "waiting for OCR",
    "page": "cannot be loaded",
    "garbled": "letters that the fonts do not name",
    "form": "a form of the kind XFA, which only few viewers show",
    "repair": "text that could not be put in order (please report it, with the file)",
}
"""What is said of each kind of `NotRead`."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be indexed, or the page or attachment of one that could not be read.

    Attributes:
        path: absolute; of an attachment with its name, as people are told.
        reason: for a person.
        kind: a FailureKind; "ocr" for a page; "nested" for what is attached to an attached PDF.
        file: absolute path of the file in which that is, or which it is.
    """

    path: str
    reason: str
    kind: str
    file: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What the last run left out of a library for one reason.

    Attributes:
        root: of the library, an absolute path.
        reason: "link" (it leads out of the folder), "pattern" (of its owner) or "system" (a recycle bin).
        count: PDFs, and folders with all that is below them.
        paths: of some of them, relative to the folder.
    """

    root: str
    reason: str
    count: int
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attached:
    """What is attached to a file and is no PDF.

    Attributes:
        path: of the file, absolute.
        names: of the attachments, as a stranger has called them, with the page of those pinned to one.
    """

    path: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotRead:
    """What the pages of a file have of one kind that is not in the index.

    Attributes:
        path: absolute; of an attachment, with its name.
        kind: an UnreadKind; "scan" for pages that wait for OCR.
        pages: their numbers, 1-based, as in "1-12,15"; empty if it belongs to no page.
        count: of the pages; 1 if it belongs to none.
    """

    path: str
    kind: str
    pages: str
    count: int


@dataclass(frozen=True, slots=True)
class KeptModel:
    """A model whose vectors are kept beside those that are searched.

    Attributes:
        name: of the model.
        is_replaced: whether its vectors were searched before; if not, they are still being made.
        passages: how many passages the library has for it so far, without those that it can't read.
        embedded: how many of these have their vectors.
    """

    name: str
    is_replaced: bool
    passages: int
    embedded: int


@dataclass(frozen=True, slots=True)
class Status:
    """What the catalogue holds.

    Attributes:
        documents, pages, passages: how many.
        without_text: absolute paths of files that have neither text nor scanned pages.
        scans_read, scans_waiting: how many pages have their text from OCR, and how many wait for OCR.
        scans_failed: pages that OCR could not read.
        attachments_read, attachments_waiting: how many PDFs that are attached to files are documents of their
            own, and how many wait to be read.
        attachments_failed: those that could not be read, or are attached to an attached PDF.
        attachments_other: files with attachments that are no PDFs.
        not_read: what else the files have that is not in the index, by file and kind.
        pending: passages that have no vector yet, of the model that is searched.
        illegible: passages that never get a vector, because the model can't read them.
        illegible_languages: how many of these are in documents in each language, the most frequent first; ""
            if it can't be told.
        failures: files that could not be indexed.
        unreadable: folders and files that the last run could not look at; the index keeps what it has of
            them.
        left_out: what the last run left out, by library and reason.
        model, model_digest: name and digest of the model whose vectors are searched; None before the first.
        other_model: whose vectors are kept beside these; None if there is none.
        text_bytes: of all extracted text, in UTF-8.
        index_bytes: of all files in the index folder, or of all tables of a database.
        libraries: absolute paths of the folders (or single PDFs) that were indexed.
    """

    documents: int
    pages: int
    passages: int
    without_text: tuple[str, ...]
    scans_read: int
    scans_waiting: int
    scans_failed: tuple[Failure, ...]
    attachments_read: int
    attachments_waiting: int
    attachments_failed: tuple[Failure, ...]
    attachments_other: tuple[Attached, ...]
    not_read: tuple[NotRead, ...]
    pending: int
    illegible: int
    illegible_languages: Mapping[str, int]
    failures: tuple[Failure, ...]
    unreadable: tuple[Failure, ...]
    left_out: tuple[LeftOut, ...]
    model: str | None
    model_digest: str | None
    other_model: KeptModel | None
    text_bytes: int
    index_bytes: int
    libraries: tuple[str, ...]

    @property
    def retriable(self) -> tuple[Failure, ...]:
        """What could not be read and can be tried again: files, scanned pages, attachments."""
        attachments = (one for one in self.attachments_failed if one.kind != "nested")
        return (*self.failures, *self.scans_failed, *attachments)


def read_status(catalog: Catalog) -> Status:
    """Reads everything in one snapshot of the catalogue. Raises CatalogUnusable if it can't be read."""
    with catalog.snapshot():
        documents, pages, text_bytes = catalog.rows(
            "SELECT count(*), coalesce(sum(page_count), 0), coalesce(sum(text_bytes), 0) FROM documents"
        )[0]
        model = catalog.model()
        passages, illegible = legibility(catalog, model)
        pending = pending_count(catalog.rows, model) if model else 0
        other = other_model(catalog.rows)
        kept = _kept(catalog, other) if other else None
        without_text = catalog.rows(
            "SELECT key FROM documents WHERE text_bytes = 0"
            " AND NOT EXISTS (SELECT 1 FROM scans WHERE document = key)"
        )
        scans = dict(catalog.rows("SELECT state, count(*) FROM scans GROUP BY state"))
        scans_failed = catalog.rows(
            "SELECT document, '', 'page ' || page || ': ' || reason, 'ocr' FROM scans WHERE state = 'failed'"
            " ORDER BY document, page"
        )
        attached = dict(
            catalog.rows(
                "SELECT state, CASE state WHEN 'read' THEN count(DISTINCT document) ELSE count(*) END"
                " FROM attachments WHERE container IN (SELECT document FROM locations) GROUP BY state"
            )
        )
        # What waits in a PDF that is attached itself has no file; it is named with those that hold that PDF.
        attachments_failed = catalog.rows(
            f"SELECT container, {_NAME}, CASE state WHEN 'failed' THEN reason ELSE ? END,"  # noqa: S608
            " coalesce(failure, 'nested')"
            " FROM attachments WHERE state = 'failed' OR (state = 'waiting'"
            "  AND NOT EXISTS (SELECT 1 FROM locations WHERE document = container))"
            " ORDER BY container, page, number",
            (NESTED,),
        )
        others = catalog.rows(
            f"SELECT container, {_NAME} FROM attachments WHERE state = 'other'"  # noqa: S608
            " ORDER BY container, page, number"
        )
        not_read = catalog.rows(
            "SELECT document, kind, page FROM unread UNION ALL"
            " SELECT document, 'scan', page FROM scans WHERE state IN ('waiting', 'read') ORDER BY 1, 2, 3"
        )
        keys = {row[0] for row in (*without_text, *scans_failed, *attachments_failed, *others, *not_read)}
        places = {key: _places(catalog, key) for key in keys}
        failures = catalog.rows(
            "SELECT b.root, l.path, l.reason, l.failure FROM locations l"
            " JOIN libraries b ON b.id = l.library_id WHERE l.failure IS NOT NULL ORDER BY b.root, l.path"
        )
        libraries = catalog.rows("SELECT root FROM libraries ORDER BY root")
    return Status(
        documents=documents,
        pages=pages,
        passages=passages,
        without_text=tuple(sorted(place for (key,) in without_text for place in places[key])),
        pending=pending,
        illegible=sum(illegible.values()),
        illegible_languages=illegible,
        scans_read=scans.get("published", 0),
        scans_waiting=scans.get("waiting", 0) + scans.get("read", 0),
        scans_failed=_failures_inside(scans_failed, places),
        attachments_read=attached.get("read", 0),
        attachments_waiting=attached.get("waiting", 0),
        attachments_failed=_failures_inside(attachments_failed, places),
        attachments_other=_attached(others, places),
        not_read=tuple(sorted(_not_read(not_read, places), key=lambda one: (one.path, one.kind))),
        failures=_failures(failures),
        unreadable=_failures(_unreadable(catalog.folder, [root for (root,) in libraries])),
        left_out=tuple(_left_out(catalog.folder, [root for (root,) in libraries])),
        model=model.fingerprint.name if model else None,
        model_digest=model.fingerprint.digest if model else None,
        other_model=kept,
        text_bytes=text_bytes,
        index_bytes=catalog.size(),
        libraries=tuple(row[0] for row in libraries),
    )


def legibility(catalog: Catalog, model: Model | None) -> tuple[int, dict[str, int]]:
    """How many passages a model has, and how many of them it can't read, by the languages of their documents,
    the most frequent first. Raises CatalogUnusable if the catalogue can't be read.
    """
    id_ = model.id if model else 0
    ((passages,),) = catalog.rows(
        "SELECT coalesce(sum(last - first + 1), 0) FROM splits WHERE model = ?", (id_,)
    )
    illegible = catalog.rows(
        "SELECT d.language, sum(s.illegible) AS count FROM splits s"
        " JOIN documents d ON d.key = s.document WHERE s.model = ? AND s.illegible > 0"
        " GROUP BY d.language ORDER BY count DESC, d.language",
        (id_,),
    )
    return passages, dict(illegible)


def _kept(catalog: Catalog, other: OtherModel) -> KeptModel:
    passages, illegible = legibility(catalog, other.model)
    legible = passages - sum(illegible.values())
    embedded = legible - pending_count(catalog.rows, other.model)
    return KeptModel(other.model.fingerprint.name, other.is_replaced, legible, embedded)


def _failures(rows: Iterable[tuple[Any, ...]]) -> tuple[Failure, ...]:
    files = ((str(file_at(as_root(root), path)), *rest) for root, path, *rest in rows)
    return tuple(Failure(file, reason, kind, file) for file, reason, kind in files)


def _places(catalog: Catalog, key: int) -> dict[str, str]:
    """Where the document with this key is, for people, each with the file in which that is."""
    found = locations(catalog.rows, key)
    return {shown_path(str(place.file), place.name): str(place.file) for place in found}


def _failures_inside(
    rows: Iterable[tuple[Any, ...]], places: Mapping[int, Mapping[str, str]]
) -> tuple[Failure, ...]:
    """Failures inside documents: `rows` have their keys, what it is about there, the reason and the kind."""
    found = [
        Failure(shown_path(place, name), reason, kind, file)
        for key, name, reason, kind in rows
        for place, file in places[key].items()
    ]
    return tuple(sorted(found, key=lambda failure: failure.path))


def _attached(rows: Iterable[tuple[int, str]], places: Mapping[int, Iterable[str]]) -> tuple[Attached, ...]:
    names: dict[str, list[str]] = {}
    for key, name in rows:
        for place in places[key]:
            names.setdefault(place, []).append(name)
    return tuple(Attached(place, tuple(found)) for place, found in sorted(names.items()))


def _not_read(rows: Iterable[tuple[int, str, int]], places: Mapping[int, Iterable[str]]) -> Iterator[NotRead]:
    for (key, kind), group in groupby(rows, key=lambda row: row[:2]):
        pages = [page for _, _, page in group]
        for place in places[key]:
            yield NotRead(place, kind, ranges(page for page in pages if page), len(pages))


def _unreadable(folder: Path, roots: Iterable[str]) -> Iterator[tuple[str, str, str, str]]:
    notes = read_notes(folder / UNREADABLE)
    for root in roots:
        for path, reason in sorted(notes.get(root, {}).items()):
            yield root, path, str(reason), "unreadable"


def _left_out(folder: Path, roots: Iterable[str]) -> Iterator[LeftOut]:
    notes = read_notes(folder / LEFT_OUT)
    for root in roots:
        for reason in REASONS:
            with suppress(KeyError, TypeError, ValueError):  # no note, or one that somebody has changed
                note = notes[root][reason]
                if count := int(note["count"]):
                    yield LeftOut(root, reason, count, tuple(map(str, note["paths"])))
