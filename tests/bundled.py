"""The bundled model: what is known of it, and how its vectors are compared."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from stackroom.embedding.model_card import BUNDLED_CARD
from stackroom.embedding.model_files import (
    BUNDLED_NAME,
)

BUNDLED = BUNDLED_CARD.fingerprint(BUNDLED_NAME)


def least_cosine(ones: NDArray[np.float32], others: NDArray[np.float32]) -> float:
    """Of aligned vectors of length 1."""
    return float((ones * others).sum(axis=1).min())


OwnVectors = Callable[[Sequence[str], Sequence[str]], tuple[NDArray[np.float32], NDArray[np.float32]]]
