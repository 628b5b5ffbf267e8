"""Indexes a folder with the small embedder, slowly enough to be killed: `… DATA FOLDER [OCR]`.

OCR is the home of a `FakeOcr` that was called before; then it says after each page how many were read.

Without arguments it does so for each line of standard input, `DATA<tab>FOLDER`, in a fork of itself: starting
Python takes longer than the indexing. It prints the number of that process, and how it ended. With a third
field, the name of a model, the library is embedded anew with that instead.
"""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fake_ocr import fake_tesseract
from fakes import OneModel, SomeModels, WordHashEmbedder
from indexer.ocr.tesseract import FindOcr, find_tesseract
from indexer.pdf.text.language import identify
from indexer.run.indexer import Indexer
from indexer.run.summary import Progress
from stackroom.common.settings import Settings


class SlowEmbedder(WordHashEmbedder):
    """Takes a millisecond a passage."""

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        time.sleep(0.001 * len(texts))
        return super().embed_passages(texts)


def index(data: Path, folder: Path, ocr: Path | None = None) -> None:
    """Indexes once."""
    read = 0

    def tell(progress: Progress) -> None:
        nonlocal read
        if progress.scans_done > read:
            read = progress.scans_done
            _report(read)

    find_ocr: FindOcr = (lambda wanted: (fake_tesseract(ocr), "")) if ocr else find_tesseract
    settings = Settings.read({}, data=data, workers=2)
    with Indexer(settings, OneModel(SlowEmbedder()), find_ocr) as indexer:
        indexer.run([folder], on_progress=tell)


def reembed(data: Path, model: str) -> None:
    """Embeds a library with another model."""
    with Indexer(Settings.read({}, data=data, model=model), SomeModels(SlowEmbedder)) as indexer:
        indexer.reembed()


def index_in_forks() -> None:
    """Indexes for each line, until there are no more."""
    identify("Loads the model of languages, a second's work, before there are any forks.")
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            data, folder, *model = line.rstrip("\n").split("\t")
            if model:
                reembed(Path(data), *model)
            else:
                index(Path(data), Path(folder))
            return
        _report(pid)
        _report(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _report(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        index(*map(Path, sys.argv[1:]))
    else:
        index_in_forks()
