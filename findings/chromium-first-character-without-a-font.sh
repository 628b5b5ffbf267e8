#!/usr/bin/env bash
# Chromium 140 (as PyQt6-WebEngine 6.11.0 has it): a page with characters that no font of the machine has, printed
# to PDF, keeps all of them as text (each box that is drawn instead has its character as replacement text,
# /ActualText) but the first one. Wherever that one stands, it is a box with no text at all: it is written as if the
# font's table of characters (/ToUnicode) gave it, which leaves out the glyph for what is missing. No reader can
# have it back. A document on a machine without, say, Chinese fonts so loses one character everywhere, and all
# others can be searched.
#
# It needs the system libraries of Qt WebEngine (libnss3, libegl1, libxkbcommon0 and others), but no screen.
# Seen on 2026-11-29 with PyQt6-WebEngine 6.11.0 (Qt 6.11.2), read by pypdfium2 5.15.2; likewise with Debian's
# Chromium. The script fails if that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    PyQt6==6.11.0 PyQt6-Qt6==6.11.2 PyQt6-WebEngine==6.11.0 PyQt6-WebEngine-Qt6==6.11.2 pypdfium2==5.15.2
flags=--disable-gpu
[ "$(id -u)" = 0 ] && flags="$flags --no-sandbox"  # which it does not start with as root
QT_QPA_PLATFORM=offscreen QT_LOGGING_RULES="*=false" QTWEBENGINE_CHROMIUM_FLAGS=$flags \
    timeout 120 "$work/venv/bin/python" - "$work/printed.pdf" <<'PYTHON'
import sys

import pypdfium2
from PyQt6.QtWebEngineCore import QWebEnginePage, qWebEngineChromiumVersion
from PyQt6.QtWidgets import QApplication

# For private use: no font has them.
ONE, TWO, THREE = "\ue9a1", "\ue9a2", "\ue9a3"

application = QApplication(sys.argv)
page = QWebEnginePage()
page.loadFinished.connect(lambda _: page.printToPdf(sys.argv[1]))
page.pdfPrintingFinished.connect(lambda *_: application.quit())
page.setHtml(f"<meta charset=utf-8><p>Words {ONE}{TWO}{THREE} and {TWO}{ONE}{TWO} words.</p>")
application.exec()
text = pypdfium2.PdfDocument(sys.argv[1])[0].get_textpage().get_text_range()
print("Chromium", qWebEngineChromiumVersion())
print(f"in the page: {ascii(f'Words {ONE}{TWO}{THREE} and {TWO}{ONE}{TWO} words.')}")
print(f"in the PDF:  {ascii(text)}")
assert text == f"Words {TWO}{THREE} and {TWO}{TWO} words.", "this has changed"
PYTHON
