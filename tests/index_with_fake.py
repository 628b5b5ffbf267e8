"""Indexes a folder with the small embedder, slowly enough to be killed: `index_with_fake.py DATA FOLDER`."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fakes import OneModel, WordHashEmbedder
from indexer import pipeline
from stackroom.settings import Settings


class SlowEmbedder(WordHashEmbedder):
    """Takes a millisecond a passage."""

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        time.sleep(0.001 * len(texts))
        return super().embed_passages(texts)


def main() -> None:
    """Indexes once."""
    data, folder = map(Path, sys.argv[1:])
    # To load the detector takes a second of each run, most of which are killed before that.
    vars(pipeline)["identify"] = lambda text: "en" if text.isascii() else "de"
    with pipeline.Indexer(Settings.read({}, data=data, workers=2), OneModel(SlowEmbedder())) as indexer:
        indexer.run([folder])


if __name__ == "__main__":
    main()
