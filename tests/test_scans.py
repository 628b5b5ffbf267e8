"""Scans: which pages are read by OCR, when, how often, and what becomes of their documents."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pypdf import PdfWriter
from starlette.applications import Starlette

from fake_ocr import FakeOcr, no_ocr
from fakes import OneModel, WordHashEmbedder
from indexer.ocr.drawing import Drawing, draw_page
from indexer.ocr.page_job import PageTask, recognise_all
from indexer.ocr.tesseract import FindOcr, OcrFailed, Tesseract, find_tesseract, read_tsv
from indexer.pdf.scanned_pages import is_garbled
from indexer.run.account import Progress, Summary
from indexer.run.indexer import Indexer
from make_pdfs import write_pdf, write_scanned_pdf, write_text_objects
from marked_boxes import marked_boxes
from mcp_clients import ask, serving
from stackroom.catalog.catalog import Catalog
from stackroom.common.settings import Settings
from stackroom.indexes.words import WordIndex
from stackroom.page.word_boxes import UNITS, find_passage
from stackroom.reading.reader import Reader
from stackroom.server.citations.pages import citation_routes
from stackroom.server.citations.pictures import PageToDraw, Pictures
from stackroom.server.protocol.answers import fetch_answer, search_answer

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the program that stands in is a script")

FERRY = "The ferry to the island leaves at noon, except on holidays."
TOLL = "A toll of two shillings is taken from every carriage."
OTTERS = "Otters hold hands while they sleep, so that the current does not carry them apart. " * 2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.read({}, data=tmp_path / "data", workers=2)


@pytest.fixture
def ocr(tmp_path: Path) -> FakeOcr:
    return FakeOcr(tmp_path / "ocr", {(10, "eng"): (91, FERRY), (20, "eng"): (81, TOLL)})


@pytest.fixture
def reader(settings: Settings) -> Iterator[Reader]:
    reader = Reader(
        Catalog(settings.catalog, create=True), WordIndex(settings.words), OneModel(WordHashEmbedder())
    )
    yield reader
    reader.close()


def index(
    settings: Settings,
    folder: Path,
    ocr: FindOcr,
    *,
    retry_failed: bool = False,
    put_off: Callable[[Summary], bool] = lambda summary: False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    embedder: WordHashEmbedder | None = None,
) -> Summary:
    with Indexer(settings, OneModel(embedder or WordHashEmbedder()), ocr) as indexer:
        return indexer.run([folder], retry_failed=retry_failed, put_off=put_off, on_progress=on_progress)


def mixed(path: Path) -> Path:
    """A page of text, two scans, a page of text."""
    before = write_pdf(path.with_suffix(".1"), [OTTERS], title="On Otters")
    scans = write_scanned_pdf(path.with_suffix(".2"), shades=[10, 20])
    after = write_pdf(path.with_suffix(".3"), ["They use stones as tools. " * 5])
    writer = PdfWriter()
    for part in (before, scans, after):
        writer.append(str(part))
        part.unlink()
    writer.add_metadata({"/Title": "On Otters"})
    writer.write(str(path))
    return path


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
    assert seen == [(2, 2)]
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
    results = search_answer(reader.search("ferry island"), "http://x").results
    assert results[0].ocr_confidence == 91
    assert search_answer(reader.search("otters hands"), "http://x").results[0].ocr_confidence == 0


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
    with serving(reader, Starlette(routes=citation_routes(reader))) as url:
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


def test_a_text_that_ocr_would_lose_stays(
    folder: Path, settings: Settings, tmp_path: Path, reader: Reader
) -> None:
    stamp = b"BT /F 12 Tf 72 700 Td (Received by the court on the third of May) Tj ET"
    write_scanned_pdf(folder / "scan.pdf", shades=[10, 20], text=stamp)
    pages = {(10, "eng"): (91, f"Received by the court on the third of May\n{FERRY}"), (20, "eng"): (30, "l")}
    ocr = FakeOcr(tmp_path / "ocr", pages)
    index(settings, folder, ocr)
    found = fetch_answer(reader.fetch(reader.search("court")[0].document_id), "http://x")
    assert found.text.count("Received by the court") == 2
    assert found.metadata.ocr_pages == "1"


@pytest.mark.parametrize(
    ("write", "is_scan"),
    [
        (lambda path: write_scanned_pdf(path), True),
        (lambda path: write_scanned_pdf(path, width=280), False),  # less than half of the page
        (lambda path: write_pdf(path, [""]), False),
        (lambda path: write_scanned_pdf(path, text=b"BT /F 12 Tf 72 700 Td (A stamp) Tj ET"), True),
        # Somebody else's OCR: text that is not drawn.
        (lambda path: write_scanned_pdf(path, text=b"BT /F 12 Tf 3 Tr 72 700 Td (Title) Tj ET"), False),
        (
            lambda path: write_scanned_pdf(path, text=b"BT /F 4 Tf 9 700 Td (%s) Tj ET" % (b"word " * 40)),
            False,
        ),
        (
            lambda path: write_text_objects(
                path, [b"BT /F 4 Tf 9 700 Td (%s) Tj ET" % (b"word " * 40)], to_unicode={0x6F: "\ue001"}
            ),
            True,
        ),
    ],
)
def test_which_pages_are_scans(
    folder: Path, settings: Settings, write: Callable[[Path], Path], is_scan: bool
) -> None:
    write(folder / "x.pdf")
    assert index(settings, folder, no_ocr).waiting_scans == is_scan


def test_garbled_text() -> None:
    assert not is_garbled("A usual sentence, with a usual length of its words.")
    assert not is_garbled("https://example.org/a/long/address/of/nothing.html " * 4)
    assert not is_garbled("Introduction.................................12\n" * 5)
    assert not is_garbled("船は正午に島を出ます。祝日を除きます。" * 4)
    assert is_garbled("Theferrytotheislandleavesatnoon exceptonholidaysandonsundays")
    assert is_garbled("\ufffd\ufffd\ufffde f\ufffdrr\ufffd")


def test_what_the_table_of_tesseract_says() -> None:
    def row(paragraph: int, line: int, confidence: str, word: str) -> str:
        return "\t".join(
            ["5", "1", "1", str(paragraph), str(line), "1", "0", "0", "9", "9", confidence, word]
        )

    table = "\n".join(
        [
            "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext",
            "1\t1\t0\t0\t0\t0\t0\t0\t9\t9\t-1\t",
            row(1, 1, "90.5", "A"),
            row(1, 1, "96.5", "har-"),
            row(1, 2, "80", "bour"),
            row(1, 2, "-1", " "),
            row(2, 1, "93", "船"),
            row(2, 1, "93", "は"),
        ]
    )
    drawing = Drawing(b"", 300, 90, 90)
    read = read_tsv(table, drawing)
    assert (read.text, read.confidence) == ("A harbour\n\n船は\n", 91)
    assert [word.letters for word in read.words] == [1, 3, 4, 1, 1]
    assert (read_tsv("", drawing).text, read_tsv("", drawing).confidence) == ("", 0)


def test_words_are_as_high_as_their_line_and_where_the_page_is_not_turned() -> None:
    line = "4\t1\t1\t1\t1\t0\t100\t100\t300\t40\t-1\t"
    word = "5\t1\t1\t1\t1\t1\t100\t110\t80\t20\t90\tsea"
    (seen,) = read_tsv(f"{line}\n{word}", Drawing(b"", 300, 1000, 1000)).words
    assert [round(1000 * side / UNITS) for side in (seen.left, seen.top, seen.right, seen.bottom)] == [
        100,
        100,
        180,
        140,
    ]


def test_a_program_that_hangs_is_ended(tmp_path: Path) -> None:
    program = tmp_path / "tesseract"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    hangs = Tesseract(str(program), "0", ("eng",), (), turns_pages=False)
    with pytest.raises(OcrFailed, match=r"took longer than 0\.1 s"):
        hangs.read(Drawing(b"P5\n1 1\n255\n\0", 300, 1, 1), "eng", 0.1)


def test_no_program_is_left_behind_when_the_caller_gives_up(tmp_path: Path) -> None:
    program = tmp_path / "tesseract"  # hangs at the dark page
    program.write_text(
        f"#!/bin/sh\nif [ $(tail -c 1) = a ]; then exit; fi\necho $$ > {tmp_path}/pid\nexec sleep 60\n"
    )
    program.chmod(0o755)
    os.mkfifo(tmp_path / "pid")
    pids: list[int] = []
    pdf = write_scanned_pdf(tmp_path / "x.pdf", shades=[ord("b"), ord("a")])
    hangs = Tesseract(str(program), "0", ("eng",), (), turns_pages=False)

    def tasks() -> Iterator[PageTask]:
        yield PageTask(pdf, 1, 1, "eng", (), hangs)
        pids.append(int((tmp_path / "pid").read_text()))  # waits until it is at work
        yield PageTask(pdf, 1, 2, "eng", (), hangs)

    running = recognise_all(tasks(), 2, 2048)
    assert next(running)[0].page == 2
    running.close()
    for _ in range(10_000):
        if _has_ended(pids[0]):
            return
    pytest.fail("the program goes on")


def _has_ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and ") Z" in stat.read_text()


def test_a_huge_page_is_drawn_small(tmp_path: Path) -> None:
    path = write_scanned_pdf(tmp_path / "x.pdf", shades=[10])
    path.write_bytes(path.read_bytes().replace(b"/MediaBox [0 0 595 842]", b"/MediaBox [0 0 99999 99999]"))
    drawing = draw_page(path, 1, (), lambda page: True)
    assert drawing is not None
    assert len(drawing.pgm) < 21_000_000


def test_the_catalogue_is_whole_after_all_this(folder: Path, settings: Settings, ocr: FakeOcr) -> None:
    mixed(folder / "a.pdf")
    index(settings, folder, no_ocr)
    index(settings, folder, ocr)
    (folder / "a.pdf").rename(folder / "b.pdf")
    assert index(settings, folder, ocr).moved == 1
    db = sqlite3.connect(settings.catalog)
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    counted = "SELECT count(*), (SELECT sum(last - first + 1) FROM splits), (SELECT count(*) FROM vectors)"
    passages, in_splits, vectors = db.execute(f"{counted} FROM passages").fetchone()
    assert passages == in_splits == vectors
    assert db.execute("SELECT count(*), min(state), max(text) FROM scans").fetchone() == (2, "published", "")
    assert db.execute("SELECT count(*) FROM documents").fetchone() == (1,)
    (folder / "b.pdf").unlink()
    index(settings, folder, ocr)
    assert db.execute("SELECT count(*) FROM scans").fetchone() == (0,)
    db.close()


def test_tesseract_itself_reads_a_page(
    tmp_path: Path, folder: Path, settings: Settings, reader: Reader
) -> None:
    if find_tesseract("eng")[0] is None:
        pytest.skip("tesseract is not installed, or without English")
    import pypdfium2

    drawn = pypdfium2.PdfDocument(write_pdf(tmp_path / "drawn.pdf", [FERRY]))[0].render(
        scale=2, grayscale=True
    )
    write_picture_pdf(folder / "scan.pdf", drawn.width, drawn.height, bytes(drawn.buffer), drawn.stride)
    assert index(settings, folder, find_tesseract).recognised == 1
    (hit,) = reader.search("ferry")
    assert FERRY in hit.best.text
    assert (hit.best.ocr_confidence or 0) > 80


def write_picture_pdf(path: Path, width: int, height: int, pixels: bytes, stride: int) -> None:
    from fpdf import FPDF
    from PIL import Image

    image = Image.frombytes("L", (width, height), pixels, "raw", "L", stride)
    pdf = FPDF(unit="pt", format="A4")
    pdf.add_page()
    pdf.image(image, 0, 0, 595, 842)
    pdf.output(str(path))
