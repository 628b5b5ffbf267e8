"""A library of four small PDFs, and indexing it with an embedder that takes no time."""

from pathlib import Path

from fakes import OneModel, WordHashEmbedder
from indexer.run.indexer import Indexer
from indexer.run.summary import Summary
from make_pdfs import write_pdf
from stackroom.common.settings import Settings

OTTERS = "Otters hold hands while they sleep, so that the current does not carry them apart."
BREAD = "Knead the dough for ten minutes and let it rest under a damp cloth until it has doubled."


def write_papers(folder: Path) -> Path:
    """Writes `otter 0.pdf` to `otter 2.pdf`, with three pages, and `bread.pdf`; returns the folder."""
    folder.mkdir()
    for number in range(3):
        text = f"{OTTERS} This is otter {number}."
        write_pdf(folder / f"otter {number}.pdf", [text, f"Otter {number} likes stones.", ""], title="Otters")
    write_pdf(folder / "bread.pdf", [BREAD], title="On Bread")
    return folder


def index(settings: Settings, *roots: Path) -> Summary:
    """Indexes these folders, or those that were indexed before."""
    with Indexer(settings, OneModel(WordHashEmbedder())) as indexer:
        return indexer.run(roots or indexer.libraries())
