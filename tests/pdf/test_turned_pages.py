"""Pages on their side or upside down are read as if they were upright."""

from pathlib import Path

import pytest

from drawn_pages import write_page
from indexer.pdf.pdfium import extract
from stackroom.common.documents import Document

_LINES = (
    b"BT /F 12 Tf 72 500 Td 16 TL (Net sales were 4,250) Tj /F 7 Tf 4 Ts (1) Tj"
    b" /F 12 Tf 0 Ts ( crowns in all.) Tj"
    b" T* (The second line goes on below it,) Tj T* (and the third one ends.) Tj ET"
)
_TEXT = "Net sales were 4,250¹ crowns in all.\nThe second line goes on below it,\nand the third one ends.\n"
# To the left by 90, 180 and 270 degrees, on paper of 595 by 842.
_LEFT, _OVER, _RIGHT = b"0 1 -1 0 595 0", b"-1 0 0 -1 595 842", b"0 -1 1 0 0 842"


def read(path: Path) -> Document:
    return extract(path, "0" * 24, on_page=lambda done, total: None)


@pytest.mark.parametrize("shown", [0, 90, 180, 270])
@pytest.mark.parametrize("matrix", [b"1 0 0 1 0 0", _LEFT, _OVER, _RIGHT])
def test_it_is_how_the_letters_stand_that_counts(tmp_path: Path, matrix: bytes, shown: int) -> None:
    content = b"q %s cm %s Q" % (matrix, _LINES)
    path = write_page(tmp_path / "a.pdf", content, entries=b"/Rotate %d" % shown)

    assert read(path).pages[0].text == _TEXT


@pytest.mark.parametrize("matrix", [_LEFT, _RIGHT])
def test_what_somebody_typed_onto_a_turned_page_stands_in_its_line(tmp_path: Path, matrix: bytes) -> None:
    place = {_LEFT: b"80 300 100 400", _RIGHT: b"495 442 515 542"}[matrix]
    note = b"/Annots [<< /Type /Annot /Subtype /FreeText /Rect [%s] /Contents (Pier 7) /F 4 >>]" % place
    content = b"q %s cm BT /F 12 Tf 72 500 Td (Berth:) Tj 0 -16 Td (Some more of the text.) Tj ET Q" % matrix
    path = write_page(tmp_path / "a.pdf", content, entries=note)

    assert read(path).pages[0].text == "Berth: [note: Pier 7]\nSome more of the text.\n"


def test_text_outside_the_crop_box_of_a_turned_page_is_left_out(tmp_path: Path) -> None:
    content = b"q %s cm BT /F 12 Tf 72 400 Td (This is shown.) Tj 500 0 Td (Cut off.) Tj ET Q" % _LEFT
    path = write_page(tmp_path / "a.pdf", content, entries=b"/CropBox [0 0 595 500] /Rotate 90")

    assert read(path).pages[0].text == "This is shown.\n"


def test_a_turned_label_does_not_turn_its_page(tmp_path: Path) -> None:
    content = _LINES + b" BT /F 9 Tf 0 1 -1 0 40 200 Tm (Copy of the owner) Tj ET"
    path = write_page(tmp_path / "a.pdf", content)

    assert read(path).pages[0].text.startswith(_TEXT.rstrip())
