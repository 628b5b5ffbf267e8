"""A library of the version before is read again by itself: ids stay, and so does what need not be redone."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fake_ocr import FakeOcr, no_ocr
from fakes import OneModel, WordHashEmbedder
from indexer.ocr.earlier_scans import with_earlier_scans
from indexer.store.migrate import migrate
from indexer.upkeep.check import check
from make_pdfs import write_pdf
from old_catalog import as_version_4, as_version_6
from scans import FERRY, OTTERS, TOLL, index, mixed
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.vector_codes import code_length
from stackroom.catalog.vector_packs import unpack
from stackroom.common.documents import Document, Page
from stackroom.common.settings import Settings
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    (tmp_path / "papers").mkdir()
    return tmp_path / "papers"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.read({}, data=tmp_path / "data", workers=2)


def make_old(settings: Settings) -> None:
    with closing(sqlite3.connect(settings.catalog)) as db, db:
        as_version_4(db)


def ids_and_vectors(settings: Settings) -> tuple[list[str], set[bytes]]:
    with closing(sqlite3.connect(settings.catalog)) as db:
        ids = [row[0] for row in db.execute("SELECT id FROM documents ORDER BY id")]
        rows = db.execute("SELECT first, pack, dimensions FROM vectors JOIN models ON current = 1")
        return ids, {code for first, pack, size in rows for code in unpack(first, pack, code_length(size))[1]}


def reader(settings: Settings) -> Reader:
    return Reader(Catalog(settings.catalog), WordIndex(settings.words), OneModel(WordHashEmbedder()))


def test_so_is_one_of_format_5(papers: Path, settings: Settings) -> None:
    write_pdf(papers / "otters.pdf", [OTTERS], title="On Otters")
    index(settings, papers, no_ocr)
    before = ids_and_vectors(settings)
    with closing(sqlite3.connect(settings.catalog)) as db, db:
        as_version_6(db)
        db.execute("PRAGMA user_version = 5")
    migrate(settings.catalog)
    again = index(settings, papers, no_ocr)
    assert (again.changed, again.unchanged) == (1, 0)
    assert ids_and_vectors(settings) == before


def test_only_passages_with_another_text_are_embedded_again(papers: Path, settings: Settings) -> None:
    write_pdf(papers / "otters.pdf", [OTTERS], title="On Otters")
    write_pdf(papers / "bread.pdf", ["Knead the dough for ten minutes and let it rest."], title="On Bread")
    index(settings, papers, no_ocr)
    before = ids_and_vectors(settings)
    make_old(settings)
    with closing(sqlite3.connect(settings.catalog)) as db, db:  # as if one had been read otherwise
        db.execute("UPDATE passages SET hash = 1 WHERE id = (SELECT min(id) FROM passages)")
    upgrade = migrate(settings.catalog)
    assert upgrade is not None
    assert upgrade.version == 4
    with closing(reader(settings)) as old:  # it answers as it is, until it has been read again
        assert old.search("otters hands")
    embedder = WordHashEmbedder()
    summary = index(settings, papers, no_ocr, embedder=embedder)
    assert (summary.changed, summary.added, summary.failed) == (2, 0, 0)
    assert embedder.embedded_passages == 1
    assert ids_and_vectors(settings) == before
    assert check(settings).damages == []
    assert index(settings, papers, no_ocr).unchanged == 2


def test_what_ocr_has_read_is_kept(papers: Path, settings: Settings, tmp_path: Path) -> None:
    mixed(papers / "a.pdf")
    ocr = FakeOcr(tmp_path / "ocr", {(10, "eng"): (91, FERRY), (20, "eng"): (81, TOLL)})
    index(settings, papers, ocr)
    with closing(sqlite3.connect(settings.catalog)) as db, db:
        (words,) = db.execute("SELECT words FROM scans WHERE page = 2").fetchone()
    before = ids_and_vectors(settings)
    make_old(settings)
    embedder = WordHashEmbedder()
    summary = index(settings, papers, no_ocr, embedder=embedder)
    assert (summary.changed, summary.waiting_scans, embedder.embedded_passages) == (1, 0, 0)
    assert ids_and_vectors(settings) == before
    assert check(settings).damages == []
    with closing(reader(settings)) as new:
        (found, *_) = new.search("ferry island")
        fetched = new.fetch(found.document_id)
        assert TOLL in fetched.text
        assert fetched.ocr_pages == {2: 91, 3: 81}
        assert new.status().scans_read == 2
    with closing(sqlite3.connect(settings.catalog)) as db, db:
        assert db.execute("SELECT words FROM scans WHERE page = 2").fetchone() == (words,)


def test_ocr_that_took_the_place_of_a_pages_own_text_is_done_again() -> None:
    pages = (Page(1, "1", "Harvest of the year\n"), Page(2, "2", ""))
    document = Document("0" * 24, "Slides", "", "", "", (), pages, "pdfium", scans=(1, 2))
    again = with_earlier_scans(document, {1: "Hanest ol lhe yeor\n", 2: "A picture\n"})
    assert [page.text for page in again.pages] == ["Harvest of the year\n", "A picture\n"]
    assert (again.scans, again.recognised) == ((1,), (2,))
    kept = with_earlier_scans(document, {1: "harvest of the year 1931\n"})
    assert (kept.pages[0].text, kept.scans) == ("harvest of the year 1931\n", (2,))
