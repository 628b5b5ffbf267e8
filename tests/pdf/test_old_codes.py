"""Fonts that say nothing of their characters, but have the codes of TeX or of Symbol."""

from pathlib import Path

import pytest

from indexer.pdf.pdfium import extract
from make_pdfs import write_objects, write_text_objects

ID = "0123456789abcdef01234567"


def read(path: Path) -> str:
    return "".join(page.text for page in extract(path, ID, on_page=lambda done, total: None).pages)


def write_bitmap_font(path: Path, *lines: bytes) -> Path:
    """A page with these lines in a font as old TeX makes them: pictures, of which only codes are known."""
    names = b" ".join(b"/a%d" % code for code in range(256))
    glyphs = b" ".join(b"/a%d 6 0 R" % code for code in range(256))
    shown = b" T* ".join(b"<%s> Tj" % line.hex().encode() for line in lines)
    content = b"BT /F 12 Tf 72 760 Td 14 TL %s ET" % shown
    glyph = b"500 0 0 0 450 700 d1 0 0 400 600 re f"
    return write_objects(
        path,
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [7 0 R] /Count 1 /MediaBox [0 0 595 842] >>",
            b"<< >>",
            b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 500 700] /FontMatrix [.001 0 0 .001 0 0]"
            b" /FirstChar 0 /LastChar 255 /Widths [%s] /Encoding << /Type /Encoding /Differences [0 %s] >>"
            b" /CharProcs << %s >> /Resources << >> >>" % (b"500 " * 256, names, glyphs),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(glyph), glyph),
            b"<< /Type /Page /Parent 2 0 R /Contents 5 0 R /Resources << /Font << /F 4 0 R >> >> >>",
        ],
    )


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (
            (b"The \x0cnal o\x0ece e\x0bort", b"\x0dow of su\x0ecient ba\x0fe"),
            "The final office effort\nflow of sufficient baffle\n",
        ),
        ((b"an o\x0ecer in the stra\x19e",), "an officer in the straße\n"),
        ((b"die Stra\xffe ist gr\xfcn",), "die Straße ist grün\n"),
        ((b"the o\x1ecer \x10spoke\x11 of \x1cre",), "the officer “spoke” of fire\n"),
        ((b"ma\xaay \x9aaba",), "mały Žaba\n"),
        ((b"Copyright \x0dc 2009",), "Copyright c 2009\n"),
    ],
)
def test_bitmap_fonts_of_tex(tmp_path: Path, lines: tuple[bytes, ...], text: str) -> None:
    assert read(write_bitmap_font(tmp_path / "a.pdf", *lines)) == text


def test_symbol_in_the_private_area(tmp_path: Path) -> None:
    content = [b"BT /F 12 Tf 72 700 Td (angle a, b) Tj ET"]
    path = write_text_objects(
        tmp_path / "a.pdf", content, to_unicode={ord("a"): "\uf061", ord("b"): "\uf0b3"}
    )
    path.write_bytes(path.read_bytes().replace(b"/Helvetica", b"/SymbolMT "))
    assert read(path) == "αngle α, ≥\n"


def test_letters_of_named_fonts_stay(tmp_path: Path) -> None:
    content = ["BT /F 12 Tf 72 700 Td (L'Haÿ-les-Roses, 10 µm) Tj ET".encode("latin-1")]
    assert read(write_text_objects(tmp_path / "a.pdf", content)) == "L'Haÿ-les-Roses, 10 µm\n"
