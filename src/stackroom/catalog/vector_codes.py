"""Vectors as small integers: a signed byte for each dimension, and how much one step of it is worth.

Steps are as fine as the nearest passages need: 99 of 100 of the ten nearest among thousands of real ones are
the right ones; for the compact profile 98 (docs/benchmarks.md). They are nearly all alike, so that most
levels are small, and take less than a byte when they are compressed (`vector_packs`): 6.4 bits, and 5.4.
Nothing is trained: a code depends on its vector alone, and never has to be made again.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_LARGEST = 127

# Steps, in standard deviations of a component of a random vector of length 1. They are wider for a vector
# with a component beyond _LARGEST of them.
_STEP, _COMPACT_STEP = 0.035, 0.1


def encode(vectors: NDArray[np.float32], *, compact: bool = False) -> list[bytes]:
    """Encodes vectors.

    Args:
        vectors: shape (n, dimensions), each of length 1.
        compact: the wider steps of the compact profile.

    Returns:
        n codes, aligned with the vectors. A code is the levels of all dimensions (signed bytes), then the
        step as a little-endian float16.
    """
    finest = (_COMPACT_STEP if compact else _STEP) / np.sqrt(vectors.shape[1])
    steps = np.maximum(np.abs(vectors).max(axis=1, initial=0) / _LARGEST, finest)
    levels = np.rint(vectors / steps[:, None])
    # Chosen so that a vector's dot product with its own code is the same as with itself: of what is lost, no
    # part is in the direction of the vectors near it.
    products = (vectors * levels).sum(axis=1)
    np.divide((vectors * vectors).sum(axis=1), products, out=steps, where=products > 0)
    rows = levels.astype(np.int8)
    return [row.tobytes() + step.tobytes() for row, step in zip(rows, steps.astype("<f2"), strict=True)]


def code_length(dimensions: int) -> int:
    """How many bytes a code has."""
    return dimensions + 2


def split_codes(codes: Sequence[bytes], dimensions: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Takes codes apart.

    Args:
        codes: n codes.
        dimensions: of the vectors.

    Returns:
        The levels, int8 of shape (n, dimensions), and the steps, float32 of shape (n,), aligned with `codes`.
        A vector is its levels times its step.
    """
    block = np.frombuffer(b"".join(codes), np.uint8).reshape(len(codes), code_length(dimensions))
    steps = np.ascontiguousarray(block[:, dimensions:]).view("<f2")[:, 0].astype(np.float32)
    return np.ascontiguousarray(block[:, :dimensions]).view(np.int8), steps


def decode(codes: Sequence[bytes], dimensions: int) -> NDArray[np.float32]:
    """The vectors that `codes` stand for, shape (n, dimensions); of length 1 within 0.01."""
    levels, steps = split_codes(codes, dimensions)
    return levels * steps[:, None]
