"""Words under a bar are not on the page, also where the text around it is one piece with them."""

from pathlib import Path

import pytest

from drawn_pages import line, write_page
from indexer.pdf.pdfium import extract

_TEXT = line("The agent is called Quillwort and lives in Marrowby.", 72, 700)
_AT = 174  # points: the name is from 176 to 223
_NEXT = line("Sales of 4,250 crowns are not secret.", 72, 684)


def read(path: Path) -> str:
    return extract(path, "0" * 24, on_page=lambda done, total: None).pages[0].text


@pytest.mark.parametrize("colour", [b"0 g", b"1 g", b".8 0 0 rg"])
def test_a_word_under_a_bar_is_left_out(tmp_path: Path, colour: bytes) -> None:
    bar = b" %s %d 697 50 13 re f" % (colour, _AT)
    text = read(write_page(tmp_path / "a.pdf", _TEXT + _NEXT + bar))
    assert text == "The agent is called and lives in Marrowby.\nSales of 4,250 crowns are not secret.\n"


@pytest.mark.parametrize(
    "drawn",
    [
        b" 0 G %d 697 50 13 re S",  # a frame
        b" 1 0 0 rg %d 697 50 1 re f",  # a line below
        b" 1 0 0 rg %d 690 50 9 re f",  # what touches it
        b" /A gs 1 1 0 rg %d 697 50 13 re f",  # a marker
    ],
)
def test_a_word_that_is_seen_stays(tmp_path: Path, drawn: bytes) -> None:
    content = _TEXT + _NEXT + drawn % _AT
    path = write_page(tmp_path / "a.pdf", content, resources=b"/ExtGState << /A << /ca .4 >> >>")
    assert "called Quillwort and lives" in read(path)


def test_a_bar_behind_the_text_hides_nothing(tmp_path: Path) -> None:
    content = b".7 g %d 697 50 13 re f 0 g " % _AT + _TEXT
    assert "called Quillwort and lives" in read(write_page(tmp_path / "a.pdf", content))
