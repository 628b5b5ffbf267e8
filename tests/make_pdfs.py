"""PDFs for the tests: what the library writes, and what only an attacker or an accident does.

Every function writes to `path` and returns it. The fonts are the built-in ones: Latin-1 text only.
"""

import io
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import AccessPermission

LINE_HEIGHT = 14  # points; the text is 11 points high
PARAGRAPH_GAP = 12  # points more between paragraphs


def write_pdf(
    path: Path,
    pages: Sequence[str | bytes] = ("A page.",),
    *,
    title: str = "",
    author: str = "",
    created: datetime | None = None,
    outline: Sequence[tuple[str, int, int]] = (),
    heading: str = "",
    header: str = "",
    footer: str = "",
    password: str | None = None,
) -> Path:
    """A PDF with a page for each text.

    Args:
        path: where to write.
        pages: a newline in a text begins a new printed line, an empty line a paragraph; "" is a page
            without text. Bytes are a picture that fills the page: columns of these greys.
        title: in the metadata, as the next two.
        author: likewise.
        created: likewise.
        outline: title, 1-based page and level (0 outermost) of each entry.
        heading: printed large at the top of page 1.
        header: printed at the top of every page, with {page} for its number.
        footer: likewise at the bottom.
        password: what is asked for to open the file; "" encrypts it without asking. None does not encrypt.
    """
    pdf = FPDF(unit="pt", format="A4")
    pdf.set_auto_page_break(auto=False)
    if title:
        pdf.set_title(title)
    if author:
        pdf.set_author(author)
    if created:
        pdf.set_creation_date(created)
    if password is not None:
        pdf.set_encryption("owner", password, permissions=AccessPermission.all())
    for number, text in enumerate(pages, start=1):
        pdf.add_page()
        pdf.set_font("Helvetica", size=11)
        for name, page, level in outline:
            if page == number:
                pdf.start_section(name, level)
        if header:
            pdf.text(72, 40, header.format(page=number))
        if isinstance(text, bytes):
            picture = io.BytesIO(b"P5\n%d 1\n255\n%s" % (len(text), text))
            pdf.image(picture, 0, 0, pdf.w, pdf.h)
            continue
        y = 80.0
        if heading and number == 1:
            pdf.set_font("Helvetica", size=24)
            pdf.text(72, y, heading)
            pdf.set_font("Helvetica", size=11)
            y += 40
        for line in text.split("\n") if text else ():
            if line:
                pdf.text(72, y, line)
            y += LINE_HEIGHT if line else PARAGRAPH_GAP
        if footer:
            pdf.text(72, 810, footer.format(page=number))
    pdf.output(str(path))
    return path


