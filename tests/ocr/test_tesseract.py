"""Asking tesseract: what its table says, how large a page is drawn for it, and that it is ended."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.ocr.drawing import Drawing, draw_page
from indexer.ocr.page_job import PageTask, recognise_all
from indexer.ocr.tesseract import OcrFailed, Tesseract, find_tesseract, read_tsv
from make_pdfs import write_pdf, write_scanned_pdf
from pictures import write_picture_pdf
from scans import FERRY, index
from stackroom.common.settings import Settings
from stackroom.page.word_boxes import UNITS
from stackroom.reading.reader import Reader

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the program that stands in is a script")


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
    assert (read.text, read.confidence) == ("A har-bour\n\n船は\n", 91)
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
    program.write_text(f"#!/bin/sh\nexec {shutil.which('sleep')} 60\n")
    program.chmod(0o755)
    hangs = Tesseract(str(program), "0", ("eng",), (), turns_pages=False)
    with pytest.raises(OcrFailed, match=r"took longer than 0\.1 s"):
        hangs.read(Drawing(b"P5\n1 1\n255\n\0", 300, 1, 1), "eng", 0.1)


def test_no_program_is_left_behind_when_the_caller_gives_up(tmp_path: Path) -> None:
    program = tmp_path / "tesseract"  # hangs at the dark page
    program.write_text(
        # Processes are forked from one that may have begun in a test with another PATH.
        f"#!/bin/sh\nPATH='{os.environ['PATH']}'\n"
        f"if [ $(tail -c 1) = a ]; then exit; fi\necho $$ > {tmp_path}/pid\nexec sleep 60\n"
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
    first = next(running)
    assert first[0].page == 2, first[1]
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
