"""The large letter that a paragraph begins with is part of its word."""

from pathlib import Path

import pytest

from indexer.pdf.pdfium import extract
from make_pdfs import write_text_objects

ID = "0123456789abcdef01234567"
REST = [
    "ashore at night and took what the",
    "sea had left, the ropes and barrels,",
    "and carried it over the dunes.",
]


def _show(x: float, y: float, text: str, size: int = 12) -> bytes:
    return f"BT /F {size} Tf {x} {y} Td ({text}) Tj ET ".encode("latin-1")


def _read(path: Path, *shown: bytes) -> list[str]:
    pages = extract(
        write_text_objects(path, [b"".join(shown)] * 2), ID, on_page=lambda done, total: None
    ).pages
    assert pages[0].text == pages[1].text
    return pages[0].text.split("\n")


def _paragraph(first: str, indent: float, y: float = 700) -> bytes:
    lines = [first, *REST]
    return b"".join(_show(72 + (indent if at < 2 else 0), y - 14 * at, line) for at, line in enumerate(lines))


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize(
    ("cap", "first", "words"),
    [
        ("W", "reckers came from the hills", "Wreckers came"),
        ("A", " storm came from the hills", "A storm came"),
        ("A", "fter a storm from the hills", "After a storm"),
        ("\xc9", "loign\xe9s de la c\xf4te sur un roc", "\xc9loign\xe9s de"),
        ('"Q', "uoted words came from them", '"Quoted words'),
        ("O", "NCE UPON a time the keepers", "ONCE UPON"),
    ],
)
def test_drop_cap(tmp_path: Path, is_first: bool, cap: str, first: str, words: str) -> None:
    # A browser draws it before all other text, a word processor after its paragraph.
    large = _show(72, 684, cap, 36)
    paragraph = _paragraph(first, 12 + 20 * len(cap))
    other = _show(72, 600, "Another paragraph stands below it.")
    drawn = (large, other, paragraph) if is_first else (paragraph, large, other)
    lines = _read(tmp_path / "a.pdf", *drawn)
    assert any(line.startswith(words) for line in lines)
    assert cap not in lines


def test_letter_that_is_a_word(tmp_path: Path) -> None:
    # A browser drops the blank after it; the page says that the rest is a word.
    lines = _read(
        tmp_path / "a.pdf",
        _show(72, 684, "A", 36),
        _paragraph("storm came from the hills", 32),
        _show(72, 600, "Nobody had seen such a storm before."),
    )
    assert lines[0].startswith("A storm came")


def test_word_of_large_letters(tmp_path: Path) -> None:
    large = _show(72, 684, "Under", 28)
    lines = _read(tmp_path / "a.pdf", _paragraph(" the tower nobody had slept", 80), large)
    assert lines[0].startswith("Under the tower")


@pytest.mark.parametrize("text", ["B", "Notes"])
def test_large_line_that_is_none(tmp_path: Path, text: str) -> None:
    # A letter of an index over its entries, or a heading.
    above = _read(tmp_path / "a.pdf", _show(72, 730, text, 28), _paragraph("reckers came from the hills", 0))
    assert text in above


def test_large_sign_before_one_line(tmp_path: Path) -> None:
    sign = _show(72, 684, "B", 36)
    lines = _read(tmp_path / "a.pdf", sign, _show(104, 700, "f(x) dx is a sum of many parts"))
    assert not any(line.startswith("Bf") for line in lines)


def test_drop_caps_of_two_columns(tmp_path: Path) -> None:
    caps = _show(72, 684, "W", 36) + _show(330, 684, "F", 36)
    right = _paragraph("urther down the tower stood", 290)
    lines = _read(tmp_path / "a.pdf", caps, _paragraph("reckers came from the hills", 36), right)
    text = " ".join(lines)
    assert "Wreckers came" in text
    assert "Further down" in text
