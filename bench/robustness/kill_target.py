"""The processes that `kills` kills: `python -m bench.robustness.kill_target index|serve ...`.

With a small embedder, slow enough to be killed; PYTHONPATH must lead to `tests`, which has it.
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.robustness.kill_scans import Program
from fakes import SomeModels, WordHashEmbedder
from indexer.ocr import scan_reader
from indexer.run import indexer
from indexer.run.indexer import Indexer
from stackroom.catalog.catalog import Catalog
from stackroom.common.errors import StackroomError
from stackroom.common.settings import Settings
from stackroom.indexes.words import WordIndex


class SlowEmbedder(WordHashEmbedder):
    """Takes two milliseconds a passage."""

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        time.sleep(0.002 * len(texts))
        return super().embed_passages(texts)


def main() -> None:
    """Runs one command. A stated error is printed, and ends the process with 1."""
    command, data, *rest = sys.argv[1:]
    # Loading its model takes longer than all that is to be killed.
    for module in (indexer, scan_reader):
        setattr(module, "identify", lambda text, kept: "en")  # noqa: B010  no test double is asked for here
    try:
        if command == "index":
            _index(Path(data), *rest)
        else:
            _serve(Path(data), *rest)
    except StackroomError as error:
        print(f"stated: {error}", file=sys.stderr)
        sys.exit(1)


def _index(data: Path, folder: str, passwords: str, ocr: str, model: str, profile: str) -> None:
    said = set()

    def say_once(stage: str) -> None:
        if stage not in said:
            said.add(stage)
            print(stage, flush=True)

    say_once("started")
    while model:
        settings = Settings.read(
            {}, data=data, workers=2, profile=profile, model=model, pdf_passwords_file=Path(passwords)
        )
        with Indexer(settings, SomeModels(SlowEmbedder), Program(Path(ocr))) as indexer:
            with Catalog(settings.catalog) as catalog:
                current = catalog.model()
            if current and current.fingerprint.name != model:
                indexer.reembed()
            indexer.drop_replaced_model()
            indexer.run([Path(folder)], on_progress=lambda progress: say_once(progress.stage))
        print("done", flush=True)
        model = sys.stdin.readline().strip()  # told to go on


def _serve(data: Path, port: str) -> None:
    from stackroom.reading.reader import Reader
    from stackroom.server.application import serve_http

    settings = Settings.read({}, data=data, port=int(port), ledger=False)
    reader = Reader(
        Catalog(settings.catalog, create=True), WordIndex(settings.words), SomeModels(SlowEmbedder)
    )
    serve_http(settings, reader)
    reader.close()


if __name__ == "__main__":
    main()
