"""Brings an older catalogue to today's format: a list of steps, each from one version to the next.

Each step is a transaction, so a process that is killed leaves a whole catalogue of one version or the next. A
copy of the file is made first.
"""

import secrets
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stackroom.catalog.schema import (
    ATTACHMENTS,
    HASH_INDEX,
    OLDEST_VERSION,
    SCANS_INDEX,
    SCANS_TABLE,
    SCHEMA_VERSION,
    UNREAD_TABLE,
    VECTORS_TABLE,
)
from stackroom.catalog.text_blocks import unpack
from stackroom.catalog.vector_packs import packs
from stackroom.common.data_folder import OLD_FORMAT, WORDS
from stackroom.common.errors import CatalogUnusable
from stackroom.common.postgres.address import StoreAddress
from stackroom.common.sqlite_file import connect, create, put, remove


@dataclass(frozen=True, slots=True)
class Upgrade:
    """An upgrade that was made: the version before it, and the copy of the file as it was."""

    version: int
    copy: Path

    def __str__(self) -> str:
        """For a person."""
        return (
            f"The index had format {self.version} and has format {SCHEMA_VERSION} now. "
            f"A copy of the file as it was is {self.copy}; delete it when all is well."
        )


def migrate(where: Path | StoreAddress) -> Upgrade | None:
    """Brings a catalogue up to date, if there is an older one. Nobody else may write meanwhile.

    A file that is too old or too new is left as it is: `open_catalog` refuses it. A database gets its tables
    if it has none, and keeps no copy.

    Returns:
        The upgrade of a file; None if none was needed.

    Raises:
        CatalogUnusable: there is no room for a copy, or SQLite can't read or write the file; or the database
            refuses.
        StoreAway: the database can't be reached.
        CatalogVersion: a newer Stackroom has made the database's tables.
    """
    if isinstance(where, Path):
        return _migrate_file(where)
    from stackroom.common.postgres.database import database
    from stackroom.common.postgres.migrate import migrate

    migrate(database(where.url))
    return None


def _migrate_file(path: Path) -> Upgrade | None:
    try:
        if not path.exists():
            return None
        with closing(connect(path)) as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if not OLDEST_VERSION <= version < SCHEMA_VERSION:
                return None
            copy = _copy(db, path, version)
            db.execute("PRAGMA foreign_keys = OFF")  # tables are made again under the same names
            for step in range(version, SCHEMA_VERSION):
                db.execute("BEGIN IMMEDIATE")
                with db:
                    _STEPS[step](db)
                    # A new random id, so that indexes made from the catalogue are built again.
                    db.execute(f"PRAGMA application_id = {secrets.randbelow(2**31)}")
                    db.execute(f"PRAGMA user_version = {step + 1}")
        shutil.rmtree(path.with_name(WORDS), ignore_errors=True)  # built again, perhaps in another format
    except (OSError, sqlite3.Error) as error:
        raise CatalogUnusable(f"The catalogue {path} cannot be brought up to date: {error}.") from error
    return Upgrade(version, copy)


