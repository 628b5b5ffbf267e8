"""The catalogue's tables and the number of their version, and opening the file.

What else is in a data folder: see `stackroom.common.data_folder`.
"""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from stackroom.common.errors import CatalogMissing, CatalogUnusable, CatalogVersion, reason_of
from stackroom.common.sqlite_file import begin, connect, connect_to_read, identity

SCHEMA_VERSION = 8
"""Increase it when a table changes, and add a step to `indexer.store.migrate`."""

OLDEST_VERSION = 2
"""The oldest version that `indexer.store.migrate` can bring up to date."""

# The log has 4 MB when SQLite writes it back.
_LOG_BYTES = 16_000_000

SCANS_TABLE = """
CREATE TABLE scans (                    -- pages whose text only OCR can tell
    document INTEGER NOT NULL REFERENCES documents (key) ON DELETE CASCADE,
    page INTEGER NOT NULL,              -- 1-based
    state TEXT NOT NULL CHECK (state IN ('waiting', 'read', 'published', 'failed')),
    text TEXT NOT NULL,                 -- while 'read': it waits for the document's other pages; else empty
    confidence INTEGER,                 -- percent, the mean of its words, if 'read' or 'published'
    reason TEXT NOT NULL,               -- why it 'failed'; else empty
    words BLOB,                         -- where they are: see page.word_boxes; null if that is not known
    PRIMARY KEY (document, page)
) STRICT, WITHOUT ROWID"""
SCANS_INDEX = "CREATE INDEX scans_by_state ON scans (state)"
"""As they are since version 4. `indexer.store.migrate` uses both for its step from 3 to 4: should they
change in a later version, keep these for that step."""

ATTACHMENTS = (
    """
CREATE TABLE attachments (              -- the files inside PDFs
    container INTEGER NOT NULL REFERENCES documents (key) ON DELETE CASCADE,
    page INTEGER NOT NULL,              -- these three: see common.documents.Attachment
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'read', 'failed', 'other')),  -- 'other': it is no PDF
    -- what it holds; while 'waiting', what it held before
    document INTEGER REFERENCES documents (key) ON DELETE SET NULL,
    failure TEXT,                       -- a FailureKind, if it 'failed' when it was last read
    reason TEXT,                        -- the same for a person
    PRIMARY KEY (container, page, number)
) STRICT, WITHOUT ROWID""",
    "CREATE INDEX attachments_of_document ON attachments (document) WHERE document IS NOT NULL",
    "CREATE INDEX attachments_by_state ON attachments (state)",
    """
CREATE VIEW holders AS                  -- where documents are: in files, and in what is attached to files
    SELECT document, library_id, path, size, modified_ns, NULL AS page, NULL AS number, '' AS name
    FROM locations WHERE document IS NOT NULL
    UNION ALL
    SELECT a.document, l.library_id, l.path, l.size, l.modified_ns, a.page, a.number, a.name
    FROM attachments a JOIN locations l ON l.document = a.container WHERE a.document IS NOT NULL""",
)
"""As they are since version 5. What is attached to an attached PDF is not read: it is in no file's PDF."""
UNREAD_TABLE = """
CREATE TABLE unread (                   -- what pages have that could not be read, beside scans
    document INTEGER NOT NULL REFERENCES documents (key) ON DELETE CASCADE,
    page INTEGER NOT NULL,              -- 1-based; 0 if it belongs to the document as a whole
    kind TEXT NOT NULL,                 -- see UnreadKind in stackroom.common.documents
    PRIMARY KEY (document, page, kind)
) STRICT, WITHOUT ROWID"""
"""As it is since version 5. `indexer.store.migrate` uses it for its step from 4 to 5: see SCANS_TABLE."""

VECTORS_TABLE = """
CREATE TABLE vectors (                  -- of up to 256 passages of one row of `splits` together
    first INTEGER PRIMARY KEY,          -- the first of these passages
    pack BLOB NOT NULL                  -- see stackroom.catalog.vector_packs
) STRICT"""
HASH_INDEX = "CREATE INDEX passages_by_hash ON passages (hash) WHERE hash <> 0"
"""As they are since version 7: see SCANS_TABLE."""

