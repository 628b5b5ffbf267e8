"""PDFs of one page whose content is written by hand: boxes, layers, pictures and shapes beside text."""

import zlib
from collections.abc import Sequence
from pathlib import Path

from make_pdfs import write_objects

FIRST = 6
"""The number of the first of the further objects."""


def write_page(
    path: Path,
    content: bytes,
    *,
    entries: bytes = b"",
    resources: bytes = b"",
    fonts: bytes = b"",
    catalog: bytes = b"",
    objects: Sequence[bytes] = (),
) -> Path:
    """A page of 595 × 842 points with the font /F, Helvetica.

    Args:
        path: where to write.
        content: PDF operators.
        entries: more of the page, such as b"/CropBox [0 0 297 842]".
        resources: more of its resources, such as b"/XObject << /I 6 0 R >>".
        fonts: more fonts, such as b"/G 6 0 R".
        catalog: more of the catalogue.
        objects: more objects, numbered from FIRST.
    """
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R %s /Resources << %s >> >>"
    font = b"/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> %s >>" % fonts
    return write_objects(
        path,
        [
            b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog,
            b"<< /Type /Pages /Kids [5 0 R] /Count 1 >>",
            b"<< >>",
            write_stream(content),
            page % (entries, font + resources),
            *objects,
        ],
    )


def write_stream(data: bytes, entries: bytes = b"") -> bytes:
    """A stream with these entries."""
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(data), data)


def write_picture(width: int, height: int, greys: bytes) -> bytes:
    """A picture, a byte for each pixel."""
    entries = b"/Type /XObject /Subtype /Image /Width %d /Height %d" % (width, height)
    entries += b" /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode"
    return write_stream(zlib.compress(greys), entries)


def line(text: str, x: float, y: float, size: float = 12, *, before: str = "") -> bytes:
    """Operators that print a line of text; `before` stands in front of it, such as "1 g" for white."""
    return f"q {before} BT /F {size} Tf {x} {y} Td ({text}) Tj ET Q\n".encode()
