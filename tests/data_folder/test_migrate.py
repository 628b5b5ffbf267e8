"""A data folder of an older Stackroom: brought up to date with what it has, and read again from its PDFs."""

import os
import sqlite3
from contextlib import closing
from hashlib import blake2b, sha256
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes import OneModel, WordHashEmbedder
from indexer.run.indexer import Indexer
from indexer.run.summary import Summary
from indexer.store.migrate import migrate
from indexer.upkeep.check import check
from make_pdfs import write_pdf
from old_catalog import as_version_4, as_version_6
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.schema import open_catalog
from stackroom.catalog.status import legibility
from stackroom.catalog.vector_codes import encode
from stackroom.common.compression import packed
from stackroom.common.errors import CatalogUnusable, CatalogVersion
from stackroom.common.settings import Settings
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader

OTTERS = "Otters hold hands while they sleep, so that the current does not carry them apart.\n"
BREAD = "Knead the dough for ten minutes and let it rest under a damp cloth until it has doubled.\n"

VERSION_2 = """
CREATE TABLE models (id INTEGER PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL,
    dimensions INTEGER NOT NULL,
    passage_tokens INTEGER NOT NULL, current INTEGER NOT NULL) STRICT;
CREATE UNIQUE INDEX one_model_is_current ON models (current) WHERE current = 1;
CREATE TABLE libraries (id INTEGER PRIMARY KEY, root TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE documents (key INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL,
    author TEXT NOT NULL, created TEXT NOT NULL, modified TEXT NOT NULL, outline TEXT NOT NULL,
    extractor TEXT NOT NULL, page_count INTEGER NOT NULL, text_bytes INTEGER NOT NULL) STRICT;
CREATE TABLE pages (document INTEGER NOT NULL REFERENCES documents (key) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    label TEXT NOT NULL, start INTEGER NOT NULL, PRIMARY KEY (document, number)) STRICT, WITHOUT ROWID;
CREATE TABLE texts (document INTEGER NOT NULL REFERENCES documents (key) ON DELETE CASCADE,
    start INTEGER NOT NULL,
    content BLOB NOT NULL, UNIQUE (document, start)) STRICT;
CREATE TABLE locations (library_id INTEGER NOT NULL REFERENCES libraries (id) ON DELETE CASCADE,
    path TEXT NOT NULL,
    size INTEGER NOT NULL, modified_ns INTEGER NOT NULL, document INTEGER REFERENCES documents (key),
    failure TEXT,
    reason TEXT, PRIMARY KEY (library_id, path), CHECK ((document IS NULL) = (failure IS NOT NULL))
    ) STRICT, WITHOUT ROWID;
CREATE INDEX locations_of_document ON locations (document);
CREATE TABLE successors (old TEXT PRIMARY KEY, new TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE splits (first INTEGER PRIMARY KEY, last INTEGER NOT NULL,
    model INTEGER NOT NULL REFERENCES models (id),
    document INTEGER NOT NULL REFERENCES documents (key)) STRICT;
CREATE INDEX splits_of_document ON splits (document, model);
CREATE TABLE passages (id INTEGER PRIMARY KEY AUTOINCREMENT, page INTEGER NOT NULL,
    start INTEGER NOT NULL,
    stop INTEGER NOT NULL, hash INTEGER NOT NULL) STRICT;
CREATE INDEX passages_by_hash ON passages (hash);
CREATE TABLE pending (passage INTEGER PRIMARY KEY, code BLOB) STRICT;
CREATE TABLE vectors (passage INTEGER PRIMARY KEY, code BLOB NOT NULL) STRICT;
CREATE TABLE changes (seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL CHECK (kind IN
    ('published', 'embedded', 'removed', 'model')), first INTEGER NOT NULL, last INTEGER NOT NULL) STRICT;
PRAGMA user_version = 2;
PRAGMA application_id = 4711;
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A folder of version 2: two PDFs, one passage each, the second without its vector yet."""
    papers = tmp_path / "papers"
    papers.mkdir()
    settings = Settings.read({}, data=tmp_path / "data", workers=2)
    settings.index.mkdir(parents=True)
    embedder = WordHashEmbedder()
    with closing(sqlite3.connect(settings.catalog)) as db:
        db.executescript("PRAGMA journal_mode = WAL;" + VERSION_2)
        model = embedder.fingerprint
        row = (model.name, model.digest, model.dimensions, model.passage_tokens)
        db.execute("INSERT INTO models VALUES (1, ?, ?, ?, ?, 1)", row)
        db.execute("INSERT INTO libraries VALUES (1, ?)", (str(papers),))
        for key, (name, text) in enumerate((("otters", OTTERS), ("bread", BREAD)), 1):
            file = write_pdf(papers / f"{name}.pdf", [text], title=f"On {name}", heading=f"All about {name}")
            found = file.stat()
            db.execute(
                "INSERT INTO documents VALUES (?, ?, ?, '', '', '', '[]', 'pdfium 5', 1, ?)",
                (key, identity(file), f"On {name}", len(text)),
            )
            db.execute("INSERT INTO pages VALUES (?, 1, '', 0)", (key,))
            db.execute("INSERT INTO texts VALUES (?, 0, ?)", (key, compressed(text)))
            db.execute(
                "INSERT INTO locations VALUES (1, ?, ?, ?, ?, NULL, NULL)",
                (file.name, found.st_size, found.st_mtime_ns, key),
            )
            db.execute("INSERT INTO passages VALUES (?, 1, 0, ?, ?)", (key, len(text), hash_of(text)))
            db.execute("INSERT INTO splits VALUES (?, ?, 1, ?)", (key, key, key))
            db.execute("INSERT INTO changes (kind, first, last) VALUES ('published', ?, ?)", (key, key))
        (code,) = encode(embedder.embed_passages([OTTERS]))
        db.execute("INSERT INTO vectors VALUES (1, ?)", (code,))
        db.execute("INSERT INTO pending VALUES (2, NULL)")
        db.execute("INSERT INTO successors VALUES ('of long ago', ?)", (identity(papers / "bread.pdf"),))
        db.commit()
    return settings


