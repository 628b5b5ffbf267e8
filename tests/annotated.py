"""PDFs with annotations, for the tests: raw objects, each in its place on the page."""

from collections.abc import Sequence
from pathlib import Path

from make_pdfs import write_objects

_FIRST = 6  # number of the first annotation's object


def write_annotated_pdf(
    path: Path,
    printed: Sequence[tuple[int, int, str]],
    annotations: Sequence[bytes],
    *,
    further: Sequence[bytes] = (),
    fields: Sequence[int] | None = None,
    form: bytes = b"",
    catalog: bytes = b"",
) -> Path:
    """A page of 600 by 800 points with annotations.

    Args:
        path: where to write.
        printed: x, y and text of each line, in Helvetica of 12 points.
        annotations: the entries of each, such as b"/Subtype /Text /Contents (x)". The first is object 6.
        further: more objects, after those of the annotations.
        fields: indexes of the annotations that are fields of the form; None for no form.
        form: more entries of the form.
        catalog: more entries of the catalogue.
    """
    content = b"".join(
        b"BT /F 12 Tf %d %d Td (%s) Tj ET\n" % (x, y, text.encode("latin-1")) for x, y, text in printed
    )
    numbers = [b"%d 0 R" % (_FIRST + at) for at in range(len(annotations))]
    acroform = b""
    if fields is not None:
        acroform = b"/AcroForm << /Fields [%s] %s >>" % (b" ".join(numbers[at] for at in fields), form)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R %s %s >>" % (acroform, catalog),
        b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
        b"<< >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 5 0 R /Annots [%s]"
        b" /Resources << /Font << /F %s >> >> >>" % (b" ".join(numbers), _FONT),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        *(b"<< /Type /Annot %s >>" % entries for entries in annotations),
        *further,
    ]
    return write_objects(path, objects)


_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"


def field(box: tuple[int, int, int, int], entries: bytes) -> bytes:
    """A field of a form, at left, bottom, right and top."""
    return b"/Subtype /Widget /Rect [%d %d %d %d] %s" % (*box, entries)


def note(box: tuple[int, int, int, int], contents: bytes, entries: bytes = b"/Subtype /Text") -> bytes:
    """An annotation with contents."""
    return b"/Rect [%d %d %d %d] /Contents (%s) %s" % (*box, contents, entries)


def drawing(text: bytes) -> bytes:
    """What an annotation draws: a text, on 200 by 30 points."""
    content = b"BT /F 12 Tf 5 8 Td (%s) Tj ET" % text
    return (
        b"<< /Type /XObject /Subtype /Form /BBox [0 0 200 30] /Resources << /Font << /F %s >> >>"
        b" /Length %d >>\nstream\n%s\nendstream" % (_FONT, len(content), content)
    )
