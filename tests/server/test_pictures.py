"""Pictures of pages: the passage is marked, and a file that misbehaves costs its own picture only."""

import os
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest

from make_pdfs import write_claiming_pdf, write_garbage, write_objects, write_pdf
from marked_boxes import marked_boxes
from stackroom.common.errors import PictureFailed
from stackroom.server.room.pictures import WIDTHS, PageToDraw, Pictures

TEXT = "The first line.\nThe second line.\n\nA third one.\n"


def wanted(file: Path, passage: str = "", text: str = TEXT) -> PageToDraw:
    start = text.index(passage)
    return PageToDraw(file.stem, 1, file, text, start, start + len(passage))


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    return write_pdf(tmp_path / "a.pdf", [TEXT.rstrip()], header="A running header")


def test_without_a_passage_nothing_is_marked(pdf: Path) -> None:
    picture = Pictures().picture(wanted(pdf))
    assert marked_boxes(picture) == []
    assert picture.top is None
    assert picture.width * picture.height == pytest.approx(2_200_000, rel=0.01)


def test_the_lines_of_the_passage_are_marked(pdf: Path) -> None:
    picture = Pictures().picture(wanted(pdf, "The second line.\n\nA third one."))
    (second, third) = marked_boxes(picture)
    # make_pdfs begins at 72, 80 points and has 14 points a line, of 595 x 842.
    assert (second[0], third[0]) == (12, 12)
    assert 9 <= second[1] < second[3] <= 12 < third[1] < third[3] <= 15
    assert second[2] > third[2]
    assert picture.top == pytest.approx(second[1] / 100, abs=0.015)


@pytest.mark.parametrize(
    ("degrees", "box"), [(90, (88, 12, 90, 25)), (180, (75, 88, 88, 90)), (270, (9, 74, 11, 88))]
)
def test_a_page_may_be_turned(pdf: Path, degrees: int, box: tuple[int, int, int, int]) -> None:
    turned = pdf.with_name("turned.pdf")
    with pypdfium2.PdfDocument(pdf) as document:
        page = document[0]
        page.set_rotation(degrees)
        page.close()
        document.save(turned)
    picture = Pictures().picture(wanted(turned, "The second line."))
    (found,) = marked_boxes(picture)
    assert found == pytest.approx(box, abs=2)
    assert picture.top == pytest.approx(found[1] / 100, abs=0.015)


def test_a_passage_that_the_page_does_not_have_is_not_marked(pdf: Path) -> None:
    picture = Pictures().picture(wanted(pdf, "Something else", "Something else than the page has.\n"))
    assert marked_boxes(picture) == []


@pytest.mark.parametrize("box", ["0 0 14400 14400", "0 0 14400 1", "0 0 0.01 0.01", "0 0 1e30 5", "0 0 -5 9"])
def test_the_size_of_a_picture_is_bounded(tmp_path: Path, box: str) -> None:
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [%s] >>" % box.encode()
    file = write_objects(
        tmp_path / "a.pdf",
        [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>", b"<< >>", page],
    )
    picture = Pictures().picture(wanted(file))
    assert 1 <= picture.width * picture.height < 2_300_000
    assert max(picture.width, picture.height) <= 6001


def test_pictures_are_kept(pdf: Path) -> None:
    pictures = Pictures()
    picture = pictures.picture(wanted(pdf, "The second"))
    pdf.unlink()
    assert pictures.picture(wanted(pdf, "The second")) is picture
    with pytest.raises(PictureFailed):
        pictures.picture(wanted(pdf, "The first"))


def test_a_small_picture_is_marked_and_kept_by_itself(pdf: Path) -> None:
    pictures = Pictures()
    whole = pictures.picture(wanted(pdf, "The second line."))
    small = pictures.picture(replace(wanted(pdf, "The second line."), width=WIDTHS[0]))
    assert small.width == WIDTHS[0]
    assert small.height == pytest.approx(WIDTHS[0] * whole.height / whole.width, abs=1)
    assert marked_boxes(small)[0] == pytest.approx(marked_boxes(whole)[0], abs=2)
    assert small.top == pytest.approx(whole.top, abs=0.01)
    assert len(small.png) < len(whole.png) / 4
    pdf.unlink()
    assert pictures.picture(replace(wanted(pdf, "The second line."), width=WIDTHS[0])) is small
    assert pictures.picture(wanted(pdf, "The second line.")) is whole


def test_files_that_cannot_be_drawn(tmp_path: Path, pdf: Path) -> None:
    pictures = Pictures()
    for file in (write_garbage(tmp_path / "b.pdf"), tmp_path / "missing.pdf", tmp_path):
        with pytest.raises(PictureFailed, match=r"^The page cannot be opened\.$"):
            pictures.picture(wanted(file))
    with pytest.raises(PictureFailed, match="cannot be opened"):
        pictures.picture(replace(wanted(pdf), page=2))
    assert pictures.picture(wanted(write_claiming_pdf(tmp_path / "c.pdf"))).width
    assert pictures.picture(wanted(pdf)).width


def test_a_process_that_takes_too_long_is_ended(pdf: Path) -> None:
    with pytest.raises(PictureFailed, match=r"took longer than 0\.01 seconds"):
        Pictures(seconds=0.01).picture(wanted(pdf))


def test_a_process_that_takes_too_much_memory_fails_alone(pdf: Path) -> None:
    with pytest.raises(PictureFailed, match=r"crashed|memory"):
        Pictures(memory_mb=1).picture(wanted(pdf))


@pytest.mark.skipif(os.name == "nt", reason="rights and limits are those of Unix")
def test_a_process_that_cannot_be_started_is_said(pdf: Path) -> None:
    # As where the interpreter is in a folder of another user's.
    with pytest.raises(PictureFailed, match="cannot be started: Permission denied"):
        Pictures(python=str(pdf)).picture(wanted(pdf))


@pytest.mark.skipif(os.name == "nt", reason="the program is a script of Unix")
@pytest.mark.parametrize(
    "answer",
    [
        '{"width": Infinity, "height": 9, "top": 0}',
        '{"width": 9, "height": 9, "top": ' + "9" * 400 + "}",
        "[" * 100_000,
        "[1]",
        '{"error": []}',
    ],
)
def test_an_answer_that_makes_no_sense_is_no_picture(tmp_path: Path, pdf: Path, answer: str) -> None:
    said = tmp_path / "said"
    said.write_text(f"{answer}\n", encoding="ascii")
    program = tmp_path / "taken-over"  # the process, as a hostile PDF might make it answer
    program.write_text(f"#!/bin/sh\ncat >/dev/null\ncat '{said}'\n", encoding="utf-8")
    program.chmod(0o700)
    with pytest.raises(PictureFailed, match="crashed the process"):
        Pictures(python=str(program)).picture(wanted(pdf))
