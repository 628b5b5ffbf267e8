"""Which pages are scans: those without text, with garbled text, or with a picture under it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fake_ocr import FakeOcr, no_ocr
from indexer.pdf.ink.scanned_pages import is_garbled
from make_pdfs import write_pdf, write_scanned_pdf, write_text_objects
from scans import FERRY, index
from stackroom.common.settings import Settings
from stackroom.reading.reader import Reader
from stackroom.server.protocol.answers import fetch_answer

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the program that stands in is a script")


def test_a_text_that_ocr_would_lose_stays(
    folder: Path, settings: Settings, tmp_path: Path, reader: Reader
) -> None:
    # The program that stands in sees a word every 24 points, from 24 on, at this height.
    words = enumerate(b"Received by the court on the third of May".split())
    stamp = b"".join(b"BT /F 5 Tf %d 712 Td (%s) Tj ET " % (25 + 24 * at, word) for at, word in words)
    write_scanned_pdf(folder / "scan.pdf", shades=[10, 20], text=stamp)
    pages = {(10, "eng"): (91, f"Received by the court on the third of May\n{FERRY}"), (20, "eng"): (30, "l")}
    ocr = FakeOcr(tmp_path / "ocr", pages)
    index(settings, folder, ocr)
    found = fetch_answer(reader.fetch(reader.search("court")[0].document_id), "http://x")
    assert found.text.count("Received by the court") == 2
    assert found.metadata.ocr_pages == "1"


@pytest.mark.parametrize(
    ("write", "is_scan"),
    [
        (lambda path: write_scanned_pdf(path), True),
        (lambda path: write_scanned_pdf(path, width=280), False),  # less than half of the page
        (lambda path: write_pdf(path, [""]), False),
        (lambda path: write_scanned_pdf(path, text=b"BT /F 12 Tf 72 700 Td (A stamp) Tj ET"), True),
        # Somebody else's OCR: text that is not drawn.
        (lambda path: write_scanned_pdf(path, text=b"BT /F 12 Tf 3 Tr 72 700 Td (Title) Tj ET"), False),
        (
            lambda path: write_scanned_pdf(path, text=b"BT /F 4 Tf 9 700 Td (%s) Tj ET" % (b"word " * 40)),
            False,
        ),
        (
            lambda path: write_text_objects(
                path, [b"BT /F 4 Tf 9 700 Td (%s) Tj ET" % (b"word " * 40)], to_unicode={0x6F: "\ue001"}
            ),
            True,
        ),
    ],
)
def test_which_pages_are_scans(
    folder: Path, settings: Settings, write: Callable[[Path], Path], is_scan: bool
) -> None:
    write(folder / "x.pdf")
    assert index(settings, folder, no_ocr).waiting_scans == is_scan


def test_garbled_text() -> None:
    assert not is_garbled("A usual sentence, with a usual length of its words.")
    assert not is_garbled("https://example.org/a/long/address/of/nothing.html " * 4)
    assert not is_garbled("Introduction.................................12\n" * 5)
    assert not is_garbled("船は正午に島を出ます。祝日を除きます。" * 4)
    assert is_garbled("Theferrytotheislandleavesatnoon exceptonholidaysandonsundays")
    assert is_garbled("\ufffd\ufffd\ufffde f\ufffdrr\ufffd")
