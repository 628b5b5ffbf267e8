"""Draws tables on pages, and reads them back."""

from collections.abc import Sequence
from pathlib import Path

from fpdf import FPDF

from indexer.pdf.pdfium import extract

PROSE = (
    "The harbour office keeps its accounts by quarter, and a vessel that stays for longer than a night is "
    "counted in the quarter in which it leaves. What is paid in kind is valued at the price of the day. "
)


def new_page(pdf: FPDF | None = None) -> FPDF:
    """A new page of A4, in a new file if there is none."""
    pdf = pdf or FPDF(unit="pt", format="A4")
    pdf.set_auto_page_break(auto=False)
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    return pdf


def read(pdf: FPDF, folder: Path) -> str:
    """The text of the file."""
    path = folder / "table.pdf"
    pdf.output(str(path))
    return extract(path, "0" * 24, on_page=lambda done, total: None).text


def put_row(pdf: FPDF, y: float, cells: Sequence[str], lefts: Sequence[float] = (60, 160, 240, 320)) -> None:
    """The first cell to the left; the others end 60 points behind their left edges."""
    for at, (left, cell) in enumerate(zip(lefts, cells, strict=True)):
        pdf.text(left + (60 - pdf.get_string_width(cell) if at else 0), y, cell)


def put_prose(pdf: FPDF, y: float, width: float = 470, left: float = 60, text: str = 2 * PROSE) -> None:
    """Lines of prose, the first of them below `y`."""
    pdf.set_xy(left, y)
    pdf.multi_cell(width, 14, text)


def rows_of(text: str) -> list[list[str]]:
    """The cells of all tables in a text."""
    lines = [line for line in text.split("\n") if line.startswith("|") and not line.startswith("|-")]
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]
