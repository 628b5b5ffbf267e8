"""Text that is drawn twice is read once, and turned text is no part of an upright line."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fpdf import FPDF

from indexer.pdf.pdfium import extract
from make_pdfs import write_text_objects
from stackroom.common.documents import Document

ID = "0123456789abcdef01234567"
SIZE = 14


def _extract(path: Path) -> Document:
    return extract(path, ID, on_page=lambda done, total: None)


def _read(path: Path, draw: Callable[[FPDF], None], pages: int = 2) -> list[str]:
    """The texts of pages that are drawn alike."""
    pdf = FPDF(unit="pt", format="A4")
    for _ in range(pages):
        pdf.add_page()
        pdf.set_font("Helvetica", size=SIZE)
        draw(pdf)
    pdf.output(str(path))
    return [page.text for page in _extract(path).pages]


def _draw_letters(pdf: FPDF, x: float, y: float, text: str, shadow: tuple[float, float]) -> None:
    """Each letter on its own, after its shadow."""
    for char in text:
        pdf.text(x + shadow[0], y - shadow[1], char)
        pdf.text(x, y, char)
        x += pdf.get_string_width(char)


def _turn(pdf: FPDF, x: float, y: float, text: str, degrees: float = 90) -> None:
    with pdf.rotation(degrees, x, y):
        pdf.text(x, y, text)


@pytest.mark.parametrize("shadow", [(2, -2), (-2, 2), (0.1, -2), (1.5, 0), (0, 3), (3, -3)])
def test_letters_with_shadows(tmp_path: Path, shadow: tuple[float, float]) -> None:
    def draw(pdf: FPDF) -> None:
        _draw_letters(pdf, 72, 142, "Stroke the bookkeeper", shadow)

    assert _read(tmp_path / "a.pdf", draw) == ["Stroke the bookkeeper\n"] * 2


def test_words_with_shadows_among_others(tmp_path: Path) -> None:
    def draw(pdf: FPDF) -> None:
        pdf.text(72, 142, "Seen from afar, the")
        _draw_letters(pdf, 210, 142, "Lighthouse", (2, -2))
        pdf.text(300, 142, "is a committee of lamps")

    assert _read(tmp_path / "a.pdf", draw) == ["Seen from afar, the Lighthouse is a committee of lamps\n"] * 2


def test_parts_with_shadows(tmp_path: Path) -> None:
    # As browsers draw a word with a ligature: in three parts, all of the shadow first.
    def draw(pdf: FPDF) -> None:
        for moved in (3, 0):
            pdf.set_font("Helvetica", size=24)
            pdf.text(72 + moved, 142 + moved, "Wide")
            pdf.text(134 + moved, 142 + moved, "shadow of Mississippi")
            pdf.text(380 + moved, 142 + moved, "1100")

    assert _read(tmp_path / "a.pdf", draw) == ["Wide shadow of Mississippi 1100\n"] * 2


@pytest.mark.parametrize(
    "text", ["bookkeeper SSTTRR", "SSttrr 11223344", "AABBCC ffff", "The end of the end of the day"]
)
def test_what_is_printed_once(tmp_path: Path, text: str) -> None:
    def draw(pdf: FPDF) -> None:
        x = 72.0
        pdf.text(72, 142, text)
        for char in text:
            pdf.text(x, 192, char)
            x += pdf.get_string_width(char)

    assert _read(tmp_path / "a.pdf", draw) == [f"{text}\n\n{text}\n"] * 2


def test_label_drawn_after_a_line(tmp_path: Path) -> None:
    def draw(pdf: FPDF) -> None:
        pdf.text(72, 142, "Report on the harbour")
        _turn(pdf, 40, 342, "Archive 4711")
        pdf.text(72, 242, "The harbour was closed")

    expected = ["Report on the harbour", "Archive 4711", "The harbour was closed"]
    for text in _read(tmp_path / "a.pdf", draw):
        assert list(filter(None, text.split("\n"))) == expected


@pytest.mark.parametrize(
    ("x", "y", "degrees"), [(550, 690, 90), (550, 790, -90), (40, 242, 90), (150, 300, 45), (40, 790, -90)]
)
@pytest.mark.parametrize("is_first", [False, True])
def test_stamp(tmp_path: Path, x: float, y: float, degrees: float, is_first: bool) -> None:
    def draw(pdf: FPDF) -> None:
        if is_first:
            _turn(pdf, x, y, "Kestrel archive", degrees)
        pdf.text(72, 142, "Report on the harbour")
        if not is_first:
            _turn(pdf, x, y, "Kestrel archive", degrees)

    for text in _read(tmp_path / "a.pdf", draw):
        lines = sorted(filter(None, text.split("\n")))
        assert lines == ["Kestrel archive", "Report on the harbour"]


def test_stamp_is_no_title(tmp_path: Path) -> None:
    def draw(pdf: FPDF) -> None:
        pdf.set_font("Helvetica", size=24)
        pdf.text(72, 142, "Report on the harbour")
        pdf.set_font("Helvetica", size=SIZE)
        _turn(pdf, 40, 342, "Archive 4711")
        pdf.text(72, 242, "The harbour was closed")

    path = tmp_path / "a.pdf"
    _read(path, draw, pages=1)
    assert _extract(path).title == "Report on the harbour"


def test_slanted_letters_are_not_turned(tmp_path: Path) -> None:
    # As programs make italics of a font that has none; raised, so that the line ends higher than it begins.
    content = b"BT /F 12 Tf 72 700 Td (Report on) Tj 1 0 .33 1 135 705 Tm (harbours) Tj ET"
    path = write_text_objects(tmp_path / "a.pdf", [content])
    assert _extract(path).pages[0].text == "Report on harbours\n"


def test_letters_that_pdfium_parts_are_words(tmp_path: Path) -> None:
    # As Chromium prints what was typed into a form: each letter is drawn alone, and the fields stand at
    # heights that differ. PDFium then ends the line after each letter.
    heron = (
        b"BT /F 12 Tf 120 700 Td (H) Tj 8.67 0 Td (e) Tj 6.67 0 Td (r) Tj 4 0 Td (o) Tj 6.67 0 Td (n) Tj ET"
    )
    two = b"BT /F 12 Tf 200 712 Td (t) Tj 3.33 0 Td (w) Tj 8.67 0 Td (o) Tj ET"
    path = write_text_objects(tmp_path / "form.pdf", [b"%s %s" % (heron, two)])
    document = extract(path, "0" * 24, on_page=lambda done, total: None)
    assert document.text.split() == ["Heron", "two"]


def test_a_line_that_pdfium_ends_at_a_blank_is_one(tmp_path: Path) -> None:
    # As Chromium prints "Cy Tansy": the "T" is drawn apart, a little to the left of where the blank ends.
    # Where few lines stand at different places, PDFium then begins a line.
    name = b"BT /F 12 Tf 72 700 Td (By Cy ) Tj 34.5 0 Td (T) Tj 6.5 0 Td (ansy) Tj ET"
    number = b"BT /F 12 Tf 480 712 Td (No. 3) Tj ET"
    path = write_text_objects(tmp_path / "a.pdf", [b"%s %s" % (number, name)])
    assert "By Cy Tansy\n" in _extract(path).text
