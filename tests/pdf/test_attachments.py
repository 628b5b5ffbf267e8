"""The files inside a PDF: which there are, and reading those that are PDFs themselves."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import pytest

from containers import pdf_of, write_container
from indexer.pdf.pdfium import extract
from indexer.pdf.processes.attached_pdf import extract_attached
from indexer.pdf.processes.extract_all import Limits, extract_all
from indexer.pdf.processes.received_document import read_document
from indexer.pdf.processes.task import Task
from make_pdfs import write_objects, write_pdf
from stackroom.common.documents import Attachment, Document
from stackroom.common.errors import ExtractionFailed
from stackroom.page.attached_file import MOST_BYTES

TENDER = "The tender for the footbridge closes on the ninth of May."


def read(path: Path, *passwords: str) -> Document:
    return extract(path, "0" * 24, passwords=passwords, on_page=lambda done, pages: None)


def read_attached(
    path: Path, attachment: Attachment, *passwords: str, most_bytes: int = MOST_BYTES
) -> Document:
    place = attachment.page, attachment.number
    return extract_attached(
        path,
        place,
        attachment.name,
        passwords=passwords,
        on_page=lambda done, pages: None,
        most_bytes=most_bytes,
    )


def test_all_files_are_named_and_the_pdfs_among_them_are_read(tmp_path: Path) -> None:
    tender = pdf_of(tmp_path / "x.pdf", TENDER)
    plan = pdf_of(tmp_path / "x.pdf", "The plan of the bridge.", title="Plan 7")
    path = write_container(
        tmp_path / "cover.pdf",
        {"tender.PDF": tender, "prices.xlsx": b"PK", "Größe\n2": b"not a PDF"},
        pinned={"plan.pdf": plan, "photo.jpg": b"\xff\xd8"},
    )
    found = read(path).attachments
    assert sorted((one.page, one.name, one.may_be_pdf) for one in found) == [
        (0, "Größe 2", True),  # without an ending there is no telling
        (0, "prices.xlsx", False),
        (0, "tender.PDF", True),
        (1, "photo.jpg", False),
        (1, "plan.pdf", True),
    ]
    by_name = {one.name: one for one in found}
    document = read_attached(path, by_name["tender.PDF"])
    assert document.id == sha256(tender).hexdigest()[:24]
    assert document.text.strip() == TENDER
    assert read_attached(path, by_name["plan.pdf"]).title == "Plan 7"
    with pytest.raises(ExtractionFailed, match="is not a PDF") as failed:
        read_attached(path, by_name["Größe 2"])
    assert failed.value.kind == "not a pdf"
    with pytest.raises(ExtractionFailed, match="cannot be taken out"):
        read_attached(path, Attachment(1, 0, "the link", True))


def test_a_title_that_nobody_wrote_comes_from_the_attachments_name(tmp_path: Path) -> None:
    blank = pdf_of(tmp_path / "x.pdf", "")
    path = write_container(tmp_path / "cover.pdf", {"annual_report-7.pdf": blank})
    (attachment,) = read(path).attachments
    assert read_attached(path, attachment).title == "annual report 7"


def test_what_pdfium_cannot_open_is_read_by_pypdf(tmp_path: Path) -> None:
    whole = pdf_of(tmp_path / "x.pdf", TENDER)
    number = whole.index(b"/Type /Pages")
    broken = whole[:number] + b"/Type /Pagez" + whole[number + 12 :]
    path = write_container(tmp_path / "cover.pdf", {"tender.pdf": broken})
    (attachment,) = read(path).attachments
    assert read_attached(path, attachment).text.strip() == TENDER


def test_passwords_open_the_container_and_what_is_in_it(tmp_path: Path) -> None:
    inner, outer = "inner", "outer"
    tender = pdf_of(tmp_path / "x.pdf", TENDER, password=inner)
    path = write_container(tmp_path / "cover.pdf", {"tender.pdf": tender}, password=outer)
    (attachment,) = read(path, "outer").attachments
    assert read_attached(path, attachment, "outer", "inner").text.strip() == TENDER
    with pytest.raises(ExtractionFailed, match="needs a password") as failed:
        read_attached(path, attachment, "outer")
    assert failed.value.kind == "password"


def write_list(path: Path, names: Sequence[str], stream: bytes) -> Path:
    """A PDF with files of these names, all with the same content."""
    listed = b" ".join(
        b"(%04d) << /Type /Filespec /F (%s) /EF << /F 5 0 R >> >>" % (number, name.encode())
        for number, name in enumerate(names)
    )
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles << /Names [%s] >> >> >>" % listed,
        b"<< /Type /Pages /Kids [4 0 R] /Count 1 /MediaBox [0 0 9 9] >>",
        b"<< >>",
        b"<< /Type /Page /Parent 2 0 R >>",
        stream,
    ]
    return write_objects(path, objects)


def test_a_thousand_are_named_and_of_more_the_number(tmp_path: Path) -> None:
    stream = b"<< /Length 4 >>\nstream\n%PDF\nendstream"
    found = read(write_list(tmp_path / "many.pdf", ["same.pdf"] * 1200, stream)).attachments
    assert len(found) == 1001
    assert found[-1].name == "[200 more]"
    assert not found[-1].may_be_pdf


def test_a_bomb_does_not_harm_its_container(tmp_path: Path) -> None:
    packer = zlib.compressobj(1)
    block = bytes(2**20)
    bomb = b"".join(packer.compress(block) for _ in range(257)) + packer.flush()
    stream = b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(bomb), bomb)
    path = write_list(tmp_path / "bomb.pdf", ["large.pdf"], stream)
    (attachment,) = read(path).attachments
    task = Task(path, "", (), attachment, 1)
    ((_, failed),) = extract_all(iter([task]), Limits(1, 60, 60, 300), lambda pages: None)
    assert isinstance(failed, ExtractionFailed)
    assert failed.kind in ("out of memory", "crashed")


def test_an_attachment_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    tender = pdf_of(tmp_path / "x.pdf", TENDER)
    path = write_container(tmp_path / "cover.pdf", {"tender.pdf": tender})
    (attachment,) = read(path).attachments
    assert read_attached(path, attachment, most_bytes=len(tender))
    with pytest.raises(ExtractionFailed, match="MiB; save it as a file of its own") as failed:
        read_attached(path, attachment, most_bytes=len(tender) - 1)
    assert failed.value.kind == "too large"


@pytest.mark.parametrize(
    "sent",
    [
        "x",
        [{"page": 3, "number": 0, "name": "x", "may_be_pdf": True}],
        [{"page": 0, "number": 2**70, "name": "x", "may_be_pdf": True}],
        [{"page": 0, "number": 0, "name": "x" * 201, "may_be_pdf": True}],
        [{"page": 0, "number": 0, "name": "x", "may_be_pdf": 1}],
        [{"page": 0, "number": 0, "name": "x", "may_be_pdf": True}] * 2,
        [{"page": 0, "number": 0, "name": "\ud800", "may_be_pdf": True}],
    ],
)
def test_what_a_hostile_process_says_of_attachments_is_not_believed(sent: object, tmp_path: Path) -> None:
    message = json.dumps(asdict(read(write_pdf(tmp_path / "x.pdf", ["one", "two"]))))
    assert read_document(json.loads(message)).attachments == ()
    with pytest.raises((TypeError, ValueError)):
        read_document({**json.loads(message), "attachments": sent})
