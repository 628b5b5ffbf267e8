"""A folder with one of everything that an indexer treats in a way of its own."""

import shutil
from pathlib import Path

from containers import pdf_of, write_container
from fake_ocr import FakeOcr
from make_pdfs import write_garbage, write_pdf
from papers import BREAD, OTTERS, TAXES
from scans import FERRY, TOLL, mixed


def write_everything(folder: Path) -> Path:
    """Makes the folder: PDFs with text, copies, scans, attachments, shared titles, what can't be read."""
    (folder / "below").mkdir(parents=True)
    write_pdf(folder / "otters.pdf", [OTTERS, "They use stones as tools."], title="On Otters")
    shutil.copy(folder / "otters.pdf", folder / "below" / "copy.pdf")
    write_pdf(folder / "bread.pdf", [BREAD], title="On Bread")
    write_pdf(folder / "empty.pdf", [""], title="Nothing")
    write_pdf(folder / "thorn.pdf", ["Það er svo margt: otter heitir otur, þó."], title="Saga")
    for number, word in enumerate(("one", "two", "three"), start=1):
        name = ("North", "South", "West")[number - 1]
        write_pdf(folder / f"{name}.pdf", [f"The report says {word}. " * number], title="Annual Report")
    write_garbage(folder / "garbage.pdf")
    mixed(folder / "scanned.pdf")
    attached = pdf_of(folder / "attached.1", TAXES, title="On Taxes")
    write_container(folder / "letter.pdf", {"taxes.pdf": attached, "broken.pdf": b"%PDF-1.4 no more"})
    (folder / "attached.1").unlink(missing_ok=True)
    return folder


def change_some(folder: Path) -> None:
    """A file is moved, one changed, and one deleted."""
    (folder / "bread.pdf").rename(folder / "below" / "loaf.pdf")
    write_pdf(folder / "otters.pdf", [OTTERS * 2], title="On More Otters")
    (folder / "empty.pdf").unlink()


def its_ocr(folder: Path) -> FakeOcr:
    """What reads its scans."""
    return FakeOcr(folder, {(10, "eng"): (90, FERRY), (20, "eng"): (90, TOLL)})