# AUTOINCREMENT where an id must never be used twice: a server may still hold it in memory.
_TABLES = """
CREATE TABLE models (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    dimensions INTEGER NOT NULL,
    passage_tokens INTEGER NOT NULL,
    current INTEGER NOT NULL            -- 1: its passages are searched; for others see entries.CURRENT
) STRICT;
CREATE UNIQUE INDEX one_model_is_current ON models (current) WHERE current = 1;

CREATE TABLE libraries (
    id INTEGER PRIMARY KEY,
    root TEXT NOT NULL UNIQUE           -- absolute path of a folder, or of a single PDF
) STRICT;

CREATE TABLE documents (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    author TEXT NOT NULL,
    created TEXT NOT NULL,
    modified TEXT NOT NULL,
    language TEXT NOT NULL,             -- ISO 639-1; empty if it can't be told
    outline TEXT NOT NULL,              -- JSON: [[title, page, level], ...]
    extractor TEXT NOT NULL,            -- empty: it is to be read again, see publisher.Recorded
    page_count INTEGER NOT NULL,
    text_bytes INTEGER NOT NULL,        -- of the whole text in UTF-8
    indexed TEXT NOT NULL DEFAULT ''    -- when this row was made, ISO 8601 in UTC; empty: before version 8
) STRICT;

CREATE TABLE pages (
    document INTEGER NOT NULL REFERENCES documents (key) ON DELETE CASCADE,
    number INTEGER NOT NULL,            -- 1-based
    label TEXT NOT NULL,                -- empty if it is the number
    start INTEGER NOT NULL,             -- offset of its first character in the document's text
    PRIMARY KEY (document, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE sections (                 -- what stands above a text, for those that are below a heading
    document INTEGER NOT NULL REFERENCES documents (key) ON DELETE CASCADE,
    start INTEGER NOT NULL,             -- offset in the document's text; it reaches to the next one's
    heading TEXT NOT NULL,              -- headings from the outermost to the innermost
    PRIMARY KEY (document, start)
) STRICT, WITHOUT ROWID;

CREATE TABLE texts (                    -- a document's text, in blocks of whole pages
    document INTEGER NOT NULL REFERENCES documents (key) ON DELETE CASCADE,
    start INTEGER NOT NULL,             -- offset of its first character in the document's text
    content BLOB NOT NULL,              -- UTF-8, compressed: see stackroom.catalog.text_blocks
    UNIQUE (document, start)
) STRICT;

CREATE TABLE locations (
    library_id INTEGER NOT NULL REFERENCES libraries (id) ON DELETE CASCADE,
    path TEXT NOT NULL,                 -- relative to the library's root, with forward slashes
    size INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    document INTEGER REFERENCES documents (key),
    failure TEXT,                       -- a FailureKind, when there is no document
    reason TEXT,                        -- the same for a person
    PRIMARY KEY (library_id, path),
    CHECK ((document IS NULL) = (failure IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX locations_of_document ON locations (document);

CREATE TABLE successors (               -- a changed file is a new document; its old id leads to it
    old TEXT PRIMARY KEY,
    new TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE splits (                   -- ids of the passages that a document has for a model
    first INTEGER PRIMARY KEY,          -- passages first to last, both inclusive
    last INTEGER NOT NULL,
    model INTEGER NOT NULL REFERENCES models (id),
    document INTEGER NOT NULL REFERENCES documents (key),
    illegible INTEGER NOT NULL DEFAULT 0  -- how many of them the model can't read
) STRICT;
CREATE INDEX splits_of_document ON splits (document, model);

CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    page INTEGER NOT NULL,
    start INTEGER NOT NULL,             -- offsets in the document's text; all on that page
    stop INTEGER NOT NULL,              -- not included
    -- of the model, context and text: equal ones share their vector; 0: the model can't read it, it has none
    hash INTEGER NOT NULL
) STRICT;
CREATE TABLE pending (                  -- passages that have no vector yet
    passage INTEGER PRIMARY KEY,
    context TEXT NOT NULL,              -- what it is embedded with, before its text
    code BLOB                           -- the vector, if a passage with the same text had one
) STRICT;

CREATE TABLE changes (                  -- what an index derived from this file has to follow
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('published', 'embedded', 'named', 'removed', 'model')),
    first INTEGER NOT NULL,             -- passage ids, both inclusive; 0 for 'model'
    last INTEGER NOT NULL
) STRICT;
"""


