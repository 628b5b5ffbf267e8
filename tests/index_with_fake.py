"""Indexes a folder with the small embedder, slowly enough to be killed: `index_with_fake.py DATA FOLDER`."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fakes import OneModel, WordHashEmbedder
from indexer.pipeline import Indexer
from stackroom.settings import Settings


class SlowEmbedder(WordHashEmbedder):
    """Takes a millisecond a passage."""

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        time.sleep(0.001 * len(texts))
        return super().embed_passages(texts)


def main() -> None:
    """Indexes once."""
    data, folder = map(Path, sys.argv[1:])
    with Indexer(Settings.read({}, data=data, workers=2), OneModel(SlowEmbedder())) as indexer:
        indexer.run([folder])


if __name__ == "__main__":
    main()
