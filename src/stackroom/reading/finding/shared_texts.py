"""A column of a table whose texts many documents share."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray


class SharedTexts:
    """A column of texts, of which each is kept and compared once. Not thread-safe.

    Attributes:
        texts: those that some document has, or had, in the form in which they are compared.
        rows: by document, the number of its text in `texts`; shape (documents,).
    """

    def __init__(self, fold: Callable[[str], str]) -> None:
        """`fold` gives the form in which a text is compared."""
        self._fold = fold
        self._numbers: dict[str, int] = {}  # text as it is → its number, from 0
        self.texts: list[str] = []
        self.rows: NDArray[np.int32] = np.empty(0, np.int32)

    def add(self, texts: Iterable[str]) -> None:
        """Adds documents."""
        self.rows = np.concatenate([self.rows, np.array(self._numbered(texts), np.int32)])

    def put(self, row: int, text: str) -> None:
        """Gives a document another text."""
        self.rows[row] = self._numbered([text])[0]

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Removes all documents but these; the texts stay."""
        self.rows = self.rows[kept]

    def counts(self, rows: NDArray[np.int64]) -> dict[str, int]:
        """How many of these documents have each text, as it is; in the order in which texts came."""
        counts = np.bincount(self.rows[rows], minlength=len(self.texts)).tolist()
        return {text: count for text, count in zip(self._numbers, counts, strict=True) if count}

    def _numbered(self, texts: Iterable[str]) -> Sequence[int]:
        numbers = [self._numbers.setdefault(text, len(self._numbers)) for text in texts]
        self.texts += map(self._fold, islice(self._numbers, len(self.texts), None))
        return numbers
