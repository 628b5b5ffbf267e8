"""What a list tells of documents, read from the catalogue: a line for each."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import path_from_library, shown_path
from stackroom.catalog.paths import PATHS_OF_D, places_in
from stackroom.common.documents import Unread
from stackroom.common.roots import as_root
from stackroom.page.foreign_text import own_line


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """What a list tells of a document. See `stackroom.common.documents.Document`.

    Attributes:
        pages: how many it has.
        paths: of its files. They begin with the name of their library: what is above it is nobody's business.
        has_text: whether any page has text: without it, no search finds the document.
        indexed: when its text was put into the index last, ISO 8601 in UTC; empty if that is not known.
        ocr_pages: how many of its pages have their text from OCR.
        waiting_pages: how many wait for OCR, or could not be read by it.
        unread: what else could not be read of it.
    """

    id: str
    title: str
    author: str
    created: str
    modified: str
    pages: int
    language: str
    paths: tuple[str, ...]
    has_text: bool
    indexed: str
    ocr_pages: int
    waiting_pages: int
    unread: tuple[Unread, ...]


def read_lines(catalog: Catalog, keys: Sequence[int]) -> list[DocumentLine]:
    """The lines of the documents with these keys, in their order; of those that are not there, none."""
    rows = catalog.rows(
        "SELECT d.key, d.id, d.title, d.author, d.created, d.modified, d.page_count, d.language,"  # noqa: S608
        " d.text_bytes > 0, d.indexed,"
        " (SELECT count(*) FROM scans WHERE document = d.key AND state = 'published'),"
        " (SELECT count(*) FROM scans WHERE document = d.key AND state <> 'published'),"
        " (SELECT json_group_array(json_array(page, kind)) FROM unread WHERE document = d.key),"
        f" {PATHS_OF_D} FROM documents d WHERE d.key IN"
        " (SELECT CAST(value AS BIGINT) FROM json_each(?))",
        (json.dumps(list(keys)),),
    )
    lines = {}
    for key, id_, title, author, created, modified, pages, language, has_text, indexed, *rest in rows:
        ocr_pages, waiting_pages, unread, files, attached = rest
        lines[key] = DocumentLine(
            id_,
            own_line(title),
            own_line(author),
            own_line(created),
            own_line(modified),
            pages,
            language,
            tuple(
                own_line(shown_path(path_from_library(as_root(root), path), name))
                for root, path, name in places_in(files, attached)
            ),
            bool(has_text),
            indexed,
            ocr_pages,
            waiting_pages,
            tuple(Unread(*one) for one in sorted(json.loads(unread))),
        )
    return [lines[key] for key in keys if key in lines]
