"""PDFs with files in them, as portfolios and e-mail archives are."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    NameObject,
    RectangleObject,
    StreamObject,
    TextStringObject,
)

from make_pdfs import write_pdf


def pdf_of(path: Path, *pages: str, title: str = "", password: str | None = None) -> bytes:
    """The bytes of a PDF; `path` is where it may be written meanwhile."""
    created = datetime(2026, 1, 2, tzinfo=UTC)  # so that the same PDF has the same bytes
    content = write_pdf(path, pages, title=title, password=password, created=created).read_bytes()
    path.unlink()
    return content


def write_container(
    path: Path,
    attached: Mapping[str, bytes],
    *,
    pinned: Mapping[str, bytes] | None = None,
    cover: str | bytes = "This portfolio is best opened elsewhere.",
    title: str = "",
    password: str = "",
) -> Path:
    """A PDF with files in it.

    Args:
        path: where to write.
        attached: by their names, the files that belong to it as a whole.
        pinned: those that are pinned to its last page, which has a link besides.
        cover: its page, or, as bytes, a whole PDF.
        title: of it.
        password: what is asked for to open it.
    """
    if isinstance(cover, str):
        cover = pdf_of(path, cover, title=title)
    writer = PdfWriter()
    writer.append(io.BytesIO(cover))
    if title:
        writer.add_metadata({"/Title": title})
    for name, content in attached.items():
        writer.add_attachment(name, content)
    if pinned:
        link = {"/Subtype": NameObject("/Link"), "/Rect": RectangleObject((0, 0, 9, 9))}
        annotations = [DictionaryObject({NameObject(key): value for key, value in link.items()})]
        annotations += [_pin(writer, name, content) for name, content in pinned.items()]
        page = writer.pages[-1]
        page[NameObject("/Annots")] = ArrayObject(writer._add_object(one) for one in annotations)
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    writer.write(path)
    return path


def _pin(writer: PdfWriter, name: str, content: bytes) -> DictionaryObject:
    stream = StreamObject()
    stream.set_data(content)
    file = DictionaryObject({NameObject("/F"): writer._add_object(stream)})
    text = TextStringObject(name)
    spec = {"/Type": NameObject("/Filespec"), "/F": text, "/UF": text, "/EF": file}
    return DictionaryObject(
        {
            NameObject("/Subtype"): NameObject("/FileAttachment"),
            NameObject("/Rect"): RectangleObject((9, 9, 29, 29)),
            NameObject("/FS"): DictionaryObject({NameObject(key): value for key, value in spec.items()}),
        }
    )
