"""Vectors as the catalogue keeps them: a few bits a dimension, and how much one step is worth.

With 8 bits, half the size of float16, the ten nearest of 100,000 passages are the same in 98.8 of 100 places;
with 5 bits, for the compact profile, in 94 (docs/benchmarks.md). Nothing is trained: a code depends on its
vector alone and never has to be made again. A code's length tells which of the two it is, so both may stand
beside each other in one catalogue.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ILLEGIBLE = b""
"""In a code's place: of a passage that the model can't read, and that has no vector."""

_LARGEST = 127

# Of 5 bits: levels are the odd numbers from -31 to 31. They reach to 3 standard deviations of a component of
# a random vector of length 1; what is beyond is cut there, which finds better than coarser steps.
_SMALL_BITS = 5
_SMALL_HALF = 2 ** (_SMALL_BITS - 1)
_REACH = 3.0


def encode(vectors: NDArray[np.float32], *, compact: bool = False) -> list[bytes]:
    """The codes of `vectors`, shape (n, dimensions), of length 1: n byte strings.

    A code is the levels, a signed byte for each dimension or, if `compact`, 5 bits for each, then the step as
    a little-endian float16.
    """
    if compact:
        fine = vectors * (np.sqrt(vectors.shape[1]) * _SMALL_HALF / _REACH)
        indexes = (np.floor(fine).clip(-_SMALL_HALF, _SMALL_HALF - 1) + _SMALL_HALF).astype(np.uint8)
        levels = _levels(indexes).astype(np.float32)
        # So that a vector's product with its own code is what it would be with itself.
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
    """How many bytes a code has that is not ILLEGIBLE: with 8 bits, and with 5."""
    return dimensions + 2, -(-dimensions * _SMALL_BITS // 8) + 2


def split_codes(codes: Sequence[bytes], dimensions: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """The levels, int8 of shape (n, dimensions), and the steps, float32 of shape (n,), of n codes."""
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
