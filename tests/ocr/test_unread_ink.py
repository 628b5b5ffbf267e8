"""Pages that show writing which their text does not have."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from drawn_pages import FIRST, line, write_page, write_picture, write_stream
from indexer.pdf.pdfium import extract

PICTURE = b"/XObject << /I %d 0 R >>" % FIRST
STAMP = (
    "Downloaded from the archive of the harbour by reader 20881 on the fourteenth of May. "
    "All use is subject to its terms, and to law."
)


def writing(width: int, height: int) -> bytes:
    """Greys of a picture with lines of strokes, five dots high and four apart, as letters are on paper."""
    blank, dark = b"\xf0" * width, (b"\x20\xf0\xf0\xf0" * width)[:width]
    light = (b"\x20\x20\x20\xf0" * width)[:width]
    rows = (blank, blank, blank, light, dark, light, dark, light)
    return b"".join(rows[at % len(rows)] for at in range(height))


def picture_page(path: Path, box: Sequence[int], greys: bytes, content: bytes = b"") -> Path:
    left, bottom, width, height = box
    draw = b"q %d 0 0 %d %d %d cm /I Do Q\n" % (width, height, left, bottom)
    pixels = write_picture(300, 400, greys)
    return write_page(path, draw + content, resources=PICTURE, objects=[pixels])


def needs_ocr(path: Path) -> bool:
    return extract(path, "0" * 24, on_page=lambda done, total: None).scans == (1,)


FLAT, WRITING = b"\xc0" * 120_000, writing(300, 400)
RECEIPT, SHEET = (200, 400, 250, 400), (0, 0, 595, 842)
WORD = line("harbour", 72, 700, before="3 Tr").replace(b"BT", b"BT 3 Tr")
LAYER = b"".join(
    line("all the words of this line of the scan" * 2, 40, y).replace(b"BT", b"BT 3 Tr")
    for y in range(40, 820, 20)
)


@pytest.mark.parametrize(
    ("box", "greys", "content", "wanted"),
    [
        (RECEIPT, WRITING, b"", True),
        (RECEIPT, FLAT, b"", False),
        (RECEIPT, WRITING, line("17", 300, 20), True),
        (SHEET, WRITING, line(STAMP, 30, 20, 6), True),
        (SHEET, FLAT, line(STAMP, 30, 20, 6), False),
        (SHEET, WRITING, WORD, True),
        (SHEET, WRITING, LAYER, False),
        # A picture beside text that says enough.
        (
            RECEIPT,
            WRITING,
            b"".join(line("Otters hold hands. " * 5, 40, y, 9) for y in range(40, 400, 12)),
            False,
        ),
    ],
)
def test_pictures_of_writing(
    tmp_path: Path, box: Sequence[int], greys: bytes, content: bytes, wanted: bool
) -> None:
    assert needs_ocr(picture_page(tmp_path / "x.pdf", box, greys, content)) is wanted


LETTER = "{x} {y} m {x1} {y} l {x1} {y1} l {x2} {y1} l {x2} {y2} l {x1} {y2} l {x1} {y3} l {x} {y3} l f\n"


def outlined(lines: int, in_each: int) -> bytes:
    """Shapes as letters are: ten points high, each of eight segments."""
    return "".join(
        LETTER.format(x=x, x1=x + 5, x2=x + 2, y=y, y1=y + 2, y2=y + 7, y3=y + 9)
        for y in range(700, 700 - 20 * lines, -20)
        for x in range(72, 72 + 7 * in_each, 7)
    ).encode()


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (outlined(3, 30), True),
        (outlined(1, 5), False),  # a logo
        (b"".join(b"72 %d 400 12 re f\n" % y for y in range(100, 700, 20)), False),
        (outlined(3, 30) + line("Page 1 of 1", 300, 20), True),
    ],
)
def test_letters_drawn_as_shapes(tmp_path: Path, content: bytes, wanted: bool) -> None:
    assert needs_ocr(write_page(tmp_path / "x.pdf", content)) is wanted
    form = write_stream(
        content,
        b"/Type /XObject /Subtype /Form /BBox [0 0 595 842]"
        b" /Resources << /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>",
    )
    assert needs_ocr(write_page(tmp_path / "y.pdf", b"/I Do", resources=PICTURE, objects=[form])) is wanted


def test_letters_of_a_font_that_does_not_say_which_they_are(tmp_path: Path) -> None:
    names = b" ".join(b"/g%d" % at for at in range(1, 30))
    glyph = write_stream(b"500 0 0 0 400 700 d1 0 0 400 700 re f")
    font = b"/Type /Font /Subtype /Type3 /FontBBox [0 0 500 700] /FontMatrix [.001 0 0 .001 0 0]"
    font += b" /FirstChar 1 /LastChar 29 /Widths [%s] /Resources << >>" % (b"500 " * 29)
    font += b" /Encoding << /Type /Encoding /Differences [1 %s] >>" % names
    font += b" /CharProcs << %s >>" % b" ".join(b"/g%d %d 0 R" % (at, FIRST + 1) for at in range(1, 30))
    text = bytes(range(1, 30)).hex().encode()
    unmapped = b"BT /G 12 Tf 72 %d Td <%s> Tj ET\n"
    mine = b"".join(unmapped % (y, text) for y in range(500, 700, 20))
    for name, other, wanted in (
        ("x", b"", True),
        ("y", line(STAMP, 30, 20), True),
        ("z", b"".join(line(STAMP, 30, y, 6) for y in range(20, 420, 10)), False),
    ):
        content = mine + other if name != "z" else unmapped % (700, text) + other
        path = write_page(
            tmp_path / f"{name}.pdf",
            content,
            fonts=b"/G %d 0 R" % FIRST,
            objects=[b"<< %s >>" % font, glyph],
        )
        assert needs_ocr(path) is wanted, name
