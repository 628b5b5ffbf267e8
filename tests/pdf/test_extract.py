"""From a PDF file to a Document, with real and hostile files."""

import logging
import os
import time
import tracemalloc
import warnings
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pypdfium2
import pytest
from pypdf.errors import DependencyError, DeprecationError

from indexer.pdf.pdfium import Opener, extract
from indexer.pdf.pypdf_fallback import PypdfFailed, _whatever_pypdf_raises, read_again
from indexer.pdf.raw_reading import Reading
from indexer.pdf.text.page_lines import Line
from make_pdfs import (
    write_claiming_pdf,
    write_damaged_pdf,
    write_garbage,
    write_objects,
    write_pdf,
    write_scanned_pdf,
    write_text_objects,
    write_truncated_pdf,
)
from places import SHARED
from stackroom.common.documents import Document, OutlineEntry
from stackroom.common.errors import ExtractionFailed
from stackroom.page.open_pdf import open_pdf

PDFS = SHARED / "pdfs"
PASSWORD = "open sesame"  # noqa: S105
ID = "0123456789abcdef01234567"


def read(path: Path, opened: Opener = open_pdf) -> Document:
    return extract(path, ID, on_page=lambda done, total: None, opened=opened)


def fail(path: Path, opened: Opener = open_pdf) -> ExtractionFailed:
    with pytest.raises(ExtractionFailed) as caught:
        read(path, opened)
    assert caught.value.path == path
    return caught.value


def show(text: str, y: int = 700, size: int = 12) -> bytes:
    return b"BT /F %d Tf 72 %d Td (%s) Tj ET\n" % (size, y, text.encode("latin-1"))


def refused(source: Path | bytes, passwords: Sequence[str]) -> None:
    """A PDFium that refuses every file: there is none that it refuses and pypdf reads without loss."""
    raise pypdfium2.PdfiumError("refused", err_code=3)


# What a document says


def test_a_document(tmp_path: Path) -> None:
    path = write_pdf(
        tmp_path / "stones.pdf",
        ["Stones are hard.\n\nThey do not float.", "", "Moss grows on them."],
        title="On Stones",
        author="A. Mason",
        created=datetime(2019, 1, 2, 3, 4, 5, tzinfo=UTC),
        outline=[("Hardness", 1, 0), ("Moss", 3, 0), ("Green moss", 3, 1)],
    )
    document = read(path)
    assert (document.id, document.title, document.author) == (ID, "On Stones", "A. Mason")
    assert document.created == "2019-01-02T03:04:05Z"
    assert document.outline == (
        OutlineEntry("Hardness", 1, 0),
        OutlineEntry("Moss", 3, 0),
        OutlineEntry("Green moss", 3, 1),
    )
    assert [(page.number, page.label) for page in document.pages] == [(1, "1"), (2, "2"), (3, "3")]
    assert [page.text for page in document.pages] == [
        "Stones are hard.\n\nThey do not float.\n",
        "",
        "Moss grows on them.\n",
    ]
    assert document.extractor.startswith("pdfium 5.")


def test_pypdf_says_the_same(tmp_path: Path) -> None:
    path = write_pdf(
        tmp_path / "stones.pdf",
        ["Stones are hard.", "", "Moss grows on them."],
        title="On Stones",
        author="A. Mason",
        created=datetime(2019, 1, 2, 3, 4, 5, tzinfo=UTC),
        outline=[("Hardness", 1, 0), ("Green moss", 3, 1)],
        password="",
    )
    document = read(path, refused)
    assert (document.title, document.author) == ("On Stones", "A. Mason")
    assert document.created == "2019-01-02T03:04:05Z"
    assert document.outline == (OutlineEntry("Hardness", 1, 0), OutlineEntry("Green moss", 3, 1))
    assert [page.text for page in document.pages] == ["Stones are hard.\n", "", "Moss grows on them.\n"]
    assert document.extractor.startswith("pypdf 7.")


