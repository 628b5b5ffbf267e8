"""What a search asks of whatever finds the nearest passages: `vectors` in memory, `postgres` in a store."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Ranges = Sequence[tuple[int, int]] | NDArray[np.int64]
"""Ranges of passage ids, pairs (first, last), both inclusive. As an array of shape (n, 2), thousands are
cheap.
"""


class NearestPassages(Protocol):
    """The vectors of one model's passages, to be searched for the nearest. One thread at a time may use it.

    Every method raises CatalogUnusable if the vectors can't be read, and StoreAway if a database that has
    them can't be reached.
    """

    def __len__(self) -> int:
        """How many passages have a vector, at least nearly; 0 only if none has. Cheap."""

    def search(
        self,
        vector: NDArray[np.float32],
        k: int,
        *,
        within: Ranges | None = None,
        without: Ranges = (),
    ) -> list[tuple[int, float]]:
        """The passages nearest to a query.

        Args:
            vector: of the query; float32, shape (dimensions,), length 1.
            k: most passages to return.
            within: passages to look in; None means all.
            without: passages to leave out.

        Returns:
            Pairs (passage id, cosine similarity from -1 to 1), the most similar first, equal ones by id.
        """

    def similarities(self, vector: NDArray[np.float32], ids: Sequence[int]) -> dict[int, float]:
        """Passage id → cosine similarity to `vector`, for those of `ids` that have one; higher is nearer.

        Args:
            vector: of the query; float32, shape (dimensions,), length 1.
            ids: of passages; any.
        """