def write_scanned_pdf(
    path: Path, pages: int = 1, *, shades: Sequence[int] = (), text: bytes = b"", width: int = 595
) -> Path:
    """Pages that are a picture (one pixel) and hold no text, as a scanner makes them.

    Args:
        path: where to write.
        pages: how many, if there are no `shades`.
        shades: the grey of each page's picture.
        text: PDF operators that come on top of it, on each page; the font /F is there.
        width: of the pictures, in points. The pages have 595.
    """
    shades = shades or [0x80] * pages
    kids = b" ".join(b"%d 0 R" % (6 + 2 * at) for at in range(len(shades)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d /MediaBox [0 0 595 842] >>" % (kids, len(shades)),
        b"<< >>",
        _stream(b"q %d 0 0 842 0 0 cm /I Do Q %s" % (width, text)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for at, shade in enumerate(shades):
        resources = b"/XObject << /I %d 0 R >> /Font << /F 5 0 R >>" % (7 + 2 * at)
        page = b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << %s >> >>"
        image = b"/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray"
        image += b" /BitsPerComponent 8 /Filter /FlateDecode "
        objects += [page % resources, _stream(zlib.compress(bytes([shade])), image)]
    return write_objects(path, objects)


def write_text_objects(
    path: Path,
    contents: Sequence[bytes],
    *,
    to_unicode: Mapping[int, str] | None = None,
    catalog: bytes = b"",
    info: bytes = b"",
) -> Path:
    """A page for each content stream, with the font /F (Helvetica).

    Args:
        path: where to write.
        contents: PDF operators: b"BT /F 12 Tf 72 700 Td (text) Tj ET".
        to_unicode: what the font says that the byte stands for, where it is not Latin-1.
        catalog: more entries of the catalogue, such as b"/PageLabels ...".
        info: the entries of the metadata, such as b"/Title (x)".
    """
    font = (
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding /ToUnicode 5 0 R >>"
    )
    kids = b" ".join(b"%d 0 R" % (6 + 2 * at) for at in range(len(contents)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog,
        b"<< /Type /Pages /Kids [%s] /Count %d /MediaBox [0 0 595 842] >>" % (kids, len(contents)),
        b"<< %s >>" % info,
        font,
        _stream(_write_cmap(to_unicode or {})),
    ]
    for at, content in enumerate(contents):
        resources = b"/Resources << /Font << /F 4 0 R >> >>"
        objects.append(b"<< /Type /Page /Parent 2 0 R /Contents %d 0 R %s >>" % (7 + 2 * at, resources))
        objects.append(_stream(content))
    return write_objects(path, objects)


def write_objects(path: Path, objects: Sequence[bytes]) -> Path:
    """A PDF of these objects, numbered from 1; 1 is the catalogue and 3 the metadata."""
    data = b"%PDF-1.7\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"<< /Size %d /Root 1 0 R /Info 3 0 R >>" % (len(objects) + 1)
    data += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    data += b"trailer\n%s\nstartxref\n%d\n%%%%EOF\n" % (trailer, data.index(b"xref\n0 "))
    path.write_bytes(data)
    return path


def write_claiming_pdf(path: Path, pages: int = 1_000_000) -> Path:
    """A file of a few kilobytes that claims to have `pages` pages: each node of its tree repeats the next."""
    fan = 10
    count = pages
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    number = 2
    while count > 1:
        number += 1 + (number == 2)  # 3 is the metadata
        kids = b" ".join([b"%d 0 R" % number] * min(fan, count))
        objects.append(b"<< /Type /Pages /Kids [%s] /Count %d /MediaBox [0 0 9 9] >>" % (kids, count))
        if len(objects) == 2:
            objects.append(b"<< >>")
        count //= fan
    objects.append(b"<< /Type /Page >>")
    return write_objects(path, objects)


def write_truncated_pdf(path: Path, keep: float = 0.5) -> Path:
    """The first part of a PDF, as an interrupted download leaves it."""
    write_pdf(path, ["Half of this is missing."] * 3)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    return path


def write_garbage(path: Path) -> Path:
    """A file that has nothing of a PDF but its name."""
    path.write_bytes(bytes(range(256)) * 40)
    return path


def write_damaged_pdf(path: Path) -> Path:
    """A file that begins as a PDF and goes on as nothing."""
    path.write_bytes(b"%PDF-1.7\n" + b"\x00\xff\x13 0 obj << /Broken " * 50)
    return path


def _stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<< %s/Length %d >>\nstream\n%s\nendstream" % (entries, len(data), data)


def _write_cmap(to_unicode: Mapping[int, str]) -> bytes:
    """A ToUnicode map; what is not in it is Latin-1."""
    texts = {code: chr(code) for code in range(0x20, 0x7F)} | dict(to_unicode)
    rows = [f"<{code:02X}> <{_hex(text)}>" for code, text in texts.items()]
    blocks = [rows[at : at + 100] for at in range(0, len(rows), 100)]
    body = "".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar\n" for block in blocks)
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n"
        f"1 begincodespacerange <00> <FF> endcodespacerange\n{body}endcmap end end"
    ).encode("ascii")


def _hex(text: str) -> str:
    return text.encode("utf-16-be", "surrogatepass").hex().upper()
