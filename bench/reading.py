"""Indexes a folder, but the model is never ready: `python -m bench.reading FOLDER DATA`.

What is left is reading, splitting and the index of words. It never ends: whoever measures it stops it.
"""

import sys
import threading
from pathlib import Path

from indexer.run.indexer import Indexer
from stackroom.common.settings import Settings
from stackroom.embedding.embedder import Embedder, Fingerprint
from stackroom.embedding.models import Models


class _NeverReady(Models):
    """Models that take forever to load."""

    def load(self, model: Fingerprint) -> Embedder:
        threading.Event().wait()
        raise AssertionError


if __name__ == "__main__":
    settings = Settings.read(data=Path(sys.argv[2]).resolve())
    with Indexer(settings, _NeverReady(settings.models)) as indexer:
        indexer.run([Path(sys.argv[1]).resolve()])
