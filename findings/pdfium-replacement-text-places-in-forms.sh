#!/usr/bin/env bash
# pypdfium2 5.15.2: characters of a replacement text (/ActualText) that is inside a form XObject are given the
# place that they have in the form's own space. Characters without a replacement text are given their place on
# the page, also inside a form. So on a page that was drawn into another one at half its size (two pages on a
# sheet, a page with a letterhead laid over it), words with replacement texts lie elsewhere than the words
# beside them: at (100, 150) instead of (50, 75).
#
# Browsers print syllables of Thai and of Indian scripts as such spans; whoever reads such a page by places
# (columns, order of words, what a clip or a crop box shows) takes them for text of another part of the page.
# Seen on 2026-11-28 with pypdfium2 5.15.2. The script fails if that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pypdfium2==5.15.2
"$work/venv/bin/python" - <<'PYTHON'
import ctypes
from importlib.metadata import version

import pypdfium2
import pypdfium2.raw as raw


def pdf(in_form):
    fonts = b"/Resources << /Font << /F 5 0 R >> >>"
    page = b"q .5 0 0 .5 0 0 cm /X Do Q"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 300 200] >>",
        b"<< /Type /Page /Parent 2 0 R /Resources << /XObject << /X 6 0 R >> >> /Contents 4 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(page), page),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Type /XObject /Subtype /Form /BBox [0 0 300 200] %s /Length %d >>\nstream\n%s\nendstream"
        % (fonts, len(in_form), in_form),
    ]
    out, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer\n<< /Root 1 0 R /Size 7 >>\nstartxref\n%d\n%%%%EOF\n" % len(out)
    return out + b"xref\n0 7\n0000000000 65535 f \n" + table + trailer


def first_character(content):
    document = pypdfium2.PdfDocument(pdf(b"BT /F 12 Tf 1 0 0 1 100 150 Tm %s ET" % content))
    text = document[0].get_textpage()
    x, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(text, 0, x, y)
    return text.get_text_range(), round(x.value), round(y.value)


print("pypdfium2", version("pypdfium2"))
plain = first_character(b"(word) Tj")
replaced = first_character(b"/Span << /ActualText (word) >> BDC (word) Tj EMC")
print(f"in a form drawn at half its size: {plain}; with a replacement text: {replaced}")
assert plain == ("word", 50, 75), "this has changed"
assert replaced == ("word", 100, 150), "this has changed"
PYTHON
