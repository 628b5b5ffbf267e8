"""Raised and lowered marks are written apart from what they stand beside."""

from pathlib import Path

import pytest

from indexer.pdf.pdfium import extract
from make_pdfs import write_text_objects

ID = "0123456789abcdef01234567"


def read(path: Path, *contents: str) -> list[str]:
    """The texts of pages with these lines: what is in `{}` is small and raised, in `<>` small and lowered."""
    pages = []
    for content in contents:
        lines = content.replace("(", "\\(").replace(")", "\\)")
        for mark, rise in (("{}", 4), ("<>", -2)):
            lines = lines.replace(mark[0], f") Tj /F 7 Tf {rise} Ts (")
            lines = lines.replace(mark[1], ") Tj /F 12 Tf 0 Ts (")
        shown = " T* ".join(f"({line}) Tj" for line in lines.split("\n"))
        pages.append(f"BT /F 12 Tf 72 700 Td 16 TL {shown} ET".encode("latin-1"))
    document = extract(write_text_objects(path / "a.pdf", pages), ID, on_page=lambda done, total: None)
    return [page.text for page in document.pages]


@pytest.mark.parametrize(
    ("printed", "written"),
    [
        ("sales of 4,250{1} crowns", "sales of 4,250¹ crowns"),
        ("takes 10{6} pulses", "takes 10⁶ pulses"),
        ("In 2019{12} the river rose", "In 2019¹² the river rose"),
        ("or 10{-6} amperes", "or 10⁻⁶ amperes"),
        ("in 10{n+1} steps", "in 10ⁿ⁺¹ steps"),
        ("in 10{q+1} steps", "in 10^(q+1) steps"),
        ("in 2,100{[2]} cases", "in 2,100^[2] cases"),
        ("has 17{a} rows", "has 17ᵃ rows"),
        ("says Smith{4,5} and Jones{2-4}.", "says Smith⁴,⁵ and Jones²-⁴."),
        ("fell in 2020.{3} It rose", "fell in 2020.³ It rose"),
        ("{14}C and {2}H dating", "¹⁴C and ²H dating"),
        ("water is H<2>O", "water is H₂O"),
        ("on the 1{st} floor, le 1{er} mai", "on the 1st floor, le 1er mai"),
        ("and M{me} Blanc in 2019", "and Mme Blanc in 2019"),
        ("a star at 300{*} and 1{1}/<2>", "a star at 300* and 1¹/₂"),
        ("no mark in 4,250 and 10.6", "no mark in 4,250 and 10.6"),
    ],
)
def test_marks(tmp_path: Path, printed: str, written: str) -> None:
    # The second page: the first one's lines are measured in another way.
    assert read(tmp_path, printed, "Some more text.\n" + printed) == [
        f"{written}\n",
        f"Some more text.\n{written}\n",
    ]


def test_a_line_that_is_broken_at_a_mark_is_one(tmp_path: Path) -> None:
    # So far above the line that PDFium begins another one.
    content = "BT /F 12 Tf 72 700 Td (It takes 10) Tj /F 10 Tf 6 Ts (6) Tj /F 12 Tf 0 Ts ( pulses.) Tj ET"
    path = write_text_objects(tmp_path / "a.pdf", [content.encode()] * 2)
    document = extract(path, ID, on_page=lambda done, total: None)
    assert document.pages[1].text == "It takes 10⁶ pulses.\n"


@pytest.mark.parametrize("lift", [4, 6])
def test_a_mark_that_is_nearly_as_large_as_the_text(tmp_path: Path, lift: int) -> None:
    # WeasyPrint 70 sets <sup> in 14.2 pixels where the text has 14.7. From 6 points on PDFium begins a line.
    content = (
        "BT /F 12 Tf 72 700 Td (Sales of 4,250) Tj /F 11.6 Tf %d Ts (1) Tj /F 12 Tf 0 Ts ( crowns.) Tj ET"
    )
    path = write_text_objects(tmp_path / "a.pdf", [(content % lift).encode()] * 2)
    document = extract(path, ID, on_page=lambda done, total: None)
    assert document.pages[1].text == "Sales of 4,250¹ crowns.\n"


def test_small_text_on_the_line_and_turned_text_stay(tmp_path: Path) -> None:
    content = b"BT /F 12 Tf 72 700 Td (FY 20) Tj /F 9 Tf (19) Tj ET "
    content += b"BT /F 12 Tf 0 1 -1 0 300 300 Tm (10) Tj /F 7 Tf 4 Ts (6) Tj ET"
    path = write_text_objects(tmp_path / "a.pdf", [content])
    document = extract(path, ID, on_page=lambda done, total: None)
    assert document.pages[0].text.split() == ["FY", "2019", "10", "6"]
