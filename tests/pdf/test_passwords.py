"""PDFs that need a password: opened with those that are given, and nowhere is one written down."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from fake_ocr import FakeOcr, no_ocr
from fakes import OneModel, WordHashEmbedder
from indexer.pdf.pdfium import extract
from indexer.pdf.pypdf_fallback import read_with_pypdf
from indexer.run.indexer import Indexer
from indexer.run.summary import Summary
from make_pdfs import write_pdf, write_scanned_pdf
from stackroom.catalog.catalog import Catalog
from stackroom.common.errors import ExtractionFailed, PictureFailed, SettingsError
from stackroom.common.settings import Settings
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader
from stackroom.server.room.pictures import PageToDraw, Pictures

RIGHT, WRONG = "Schlüssel 7", "nothing fits"
VAULT = "The vault opens on Thursdays."


def lock(path: Path, password: str = RIGHT, algorithm: str = "AES-256") -> Path:
    """Encrypts the PDF, so that it asks for a password."""
    writer = PdfWriter(clone_from=PdfReader(path))
    writer.encrypt(password, algorithm=algorithm)
    writer.write(str(path))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    lock(write_pdf(folder / "locked.pdf", [VAULT], title="The Vault"))
    return folder


def settings(tmp_path: Path, **environment: str) -> Settings:
    return Settings.read(
        {f"STACKROOM_{name}": value for name, value in environment.items()}, data=tmp_path / "data"
    )


def index(settings: Settings, folder: Path) -> Summary:
    with Indexer(settings, OneModel(WordHashEmbedder()), no_ocr) as indexer:
        return indexer.run([folder])


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    given = settings(tmp_path)
    reader = Reader(Catalog(given.catalog, create=True), WordIndex(given.words), OneModel(WordHashEmbedder()))
    yield reader
    reader.close()


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_both_libraries_open_with_a_password(tmp_path: Path, algorithm: str) -> None:
    path = lock(write_pdf(tmp_path / "x.pdf", [VAULT]), "swordfish", algorithm)
    document = extract(path, "0" * 24, passwords=(WRONG, "swordfish"), on_page=lambda done, total: None)
    assert document.text == f"{VAULT}\n"
    reading = read_with_pypdf(path, (WRONG, "swordfish"), 10, lambda done, total: None)
    assert reading is not None
    assert [line.text for line in reading.pages[0] or ()] == [VAULT]


@pytest.mark.parametrize("passwords", [(), (WRONG,)])
def test_without_the_right_one_it_says_what_is_needed(folder: Path, passwords: tuple[str, ...]) -> None:
    with pytest.raises(ExtractionFailed) as caught:
        extract(folder / "locked.pdf", "0" * 24, passwords=passwords, on_page=lambda done, total: None)
    assert caught.value.kind == "password"
    assert "STACKROOM_PDF_PASSWORDS" in str(caught.value)
    assert WRONG not in str(caught.value)


def test_a_password_given_later_opens_the_document_by_itself(
    tmp_path: Path, folder: Path, reader: Reader
) -> None:
    assert index(settings(tmp_path), folder).failed == 1
    (failure,) = reader.status().failures
    assert (failure.kind, failure.path) == ("password", str(folder / "locked.pdf"))
    assert index(settings(tmp_path), folder).failures == {}  # not tried again, as nothing was given
    file = tmp_path / "passwords.txt"
    file.write_text(f"\ufeff{WRONG}\r\n\n")
    given = settings(tmp_path, PDF_PASSWORDS_FILE=str(file))
    with Indexer(given, OneModel(WordHashEmbedder()), no_ocr) as indexer:
        assert len(indexer.run([folder]).failures) == 1
        assert indexer.run([folder]).failures == {}  # nor is it in the next look of a watch
        file.write_text(f"{WRONG}\n{RIGHT}\n")
        summary = indexer.run([folder])
    assert (summary.added, summary.failed) == (1, 0)
    assert reader.search("vault thursdays")[0].title == "The Vault"


def test_no_password_is_written_down(tmp_path: Path, folder: Path) -> None:
    given = settings(tmp_path, PDF_PASSWORDS=f"{WRONG}\n{RIGHT}")
    assert index(given, folder).failed == 0
    assert RIGHT not in repr(given)
    written = [file.read_bytes() for file in (tmp_path / "data").rglob("*") if file.is_file()]
    assert written
    for password in (WRONG, RIGHT):
        assert not any(password.encode() in content for content in written)
        assert password not in json.dumps(str(given))


def test_the_picture_of_a_page_and_the_file_itself(tmp_path: Path, folder: Path, reader: Reader) -> None:
    given = settings(tmp_path, PDF_PASSWORDS=RIGHT)
    index(given, folder)
    id_ = reader.search("vault")[0].document_id
    assert reader.file(id_)[1].read_bytes() == (folder / "locked.pdf").read_bytes()
    found = reader.page(id_, 1)
    assert found.file is not None
    wanted = PageToDraw(id_, 1, found.file, found.page.text, 0, len(VAULT))
    picture = Pictures(given.passwords).picture(wanted)
    assert picture.png.startswith(b"\x89PNG")
    assert picture.top is not None  # marked
    with pytest.raises(PictureFailed, match="needs a password"):
        Pictures().picture(wanted)


@pytest.mark.skipif(os.name != "posix", reason="the program that stands in for tesseract is a script")
def test_a_scan_that_needs_a_password(tmp_path: Path, folder: Path, reader: Reader) -> None:
    lock(write_scanned_pdf(folder / "scan.pdf", shades=[10]))
    ocr = FakeOcr(tmp_path / "ocr", {(10, "eng"): (91, "A ferry leaves at noon.")})
    given = settings(tmp_path, PDF_PASSWORDS=RIGHT)
    with Indexer(given, OneModel(WordHashEmbedder()), ocr) as indexer:
        assert indexer.run([folder]).recognised == 1
    assert reader.search("ferry")[0].title == "scan"


def test_passwords_are_taken_as_they_are(tmp_path: Path) -> None:
    assert settings(tmp_path, PDF_PASSWORDS=" a b \n\nc\n").passwords() == (" a b ", "c")
    with pytest.raises(SettingsError, match="cannot be read"):
        settings(tmp_path, PDF_PASSWORDS_FILE=str(tmp_path / "none.txt"))
