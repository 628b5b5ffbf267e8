"""The bundled model: what is known of it, and how its vectors are compared."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from places import SHARED
from stackroom.embedding.model_card import BUNDLED_CARD
from stackroom.embedding.model_files import BUNDLED_NAME

BUNDLED = BUNDLED_CARD.fingerprint(BUNDLED_NAME)
SCIFACT = SHARED / "eval" / "scifact"


def least_cosine(ones: NDArray[np.float32], others: NDArray[np.float32]) -> float:
    """Of aligned vectors of length 1."""
    return float((ones * others).sum(axis=1).min())


OwnVectors = Callable[[Sequence[str], Sequence[str]], tuple[NDArray[np.float32], NDArray[np.float32]]]
