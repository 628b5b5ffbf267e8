"""The bundled model, compiled and as its own library runs it."""

import hashlib
import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bundled import BUNDLED, OwnVectors
from stackroom.embedding.compiled import CompiledEmbedder
from stackroom.embedding.embedder import Embedder
from stackroom.embedding.model_files import (
    BUNDLED_DIGEST,
    bundled_folder,
)
from stackroom.embedding.models import Models
from stackroom.embedding.processor import Precision, best_precision
from stackroom.embedding.sentence_transformer import SentenceTransformerEmbedder, describe, load_model


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
def compiled(request: pytest.FixtureRequest, prepared_models: Path) -> CompiledEmbedder:
    """The bundled model in each precision that this processor can run."""
    precision: Precision = request.param
    if precision == "bf16" and best_precision(queries=False) != "bf16":
        pytest.skip("this processor has no bf16")
    if precision == "int8" and platform.machine().lower() not in ("x86_64", "amd64"):
        pytest.skip("int8 is for x86 processors")
    embedder = Models(prepared_models, precision).load(BUNDLED)
    assert isinstance(embedder, CompiledEmbedder)
    assert embedder.runtime == f"OpenVINO {precision}"
    return embedder
