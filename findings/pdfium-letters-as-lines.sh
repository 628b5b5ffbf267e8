#!/usr/bin/env bash
# pypdfium2 5.15.2: where the letters of two words are drawn one by one, and the words stand at heights that
# differ a little (fields of a form, as Chromium prints them), PDFium's page text has a line end after each
# letter: "H\r\ne\r\nr\r\no\r\nn…". With one of the words moved away, or drawn in one piece, the same letters are
# a word. poppler's pdftotext gives words in both.
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
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 595 842] >>",
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


def text_of(content):
    return pypdfium2.PdfDocument(pdf(content))[0].get_textpage().get_text_range()


heron = b"BT /F 12 Tf 120 700 Td (H) Tj 8.67 0 Td (e) Tj 6.67 0 Td (r) Tj 4 0 Td (o) Tj 6.67 0 Td (n) Tj ET "
two = b"BT /F 12 Tf 200 712 Td (t) Tj 3.33 0 Td (w) Tj 8.67 0 Td (o) Tj ET"
alone, beside = text_of(heron), text_of(heron + two)
print("pypdfium2", version("pypdfium2"))
print(f"one word: {alone!r}; with another word beside and above it: {beside!r}")
assert (alone, beside) == ("Heron", "H\r\ne\r\nr\r\no\r\nn\r\nt\r\nw\r\no"), "this has changed"
PYTHON
