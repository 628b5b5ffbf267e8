"""Words whose letters are spaced out are words."""

from pathlib import Path

import pytest

from indexer.pdf.pdfium import extract
from make_pdfs import write_text_objects

ID = "0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        ("6 Tc (ORCHARD REPORT) Tj", "ORCHARD REPORT"),
        ("4 Tc (Thinning the apple trees) Tj", "Thinning the apple trees"),
        ("1 Tc (Thinning the apple trees) Tj", "Thinning the apple trees"),
        ("(let a b c d e f g be) Tj", "let a b c d e f g be"),
        ("(a b c d e f g h) Tj", "a b c d e f g h"),
        ("6 Tc (AaBbCcDdEe) Tj", "A a B b C c D d E e"),
        ("(1 2 3 4 5 6) Tj", "1 2 3 4 5 6"),
    ],
)
def test_spaced_letters(tmp_path: Path, printed: str, text: str) -> None:
    content = f"BT /F 12 Tf 72 700 Td {printed} ET".encode()
    document = extract(
        write_text_objects(tmp_path / "a.pdf", [content] * 2), ID, on_page=lambda done, total: None
    )
    assert [page.text for page in document.pages] == [text + "\n"] * 2