def test_progress(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    extract(
        write_pdf(tmp_path / "a.pdf", ["x"] * 3), ID, on_page=lambda done, total: calls.append((done, total))
    )
    assert calls == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_page_labels(tmp_path: Path) -> None:
    labels = b"/PageLabels << /Nums [0 << /S /r >> 2 << /S /D /P (A-) /St 7 >>] >>"
    path = write_text_objects(tmp_path / "a.pdf", [show("text")] * 4, catalog=labels)
    assert [page.label for page in read(path).pages] == ["i", "ii", "A-7", "A-8"]


def test_the_largest_text_is_the_title(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "x.pdf", ["one\ntwo\nthree\nfour"], title="x.docx", heading="On Stones")
    assert read(path).title == "On Stones"
    assert read(write_pdf(tmp_path / "my_file.pdf", ["one\ntwo\nthree\nfour"])).title == "my file"


def test_running_lines_and_hyphens(tmp_path: Path) -> None:
    texts = [
        f"The stones of day {day} are infor-\nmation enough for us\ninformation {day}." for day in "abcdef"
    ]
    path = write_pdf(tmp_path / "a.pdf", texts, header="The Manual", footer="Page {page} of 6")
    pages = read(path).pages
    assert "The Manual" in pages[0].text
    assert "Page 1 of 6" in pages[0].text
    assert pages[3].text == "The stones of day d are information\nenough for us\ninformation d.\n"


def test_characters(tmp_path: Path) -> None:
    to_unicode = {0x41: "\ufb01", 0x42: "\ud835", 0x43: "\U0001d6fc", 0x44: "\x00", 0x45: "\x07"}
    path = write_text_objects(
        tmp_path / "a.pdf",
        [show("Anal xBy C zDDEz") + show("CCC second", 680) + show("third", 640) + show("fourth", 628)],
        to_unicode=to_unicode,
    )
    text = read(path).pages[0].text
    text.encode("utf-8")
    # Characters beyond U+FFFF count twice in PDFium: the lines' places must not be lost by it.
    assert text == "final xy \U0001d6fc zz\n\U0001d6fc\U0001d6fc\U0001d6fc second\n\nthird\nfourth\n"


@pytest.mark.parametrize("scale", ["1e38 0 0 1e38 0 0", "0 0 0 0 0 0", "-1e38 1e38 1e38 1e38 9e37 9e37"])
def test_impossible_places(tmp_path: Path, scale: str) -> None:
    content = f"{scale} cm ".encode() + show("one") + show("two", 640) + show("three", -10)
    document = read(write_text_objects(tmp_path / "a.pdf", [content, content]))
    assert len(document.pages) == 2
    document.text.encode("utf-8")


def test_metadata_of_a_hostile_kind(tmp_path: Path) -> None:
    info = b"/Title <FEFFD8350041> /Author (a\\000\\007b) /CreationDate (yesterday) /ModDate 7"
    document = read(write_text_objects(tmp_path / "some_name.pdf", [show("a")] * 2, info=info))
    assert document.title == "some name"
    assert (document.author, document.created, document.modified) == ("ab", "", "")


def test_an_outline_entry_without_a_page(tmp_path: Path) -> None:
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Outlines 5 0 R >>",
        b"<< /Type /Pages /Kids [4 0 R] /Count 1 /MediaBox [0 0 595 842] >>",
        b"<< >>",
        b"<< /Type /Page /Parent 2 0 R >>",
        b"<< /First 6 0 R /Last 8 0 R >>",
        b"<< /Title (Part I) /Parent 5 0 R /Next 8 0 R /First 7 0 R /Last 7 0 R >>",
        b"<< /Title (Chapter 1) /Parent 6 0 R /Dest [4 0 R /Fit] >>",
        b"<< /Title (Our site) /Parent 5 0 R /Prev 6 0 R /A << /S /URI /URI (http://x) >> >>",
    ]
    document = read(write_objects(tmp_path / "a.pdf", objects))
    assert document.outline == (OutlineEntry("Part I", 1, 0), OutlineEntry("Chapter 1", 1, 1))


