"""Makes PDFs with tables whose cells are known, for `bench.tables`: 15 kinds of table by four producers.

ReportLab and Typst are Python packages; Chromium and LibreOffice are programs. Where one is missing, its
files are left out.
"""

import html
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

PRODUCERS = ("Chromium", "LibreOffice", "Typst", "ReportLab")
KINDS = (
    "ruled",
    "unruled",
    "rules above, below and under the header",
    "ruled, cells of several lines",
    "unruled, cells of several lines",
    "ruled, empty cells",
    "unruled, empty cells",
    "ruled, spanning columns",
    "ruled, spanning rows",
    "unruled, spanning columns",
    "ruled, over two pages",
    "unruled, over two pages",
    "lines between rows, cells of text",
    "ruled, nine columns",
    "unruled, two columns",
)


@dataclass(frozen=True)
class Cell:
    """A cell as it is written, and how many columns and rows it spans."""

    text: str
    across: int = 1
    down: int = 1


@dataclass(frozen=True)
class Table:
    """A table to be printed.

    Attributes:
        name: of its file, without ".pdf".
        producer, kind: of PRODUCERS and KINDS.
        rows: the cells that begin in each row. Of a column that a cell from above spans there is none.
        headers: how many of the rows are the header.
        columns: how many there are.
    """

    name: str
    producer: str
    kind: str
    rows: tuple[tuple[Cell, ...], ...]
    headers: int
    columns: int

    def grid(self) -> list[list[str | None]]:
        """What each row and column holds; None where a cell spans that begins elsewhere."""
        grid: list[list[str | None]] = [["?"] * self.columns for _ in self.rows]
        for at, row in enumerate(self.rows):
            for cell in row:
                column = grid[at].index("?")
                for below in range(cell.down):
                    for beside in range(cell.across):
                        grid[at + below][column + beside] = None if below or beside else cell.text
        return grid


_PLACES = [
    "Aberdeen",
    "Bristol",
    "Cardiff",
    "Dundee",
    "Exeter",
    "Falmouth",
    "Glasgow",
    "Hull",
    "Inverness",
    "Kendal",
    "Leeds",
    "Margate",
]
_GOODS = (
    "Rope, braided",
    "Anchor",
    "Signal lamp",
    "Oilskin",
    "Tar",
    "Brass cleat",
    "Sail needle",
    "Copper nails",
)
_TASKS = (
    "Check the seals of every hatch before the vessel leaves the yard, and again after a week at sea.",
    "Replace worn lines.",
    "Write the readings of both gauges into the log. Where they differ, the lower one counts.",
    "Grease the winch",
    "Keep spare parts dry; salt water spoils the bearings within a month or two.",
)
_PROSE = (
    "The harbour office keeps its accounts by quarter, and a vessel that stays for longer than a night is "
    "counted in the quarter in which it leaves. What is paid in kind is valued at the price of the day. The "
    "figures were checked by two clerks, and what they could not settle is noted in the margin. "
)


def tables(seed: int = 15) -> list[Table]:
    """The 60 tables: each kind by each producer. The first 30 have each kind twice, and so have the
    others.
    """
    chance = random.Random(seed)
    made = []
    for number in range(60):
        kind, producer = number % len(KINDS), PRODUCERS[number % len(PRODUCERS)]
        rows, headers = _CONTENTS[kind](chance)
        columns = sum(cell.across for cell in rows[0])
        name = f"{number:02}-{producer.lower()}-{kind:02}"
        made.append(Table(name, producer, KINDS[kind], tuple(map(tuple, rows)), headers, columns))
    return made


def _number(chance: random.Random) -> str:
    form = chance.choice(("{:,}", "{:,}", "{:.1f}", "{:.2f} %", "({:,})"))
    value = chance.randrange(1, 90_000)
    return form.format(value / 1000 if "." in form else value)


def _cells(*texts: str) -> list[Cell]:
    return [Cell(text) for text in texts]


