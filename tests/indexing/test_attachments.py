"""PDFs attached to PDFs: documents of their own, whatever becomes of the files that hold them."""

import shutil
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from commands import stackroom_here
from containers import pdf_of, write_container
from fake_ocr import FakeOcr, no_ocr
from fakes import OneModel, WordHashEmbedder
from indexer.run.indexer import Indexer
from indexer.upkeep.check import check
from indexer.upkeep.repair import repair
from make_pdfs import write_claiming_pdf, write_pdf, write_scanned_pdf
from old_catalog import as_version_4
from papers import counts, index
from scans import FERRY
from scans import index as index_with
from stackroom.catalog.catalog import Catalog
from stackroom.common.errors import UnknownDocument
from stackroom.common.settings import Settings
from stackroom.reading.reader import Reader
from stackroom.server.protocol.answers import fetch_answer

TENDER = "The tender for the footbridge closes on the ninth of May."
PLAN = "A plan of the arches and of the piers below the water."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One container, in which two PDFs and a table are."""
    folder = tmp_path / "papers"
    (folder / "works").mkdir(parents=True)
    write_container(
        folder / "works" / "cover.pdf",
        {"tender.pdf": pdf(tmp_path, TENDER), "prices.xlsx": b"PK"},
        pinned={"plan.pdf": pdf(tmp_path, PLAN, "Plan of the Bridge"), "photo.jpg": b"\xff\xd8"},
        title="Cover of All",
    )
    return folder


def pdf(tmp_path: Path, text: str, title: str = "") -> bytes:
    return pdf_of(tmp_path / "attached.pdf", text, title=title)


def found(reader: Reader, query: str) -> dict[str, tuple[str, ...]]:
    """Where the documents are that have all words of the query: id → as people are told."""
    hits = [hit for hit in reader.search(query) if all(word in hit.best.text for word in query.split())]
    entries = [reader.fetch(hit.document_id).entry for hit in hits]
    return {entry.id: tuple(place.shown_path for place in entry.locations) for entry in entries}


def test_they_are_found_fetched_and_named(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    summary = index(settings, embedder, folder)
    assert counts(summary) == {"added": 1}
    assert (summary.attachments, summary.pages) == (2, 3)
    assert list(found(reader, "footbridge closes").values()) == [("tender.pdf, in works/cover.pdf",)]
    (plan,) = found(reader, "arches piers")
    answer = fetch_answer(reader.fetch(plan), "http://here")
    assert (answer.title, answer.text) == ("Plan of the Bridge", f"[[page 1]]\n{PLAN}\n")
    assert answer.metadata.file_name == "plan.pdf, in cover.pdf"
    assert answer.metadata.source == "plan.pdf, in works/cover.pdf"
    assert answer.metadata.attachments == []
    (cover,) = found(reader, "portfolio opened")
    told = fetch_answer(reader.fetch(cover), "http://here").metadata.attachments
    assert sorted((one.name, one.page, bool(one.id), one.unread) for one in told) == [
        ("photo.jpg", 1, False, ""),
        ("plan.pdf", 1, True, ""),
        ("prices.xlsx", 0, False, ""),
        ("tender.pdf", 0, True, ""),
    ]
    status = reader.status()
    assert (status.documents, status.attachments_read, status.attachments_waiting) == (3, 2, 0)
    assert [(one.path, one.names) for one in status.attachments_other] == [
        (str(folder / "works" / "cover.pdf"), ("prices.xlsx", "photo.jpg (page 1)"))
    ]
    assert "prices.xlsx" in stackroom_here("--data", settings.data, "status").stdout
    for query in ("folder:works/cover arches", "arches folder:plan.pdf", "plan.pdf"):
        assert reader.search(query)[0].document_id == plan
    assert reader.answer("folder:works/plan arches").missing == 'folder:"works plan"'
    assert counts(index(settings, embedder, folder)) == {"unchanged": 1}


def test_renames_copies_and_removals(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    index(settings, embedder, folder)
    computed = embedder.embedded_passages
    (id_,) = found(reader, "footbridge closes")
    cover = folder / "works" / "cover.pdf"
    cover.rename(folder / "offers.pdf")
    index(settings, embedder, folder)
    assert found(reader, "footbridge closes") == {id_: ("tender.pdf, in offers.pdf",)}
    assert reader.search("offers tender")[0].document_id == id_
    shutil.copy(folder / "offers.pdf", cover)
    index(settings, embedder, folder)
    places = ("tender.pdf, in offers.pdf", "tender.pdf, in works/cover.pdf")
    assert found(reader, "footbridge closes") == {id_: places}
    (folder / "offers.pdf").unlink()
    index(settings, embedder, folder)
    assert found(reader, "footbridge closes") == {id_: places[1:]}
    assert embedder.embedded_passages == computed
    cover.unlink()
    index(settings, embedder, folder)
    assert found(reader, "footbridge closes") == {}
    assert reader.status().documents == 0
    with pytest.raises(UnknownDocument):
        reader.fetch(id_)
    assert is_sound(settings)


def test_a_changed_container_keeps_what_has_not_changed_in_it(
    folder: Path, tmp_path: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    index(settings, embedder, folder)
    computed = embedder.embedded_passages
    (tender,), (plan,) = found(reader, "footbridge closes"), found(reader, "arches piers")
    cover = folder / "works" / "cover.pdf"
    changed = "The tender for the footbridge closes on the tenth of June."
    write_container(
        cover,
        {"tender.pdf": pdf(tmp_path, changed), "plan.pdf": pdf(tmp_path, PLAN, "Plan of the Bridge")},
        cover="Another cover.",
    )
    summary = index(settings, embedder, folder)
    assert (summary.attachments, summary.embedded_passages) == (1, 2)
    assert embedder.embedded_passages == computed + 2
    assert list(found(reader, "arches piers")) == [plan]
    assert reader.fetch(tender).entry.id == next(iter(found(reader, "footbridge June"))) != tender
    write_container(cover, {}, cover="Another cover.")
    index(settings, embedder, folder)
    assert reader.status().documents == 1
    assert is_sound(settings)


def test_one_pdf_in_two_containers_and_as_a_file(
    folder: Path, tmp_path: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    tender = pdf(tmp_path, TENDER)
    write_container(folder / "other.pdf", {"offer.pdf": tender}, cover="Another cover.")
    index(settings, embedder, folder)
    (id_,) = found(reader, "footbridge closes")
    assert found(reader, "footbridge closes")[id_] == (
        "offer.pdf, in other.pdf",
        "tender.pdf, in works/cover.pdf",
    )
    computed = embedder.embedded_passages
    (folder / "alone.pdf").write_bytes(tender)
    index(settings, embedder, folder)
    assert found(reader, "footbridge closes")[id_][0] == "alone.pdf"
    assert embedder.embedded_passages == computed
    (folder / "works" / "cover.pdf").unlink()
    (folder / "alone.pdf").unlink()
    index(settings, embedder, folder)
    assert found(reader, "footbridge closes") == {id_: ("offer.pdf, in other.pdf",)}
    assert embedder.embedded_passages == computed
    with Indexer(settings, OneModel(embedder)) as indexer:
        assert indexer.forget(folder) == 2
    assert is_sound(settings)


def test_one_level_is_read_and_the_next_is_named(
    tmp_path: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    folder = tmp_path / "nested"
    folder.mkdir()
    deep = pdf(tmp_path, TENDER)
    inner = write_container(tmp_path / "inner.pdf", {"deep.pdf": deep}, cover="The inner cover.").read_bytes()
    write_container(folder / "outer.pdf", {"inner.pdf": inner}, cover="The outer cover.")
    index(settings, embedder, folder)
    assert found(reader, "footbridge closes") == {}
    status = reader.status()
    (unread,) = status.attachments_failed
    assert unread.path == f"deep.pdf, in inner.pdf, in {folder / 'outer.pdf'}"
    assert "attached itself" in unread.reason
    assert (status.attachments_read, status.attachments_waiting) == (1, 0)
    (id_,) = found(reader, "inner cover")
    told = fetch_answer(reader.fetch(id_), "").metadata.attachments
    assert [(one.name, one.id) for one in told] == [("deep.pdf", "")]
    assert "attached itself" in told[0].unread
    (folder / "inner.pdf").write_bytes(inner)
    index(settings, embedder, folder)
    assert list(found(reader, "footbridge closes").values()) == [("deep.pdf, in inner.pdf",)]
    (folder / "inner.pdf").unlink()
    index(settings, embedder, folder)
    assert found(reader, "footbridge closes") == {}
    assert list(found(reader, "inner cover").values()) == [("inner.pdf, in outer.pdf",)]
    assert is_sound(settings)


def test_what_cannot_be_read_is_told_once_and_tried_again_on_request(
    tmp_path: Path, embedder: WordHashEmbedder, reader: Reader, settings: Settings
) -> None:
    folder, secret = tmp_path / "locked", "open sesame"
    folder.mkdir()
    locked = pdf_of(tmp_path / "x.pdf", TENDER, password=secret)
    write_container(
        folder / "cover.pdf", {"locked.pdf": locked, "none.pdf": b"MZ", "NOTES": b"Not a PDF at all."}
    )
    names = [f"{name}, in {folder / 'cover.pdf'}" for name in ("locked.pdf", "none.pdf")]
    first = index(settings, embedder, folder)
    assert (sorted(first.failures), first.failed, first.newly_failed) == (names, 2, 2)
    second = index(settings, embedder, folder)
    assert (second.failures, second.newly_failed) == ({}, 0)
    status = reader.status()
    assert sorted((one.path, one.kind) for one in status.attachments_failed) == [
        (names[0], "password"),
        (names[1], "not a pdf"),
    ]
    assert status.attachments_other[0].names == ("NOTES",)
    assert sorted(index(settings, embedder, folder, retry_failed=True).failures) == names
    known = Settings.read({"STACKROOM_PDF_PASSWORDS": secret}, data=settings.data, workers=2)
    assert index(known, embedder, folder).attachments == 1
    assert len(found(reader, "footbridge closes")) == 1


def test_a_run_that_was_put_off_goes_on_with_them(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    with Indexer(settings, OneModel(embedder)) as indexer:
        first = indexer.run([folder], put_off=lambda summary: summary.added > 0)
    assert (first.added, first.attachments, first.waiting_files) == (1, 0, 2)
    assert reader.status().attachments_waiting == 2
    assert (index(settings, embedder, folder).attachments, reader.status().attachments_waiting) == (2, 0)


def test_scans_in_them_and_in_their_container_are_read(tmp_path: Path, settings: Settings) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    scan = write_scanned_pdf(tmp_path / "scan.pdf", shades=[70]).read_bytes()
    cover = write_scanned_pdf(tmp_path / "cover.pdf", shades=[50]).read_bytes()
    write_container(folder / "cover.pdf", {"ferry.pdf": scan}, cover=cover)
    ocr = FakeOcr(tmp_path / "ocr", {(70, "eng"): (95, FERRY), (50, "eng"): (95, "A stamped cover.")})
    assert index_with(settings, folder, no_ocr).waiting_scans == 2
    summary = index_with(settings, folder, ocr)
    assert (summary.recognised, summary.waiting_scans) == (2, 0)
    with Catalog(settings.catalog) as catalog:
        texts = [
            (places[0].shown_path, catalog.pages(key)[0].text)
            for (key, id_) in catalog.rows("SELECT key, id FROM documents")
            if (entry := catalog.document(id_)) and (places := entry.locations)
        ]
    assert sorted(texts) == [("cover.pdf", "A stamped cover.\n"), ("ferry.pdf, in cover.pdf", FERRY + "\n")]
    assert is_sound(settings)


def test_a_file_never_gets_the_text_that_an_attachment_claims(
    folder: Path, tmp_path: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    index(settings, embedder, folder)
    (tender,) = found(reader, "footbridge closes")
    file = write_pdf(tmp_path / "true.pdf", ["What the file truly says."])
    with closing(sqlite3.connect(settings.catalog)) as db, db:
        id_ = sha256(file.read_bytes()).hexdigest()[:24]
        db.execute("UPDATE documents SET id = ? WHERE id = ?", (id_, tender))
    shutil.copy(file, folder)
    index(settings, embedder, folder)
    assert reader.fetch(id_).text == "[[page 1]]\nWhat the file truly says.\n"


def test_a_damaged_one_is_removed_and_read_again(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    index(settings, embedder, folder)
    (tender,) = found(reader, "footbridge closes")
    with closing(sqlite3.connect(settings.catalog)) as db, db:
        db.execute("UPDATE documents SET text_bytes = 7 WHERE id = ?", (tender,))
    report = check(settings)
    assert len(report.damages) == 1
    repair(settings, OneModel(embedder), report)
    assert is_sound(settings)
    assert index(settings, embedder, folder).attachments == 1
    assert list(found(reader, "footbridge closes")) == [tender]


def test_an_index_of_an_older_version_gets_them_by_itself(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    index(settings, embedder, folder)
    computed = embedder.embedded_passages
    (cover,), (plan,) = found(reader, "portfolio opened"), found(reader, "arches piers")
    with closing(sqlite3.connect(settings.catalog)) as db:
        as_version_4(db)
        db.execute("DELETE FROM documents WHERE id <> ?", (cover,))
        db.execute("DELETE FROM splits WHERE document NOT IN (SELECT key FROM documents)")
        db.commit()
    assert index(settings, embedder, folder).attachments == 2
    assert list(found(reader, "portfolio opened")) == [cover]
    assert list(found(reader, "arches piers")) == [plan]
    assert embedder.embedded_passages == computed + 2  # of the two that are gone


def test_of_many_that_cost_all_they_may_the_last_are_not_tried(
    tmp_path: Path, settings: Settings, embedder: WordHashEmbedder
) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    hostile = write_claiming_pdf(tmp_path / "x.pdf").read_bytes()
    write_container(folder / "cover.pdf", {f"{number:02}.pdf": hostile for number in range(14)})
    reasons = list(index(settings, embedder, folder).failures.values())
    tried = [reason for reason in reasons if "claims 1,000,000 pages" in reason]
    others = [reason for reason in reasons if "was not tried" in reason]
    assert len(reasons) == 14
    assert len(tried) + len(others) == 14
    assert 10 <= len(tried) <= 12  # two at a time


def is_sound(settings: Settings) -> bool:
    """Whether a check finds nothing."""
    report = check(settings)
    assert report.damages == []
    assert (report.new, report.changed, report.missing) == ([], [], [])
    return True
