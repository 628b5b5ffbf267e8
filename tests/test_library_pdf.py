"""The PDF that waits in data/library says what docs/how-stackroom-works.md says."""

import subprocess
import sys
from pathlib import Path

import pytest

from indexer.pdf.pdfium import extract
from places import ROOT
from stackroom.common.documents import Document

MARKDOWN = ROOT / "docs" / "how-stackroom-works.md"
PDF = ROOT / "data" / "library" / "how-stackroom-works.pdf"


def read(path: Path) -> Document:
    return extract(path, "0" * 24, on_page=lambda done, total: None)


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the script makes of the Markdown now."""
    return typeset(tmp_path_factory.mktemp("again") / "again.pdf")


def typeset(path: Path) -> Path:
    subprocess.run([sys.executable, str(ROOT / "docs" / "typeset.py"), str(MARKDOWN), str(path)], check=True)
    return path


def test_the_pdf_is_what_the_script_makes_of_the_markdown(again: Path) -> None:
    # Its text, title, author, dates, outline and page labels. On failure, make it again:
    # python docs/typeset.py docs/how-stackroom-works.md data/library/how-stackroom-works.pdf
    assert read(PDF) == read(again)


def test_the_same_text_gives_the_same_bytes(again: Path, tmp_path: Path) -> None:
    assert typeset(tmp_path / "b.pdf").read_bytes() == again.read_bytes()


def test_the_pdf_holds_all_of_the_markdown() -> None:
    document = read(PDF)
    assert (document.title, document.author) == ("How Stackroom works", "Stackroom")
    assert [page.label for page in document.pages] == ["1", "2", "3", "4"]
    lines = MARKDOWN.read_text(encoding="utf-8").splitlines()
    headings = [line.lstrip("# ") for line in lines if line.startswith("#")]
    assert [entry.title for entry in document.outline] == headings
    printed = set(document.text.split())
    for line in lines:
        if not line.startswith(("#", "```")):
            words = line.replace("*", "").replace("`", "").removeprefix("- ").split()
            assert set(words) <= printed, line
    assert PDF.stat().st_size < 60_000