def _figures(chance: random.Random, rows: int, columns: int, empty: float = 0.0) -> list[list[Cell]]:
    first = chance.sample(_PLACES * (1 + rows // 12), rows)
    head = _cells(
        "Region", *(f"{name} {2019 + at // 4}" for at, name in enumerate(["Q1", "Q2", "Q3", "Q4"] * 3))
    )
    made = [head[: columns + 1]]
    for place in first:
        values = ["" if chance.random() < empty else _number(chance) for _ in range(columns)]
        if not any(values):
            values[-1] = _number(chance)
        made.append(_cells(place, *values))
    return made


def _plain(chance: random.Random) -> tuple[list[list[Cell]], int]:
    return _figures(chance, chance.randrange(5, 12), chance.randrange(3, 5)), 1


def _empty(chance: random.Random) -> tuple[list[list[Cell]], int]:
    return _figures(chance, chance.randrange(6, 12), 4, 0.4), 1


def _wide(chance: random.Random) -> tuple[list[list[Cell]], int]:
    return _figures(chance, 8, 8), 1


def _long(chance: random.Random) -> tuple[list[list[Cell]], int]:
    return _figures(chance, 60, 3), 1


def _several_lines(chance: random.Random) -> tuple[list[list[Cell]], int]:
    made = [_cells("Part", "What to do", "Hours", "Cost")]
    made += [
        _cells(chance.choice(_GOODS), chance.choice(_TASKS), str(chance.randrange(1, 40)), _number(chance))
        for _ in range(chance.randrange(5, 8))
    ]
    return made, 1


def _across(chance: random.Random) -> tuple[list[list[Cell]], int]:
    made = [[Cell("Region"), Cell("First half", 2), Cell("Second half", 2)]]
    made += _figures(chance, 7, 4)
    made[1][0] = Cell("Town")
    return made, 2


def _down(chance: random.Random) -> tuple[list[list[Cell]], int]:
    made = [_cells("Coast", "Town", "Boats", "Catch")]
    for coast in ("North", "East", "West"):
        for at in range(3):
            first = [Cell(coast, down=3)] if at == 0 else []
            made.append(first + _cells(chance.choice(_PLACES), str(chance.randrange(2, 90)), _number(chance)))
    return made, 1


def _texts(chance: random.Random) -> tuple[list[list[Cell]], int]:
    made = [_cells("Article", "Kept in", "Remark")]
    made += [
        _cells(
            goods,
            chance.choice(_PLACES),
            chance.choice(("sold by the yard", "on request", "", "new stock in May")),
        )
        for goods in _GOODS
    ]
    return made, 1


def _pairs(chance: random.Random) -> tuple[list[list[Cell]], int]:
    made = [_cells("Article", "Price")] + [_cells(goods, _number(chance)) for goods in _GOODS]
    return made, 1


_CONTENTS: tuple[Callable[[random.Random], tuple[list[list[Cell]], int]], ...] = (
    *(_plain, _plain, _plain, _several_lines, _several_lines, _empty, _empty, _across, _down, _across),
    *(_long, _long, _texts, _wide, _pairs),
)  # fmt: skip


# Producers


def make(found: Sequence[Table], folder: Path) -> dict[str, str]:
    """Writes a PDF of each table into `folder`, unless it is there. Returns producer → why it has none."""
    folder.mkdir(parents=True, exist_ok=True)
    left_out = {}
    writers = {"Chromium": _chromium, "LibreOffice": _libreoffice, "Typst": _typst, "ReportLab": _reportlab}
    needs = {"Chromium": "chromium", "LibreOffice": "soffice"}
    for producer, write in writers.items():
        wanted = [table for table in found if table.producer == producer]
        missing = [table for table in wanted if not (folder / f"{table.name}.pdf").exists()]
        program = needs.get(producer)
        if missing and (not shutil.which(program) if program else not find_spec(producer.lower())):
            left_out[producer] = f"{program or producer.lower()} is not installed"
        elif missing:
            write(missing, folder)
    return left_out


def _numeric(table: Table, column: int) -> bool:
    texts = [row[column] for row in table.grid()[table.headers :]]
    return column > 0 and any(text and text[-1] in "0123456789%)" for text in texts)


def _rules(table: Table) -> str:
    if table.kind.startswith("ruled"):
        return "all"
    return {"rules above": "three", "lines betwe": "rows"}.get(table.kind[:11], "none")


def _html(table: Table, *, office: bool) -> str:
    rules = _rules(table)
    lines = []
    for at, row in enumerate(table.rows):
        if at == table.headers:
            lines.append("</thead><tbody>")
        covered = [column for column, text in enumerate(table.grid()[at]) if text is not None]
        cells = ""
        for cell, column in zip(row, covered, strict=True):
            tag = "th" if at < table.headers else "td"
            side = "center" if cell.across > 1 else "right" if _numeric(table, column) else "left"
            border = "border:1px solid black;" if rules == "all" else ""
            if rules == "rows" or (rules == "three" and at in (table.headers - 1, len(table.rows) - 1)):
                border = "border-bottom:1px solid black;"
            if rules == "three" and at == 0:
                border += "border-top:1px solid black;"
            cells += (
                f'<{tag} colspan="{cell.across}" rowspan="{cell.down}" align="{side}" '
                f'style="{border}text-align:{side};padding:2px 8px">{html.escape(cell.text)}</{tag}>'
            )
        lines.append(f"<tr>{cells}</tr>")
    width = "width:16cm" if "several" in table.kind else "width:auto"
    size = 'width="600"' if office and "several" in table.kind else ""
    return (
        '<html><head><meta charset="utf-8"></head><body style="font-family:Liberation Serif;font-size:11pt">'
        f"<h2>Accounts of the harbour</h2><p>{_PROSE * 2}</p><p>Table 4: what was counted</p>"
        f'<table {size} style="border-collapse:collapse;{width};font-size:10pt"><thead>{"".join(lines)}'
        f"</tbody></table><p>{_PROSE}</p></body></html>"
    )


def _chromium(wanted: Sequence[Table], folder: Path) -> None:
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    with TemporaryDirectory() as kept:
        for table in wanted:
            page = Path(kept, f"{table.name}.html")
            page.write_text(_html(table, office=False), encoding="utf-8")
            target = f"--print-to-pdf={folder / table.name}.pdf"
            subprocess.run([*command, target, str(page)], check=True, capture_output=True, timeout=120)


def _libreoffice(wanted: Sequence[Table], folder: Path) -> None:
    with TemporaryDirectory() as kept:
        pages = [Path(kept, f"{table.name}.html") for table in wanted]
        for table, page in zip(wanted, pages, strict=True):
            page.write_text(_html(table, office=True), encoding="utf-8")
        command = ["soffice", f"-env:UserInstallation=file://{kept}/profile", "--headless"]
        command += ["--infilter=HTML (StarWriter)", "--convert-to", "pdf:writer_web_pdf_Export"]
        command += ["--outdir", str(folder), *map(str, pages)]
        subprocess.run(command, check=True, capture_output=True, timeout=300)


def _typst(wanted: Sequence[Table], folder: Path) -> None:
    typst: Any = import_module("typst")
    strokes = {
        "all": "0.5pt",
        "none": "none",
        "three": "(_, y) => (bottom: if y == HEADS - 1 or y == LAST {0.6pt}, top: if y == 0 {0.6pt})",
        "rows": "(bottom: 0.5pt)",
    }
    for table in wanted:
        lines = []
        for at, row in enumerate(table.rows):
            cells = ", ".join(
                f"table.cell(colspan: {cell.across}, rowspan: {cell.down}"
                f"{', align: center' if cell.across > 1 else ''})[#{_quoted(cell.text)}]"
                for cell in row
            )
            lines.append(f"table.header(repeat: false, {cells})" if at == 0 and table.headers == 1 else cells)
        sides = ", ".join("right" if _numeric(table, column) else "left" for column in range(table.columns))
        stroke = (
            strokes[_rules(table)]
            .replace("HEADS", str(table.headers))
            .replace("LAST", str(len(table.rows) - 1))
        )
        widths = "(3cm, 7cm, 2cm, 3cm)" if "several" in table.kind else str(table.columns)
        source = (
            f"#set text(size: 10pt)\n= Accounts of the harbour\n{_PROSE * 2}\n\nTable 4: what was counted\n\n"
            f"#table(columns: {widths}, stroke: {stroke}, align: ({sides}),\n{', '.join(lines)})\n\n"
            f"{_PROSE}\n"
        )
        with TemporaryDirectory() as kept:
            page = Path(kept, "table.typ")
            page.write_text(source, encoding="utf-8")
            typst.compile(str(page), output=str(folder / f"{table.name}.pdf"))


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


def _reportlab(wanted: Sequence[Table], folder: Path) -> None:
    platypus: Any = import_module("reportlab.platypus")
    styles = import_module("reportlab.lib.styles").getSampleStyleSheet()
    body, heading = styles["BodyText"], styles["Heading2"]
    for table in wanted:
        rules = _rules(table)
        wraps = "several" in table.kind
        style: list[tuple[Any, ...]] = [("FONTNAME", (0, 0), (-1, table.headers - 1), "Helvetica-Bold")]
        if rules == "all":
            style.append(("GRID", (0, 0), (-1, -1), 0.5, "black"))
        elif rules == "rows":
            style.append(("LINEBELOW", (0, 0), (-1, -1), 0.5, "black"))
        elif rules == "three":
            style += [
                ("LINEABOVE", (0, 0), (-1, 0), 0.5, "black"),
                ("LINEBELOW", (0, -1), (-1, -1), 0.5, "black"),
            ]
            style.append(("LINEBELOW", (0, table.headers - 1), (-1, table.headers - 1), 0.5, "black"))
        style += [("ALIGN", (at, 0), (at, -1), "RIGHT") for at in range(table.columns) if _numeric(table, at)]
        data: list[list[Any]] = [[text or "" for text in row] for row in table.grid()]
        for at, row in enumerate(table.rows):
            covered = [column for column, text in enumerate(table.grid()[at]) if text is not None]
            for cell, column in zip(row, covered, strict=True):
                if cell.across > 1 or cell.down > 1:
                    style.append(("SPAN", (column, at), (column + cell.across - 1, at + cell.down - 1)))
                if wraps and column == 1:
                    data[at][column] = platypus.Paragraph(html.escape(cell.text), body)
        widths = [90, 190, 60, 80] if wraps else None
        flow = [
            platypus.Paragraph("Accounts of the harbour", heading),
            platypus.Paragraph(_PROSE * 2, body),
            platypus.Paragraph("Table 4: what was counted", body),
            platypus.Table(data, colWidths=widths, style=style),
            platypus.Paragraph(_PROSE, body),
        ]
        platypus.SimpleDocTemplate(str(folder / f"{table.name}.pdf")).build(flow)


if __name__ == "__main__":
    for name, reason in make(tables(), Path(sys.argv[1])).items():
        print(f"{name}: {reason}")
