"""Tries a compiled cross-encoder in a process of its own: `python -m stackroom.embedding.reranking.pair_trial
FOLDER PRECISION`, as `preparing.trial` starts it.
"""

import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stackroom.embedding.model_card import ModelCard
from stackroom.embedding.preparing.trial import SAMPLES
from stackroom.embedding.reranking.compiled_pairs import CompiledCrossEncoder

PROGRAM = (sys.executable, "-m", "stackroom.embedding.reranking.pair_trial")


def agreement(found: NDArray[np.float64], own: NDArray[np.float64]) -> float:
    """How far scores put passages in the same order as the model's own do: their correlation, -1 to 1.

    NaN if a score is none. A model that gives all pairs the same score agrees with anything.
    """
    found, own = found - found.mean(), own - own.mean()
    lengths = float(np.linalg.norm(found) * np.linalg.norm(own))
    return 1.0 if lengths == 0 else float(found @ own) / lengths


def _main() -> None:
    folder, precision = Path(sys.argv[1]), sys.argv[2]
    card = ModelCard.read(folder)
    assert card is not None  # noqa: S101  the parent has written it
    encoder = CompiledCrossEncoder(folder, card, precision)  # type: ignore[arg-type]  # the parent has checked it
    with np.load(folder / SAMPLES) as samples:
        inputs, own = samples["inputs"].tolist(), samples["outputs"]
    found = np.array([encoder.score(encoder.pair(query, passage)) for query, passage in inputs])
    json.dump(agreement(found, own), sys.stdout)


if __name__ == "__main__":
    _main()
