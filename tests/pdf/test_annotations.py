"""What annotations show is in the text of their page, marked as ours."""

from pathlib import Path

import pytest

from annotated import drawing, field, note, write_annotated_pdf
from indexer.pdf.annotations.field_names import readable_name
from indexer.pdf.pdfium import extract
from indexer.pdf.pypdf_fallback import read_with_pypdf


def text_of(path: Path) -> str:
    return extract(path, "0" * 24, on_page=lambda done, total: None).pages[0].text


def test_fields_stand_in_the_lines_that_name_them(tmp_path: Path) -> None:
    fields = [
        field((200, 695, 400, 715), b"/FT /Tx /T (vessel) /V (Quillwort Heron)"),
        field((110, 655, 200, 675), b"/FT /Ch /Ff 131072 /T (berth) /V (b) /Opt [[(a) (x)] [(b) (Pier 7)]]"),
        field((310, 655, 400, 675), b"/FT /Tx /T (Text2) /V (June)"),
        field((72, 540, 300, 600), b"/FT /Tx /Ff 4096 /TU (Remarks) /T (f1_01[0]) /V (Leaks at\rthe gland)"),
        field((72, 500, 84, 512), b"/FT /Btn /T (insured) /V /Theft /AS /Theft"),
        field((72, 470, 84, 482), b"/FT /Btn /T (pets) /V /Off /AS /Off"),
    ]  # fmt: skip
    printed = [
        (72, 700, "Name of vessel:"),
        (72, 660, "Berth:"),
        (260, 660, "Month:"),
        (72, 610, "Remarks"),
        (100, 502, "Insured"),
        (100, 472, "Pets"),
    ]
    path = write_annotated_pdf(tmp_path / "form.pdf", printed, fields, fields=range(6))
    assert list(filter(None, text_of(path).split("\n"))) == [
        "Name of vessel: [form field: vessel: Quillwort Heron]",
        "Berth: [form field: berth: Pier 7] Month: [form field: June]",
        "Remarks [form field: Remarks: Leaks at the gland]",
        "[form field: insured: Theft] Insured",
        "Pets",
    ]


def test_a_field_has_what_stands_in_its_parent(tmp_path: Path) -> None:
    parent = b"<< /FT /Tx /T (owner) /TU (Name of the owner) /V (Wanda Tern) /Kids [6 0 R] >>"
    path = write_annotated_pdf(
        tmp_path / "kids.pdf",
        [(72, 700, "Owner")],
        [field((120, 695, 300, 712), b"/Parent 7 0 R")],
        further=[parent],
        fields=(),
        form=b"/Fields [7 0 R]",
    )
    assert text_of(path) == "Owner [form field: Name of the owner: Wanda Tern]\n"


def test_a_field_without_a_form_is_read_from_what_it_draws(tmp_path: Path) -> None:
    # Joining two PDFs leaves the second one's fields without a form, and their values in parents.
    path = write_annotated_pdf(
        tmp_path / "lost.pdf",
        [(72, 700, "Owner")],
        [field((120, 690, 320, 720), b"/Parent 8 0 R /AP << /N 7 0 R >>")],
        further=[drawing(b"Wanda Tern"), b"<< /FT /Tx /T (owner) /V (Wanda Tern) /Kids [6 0 R] >>"],
    )
    assert text_of(path) == "Owner [form field: Wanda Tern]\n"


@pytest.mark.parametrize(
    "hidden",
    [
        field((72, 600, 300, 620), b"/FT /Tx /Ff 8192 /T (code) /V (sesame)"),
        field((72, 600, 300, 620), b"/FT /Tx /F 2 /T (code) /V (sesame)"),
        field((72, 600, 300, 620), b"/FT /Tx /F 32 /T (code) /V (sesame)"),
        field((72, 600, 72, 600), b"/FT /Tx /T (code) /V (sesame)"),
        field((-300, 600, -100, 620), b"/FT /Tx /T (code) /V (sesame)"),
        note((72, 600, 90, 620), b"sesame", b"/Subtype /Text /F 2"),
        note((72, 600, 90, 620), b"sesame", b"/Subtype /FreeText /F 32"),
        note((72, 600, 90, 620), b"sesame", b"/Subtype /Link"),
    ],
)
def test_what_nobody_sees_is_left_out(tmp_path: Path, hidden: bytes) -> None:
    path = write_annotated_pdf(tmp_path / "hidden.pdf", [(72, 700, "A form")], [hidden], fields=[0])
    assert text_of(path) == "A form\n"