def test_an_outline_that_bites_its_tail(tmp_path: Path) -> None:
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Outlines 5 0 R >>",
        b"<< /Type /Pages /Kids [4 0 R] /Count 1 /MediaBox [0 0 595 842] >>",
        b"<< >>",
        b"<< /Type /Page /Parent 2 0 R >>",
        b"<< /First 6 0 R /Last 6 0 R >>",
        b"<< /Title (Again) /Parent 5 0 R /Next 6 0 R /First 6 0 R /Dest [4 0 R /Fit] >>",
    ]
    assert {entry.title for entry in read(write_objects(tmp_path / "a.pdf", objects)).outline} == {"Again"}


# What cannot be read


def test_a_scan_keeps_its_pages(tmp_path: Path) -> None:
    document = read(write_scanned_pdf(tmp_path / "scan_of_2019.pdf", pages=3))
    assert [page.text for page in document.pages] == ["", "", ""]
    assert document.title == "scan of 2019"
    assert document.scans == (1, 2, 3)


def test_an_empty_password(tmp_path: Path) -> None:
    assert read(write_pdf(tmp_path / "a.pdf", ["Open to all."], password="")).text == "Open to all.\n"


@pytest.mark.parametrize(
    ("write", "kind", "reason"),
    [
        (lambda path: write_pdf(path, password=PASSWORD), "password", "needs a password"),
        (lambda path: path.write_bytes(b"") and path, "not a pdf", "is empty"),
        (write_garbage, "not a pdf", "is not a PDF"),
        (write_damaged_pdf, "damaged", "no page can be read"),
        (write_claiming_pdf, "too large", "claims 1,000,000 pages; the limit is 20,000"),
        (lambda path: path.mkdir(), "unreadable", "cannot be read"),
        (lambda path: None, "unreadable", "No such file"),
    ],
)
def test_failures(tmp_path: Path, write: Callable[[Path], object], kind: str, reason: str) -> None:
    path = tmp_path / "x.pdf"
    write(path)
    error = fail(path)
    assert error.kind == kind
    assert reason in str(error)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything"
)
def test_no_permission(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "x.pdf")
    path.chmod(0)
    assert fail(path).kind == "unreadable"


@pytest.mark.parametrize("keep", [0.02, 0.3, 0.6, 0.9, 0.99])
def test_a_truncated_file_is_read_or_refused(tmp_path: Path, keep: float) -> None:
    path = write_truncated_pdf(tmp_path / "x.pdf", keep)
    try:
        assert read(path).pages
    except ExtractionFailed as error:
        kind = error.kind
    else:
        kind = "damaged"
    assert kind == "damaged"


def test_out_of_memory(tmp_path: Path) -> None:
    def run_out(done: int, total: int) -> None:
        if done:
            raise MemoryError

    with pytest.raises(ExtractionFailed) as failed:
        extract(write_pdf(tmp_path / "x.pdf"), ID, on_page=run_out)
    assert failed.value.kind == "out of memory"


@pytest.mark.parametrize("opened", [open_pdf, refused], ids=["pdfium", "pypdf"])
def test_a_page_with_too_much_text(tmp_path: Path, opened: Opener) -> None:
    piece = b"(" + 10_000 * b"x" + b") Tj "
    pages = [b"BT /F 1 Tf 0 700 Td %s ET" % (times * piece) for times in (1, 101)]
    error = fail(write_text_objects(tmp_path / "x.pdf", pages), opened)
    assert (error.kind, str(error)[:33]) == ("too large", "page 2 has more than 1,000,000 ch")


def test_a_page_that_pdfium_cannot_load(tmp_path: Path) -> None:
    # No page is known that PDFium cannot load and pypdf can: so this is what it would have read.
    path = write_pdf(tmp_path / "x.pdf", ["first", "second", "third"])
    pages = [[Line("first")], None, [Line("third")]]
    reading = Reading(pages, [""] * 3, "", "", "", "", [], "pdfium 1.0")
    again = read_again(path, (), reading, [1])
    assert [lines and lines[0].text for lines in again.pages] == ["first", "second", "third"]
    assert again.made_by == "pdfium 1.0"


def test_a_page_that_nobody_can_load(tmp_path: Path) -> None:
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [4 0 R 99 0 R] /Count 2 /MediaBox [0 0 595 842] >>",
        b"<< >>",
        b"<< /Type /Page /Parent 2 0 R >>",
    ]
    document = read(write_objects(tmp_path / "x.pdf", objects))
    assert [page.text for page in document.pages] == ["", ""]


