#!/usr/bin/env bash
# pypdfium2 5.15.2: PDFium gives the replacement text (/ActualText) of a marked span once for each run of the
# span's glyphs that no other glyph interrupts on the line, not once for the span. If a glyph of another span
# stands between two glyphs of it, its text is there twice: "wordxword" for one span that says "word".
#
# Browsers print syllables of Thai and of Indian scripts as such spans, with glyphs whose places overlap those
# of the neighbours: then syllables are doubled in the text. poppler's pdftotext gives each span once.
# Seen on 2026-11-28 with pypdfium2 5.15.2. The script fails if that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pypdfium2==5.15.2
"$work/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

import pypdfium2


def pdf(content):
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 300 200] >>",
        b"<< /Type /Page /Parent 2 0 R /Resources << /Font << /F 4 0 R >> >> /Contents 5 0 R >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
    ]
    out, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer\n<< /Root 1 0 R /Size 6 >>\nstartxref\n%d\n%%%%EOF\n" % len(out)
    return out + b"xref\n0 6\n0000000000 65535 f \n" + table + trailer


def text_of(between):
    span = b"/Span << /ActualText (word) >> BDC 1 0 0 1 72 100 Tm (a) Tj 1 0 0 1 86 100 Tm (b) Tj EMC"
    document = pypdfium2.PdfDocument(pdf(b"BT /F 12 Tf %s %s ET" % (span, between)))
    return document[0].get_textpage().get_text_range()


print("pypdfium2", version("pypdfium2"))
alone, interrupted = text_of(b""), text_of(b"1 0 0 1 79 100 Tm (x) Tj")
print(f"two glyphs with one replacement text: {alone!r}; with another glyph between them: {interrupted!r}")
assert (alone, interrupted) == ("word", "wordxword"), "this has changed"
PYTHON
