"""Kinds of tables in reports: rules above and below, sections, leaders, fonts for code, cells of prose."""

from itertools import pairwise
from pathlib import Path

import pytest
from fpdf import FPDF

from make_table_pages import new_page, put_prose, put_row, read, rows_of

_LEFTS = (60, 200, 270, 340, 410)


def put_rules(pdf: FPDF, *heights: float, left: float = 56, right: float = 480) -> None:
    for y in heights:
        pdf.line(left, y, right, y)


def test_headers_and_sections_between_rules(tmp_path: Path) -> None:
    pdf = new_page()
    put_prose(pdf, 80)
    pdf.text(60, 190, "Table 3. Boats and their crews by coast and by year, as they were counted")
    put_rules(pdf, 200, 236, 348)
    pdf.text(250, 212, "In 2019")
    pdf.text(390, 212, "In 2020")
    put_row(pdf, 230, ("Coast", "Boats", "Crew", "Boats", "Crew"), _LEFTS)
    rows = {"North": "Hull Leeds", "South, with the islands and all that lies beyond": "Exeter Falmouth"}
    y = 248
    for section, towns in rows.items():
        pdf.text(60, y, section)
        for town in towns.split():
            y += 14
            put_row(pdf, y, (f"  {town}", "12", "1,304", "7", "980"), _LEFTS)
        y += 20
    put_prose(pdf, 370)
    text = read(pdf, tmp_path)
    found = rows_of(text)
    assert [sum(map(bool, row)) for row in found] == [2, 5, 1, 5, 5, 1, 5, 5]
    assert found[1] == ["Coast", "Boats", "Crew", "Boats", "Crew"]
    assert found[3] == ["Hull", "12", "1,304", "7", "980"]
    assert "Table 3. Boats and their crews by coast and by year, as they were counted\n" in text


def test_tables_between_rules_of_one_length_with_prose_between(tmp_path: Path) -> None:
    pdf = new_page()
    put_rules(pdf, 80, 98, 132)
    for at, cells in enumerate((("Part", "Wood", "Price"), ("A-1", "oak", "17.00"), ("A-2", "ash", "4.10"))):
        put_row(pdf, 92 + 16 * at, cells, (60, 220, 380))
    put_prose(pdf, 150)
    put_rules(pdf, 260, 278, 312)
    for at, cells in enumerate((("Boat", "Built", "Crew"), ("Tern", "1954", "4"), ("Gull", "1961", "12"))):
        put_row(pdf, 272 + 16 * at, cells, (60, 160, 250))
    text = read(pdf, tmp_path)
    assert text.count("|---|---|---|") == 2
    assert rows_of(text)[4] == ["Tern", "1954", "4"]


def test_rows_of_numbers_between_two_rules(tmp_path: Path) -> None:
    pdf = new_page()
    put_prose(pdf, 80)
    put_rules(pdf, 200, 220, 270, 320, left=60, right=330)
    for x in (60, 160, 245, 330):
        pdf.line(x, 200, x, 320)
    put_row(pdf, 214, ("Group", "Some", "None"), (64, 170, 260))
    for top in (220, 270):
        for column, cells in enumerate(
            (("Age 3", "treated", "control"), ("", "85.1%", "17.3%"), ("", "14.9%", "82.7%"))
        ):
            for at, cell in enumerate(cells):
                pdf.text((64, 170, 260)[column], top + 14 + 14 * at, cell)
    assert rows_of(read(pdf, tmp_path)) == [
        ["Group", "Some", "None"],
        *2 * [["Age 3", "", ""], ["treated", "85.1%", "14.9%"], ["control", "17.3%", "82.7%"]],
    ]


def test_columns_parted_by_gaps_in_a_frame(tmp_path: Path) -> None:
    pdf = new_page()
    put_prose(pdf, 80)
    put_rules(pdf, 200, 220, 290, left=56, right=400)
    for x in (56, 170, 400):
        pdf.line(x, 200, x, 290)
    rows = [("Answer", "Number", "Share", "Loss")]
    rows += [(f"sold {part} of it", "344", "75.2", "12,196") for part in ("none", "half", "all")]
    for at, row in enumerate(rows):
        put_row(pdf, 214 + 18 * at, row, (60, 180, 250, 320))
    assert rows_of(read(pdf, tmp_path)) == list(map(list, rows))


@pytest.mark.parametrize("leader", [" .................... ", " . . . . . . . . . . "])
def test_leaders_before_several_values(leader: str, tmp_path: Path) -> None:
    pdf = new_page()
    put_prose(pdf, 80)
    towns = ("Hull", "Leeds", "Exeter", "Dundee", "Kendal", "Bristol")
    for at, town in enumerate(towns):
        pdf.text(60, 200 + 16 * at, town + leader)
        for column, value in enumerate(("1,250", "17.5", "-")):
            pdf.text(240 + 70 * column, 200 + 16 * at, value)
    assert rows_of(read(pdf, tmp_path)) == [[town, "1,250", "17.5", "-"] for town in towns]


def test_numbers_in_a_font_for_code(tmp_path: Path) -> None:
    pdf = new_page()
    put_prose(pdf, 80)
    pdf.set_font("Courier", size=10)
    rows = [(f"{year}", f"{year * 3:,}", "17.5", "204") for year in range(1990, 1998)]
    rows.insert(0, ("Year", "Landed", "Sold", "Boats"))
    for at, row in enumerate(rows):
        pdf.text(60, 200 + 14 * at, "  ".join(cell.rjust(9) for cell in row))
    assert rows_of(read(pdf, tmp_path)) == list(map(list, rows))


def test_prose_in_a_ruled_table(tmp_path: Path) -> None:
    pdf = new_page()
    put_prose(pdf, 80)
    said = (
        "A line of fixed length with words at either end of it, on which a patient marks where the pain is."
    )
    heights = [200.0]
    for name in ("Scale", "Event log kept by the patient", "Picture"):
        pdf.set_xy(60, heights[-1] + 2)
        pdf.multi_cell(90, 13, name)
        pdf.set_xy(160, heights[-1] + 2)
        pdf.multi_cell(360, 13, said)
        heights.append(heights[-1] + 44)
    put_rules(pdf, *heights, left=58, right=524)
    for x in (58, 156, 524):
        for above, below in pairwise(heights):
            pdf.line(x, above, x, below)
    assert rows_of(read(pdf, tmp_path)) == [
        ["Scale", said],
        ["Event log kept by the patient", said],
        ["Picture", said],
    ]


def test_dashes_for_no_value(tmp_path: Path) -> None:
    pdf = new_page()
    put_prose(pdf, 80)
    rows = [("Country", "2006", "2007", "2008")]
    rows += [(name, "-", "42", "-") for name in ("Estonia", "Spain", "Italy", "Hungary", "Austria")]
    for at, row in enumerate(rows):
        put_row(pdf, 200 + 16 * at, row)
    assert rows_of(read(pdf, tmp_path)) == list(map(list, rows))


def test_sections_between_rows_without_rules(tmp_path: Path) -> None:
    pdf = new_page()
    put_prose(pdf, 80)
    y = 200
    for section in ("Class A", "Class B", "Total"):
        pdf.text(60, y, section)
        for at, name in enumerate(("Net assets at 31 December", "Units", "Net assets of a unit"), 1):
            put_row(pdf, y + 14 * at, (name, "5,111,372"), (60, 300))
        y += 60
    found = rows_of(read(pdf, tmp_path))
    assert sum(row == ["Units", "5,111,372"] for row in found) == 3
    assert ["Class B", ""] in found
    assert ["Total", ""] in found