def identity(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()[:24]


def compressed(text: str) -> bytes:
    return packed(text.encode(), 3)


def hash_of(text: str) -> int:
    return int.from_bytes(blake2b(f"1 {text}".encode(), digest_size=8).digest(), signed=True)


def index(settings: Settings) -> Summary:
    with Indexer(settings, OneModel(WordHashEmbedder())) as indexer:
        return indexer.run(indexer.libraries())


def reader(settings: Settings) -> Reader:
    return Reader(Catalog(settings.catalog), WordIndex(settings.words), OneModel(WordHashEmbedder()))


def test_servers_say_what_to_do(settings: Settings) -> None:
    with pytest.raises(CatalogVersion, match=r"format 2.*Run `stackroom index`.*keeps a copy"):
        Catalog(settings.catalog)
    with closing(sqlite3.connect(settings.catalog)) as db:
        db.execute("PRAGMA user_version = 1000")
    assert migrate(settings.catalog) is None
    with pytest.raises(CatalogVersion, match=r"format 1000.*newer"):
        Catalog(settings.catalog)


def test_what_an_older_folder_has_answers_at_once(settings: Settings, tmp_path: Path) -> None:
    upgrade = migrate(settings.catalog)
    assert upgrade is not None
    assert (upgrade.version, migrate(settings.catalog)) == (2, None)
    with closing(sqlite3.connect(upgrade.copy)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (2,)
        assert db.execute("SELECT count(*) FROM documents").fetchone() == (2,)
    assert check(settings).damages == []
    with closing(reader(settings)) as old:
        assert old.search("otters hands")[0].document_id == identity(tmp_path / "papers" / "otters.pdf")
        assert OTTERS in old.fetch(identity(tmp_path / "papers" / "otters.pdf")).text
        assert BREAD in old.fetch("of long ago").text


def test_the_next_run_reads_all_again_under_the_same_ids(settings: Settings, tmp_path: Path) -> None:
    papers = tmp_path / "papers"
    (papers / "copy.pdf").write_bytes((papers / "bread.pdf").read_bytes())
    summary = index(settings)
    assert (summary.changed, summary.added, summary.failed) == (2, 1, 0)
    report = check(settings)
    assert (report.damages, report.documents, report.pending) == ([], 2, 0)
    with closing(reader(settings)) as new:
        entry = new.fetch(identity(papers / "bread.pdf")).entry
        assert "All about bread" in new.fetch("of long ago").text
        assert sorted(location.path for location in entry.locations) == ["bread.pdf", "copy.pdf"]
        assert entry.extractor.startswith("pdfium")
    assert index(settings).unchanged == 3


def test_documents_whose_files_cannot_be_read_now_stay(settings: Settings, tmp_path: Path) -> None:
    papers = tmp_path / "papers"
    found = (papers / "otters.pdf").stat()
    document = identity(papers / "otters.pdf")
    (papers / "otters.pdf").write_bytes(b"x" * found.st_size)
    os.utime(papers / "otters.pdf", ns=(found.st_mtime_ns, found.st_mtime_ns))
    assert index(settings).failed == 1
    with closing(reader(settings)) as still:
        assert OTTERS in still.fetch(document).text


def test_without_room_nothing_is_changed(settings: Settings) -> None:
    # A catalogue of 8 TB, of which the disk stores only what was there before.
    size, pages = settings.catalog.stat().st_size, 2**31
    with settings.catalog.open("r+b") as file:
        file.seek(28)  # SQLite's file format: "size of the database file in pages"
        file.write(pages.to_bytes(4, "big"))
        file.seek(0)
        before = file.read(size)
        file.truncate(pages * 4096)
    with pytest.raises(
        CatalogUnusable, match=r"needs 17,592,186,044,416 bytes.* are free.*nothing was changed"
    ):
        migrate(settings.catalog)
    with settings.catalog.open("rb") as file:
        assert file.read(size) == before
    assert not list(settings.index.glob("format-*"))


def test_a_step_that_fails_leaves_the_old_version(settings: Settings) -> None:
    with closing(sqlite3.connect(settings.catalog)) as db, db:
        db.execute("CREATE TABLE sections (what_is_in_the_way TEXT)")
    with pytest.raises(CatalogUnusable, match="sections already exists"):
        migrate(settings.catalog)
    with closing(sqlite3.connect(settings.catalog)) as db, db:
        db.execute("DROP TABLE sections")
    assert migrate(settings.catalog) is not None  # else it would find languages that it has added before
    assert check(settings).documents == 2


def test_pages_with_little_text_wait_for_ocr(tmp_path: Path) -> None:
    path = tmp_path / "index" / "catalog.sqlite3"
    with closing(open_catalog(path, create=True)) as db:
        as_version_4(db)
        db.execute("DROP TABLE scans")
        db.execute("PRAGMA user_version = 3")
        db.execute("INSERT INTO libraries (root) VALUES ('/papers')")
        for key, extractor, starts, size in (
            (1, "pdfium 5.15.2", (0, 500, 510), 1500),
            (2, "pdfium 5.15.2", (0,), 0),
            (3, "pypdf 7.1", (0,), 0),
        ):
            db.execute(
                "INSERT INTO documents VALUES (?, ?, '', '', '', '', 'en', '[]', ?, ?, ?)",
                (key, f"{key:024x}", extractor, len(starts), size),
            )
            for number, start in enumerate(starts, 1):
                db.execute("INSERT INTO pages VALUES (?, ?, '', ?)", (key, number, start))
        db.execute(
            "INSERT INTO locations VALUES (1, 'a.pdf', 1, 1, NULL, 'encrypted', 'needs a password to open')"
        )
    assert migrate(path)
    with closing(open_catalog(path, create=False)) as db:
        assert db.execute("SELECT document, page, state FROM scans").fetchall() == [
            (1, 2, "waiting"),
            (2, 1, "waiting"),
        ]
        assert db.execute("SELECT failure FROM locations").fetchall() == [("password",)]


def five_bits(levels: NDArray[np.int8]) -> bytes:
    """Levels, odd numbers from -31 to 31, as the compact profile stored them until format 6."""
    bits = np.unpackbits(((levels + 31) // 2).astype(np.uint8)[:, None], axis=1)[:, -5:]
    return np.packbits(bits.reshape(-1)).tobytes()


def test_vectors_of_format_6_stay_what_they_were(tmp_path: Path) -> None:
    (tmp_path / "papers").mkdir()
    write_pdf(tmp_path / "papers" / "otters.pdf", [OTTERS, BREAD, OTTERS + BREAD], title="On Otters")
    write_pdf(
        tmp_path / "papers" / "saga.pdf",
        ["Það er svo margt ef að er gáð: otter heitir otur, þó."],
        title="Saga",
    )
    settings = Settings.read({}, data=tmp_path / "data", workers=2)
    with Indexer(settings, OneModel(WordHashEmbedder())) as indexer:
        indexer.run([tmp_path / "papers"])
    with Catalog(settings.catalog) as catalog:
        model = catalog.model()
        assert model
        ids, codes = catalog.vectors(model)
    levels = np.arange(-31, 33, 2, dtype=np.int8).repeat(16)
    codes[1] = levels.tobytes() + codes[1][-2:]
    with closing(sqlite3.connect(settings.catalog)) as db, db:
        as_version_6(db)
        small = five_bits(levels) + codes[1][-2:]
        db.execute("UPDATE vectors SET code = ? WHERE passage = ?", (small, ids[1]))
        db.execute("DELETE FROM vectors WHERE passage = ?", (ids[2],))
        db.execute("INSERT INTO pending VALUES (?, '', ?)", (ids[2], small))
    assert migrate(settings.catalog)
    with Catalog(settings.catalog) as catalog:
        assert catalog.vectors(model) == (ids[:2] + ids[3:], codes[:2] + codes[3:])
        assert catalog.rows("SELECT passage, code FROM pending") == [(ids[2], codes[1])]
        assert dict(legibility(catalog, model)[1]) == {"is": 1}
    assert [damage.what for damage in check(settings).damages if "vector" in damage.what] == []


def test_scans_of_the_first_catalogues_of_format_4_have_no_places_of_words(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite3"
    with closing(open_catalog(path, create=True)) as db:
        as_version_4(db)
        db.execute("ALTER TABLE scans DROP COLUMN words")
    assert migrate(path)
    assert migrate(path) is None
    with Catalog(path) as catalog:
        assert catalog.word_boxes(1, 1) == ()