def _copy(db: sqlite3.Connection, path: Path, version: int) -> Path:
    (pages,), (page_size,) = (db.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size"))
    needed = 2 * pages * page_size  # for the copy, and for what the steps write
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        raise CatalogUnusable(
            f"{path} has format {version}. Bringing it up to date needs {needed:,} bytes for a copy and for "
            f"what is written, and {free:,} are free. Make room and try again; nothing was changed."
        )
    copy = path.with_name(OLD_FORMAT.format(version=version))
    unfinished = copy.with_suffix(".unfinished")
    create(unfinished)
    with closing(connect(unfinished)) as target:
        db.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")
    remove(copy)
    put(unfinished, copy)
    return copy


# The first catalogues of version 3 were made without this index; without it they are only slower.
_ADDED_TO_3 = "CREATE INDEX IF NOT EXISTS illegible_passages ON vectors (passage) WHERE length(code) = 0"


def _to_3(db: sqlite3.Connection) -> None:
    """Adds languages, headings, and the context that a passage is embedded with.

    Languages are found from the texts. Headings can't be: so all documents are marked to be read again. Until
    then they are searched by the passages and vectors that they have, which were embedded without titles.
    """
    from indexer.pdf.text.language import identify  # only here, because it takes long to load

    db.execute("ALTER TABLE documents ADD COLUMN language TEXT NOT NULL DEFAULT ''")
    for (key,) in db.execute("SELECT key FROM documents").fetchall():
        blocks = db.execute("SELECT content FROM texts WHERE document = ? ORDER BY start", (key,))
        language = identify("".join(unpack(content) for (content,) in blocks))
        db.execute("UPDATE documents SET language = ?, extractor = '' WHERE key = ?", (language, key))
    for statement in (
        "CREATE TABLE sections (document INTEGER NOT NULL REFERENCES documents (key) ON DELETE CASCADE,"
        " start INTEGER NOT NULL, heading TEXT NOT NULL, PRIMARY KEY (document, start))"
        " STRICT, WITHOUT ROWID",
        "ALTER TABLE pending ADD COLUMN context TEXT NOT NULL DEFAULT ''",
        "DROP TABLE changes",
        "CREATE TABLE changes (seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL CHECK (kind IN"
        " ('published', 'embedded', 'named', 'removed', 'model')), first INTEGER NOT NULL,"
        " last INTEGER NOT NULL) STRICT",
        _ADDED_TO_3,
    ):
        db.execute(statement)


# The first catalogues of version 4 were made without this column. On pages that OCR read for them, the words
# that were found can't be marked in the picture.
_ADDED_TO_4 = "ALTER TABLE scans ADD COLUMN words BLOB"


def _to_4(db: sqlite3.Connection) -> None:
    """Adds scans: every page with little text waits for OCR, which first looks whether the page is a scan.

    Failures of PDFs that need a password get a kind of their own; before, they counted as encrypted.
    """
    for statement in (
        SCANS_TABLE,
        SCANS_INDEX,
        # The length of a last page is known only in bytes, which are at least as many as its characters.
        "INSERT INTO scans (document, page, state, text, reason) SELECT document, number, 'waiting', '', ''"
        " FROM (SELECT g.document, g.number, coalesce(lead(g.start) OVER (PARTITION BY g.document"
        "  ORDER BY g.number), d.text_bytes) - g.start AS length FROM pages g JOIN documents d"
        "  ON d.key = g.document WHERE d.extractor LIKE 'pdfium%') WHERE length < 100",
        "UPDATE locations SET failure = 'password' WHERE failure = 'encrypted'"
        " AND reason LIKE '%needs a password%'",
    ):
        db.execute(statement)


def _to_5(db: sqlite3.Connection) -> None:
    """Has all documents read again, for what earlier versions left out or got wrong.

    Until then they answer as they are. They keep their ids, and passages whose text stays keep their vectors.
    """
    db.execute(_ADDED_TO_3)
    if "words" not in {row[1] for row in db.execute("PRAGMA table_info(scans)")}:
        db.execute(_ADDED_TO_4)
    _add_attachments(db)
    db.execute(UNREAD_TABLE)
    db.execute("UPDATE documents SET extractor = ''")


def _add_attachments(db: sqlite3.Connection) -> None:
    """Adds the files inside PDFs, of which nothing is known until the PDFs are read again."""
    for statement in ATTACHMENTS:
        db.execute(statement)


def _to_6(db: sqlite3.Connection) -> None:
    """Has all documents read again, as `_to_5`: more tables are found in them."""
    db.execute("UPDATE documents SET extractor = ''")


def _to_7(db: sqlite3.Connection) -> None:
    """Packs the vectors of up to 256 passages into a row, as they are; passages without one need no row."""
    for statement in (
        "ALTER TABLE vectors RENAME TO codes",
        VECTORS_TABLE,
        "ALTER TABLE splits ADD COLUMN illegible INTEGER NOT NULL DEFAULT 0",
        "UPDATE splits SET illegible = (SELECT count(*) FROM codes"
        " WHERE passage BETWEEN first AND last AND length(code) = 0)",
        "DROP INDEX passages_by_hash",
        "UPDATE passages SET hash = 0 WHERE id IN (SELECT passage FROM codes WHERE length(code) = 0)",
        HASH_INDEX,
    ):
        db.execute(statement)
    ranges = db.execute("SELECT s.first, s.last, m.dimensions FROM splits s JOIN models m ON m.id = s.model")
    for first, last, dimensions in ranges.fetchall():
        found = db.execute(
            "SELECT passage, code FROM codes WHERE passage BETWEEN ? AND ? ORDER BY passage", (first, last)
        )
        codes = {passage: _whole_bytes(code, dimensions) for passage, code in found}
        sound = {passage: code for passage, code in codes.items() if len(code) == dimensions + 2}
        db.executemany("INSERT INTO vectors VALUES (?, ?)", packs([*sound], [*sound.values()]))
        waiting = db.execute(
            "SELECT passage, code FROM pending WHERE passage BETWEEN ? AND ? AND code IS NOT NULL",
            (first, last),
        ).fetchall()
        db.executemany(
            "UPDATE pending SET code = ? WHERE passage = ?",
            [(_whole_bytes(code, dimensions), passage) for passage, code in waiting],
        )
    db.execute("DROP TABLE codes")


def _to_8(db: sqlite3.Connection) -> None:
    """Adds when a document was indexed, which is not known of those that are there."""
    db.execute("ALTER TABLE documents ADD COLUMN indexed TEXT NOT NULL DEFAULT ''")


def _whole_bytes(code: bytes, dimensions: int) -> bytes:
    """A code with a byte for each level. The compact profile had 5 bits, for the odd numbers -31 to 31."""
    if len(code) != -(-dimensions * 5 // 8) + 2 or dimensions < 3:  # shorter ones are as long as others
        return code
    bits = np.unpackbits(np.frombuffer(code[:-2], np.uint8), count=dimensions * 5).reshape(dimensions, 5)
    levels = (bits @ np.array([16, 8, 4, 2, 1], np.uint8)).astype(np.int8) * 2 - 31
    return levels.astype(np.int8).tobytes() + code[-2:]


_STEPS: dict[int, Callable[[sqlite3.Connection], None]] = {
    2: _to_3,
    3: _to_4,
    4: _to_5,
    5: _to_6,
    6: _to_7,
    7: _to_8,
}
"""Version → the step from it to the next version."""
