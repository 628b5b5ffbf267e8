"""What a PDF has and nobody could read is told: by `status` with the file and the page, and by fetch."""

from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import pytest

from annotated import field, write_annotated_pdf
from fake_ocr import no_ocr
from fakes import OneModel, WordHashEmbedder
from indexer.pdf.pdfium import extract
from indexer.pdf.unread import is_partly_garbled
from indexer.upkeep.check import check
from make_pdfs import write_objects, write_scanned_pdf, write_text_objects
from scans import index
from stackroom.catalog.catalog import Catalog
from stackroom.cli.terminal import show_status
from stackroom.common.documents import Unread
from stackroom.common.settings import Settings
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader
from stackroom.server.protocol.answers import fetch_answer

FILE = b"<< /Type /Filespec /F (tender.xls) /UF (tender.xls) /EF << /F 8 0 R >> >>"
CONTENT = b"<< /Type /EmbeddedFile /Length 4 >>\nstream\nrows\nendstream"
PIN = b"/Subtype /FileAttachment /Rect [72 600 90 620] /FS 7 0 R /Contents (The offer)"


def unread_of(path: Path) -> tuple[Unread, ...]:
    return extract(path, "0" * 24, on_page=lambda done, total: None).unread


def write_garbled_pdf(path: Path) -> Path:
    """A page whose font does not say what some of its letters are."""
    words = b"The harbour master keeps the keys of both locks and the book of tides. " * 3
    meant = {ord("a"): "\ue00b"}
    return write_text_objects(path, [b"BT /F 9 Tf 20 700 Td (%s) Tj ET" % words], to_unicode=meant)


def test_a_file_that_is_pinned_to_a_page_is_marked_there(tmp_path: Path) -> None:
    path = write_annotated_pdf(tmp_path / "b.pdf", [(72, 700, "Cover")], [PIN], further=[FILE, CONTENT])
    text = extract(path, "0" * 24, on_page=lambda done, total: None).text
    assert text == "Cover\n\n[attachment: tender.xls: The offer]\n"


def test_a_form_that_only_few_viewers_show(tmp_path: Path) -> None:
    xfa = b"/XFA [(template) 7 0 R]"
    template = b"<< /Length 4 >>\nstream\n<x/>\nendstream"
    printed = [(72, 700, "Please wait.")]
    path = write_annotated_pdf(
        tmp_path / "a.pdf", printed, [b"/Subtype /Link"], further=[template], fields=(), form=xfa
    )
    assert unread_of(path) == (Unread(0, "form"),)
    own = [field((72, 600, 300, 620), b"/FT /Tx /T (vessel) /V (Heron)")]
    path = write_annotated_pdf(tmp_path / "b.pdf", printed, own, further=[template], fields=[0], form=xfa)
    assert unread_of(path) == ()


def test_a_page_that_cannot_be_loaded(tmp_path: Path) -> None:
    path = write_objects(
        tmp_path / "a.pdf",
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [4 0 R 5 0 R] /Count 2 >>",
            b"<< >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] >>",
            b"null",
        ],
    )
    assert unread_of(path) == (Unread(2, "page"),)


def test_letters_without_a_meaning(tmp_path: Path) -> None:
    assert unread_of(write_garbled_pdf(tmp_path / "a.pdf")) == (Unread(1, "garbled"),)
    assert not is_partly_garbled("\uf0b7 one\n\uf0b7 two\n\uf0b7 three\n" * 9)  # bullets
    assert not is_partly_garbled("\ue000pple wrote it")


def test_status_and_fetch_tell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    papers = tmp_path / "papers"
    papers.mkdir()
    write_garbled_pdf(papers / "keys.pdf")
    write_scanned_pdf(papers / "scan.pdf", shades=[10, 20, 30])
    settings = Settings.read({}, data=tmp_path / "data", workers=2)
    index(settings, papers, no_ocr)
    reader = Reader(Catalog(settings.catalog), WordIndex(settings.words), OneModel(WordHashEmbedder()))
    with closing(reader):
        status = reader.status()
        keys = fetch_answer(reader.fetch(reader.search("locks")[0].document_id), "http://x")
    assert [asdict(one) for one in status.not_read] == [
        {"path": str(papers / name), "kind": kind, "count": count, "pages": pages}
        for name, kind, count, pages in [("keys.pdf", "garbled", 1, "1"), ("scan.pdf", "scan", 3, "1-3")]
    ]
    assert keys.metadata.unread == "page 1: letters that the page's fonts do not name"
    show_status(status, 0, "", "")
    said = capsys.readouterr().out
    assert "in these files, but not read (4" in said
    assert f"{papers / 'scan.pdf'}: pages 1-3: waiting for OCR" in said
    assert check(settings).damages == []
