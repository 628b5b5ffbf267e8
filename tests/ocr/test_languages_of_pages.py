"""In which languages a page is read, where one is not enough."""

import os
from pathlib import Path

import pytest

from fake_ocr import FakeOcr
from indexer.ocr.drawing import Drawing
from indexer.ocr.tesseract import Tesseract, read_tsv
from make_pdfs import write_scanned_pdf
from scans import index
from stackroom.common.settings import Settings
from stackroom.reading.reader import Reader

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the program that stands in is a script")

ENGLISH = "The committee agreed to repaint the shed\nand to order four water butts for the garden"
RUSSIAN = "Комитет решил покрасить сарай и заказать бочки"
UNREAD = "Komuret pewnn nokpacutb capan nsakasatb 6oukn"


def one_worker(settings: Settings) -> Settings:
    return Settings.read({}, data=settings.data, workers=1)


def test_a_paragraph_in_another_language_is_read_in_that(
    folder: Path, settings: Settings, tmp_path: Path, reader: Reader
) -> None:
    pages = {
        (10, "eng"): (95, f"{ENGLISH}\n(39) {UNREAD}"),
        (10, "eng+rus"): (96, f"{ENGLISH}\n(91) {RUSSIAN}"),
        (20, "eng"): (95, ENGLISH),
        (30, "eng"): (95, f"{ENGLISH}\n(39) {UNREAD}"),
        (30, "eng+rus"): (96, f"{ENGLISH}\n(91) {RUSSIAN}"),
    }
    write_scanned_pdf(folder / "scan.pdf", shades=[10, 20, 30])
    ocr = FakeOcr(tmp_path / "ocr", pages, ("eng", "rus"))
    assert index(one_worker(settings), folder, ocr).recognised == 3
    # The pages between are not read in more languages than they are in.
    assert ocr.calls() == ["10 eng", "10 eng+rus", "20 eng", "30 eng", "30 eng+rus"]
    assert {hit.best.page for hit in reader.search("покрасить сарай")} <= {1, 3}
    assert reader.search("покрасить сарай") != []


def test_what_is_no_better_in_other_languages_is_not_tried_on_each_page(
    folder: Path, settings: Settings, tmp_path: Path
) -> None:
    doubtful = f"{ENGLISH}\n(60) smudges across the whole of this paragraph"
    pages = {(shade, languages): (95, doubtful) for shade in (10, 20, 30) for languages in ("eng", "eng+rus")}
    pages[10, "eng+rus"] = (80, doubtful)
    write_scanned_pdf(folder / "scan.pdf", shades=[10, 20, 30])
    ocr = FakeOcr(tmp_path / "ocr", pages, ("eng", "rus"))
    assert index(one_worker(settings), folder, ocr).recognised == 3
    assert ocr.calls() == ["10 eng", "10 eng+rus", "20 eng", "30 eng"]


@pytest.mark.parametrize("in_english", [(20, "oFH CRS OPC"), (0, "")])
def test_japanese_that_is_written_downwards_is_read_as_that_alone(
    folder: Path, settings: Settings, tmp_path: Path, reader: Reader, in_english: tuple[int, str]
) -> None:
    right = "船は\n正午に\n島を\n出ますが\n祝日には\n出ません\nのでご注意\nください"
    wrong = right.replace("正午", "正")
    pages = {}
    for shade in (10, 20):
        pages[shade, "eng"] = in_english
        pages[shade, "eng+jpn+jpn_vert"] = (85, wrong)
        pages[shade, "jpn_vert"] = (92, right)
    write_scanned_pdf(folder / "scan.pdf", shades=[10, 20])
    ocr = FakeOcr(tmp_path / "ocr", pages, ("eng", "jpn", "jpn_vert"))
    assert index(one_worker(settings), folder, ocr).recognised == 2
    assert ocr.calls() == ["10 eng", "10 eng+jpn+jpn_vert", "10 jpn_vert", "20 jpn_vert"]
    (hit,) = reader.search("正午")
    assert "正午" in hit.best.text


def test_pages_on_which_there_is_nothing_to_read_are_tried_in_all_languages_once(
    folder: Path, settings: Settings, tmp_path: Path
) -> None:
    pages = {(shade, languages): (0, "") for shade in (10, 20) for languages in ("eng", "eng+rus")}
    pages[30, "eng"] = (95, ENGLISH)
    write_scanned_pdf(folder / "scan.pdf", shades=[10, 20, 30])
    ocr = FakeOcr(tmp_path / "ocr", pages, ("eng", "rus"))
    index(one_worker(settings), folder, ocr)
    assert ocr.calls() == ["10 eng", "10 eng+rus", "20 eng", "30 eng"]


def test_names_for_writing_that_runs_down() -> None:
    program = Tesseract("tesseract", "5", ("chi_sim", "eng", "jpn", "jpn_vert"), (), turns_pages=False)
    assert [program.vertical(name) for name in ("jpn", "jpn+eng", "chi_sim+eng", "eng", "")] == [
        "jpn_vert",
        "jpn_vert",
        "",
        "",
        "",
    ]


def test_how_sure_the_weakest_paragraph_is() -> None:
    def row(paragraph: int, at: int, confidence: int, word: str = "words") -> str:
        return f"5\t1\t1\t{paragraph}\t1\t{at}\t{90 * at}\t0\t80\t20\t{confidence}\t{word}"

    drawing = Drawing(b"", 300, 1000, 1000)
    rows = [row(1, at, 96) for at in range(6)] + [row(2, at, 40) for at in range(6)]
    assert read_tsv("\n".join(rows), drawing).weakest == 40
    few = [row(1, at, 96) for at in range(6)] + [row(2, at, 40) for at in range(4)]
    noise = [row(3, at, 10, "|~") for at in range(20)]
    assert read_tsv("\n".join(few + noise), drawing).weakest == 96
    assert read_tsv("", drawing).weakest == 100


def test_no_blank_is_left_beside_the_stops_of_japanese() -> None:
    words = ["昔", "々", "、", "桃", "が", "。", "5", "個"]
    rows = [
        f"5\t1\t1\t1\t1\t{at}\t{90 * at}\t0\t80\t20\t90\t{word}" for at, word in enumerate(words, start=1)
    ]
    assert read_tsv("\n".join(rows), Drawing(b"", 300, 1000, 1000)).text == "昔々、桃が。 5 個\n"
