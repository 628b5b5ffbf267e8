"""Scans: when their pages are read by OCR, how often, and what becomes of their documents."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from starlette.applications import Starlette

from fake_ocr import FakeOcr, no_ocr
from fakes import WordHashEmbedder
from index_content import PACKS
from indexer.run.summary import Progress
from make_pdfs import write_pdf, write_scanned_pdf
from marked_boxes import marked_boxes
from mcp_clients import ask, room_of, serving
from scans import FERRY, OTTERS, TOLL, index, mixed
from stackroom.catalog.vector_codes import code_length
from stackroom.catalog.vector_packs import unpack
from stackroom.common.settings import Settings
from stackroom.page.word_boxes import find_passage
from stackroom.reading.reader import Reader
from stackroom.server.protocol.answers import fetch_answer, search_answer
from stackroom.server.room.document_page import document_routes
from stackroom.server.room.pictures import PageToDraw, Pictures

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the program that stands in is a script")


def test_scans_are_read_after_all_else_is_searchable(
    folder: Path, settings: Settings, ocr: FakeOcr, reader: Reader
) -> None:
    mixed(folder / "a.pdf")
    write_pdf(folder / "b.pdf", ["The bakery opens at six. " * 5])
    seen: list[tuple[int, int]] = []

    def look(progress: Progress) -> None:
        if progress.stage == "scans" and not progress.scans_done and not seen:
            seen.append((len(reader.search("otters")), len(reader.search("bakery"))))
            status = reader.status()
            assert (status.scans_waiting, status.scans_read, status.pending) == (2, 0, 0)

    summary = index(settings, folder, ocr, on_progress=look)
    assert seen == [(1, 1)]
    assert (summary.recognised, summary.waiting_scans, summary.without_text) == (2, 0, [])
    (best, *_) = reader.search("ferry island")
    assert (best.title, best.best.page, best.best.text.strip()) == ("On Otters", 2, FERRY)
    assert reader.search("toll carriage shillings")[0].best.page == 3
    assert reader.search("stones tools")[0].best.page == 4
    assert reader.status().scans_read == 2


def test_a_document_keeps_its_id_its_pages_and_what_was_embedded(
    folder: Path, settings: Settings, ocr: FakeOcr, reader: Reader
) -> None:
    mixed(folder / "a.pdf")
    index(settings, folder, no_ocr)
    before = reader.search("otters")[0].document_id
    first = fetch_answer(reader.fetch(before), "http://x")
    assert (first.metadata.ocr_pages, first.metadata.ocr_confidence) == ("", 0)
    assert first.metadata.unread_pages == "2-3"
    embedder = WordHashEmbedder()
    index(settings, folder, ocr, embedder=embedder)
    assert embedder.embedded_passages == 2  # the pages with text were embedded before
    answer = fetch_answer(reader.fetch(before), "http://x")
    assert answer.id == before
    assert FERRY in answer.text
    assert TOLL in answer.text
    assert OTTERS.split() == answer.text.split("[[page 2]]")[0].split()[2:]
    assert (answer.metadata.ocr_pages, answer.metadata.ocr_confidence) == ("2-3", 86)
    assert answer.metadata.unread_pages == ""
    assert answer.metadata.extractor.endswith(", tesseract 0")
    assert reader.page(before, 2).ocr_confidence == 91
    assert reader.page(before, 1).ocr_confidence is None
    results = search_answer(reader.answer("ferry island"), "http://x", reader.state()).results
    assert results[0].ocr_confidence == 91
    assert (
        search_answer(reader.answer("otters hands"), "http://x", reader.state()).results[0].ocr_confidence
        == 0
    )


def test_without_tesseract_pages_wait_until_it_is_there(
    folder: Path, settings: Settings, ocr: FakeOcr, reader: Reader
) -> None:
    write_scanned_pdf(folder / "scan.pdf", shades=[10])
    summary = index(settings, folder, no_ocr)
    assert (summary.waiting_scans, summary.ocr_obstacle) == (1, "tesseract is not installed")
    assert (summary.failed, summary.without_text) == (0, [])
    assert reader.search("ferry") == []
    summary = index(settings, folder, ocr)
    assert (summary.unchanged, summary.recognised, summary.waiting_scans) == (1, 1, 0)
    assert reader.search("ferry")[0].title == "scan"
    assert index(settings, folder, ocr).recognised == 0
    assert ocr.calls() == ["10 eng"]


def test_a_page_is_read_once_and_no_half_document_is_shown(
    folder: Path, settings: Settings, ocr: FakeOcr, reader: Reader
) -> None:
    write_scanned_pdf(folder / "scan.pdf", shades=[10, 20])

    class Killed(Exception):
        pass

    def kill(progress: Progress) -> None:
        if progress.scans_done:
            raise Killed

    one_at_a_time = Settings.read({}, data=settings.data, workers=1)
    with pytest.raises(Killed):
        index(one_at_a_time, folder, ocr, on_progress=kill)
    assert reader.search("ferry") == []
    assert reader.status().scans_waiting == 2  # the one that was read waits for the other
    assert index(settings, folder, ocr).recognised == 1
    assert {hit.best.page for hit in reader.search("ferry")} == {1}
    assert [call for call in ocr.calls() if call.startswith("10")] == ["10 eng"]


def test_a_passage_is_marked_where_ocr_saw_it(
    tmp_path: Path, folder: Path, settings: Settings, reader: Reader
) -> None:
    write_scanned_pdf(folder / "a.pdf", shades=[250])
    index(settings, folder, FakeOcr(tmp_path / "ocr", {(250, "eng"): (91, FERRY)}))
    (hit,) = reader.search("ferry island")
    seen = reader.page(hit.document_id, 1)
    start = seen.page.text.index("island")
    boxes = tuple(find_passage(seen.words, seen.page.text, start, start + len("island leaves at")))
    picture = Pictures().picture(
        PageToDraw(hit.document_id, 1, folder / "a.pdf", seen.page.text, boxes=boxes)
    )
    # The fifth word begins 500 of 2,479 dots to the right, 500 of 3,508 down, and is 50 high.
    (box,) = marked_boxes(picture)
    assert box == pytest.approx((20, 14, 31, 15), abs=1)
    assert picture.top == pytest.approx(500 / 3508, abs=0.01)
    unmarked = "Nothing is marked in the picture."
    with serving(reader, Starlette(routes=document_routes(room_of(reader), Pictures()))) as url:
        address = f"/d/{hit.document_id}?page=1&mark={hit.best.mark}"
        html = ask(url, "GET", address)[2].decode()
        assert "91 % sure of it." in html
        assert unmarked not in html
        with closing(sqlite3.connect(settings.catalog)) as db, db:
            db.execute("UPDATE scans SET words = NULL")  # as an earlier Stackroom kept it
        assert unmarked in ask(url, "GET", address)[2].decode()


def test_scans_can_be_put_off(folder: Path, settings: Settings, ocr: FakeOcr) -> None:
    write_scanned_pdf(folder / "scan.pdf", shades=[10, 20])
    one_by_one = Settings.read({}, data=settings.data, workers=1)
    summary = index(one_by_one, folder, ocr, put_off=lambda summary: summary.recognised > 0)
    assert (summary.recognised, summary.waiting_scans) == (1, 1)
    assert index(settings, folder, ocr).recognised == 1


def test_what_cannot_be_read_is_said_and_tried_again_when_asked(
    folder: Path, settings: Settings, ocr: FakeOcr, reader: Reader
) -> None:
    write_scanned_pdf(folder / "scan.pdf", shades=[10, 30])
    assert index(settings, folder, ocr).unrecognised == 1
    assert reader.search("ferry")[0].best.page == 1  # the other page is there
    (failure,) = reader.status().scans_failed
    assert failure.path == str(folder / "scan.pdf")
    assert failure.reason == "page 2: tesseract failed (1): Error: cannot read this shade"
    assert index(settings, folder, ocr).unrecognised == 0
    able = FakeOcr(ocr.home, {**ocr.pages, (30, "eng"): (70, "Horses are changed here.")})
    assert index(settings, folder, able, retry_failed=True).recognised == 1
    assert reader.search("horses")[0].best.page == 2
    assert reader.search("ferry")[0].best.page == 1


def test_only_the_pages_of_one_file_are_tried_again(
    folder: Path, settings: Settings, ocr: FakeOcr, reader: Reader
) -> None:
    scan = write_scanned_pdf(folder / "scan.pdf", shades=[10, 30])
    other = write_scanned_pdf(folder / "other.pdf", shades=[20, 40])
    assert index(settings, folder, ocr).unrecognised == 2
    assert {one.file for one in reader.status().retriable} == {str(scan), str(other)}
    both = {(30, "eng"): (70, "Horses are changed here."), (40, "eng"): (70, "No horses here.")}
    able = FakeOcr(ocr.home, {**ocr.pages, **both})
    assert index(settings, folder, able, retry_failed=True, only=[scan]).recognised == 1
    assert [one.file for one in reader.status().scans_failed] == [str(other)]


def test_a_document_is_read_in_the_language_that_it_turns_out_to_be_in(
    folder: Path, settings: Settings, tmp_path: Path, reader: Reader
) -> None:
    german = "Die Faehre zur Insel faehrt mittags ab, an Feiertagen aber nicht, und kostet nichts."
    right = german.replace("ae", "ä")
    pages = {}
    for shade in (10, 20, 30, 40):
        pages[shade, "eng"] = (80, german)
        pages[shade, "deu"] = (90, right)
    ocr = FakeOcr(tmp_path / "ocr", pages, ("deu", "eng"))
    write_scanned_pdf(folder / "scan.pdf", shades=[10, 20, 30, 40])
    assert index(Settings.read({}, data=settings.data, workers=1), folder, ocr).recognised == 4
    assert ocr.calls() == ["10 eng", "10 deu", "20 deu", "30 deu", "40 deu"]
    assert "Fähre" in reader.search("Fähre")[0].best.text
    assert reader.search("lang:de") != []


def test_the_setting_says_the_language(folder: Path, settings: Settings, tmp_path: Path) -> None:
    ocr = FakeOcr(tmp_path / "ocr", {(10, "deu+fra"): (20, "Unsicher")}, ("deu", "eng", "fra"))
    write_scanned_pdf(folder / "scan.pdf", shades=[10])
    wanted = Settings.read({"STACKROOM_OCR_LANGUAGES": "deu+fra"}, data=settings.data)
    assert index(wanted, folder, ocr).recognised == 1
    assert ocr.calls() == ["10 deu+fra"]


def test_the_catalogue_is_whole_after_all_this(folder: Path, settings: Settings, ocr: FakeOcr) -> None:
    mixed(folder / "a.pdf")
    index(settings, folder, no_ocr)
    index(settings, folder, ocr)
    (folder / "a.pdf").rename(folder / "b.pdf")
    assert index(settings, folder, ocr).moved == 1
    db = sqlite3.connect(settings.catalog)
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    counted = "SELECT count(*), (SELECT sum(last - first + 1) FROM splits) FROM passages"
    packs = [unpack(first, pack, code_length(size)) for first, pack, size in db.execute(PACKS).fetchall()]
    assert db.execute(counted).fetchone() == (sum(len(ids) for ids, _ in packs),) * 2
    assert db.execute("SELECT count(*), min(state), max(text) FROM scans").fetchone() == (2, "published", "")
    assert db.execute("SELECT count(*) FROM documents").fetchone() == (1,)
    (folder / "b.pdf").unlink()
    index(settings, folder, ocr)
    assert db.execute("SELECT count(*) FROM scans").fetchone() == (0,)
    db.close()
