"""The bundled model, compiled and as its own library runs it; and what need be proved only once."""

import hashlib
import json
import os
import platform
import sys
from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bundled import BUNDLED, SCIFACT, OwnVectors
from places import ROOT, TESTS
from stackroom.embedding.embedder import Embedder
from stackroom.embedding.model_files import BUNDLED_DIGEST, bundled_folder
from stackroom.embedding.models import Models
from stackroom.embedding.processor import Precision, _features, precisions
from stackroom.embedding.running.prepared import PreparedEmbedder
from stackroom.embedding.running.sentence_transformer import SentenceTransformerEmbedder, describe, load_model


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what was proved with this very code, libraries and processor; not with `--cache-clear`."""
    once = [item for item in items if item.get_closest_marker("proved_once")]
    if not once:
        return
    folder = config.rootpath / ".pytest_cache" / "models" / "proved" / _what_decides()
    for item in once:
        proof = folder / hashlib.sha256(item.nodeid.encode()).hexdigest()[:16]
        item.stash[_PROOF] = proof
        if proof.exists() and not config.getoption("cacheclear", False):
            item.add_marker(pytest.mark.skip(reason="proved before; --cache-clear has it proved again"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keeps that a test has passed, if once is enough for it."""
    report = yield
    if report.when == "call" and report.passed and _PROOF in item.stash:
        proof = item.stash[_PROOF]
        proof.parent.mkdir(parents=True, exist_ok=True)
        proof.touch()
    return report


_PROOF = pytest.StashKey[Path]()


def _what_decides() -> str:
    """A digest of whatever can change a vector, or what is said of a model: all these files, and versions."""
    folders = (ROOT / "src/stackroom/embedding", ROOT / "src/stackroom/common", TESTS / "embedding")
    code = [path for folder in folders for path in sorted(folder.rglob("*.py"))] + sorted(TESTS.glob("*.py"))
    texts = [path for path in SCIFACT.glob("*") if path.is_file()]
    installed = {path.name for place in sys.path for path in Path(place).glob("*.dist-info")}
    decides = [
        sys.version,
        platform.platform(),
        sorted(_features()),
        sorted(installed),
        [path.read_text(encoding="utf-8") for path in code],
        sorted((path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in texts),
    ]
    return hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:16]


@pytest.fixture(scope="session")
def own() -> Embedder:
    """The bundled model as sentence-transformers runs it, on one thread: other tests run beside these."""
    import torch

    torch.set_num_threads(1)
    model = load_model(bundled_folder())
    card, _ = describe(model, BUNDLED_DIGEST)
    return SentenceTransformerEmbedder(model, BUNDLED.name, card)


@pytest.fixture(scope="session")
def own_vectors(request: pytest.FixtureRequest, own_vectors_folder: Path) -> OwnVectors:
    """Gives the vectors of passages and of queries as sentence-transformers computes them.

    They are computed once for each version of it: ten seconds for what is below.
    """

    def vectors(
        passages: Sequence[str], queries: Sequence[str]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        name = hashlib.sha256(json.dumps([BUNDLED_DIGEST, passages, queries]).encode()).hexdigest()
        kept = own_vectors_folder / f"{name[:16]}.npz"
        if not kept.exists():
            own: Embedder = request.getfixturevalue("own")
            new = kept.with_suffix(f".{os.getpid()}.npz")
            np.savez(new, passages=own.embed_passages(passages), queries=own.embed_queries(queries))
            new.rename(kept)
        with np.load(kept) as arrays:
            return arrays["passages"], arrays["queries"]

    return vectors


@pytest.fixture(scope="module", params=["fp32", "int8", "bf16"])
def compiled(request: pytest.FixtureRequest, prepared_models: Path) -> PreparedEmbedder:
    """The bundled model in each precision that this processor can run."""
    precision: Precision = request.param
    if precision == "bf16" and precision not in precisions(queries=False):
        pytest.skip("this processor has no bf16")
    if precision == "int8" and platform.machine().lower() not in ("x86_64", "amd64"):
        pytest.skip("int8 is for x86 processors")
    embedder = Models(prepared_models, precision).load(BUNDLED)
    assert isinstance(embedder, PreparedEmbedder)
    assert embedder.runtime == f"OpenVINO {precision}"
    return embedder
