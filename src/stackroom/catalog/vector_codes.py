"""Vectors as the catalogue stores them: a small integer for each dimension, and how much one step of it is
worth.

With 8 bits a dimension, half the size of float16, 98.8 of 100 of the ten nearest passages among 100,000 are
the right ones; with 5 bits, for the compact profile, 94 (docs/benchmarks.md). Nothing is trained: a code
depends on its vector alone, and never has to be made again. The length of a code tells how many bits it has,
so both kinds can be in one catalogue.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ILLEGIBLE = b""
"""Stored instead of a code for a passage that the model can't read: it has no vector."""

_LARGEST = 127

# With 5 bits, levels are the odd numbers from -31 to 31. They reach to 3 standard deviations of a component
# of a random vector of length 1. What lies beyond is cut, which finds better than coarser steps would.
_SMALL_BITS = 5
_SMALL_HALF = 2 ** (_SMALL_BITS - 1)
_REACH = 3.0


def encode(vectors: NDArray[np.float32], *, compact: bool = False) -> list[bytes]:
    """Encodes vectors.

    Args:
        vectors: shape (n, dimensions), each of length 1.
        compact: 5 bits a dimension instead of 8.

    Returns:
        n codes, aligned with the vectors. A code is the levels of all dimensions (signed bytes, or 5 bits
        each), then the step as a little-endian float16.
    """
    if compact:
        fine = vectors * (np.sqrt(vectors.shape[1]) * _SMALL_HALF / _REACH)
        indexes = (np.floor(fine).clip(-_SMALL_HALF, _SMALL_HALF - 1) + _SMALL_HALF).astype(np.uint8)
        levels = _levels(indexes).astype(np.float32)
        # Chosen so that a vector's dot product with its own code is the same as with itself.
        steps = ((vectors * vectors).sum(axis=1) / (vectors * levels).sum(axis=1)).astype("<f2")
        bits = np.unpackbits(indexes[:, :, None], axis=2)[:, :, -_SMALL_BITS:]
        rows = np.packbits(bits.reshape(len(vectors), -1), axis=1)
    else:
        steps = (np.abs(vectors).max(axis=1) / _LARGEST).astype("<f2")
        steps = np.maximum(steps, np.finfo(np.float16).tiny)
        rounded = np.rint(vectors / steps.astype(np.float32)[:, None])
        rows = rounded.clip(-_LARGEST, _LARGEST).astype(np.int8).view(np.uint8)
    return [row.tobytes() + step.tobytes() for row, step in zip(rows, steps, strict=True)]


def code_lengths(dimensions: int) -> tuple[int, int]:
    """How many bytes a code has, unless it is ILLEGIBLE: with 8 bits a dimension, and with 5."""
    return dimensions + 2, -(-dimensions * _SMALL_BITS // 8) + 2


def split_codes(codes: Sequence[bytes], dimensions: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Takes codes apart.

    Args:
        codes: n codes, none of them ILLEGIBLE; of both kinds.
        dimensions: of the vectors.

    Returns:
        The levels, int8 of shape (n, dimensions), and the steps, float32 of shape (n,), aligned with `codes`.
        A vector is its levels times its step.
    """
    levels = np.empty((len(codes), dimensions), np.int8)
    steps = np.empty(len(codes), np.float32)
    lengths = np.fromiter(map(len, codes), np.int64, len(codes))
    for length in set(lengths.tolist()):
        rows = np.flatnonzero(lengths == length)
        block = np.frombuffer(b"".join(codes[row] for row in rows.tolist()), np.uint8).reshape(
            len(rows), length
        )
        steps[rows] = np.ascontiguousarray(block[:, -2:]).view("<f2")[:, 0]
        levels[rows] = (
            block[:, :-2].view(np.int8) if length == dimensions + 2 else _unpack(block[:, :-2], dimensions)
        )
    return levels, steps


def decode(codes: Sequence[bytes], dimensions: int) -> NDArray[np.float32]:
    """The vectors that `codes` stand for, shape (n, dimensions); of length 1 within 0.01."""
    levels, steps = split_codes(codes, dimensions)
    return levels * steps[:, None]


def _levels(indexes: NDArray[np.uint8]) -> NDArray[np.int8]:
    levels: NDArray[np.int8] = indexes.astype(np.int8) * 2 - (2 * _SMALL_HALF - 1)
    return levels


def _unpack(packed: NDArray[np.uint8], dimensions: int) -> NDArray[np.int8]:
    bits = np.unpackbits(packed, axis=1, count=dimensions * _SMALL_BITS)
    weights = (1 << np.arange(_SMALL_BITS)[::-1]).astype(np.uint8)
    return _levels(bits.reshape(len(packed), dimensions, _SMALL_BITS) @ weights)
