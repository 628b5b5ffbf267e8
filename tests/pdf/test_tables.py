"""Tables become rows of cells, and what only looks like one stays as it is."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fpdf import FPDF

from indexer.pdf.pdfium import extract
from make_pdfs import write_text_objects
from make_table_pages import new_page, put_prose, put_row, read, rows_of

_HEAD = ("Region", "Q1 2019", "Q2 2019", "Q3 2019")
_ROWS = (
    ("North", "1,250", "", "77"),
    ("East", "", "42", "17"),
    ("South", "(310)", "8.5 %", ""),
    ("West Coast", "12", "1,900", "4"),
)


def test_a_table_without_rules(tmp_path: Path) -> None:
    pdf = new_page()
    put_prose(pdf, 80)
    for at, row in enumerate((_HEAD, *_ROWS)):
        put_row(pdf, 200 + 16 * at, row)
    put_prose(pdf, 300)
    text = read(pdf, tmp_path)
    assert rows_of(text) == [list(_HEAD), *map(list, _ROWS)]
    assert "\n| Region | Q1 2019 | Q2 2019 | Q3 2019 |\n|---|---|---|---|\n| North | 1,250 |  | 77 |" in text
    assert text.startswith("The harbour office")
    assert text.endswith("price of the day.\n")


def test_two_tables_whose_columns_stand_elsewhere(tmp_path: Path) -> None:
    pdf = new_page()
    put_prose(pdf, 80)
    other = (("Part number", "Material", "Price"), ("AB-100", "oak", "17.00"), ("AB-101", "", "4.10"))
    for at, row in enumerate((_HEAD, *_ROWS)):
        put_row(pdf, 200 + 16 * at, row)
    pdf.text(60, 300, "Table 2: parts of the rudder")
    for at, cells in enumerate((*other, ("AB-102", "brass", ""))):
        put_row(pdf, 324 + 16 * at, cells, (60, 200, 270))
    put_prose(pdf, 400)
    assert rows_of(read(pdf, tmp_path)) == [
        list(_HEAD),
        *map(list, _ROWS),
        *map(list, other),
        ["AB-102", "brass", ""],
    ]


def test_a_table_with_rules_spanning_cells_and_cells_of_several_lines(tmp_path: Path) -> None:
    pdf = new_page()
    put_prose(pdf, 80)
    pdf.set_y(200)
    note = "Check the seals of every hatch before the vessel leaves the yard."
    with pdf.table(first_row_as_headings=False, width=400, col_widths=(80, 180, 70, 70)) as table:
        head = table.row()
        head.cell("Part", rowspan=2)
        head.cell("What to do", rowspan=2)
        head.cell("Cost", colspan=2)
        for cells in (("2019", "2020"), ("Hatch", note, "12", "1,350"), ("Winch", "Grease", "", "7 | 8")):
            row = table.row()
            for cell in cells:
                row.cell(cell)
    assert rows_of(read(pdf, tmp_path).replace("\\|", "/")) == [
        ["Part", "What to do", "Cost", ""],
        ["", "", "2019", "2020"],
        ["Hatch", note, "12", "1,350"],
        ["Winch", "Grease", "", "7 / 8"],
    ]


def test_a_table_with_rules_in_chinese(tmp_path: Path) -> None:
    rows = [["月份", "东部", "西部"], ["一月", "四十", ""], ["二月", "", "十七"]]
    names = dict(enumerate(dict.fromkeys("".join(map("".join, rows))), start=0x41))
    codes = {char: code for code, char in names.items()}

    def encoded(cell: str) -> str:
        return bytes(codes[char] for char in cell).hex()

    content = "".join(
        f"BT /F 12 Tf {75 + 30 * column} {700 - 20 * at} Td <{encoded(cell)}> Tj ET "
        for at, row in enumerate(rows)
        for column, cell in enumerate(row)
    )
    content += "".join(f"72 {y} m 162 {y} l S " for y in (716, 696, 676, 656))
    content += "".join(f"{x} 656 m {x} 716 l S " for x in (72, 102, 132, 162))
    path = write_text_objects(tmp_path / "zh.pdf", [content.encode()], to_unicode=names)
    assert rows_of(extract(path, "0" * 24, on_page=lambda done, total: None).text) == rows


def test_a_table_that_goes_on_says_its_columns(tmp_path: Path) -> None:
    pdf = new_page()
    for page in range(3):
        if page:
            new_page(pdf)
        for at in range(30):
            row = (
                ("Town", "Boats", "Catch", "Sold")
                if page + at == 0
                else (f"T{page}{at}", "1", f"{at},250", "3")
            )
            put_row(pdf, 60 + 16 * at, row)
    pages = read(pdf, tmp_path).split("| T10 |")
    assert pages[0].endswith("\n[columns: | Town | Boats | Catch | Sold |]\n")
    assert pages[1].count("[columns: | Town | Boats | Catch | Sold |]\n| T20 |") == 1


def test_a_header_that_comes_again_on_every_page_stays(tmp_path: Path) -> None:
    pdf = new_page()
    for page in range(4):
        if page:
            new_page(pdf)
        for at in range(12):
            put_row(pdf, 60 + 16 * at, _HEAD if at == 0 else (f"Town {page}-{at}", f"{at * 37}", "1", "2"))
    text = read(pdf, tmp_path)
    assert text.count("| Region | Q1 2019 | Q2 2019 | Q3 2019 |\n|---|---|---|---|\n") == 4
    assert "[columns" not in text


def put_contents(pdf: FPDF) -> None:
    for at, title in enumerate(("Introduction", "Boats and nets", "Where to sell", "The law", "Index")):
        pdf.text(60, 100 + 16 * at, str(at + 1))
        pdf.text(90, 100 + 16 * at, title)
        pdf.text(400, 100 + 16 * at, str(3 + 9 * at))


def put_list(pdf: FPDF) -> None:
    for at, item in enumerate(("rope", "tar and pitch", "nails of copper", "a lamp")):
        pdf.text(60, 100 + 16 * at, f"{at + 1}.")
        pdf.text(100, 100 + 16 * at, item)


def put_columns(pdf: FPDF) -> None:
    """Two columns of prose, drawn line by line across both."""
    for at in range(12):
        pdf.text(
            60,
            100 + 14 * at,
            ("The harbour keeps its accounts by quarter", "and counts what leaves it by")[at % 2],
        )
        pdf.text(
            320,
            100 + 14 * at,
            ("A vessel that stays for longer than", "a night is counted in the quarter in")[at % 2],
        )


def put_code(pdf: FPDF) -> None:
    pdf.set_font("Courier", size=10)
    for at, (code, remark) in enumerate(
        (("int x;", "// one"), ("char name;", "// two"), ("long y;", "// three"))
    ):
        pdf.text(60, 100 + 14 * at, code)
        pdf.text(240, 100 + 14 * at, remark)


def put_output(pdf: FPDF) -> None:
    pdf.set_font("Courier", size=10)
    rows = (("disk", "size", "used"), ("root", "1200", "310"), ("home", "480", "77"), ("spare", "96", "12"))
    for at, cells in enumerate((*rows, ("other", "35", "4"), ("total", "1811", "403"))):
        for left, cell in zip((60, 160, 240), cells, strict=True):
            pdf.text(left, 100 + 14 * at, cell)


def put_addresses(pdf: FPDF) -> None:
    lines = (
        ("Mary Ott", "Harbour Office"),
        ("12 High Street", "Quay 4"),
        ("Kendal", "Leeds"),
        ("England", "England"),
    )
    for at, (one, other) in enumerate(lines):
        pdf.text(60, 100 + 14 * at, one)
        pdf.text(320, 100 + 14 * at, other)


def put_formulas(pdf: FPDF) -> None:
    for at, formula in enumerate(("a = b + c", "x + y = 2 z", "k < m", "p = q")):
        pdf.text(200, 100 + 40 * at, formula)
        pdf.text(480, 100 + 40 * at, f"({at + 1})")


@pytest.mark.parametrize(
    "put", [put_contents, put_list, put_columns, put_code, put_output, put_addresses, put_formulas]
)
def test_what_is_no_table_stays_as_it_is(put: Callable[[FPDF], None], tmp_path: Path) -> None:
    pdf = new_page()
    put(pdf)
    put_prose(pdf, 400)
    text = read(pdf, tmp_path)
    assert "|" not in text
    assert "counted in the quarter" in text.replace("\n", " ")


def test_what_a_document_prints_is_not_taken_for_ours(tmp_path: Path) -> None:
    pdf = new_page()
    pdf.text(60, 100, "[columns: | Price | Owed |]")
    assert read(pdf, tmp_path) == "[ columns: | Price | Owed |]\n"


def test_the_only_line_beside_a_table_is_no_title(tmp_path: Path) -> None:
    pdf = new_page()
    for at, row in enumerate((_HEAD, *_ROWS)):
        put_row(pdf, 200 + 16 * at, row)
    pdf.text(60, 400, "What was paid in kind is left out")
    pdf.output(str(tmp_path / "Accounts.pdf"))
    document = extract(tmp_path / "Accounts.pdf", "0" * 24, on_page=lambda done, total: None)
    assert document.title == "Accounts"
    assert "| East |  | 42 | 17 |" in document.text


def test_a_raised_mark_beside_a_cell_leaves_the_cells_apart(tmp_path: Path) -> None:
    # PDFium ends a line at a mark whose place differs much: one is made of the two.
    pdf = new_page()
    put_prose(pdf, 80)
    for at, row in enumerate((_HEAD, *_ROWS)):
        y = 200 + 16 * at
        pdf.text(60, y, row[0])
        if row[0] == "South":
            pdf.set_font(size=6)
            pdf.text(61 + 11 / 6 * pdf.get_string_width("South"), y - 5, "17")
            pdf.set_font(size=11)
        put_row(pdf, y, row[1:], (160, 240, 320))
    put_prose(pdf, 300)
    assert rows_of(read(pdf, tmp_path))[3] == ["South¹⁷", "(310)", "8.5 %", ""]


def test_two_tables_of_other_columns_with_sentences_between(tmp_path: Path) -> None:
    pdf = new_page()
    first, second = (_HEAD, *_ROWS), [row[:2] for row in (_HEAD, *_ROWS) if row[1]]
    for at, row in enumerate(first):
        put_row(pdf, 100 + 16 * at, row)
    put_prose(pdf, 180)
    for at, cells in enumerate(second):
        put_row(pdf, 260 + 16 * at, cells, (60, 400))
    assert rows_of(read(pdf, tmp_path)) == [*map(list, first), *map(list, second)]