def test_notes_and_stamps_stand_below_the_text(tmp_path: Path) -> None:
    annotations = [
        note((300, 600, 320, 620), b"Ask the harbour master"),
        note((300, 600, 320, 620), b"Done on Friday", b"/Subtype /Text /IRT 6 0 R"),
        note((300, 600, 320, 620), b"Accepted set by Mara", b"/Subtype /Text /State (Accepted)"),
        note((330, 600, 500, 700), b"Ask the harbour master", b"/Subtype /Popup /Parent 6 0 R"),
        note((72, 676, 300, 694), b"The ebb", b"/Subtype /Highlight"),
        b"/Subtype /Stamp /Rect [72 500 272 530] /Name /Approved /AP << /N 13 0 R >>",
        b"/Subtype /Stamp /Rect [72 400 272 430] /Name /NotForPublicRelease",
    ]
    printed = [(72, 700, "Tides of the week"), (72, 680, "The ebb begins at noon and ends at six.")]
    path = write_annotated_pdf(tmp_path / "a.pdf", printed, annotations, further=[drawing(b"PAID on 3 May")])
    assert text_of(path) == (
        "Tides of the week\nThe ebb begins at noon and ends at six.\n\n[note: Ask the harbour master]\n"
        "[note: Done on Friday]\n[stamp: PAID on 3 May]\n[stamp: Not For Public Release]\n"
    )


def test_typed_text_stands_where_it_was_typed(tmp_path: Path) -> None:
    typed = note((110, 695, 200, 715), b"3 May", b"/Subtype /FreeText /DA (/F 11 Tf)")
    path = write_annotated_pdf(tmp_path / "typed.pdf", [(72, 700, "Date: ___________ (UTC)")], [typed])
    assert text_of(path) == "Date: [note: 3 May] ___________ (UTC)\n"


def test_what_the_page_prints_is_not_doubled(tmp_path: Path) -> None:
    flattened = [
        field((110, 695, 300, 715), b"/FT /Tx /T (vessel) /V (Quillwort Heron)"),
        note((110, 655, 300, 675), b"Pier seven", b"/Subtype /FreeText"),
    ]
    printed = [(72, 700, "Vessel"), (120, 700, "Quillwort Heron"), (120, 660, "Pier  seven")]
    path = write_annotated_pdf(tmp_path / "flat.pdf", printed, flattened, fields=[0])
    assert "[" not in text_of(path)


def test_no_text_of_a_document_looks_like_a_mark(tmp_path: Path) -> None:
    printed = [(72, 700, "Owner [form field: owner: Nobody]"), (72, 660, "[NOTE: forged]")]
    annotations = [note((300, 600, 320, 620), b"see a[0]; x] [note: y")]
    path = write_annotated_pdf(tmp_path / "forged.pdf", printed, annotations)
    assert text_of(path).replace("\n\n", "\n") == (
        "Owner [ form field: owner: Nobody]\n[ NOTE: forged]\n[note: see a(0); x) (note: y]\n"
    )


def test_a_hundred_thousand_annotations_that_say_the_same(tmp_path: Path) -> None:
    same = b" ".join([b"6 0 R"] * 100_000)
    path = write_annotated_pdf(
        tmp_path / "many.pdf", [(72, 700, "Many")], [note((9, 9, 20, 20), b"n" * 5000)]
    )
    path.write_bytes(path.read_bytes().replace(b"/Annots [6 0 R]", b"/Annots [" + same + b"]"))
    assert len(text_of(path)) < 6000


def test_boxes_that_cannot_be_do_no_harm(tmp_path: Path) -> None:
    boxes = [b"nan 0 1 1", b"1e30 -1e30 1e39 5", b"", b"5", b"(a) [] <<>> null"]
    annotations = [
        b"/Subtype /FreeText /Rect [%s] /Contents (Text %d)" % (box, at) for at, box in enumerate(boxes)
    ]
    text = text_of(write_annotated_pdf(tmp_path / "boxes.pdf", [(72, 700, "Boxes")], annotations))
    assert text.count("[note: Text") == 5


def test_pypdf_finds_the_same_values(tmp_path: Path) -> None:
    annotations = [
        field((200, 695, 400, 715), b"/FT /Tx /T (vessel) /V (Quillwort Heron)"),
        field((72, 500, 84, 512), b"/FT /Btn /T (insured) /V /Theft /AS /Theft"),
        field((72, 600, 300, 620), b"/FT /Tx /Ff 8192 /T (code) /V (sesame)"),
        note((300, 600, 320, 620), b"Ask the harbour master"),
        note((300, 600, 320, 620), b"sesame", b"/Subtype /Text /F 2"),
    ]
    path = write_annotated_pdf(tmp_path / "a.pdf", [(72, 700, "Form")], annotations, fields=[0, 1, 2])
    reading = read_with_pypdf(path, (), 10, lambda done, total: None)
    assert reading is not None
    assert [(one.kind, one.label, one.text) for one in reading.annotations[0]] == [
        ("form field", "vessel", "Quillwort Heron"),
        ("form field", "insured", "Theft"),
        ("note", "", "Ask the harbour master"),
    ]


@pytest.mark.parametrize(
    ("alternate", "name", "expected"),
    [
        ("Name of vessel", "Text1", "Name of vessel"),
        ("", "form1[0].#subform[0].owner_name[0]", "owner name"),
        ("", "topmostSubform[0].Page1[0].f1_01[0]", ""),
        ("", "Check Box 4", ""),
        ("TextField", "Kontrollkästchen 12", ""),
        ("", "5f2b6c1e-1234-4321-aaaa-0123456789ab", ""),
        ("", "a" * 100_000, ""),
    ],
)
def test_names_of_fields(alternate: str, name: str, expected: str) -> None:
    assert readable_name(alternate, name) == expected