def write_old_filter(path: Path, *filters: bytes) -> Path:
    """A PDF with a page for each of these filters of its content, of which pypdf refuses old names."""
    numbers = [4 + 2 * at for at in range(len(filters))]
    kids = b" ".join(b"%d 0 R" % number for number in numbers)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d /MediaBox [0 0 595 842] >>" % (kids, len(filters)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, name in zip(numbers, filters, strict=True):
        data = zlib.compress(show("Otters sleep."))
        page = b"<< /Type /Page /Parent 2 0 R /Contents %d 0 R /Resources << /Font << /F 3 0 R >> >> >>"
        stream = b"<< /Filter /%s /Length %d >>\nstream\n%s\nendstream" % (name, len(data), data)
        objects += [page % (number + 1), stream]
    return write_objects(path, objects)


def test_what_pypdf_no_longer_knows_is_a_page_that_cannot_be_read(
    tmp_path: Path,
) -> None:
    document = read(write_old_filter(tmp_path / "x.pdf", b"FlateDecode", b"Fl"), refused)
    assert [page.text for page in document.pages] == ["Otters sleep.\n", ""]
    assert fail(write_old_filter(tmp_path / "y.pdf", b"Fl"), refused).kind == "damaged"


@pytest.mark.parametrize("error", [DeprecationError, DependencyError, Exception, RecursionError, BufferError])
def test_whatever_pypdf_raises_is_a_reason(error: type[Exception]) -> None:
    # Which files make it raise these changes with its version.
    with pytest.raises(PypdfFailed) as failed, _whatever_pypdf_raises():
        raise error("something about its code")
    assert str(failed.value) == error.__name__


def test_nothing_is_said_or_left_behind(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    level = logging.getLogger("pypdf").level
    filters = list(warnings.filters)
    fail(write_damaged_pdf(tmp_path / "x.pdf"))
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("pypdf").level == level
    assert warnings.filters == filters


# Real files


def test_pages_are_closed(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "x.pdf", ["line\n" * 50] * 40)
    tracemalloc.start()
    try:
        document = read(path)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
    assert len(document.pages) == 40


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("texlive-publishers-doc__tugboat.pdf", "The tugboat package"),
        ("texlive-lang-chinese__asymptote-faq-zh-cn.pdf", "绘图语言 Asymptote 初步"),
        ("maint-guide-ru__maint-guide.ru.pdf", "Руководство начинающего разработчика Debian"),
        ("texlive-lang-arabic__simurgh-doc.pdf", "The simurgh package"),
    ],
)
def test_real_files(real_pdfs: Path, name: str, title: str) -> None:
    document = read(real_pdfs / name)
    assert document.title == title
    assert document.text.count("\n\n") > len(document.pages)
    assert not set(document.text) & set("\ufffe\uffff\x00\r\x02\ufb01\u00ad")
    assert all(1 <= entry.page <= len(document.pages) for entry in document.outline)


def test_real_hyphens_and_mojibake(real_pdfs: Path) -> None:
    tugboat = read(real_pdfs / "texlive-publishers-doc__tugboat.pdf").text
    assert "bottom registration line with inverted ‘T’ in center\n" in tugboat
    serbian = read(real_pdfs / "texlive-lang-cyrillic__texlive-sr.pdf")
    assert "Преглед TeX Live-а" in {entry.title for entry in serbian.outline}


@pytest.mark.parametrize("owner", ["pdf.js", "qpdf", "pocs"])
def test_hostile_files(owner: str) -> None:
    """Only those that are quick and do not crash the reader; all of them need a child process each."""
    folder = PDFS / "hostile"
    if not folder.is_dir():
        pytest.skip("the shared collection of hostile PDFs is not beside this checkout")
    start = time.process_time()
    for path in sorted(folder.glob(f"{owner}__*.pdf")):
        if time.process_time() - start > 1:
            break
        try:
            document = read(path)
        except ExtractionFailed:
            continue
        assert document.title
        document.text.encode("utf-8")