def open_catalog(path: Path, *, create: bool) -> sqlite3.Connection:
    """A connection to the catalogue at `path`, in autocommit mode, usable from any one thread at a time.

    Args:
        path: of the SQLite file.
        create: make the file and its folder if they are not there.

    Raises:
        CatalogMissing: there is no catalogue, and `create` is false.
        CatalogVersion: another version of Stackroom wrote it.
        CatalogUnusable: the file is damaged or the folder can't be written.
    """
    with _errors(path):
        if create:
            with _errors_of_making(path):
                begin(path, _fill)
        _refuse_missing(path)
        connection = connect(path)
        with _closed_on_failure(connection):
            connection.execute("PRAGMA foreign_keys = ON")
            # Write-ahead logging lets the server read while the indexer writes; FULL makes commits durable.
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            # What a large change made of the log is cut off by a later one, while readers keep the file open.
            connection.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
            _prepare(connection, path, create=create)
    return connection


def open_to_read(path: Path, *, create: bool = False) -> tuple[sqlite3.Connection, bool]:
    """As `open_catalog`, but changes nothing in an existing file, and needs no right to write it.

    Returns:
        The connection; and whether it cannot notice changes: see `sqlite_file.connect_to_read`.
    """
    with _errors(path):
        if create and not (path.exists() and path.stat().st_size):
            open_catalog(path, create=True).close()
        _refuse_missing(path)
        connection, is_fixed = connect_to_read(path)
        with _closed_on_failure(connection):
            connection.execute("PRAGMA query_only = ON")
            _prepare(connection, path, create=False)
    return connection, is_fixed


def create_tables(connection: sqlite3.Connection) -> None:
    """Makes the tables of a new catalogue, within the transaction that is open."""
    later = (SCANS_TABLE, SCANS_INDEX, *ATTACHMENTS, UNREAD_TABLE, VECTORS_TABLE, HASH_INDEX)
    for statement in (*_TABLES.split(";\n"), *later):
        if statement.strip():
            connection.execute(statement)


@contextmanager
def _closed_on_failure(connection: sqlite3.Connection) -> Iterator[None]:
    """An open file can't be set aside on Windows, which is what becomes of a damaged one."""
    with ExitStack() as stack:
        stack.callback(connection.close)
        yield
        stack.pop_all()


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise CatalogUnusable(f"The catalogue {path} cannot be opened: {reason_of(error)}.") from error


@contextmanager
def _errors_of_making(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CatalogUnusable(
            f"The catalogue {path} can neither be opened nor made: {error.strerror or error}. Make its "
            "folder readable and writable for you, or name another data folder with --data."
        ) from error


def _refuse_missing(path: Path) -> None:
    if identity(path) is None:
        raise CatalogMissing(
            f"Nothing has been indexed in {path.parent.parent} yet, or its index was deleted, or its drive "
            "is away. Run `stackroom index FOLDER` first, or name another data folder with --data."
        )


def _fill(connection: sqlite3.Connection) -> None:
    """Makes the tables, if there are none: an older Stackroom may have been killed before it came to that."""
    if connection.execute("PRAGMA user_version").fetchone()[0]:
        return
    connection.execute("BEGIN IMMEDIATE")
    if not connection.execute("PRAGMA user_version").fetchone()[0]:
        create_tables(connection)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        # Tells this catalogue from one that is made anew, for the indexes that are derived from it.
        connection.execute(f"PRAGMA application_id = {secrets.randbelow(2**31)}")
    connection.execute("COMMIT")


def _prepare(connection: sqlite3.Connection, path: Path, *, create: bool) -> None:
    if create:
        _fill(connection)
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != SCHEMA_VERSION:
        connection.close()
        if version:
            raise CatalogVersion(_advice(path, version))
        raise CatalogUnusable(
            f"{path} holds no catalogue: it was cut off. Run `stackroom index FOLDER`, which reads all PDFs "
            "again."
        )


def _advice(path: Path, version: int) -> str:
    found = f"{path} has format {version}; this version of Stackroom has format {SCHEMA_VERSION}."
    if version > SCHEMA_VERSION:
        return f"{found} A newer Stackroom wrote it: use that one, or another data folder with --data."
    if version >= OLDEST_VERSION:
        return f"{found} Run `stackroom index`: it brings the folder up to date, and keeps a copy."
    return f"{found} It is too old to be brought up to date: delete {path.parent} and index again."
