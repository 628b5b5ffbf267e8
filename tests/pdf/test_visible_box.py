"""Text that the crop box cuts off is not on the page."""

from pathlib import Path

import pytest

from drawn_pages import line, write_page
from indexer.pdf.pdfium import extract


def read(path: Path) -> str:
    return extract(path, "0" * 24, on_page=lambda done, total: None).pages[0].text


SPREAD = line("How to store lacquer.", 40, 700) + line("How to thin shellac.", 340, 700)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize(
    ("box", "text"),
    [(b"0 0 297 842", "How to store lacquer.\n"), (b"297 0 595 842", "How to thin shellac.\n")],
)
def test_each_half_of_a_spread_has_its_own_text(tmp_path: Path, box: bytes, text: str, turn: int) -> None:
    entries = b"/CropBox [%s] /Rotate %d" % (box, turn)
    assert read(write_page(tmp_path / "x.pdf", SPREAD, entries=entries)) == text


def test_lines_above_and_below_the_box_go(tmp_path: Path) -> None:
    content = line("Above.", 72, 800) + line("Within.", 72, 400) + line("Below.", 72, 20)
    assert read(write_page(tmp_path / "x.pdf", content, entries=b"/CropBox [0 50 595 790]")) == "Within.\n"


def test_a_line_in_one_piece_is_cut_between_its_words(tmp_path: Path) -> None:
    content = line("storing lacquer thinning shellac", 100, 700, 24)
    left = read(write_page(tmp_path / "x.pdf", content, entries=b"/CropBox [0 0 280 842]"))
    right = read(write_page(tmp_path / "y.pdf", content, entries=b"/CropBox [280 0 595 842]"))
    # The edge goes through "thinning": both halves show a part of it.
    assert (left, right) == ("storing lacquer thinning\n", "thinning shellac\n")


def test_a_box_larger_than_the_paper_shows_the_paper(tmp_path: Path) -> None:
    content = line("On paper.", 72, 400) + line("Beside it.", 700, 400) + line("Beneath.", 72, -40)
    assert read(write_page(tmp_path / "x.pdf", content, entries=b"/CropBox [-900 -900 2000 2000]")) == (
        "On paper.\n"
    )


def test_a_line_that_runs_off_the_paper_stays_whole(tmp_path: Path) -> None:
    content = line("See http://boats.example/otters-and-ferries and more", 400, 400)
    for entries in (b"", b"/CropBox [0 0 595 842]"):
        assert read(write_page(tmp_path / "x.pdf", content, entries=entries)) == (
            "See http://boats.example/otters-and-ferries and more\n"
        )
