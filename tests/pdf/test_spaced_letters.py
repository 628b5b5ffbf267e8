"""Words whose letters are spaced out are words."""

from pathlib import Path

import pytest

from indexer.pdf.pdfium import extract
from make_pdfs import write_text_objects

ID = "0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("printed", "gap", "text"),
    [
        ("ORCHARD REPORT", 500, "ORCHARD REPORT"),
        ("Thinning the apple trees", 350, "Thinning the apple trees"),
        ("Thinning the apple trees", 0, "Thinning the apple trees"),
        ("a b c d e f g h", 0, "a b c d e f g h"),
        ("let s h a d o w be", 0, "let s h a d o w be"),
        ("AaBbCcDdEe", 500, "A a B b C c D d E e"),
        ("MXKQWZ", 3000, "M X K Q W Z"),
        ("Thinning of fruit 2024", 400, "Thinning of fruit 2024"),
        ("O R C H A R D   L A N E", 0, "ORCHARD LANE"),
        ("M T W T F S S", 0, "M T W T F S S"),
        ("O    R    C    H    A    R    D", 0, "O R C H A R D"),
    ],
)
def test_spaced_letters(tmp_path: Path, printed: str, gap: int, text: str) -> None:
    # Each letter moved away from the one before it, by thousandths of the size: so browsers write it.
    shown = f" {-gap} ".join(f"({char})" for char in printed) if gap else f"({printed})"
    content = f"BT /F 12 Tf 72 700 Td [{shown}] TJ ET".encode()
    path = write_text_objects(tmp_path / "a.pdf", [content] * 2)
    pages = extract(path, ID, on_page=lambda done, total: None).pages
    assert [page.text for page in pages] == [text + "\n"] * 2
