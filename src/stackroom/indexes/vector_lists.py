"""The lists that the vectors of a large library are divided into, and the file that keeps who is in which.

Each list holds the vectors nearest to its centroid, so that a search need only look into the lists whose
centroids are nearest to the query. `stackroom.indexes.vectors` searches them. The indexer keeps each
passage's list, 2 bytes, so that a server which starts has to compare no passage with the centroids again.

The file is derived from the catalogue and can be deleted at any time: whoever misses it makes lists anew.
"""

import hashlib
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stackroom.catalog.vector_codes import decode
from stackroom.indexes.row_ranges import spread

EXACT_LIMIT = 50_000
"""Up to so many vectors, a search compares all of them, in at most 5 ms; above, they are divided into lists.
"""

# Made from so many times fewer vectors than there are now, lists no longer fit.
_OUTGROWN = 2

# Vectors compared with the centroids at once: bounds the memory to some 20 MB.
_COMPARED_AT_ONCE = 4096

_DIGEST_BYTES = 32

# To be increased when lists are made or kept in another way: then all files are made anew.
_FORMAT = 1


@dataclass(frozen=True, slots=True, eq=False)
class Lists:
    """What vectors are divided by.

    Attributes:
        centroids: means of vectors, shape (number of lists, dimensions), float32, rounded to float16.
        count: how many vectors there were when the lists were made.
        spread: how far vectors are from their centroids in one dimension, root mean square.
    """

    centroids: NDArray[np.float32]
    count: int
    spread: float

    def numbers(self, codes: Sequence[bytes]) -> NDArray[np.uint16]:
        """The list of each vector: the one whose centroid is nearest.

        Args:
            codes: of n vectors: see `stackroom.catalog.vector_codes`.

        Returns:
            Numbers of lists, shape (n,).
        """
        found = np.empty(len(codes), np.uint16)
        # Of two centroids m, that with the greater v·m - m·m / 2 is nearer to v.
        halves = (self.centroids * self.centroids).sum(axis=1) / 2
        for start in range(0, len(codes), _COMPARED_AT_ONCE):
            some = decode(codes[start : start + _COMPARED_AT_ONCE], self.centroids.shape[1])
            found[start : start + len(some)] = (some @ self.centroids.T - halves).argmax(axis=1)
        return found

    def outgrown_by(self, count: int) -> bool:
        """Whether lists for so many vectors have to be made anew."""
        return count > _OUTGROWN * self.count


@dataclass(frozen=True, slots=True, eq=False)
class KeptLists:
    """Which passage is in which list, as of one moment of a catalogue.

    Attributes:
        lists: what the passages are divided by.
        ids: of passages, int64 of shape (n,), ascending.
        numbers: of their lists, uint16 of shape (n,), aligned with `ids`.
        catalog: id of the catalogue: see `Catalog.id`.
        model: digest of the model whose vectors they are.
        change: number of the catalogue's last change that they know of.
    """

    lists: Lists
    ids: NDArray[np.int64]
    numbers: NDArray[np.uint16]
    catalog: int
    model: str
    change: int


def read_lists(file: Path, catalog: int, model: str, change: int) -> KeptLists | None:
    """What is kept in the file, if it fits this catalogue.

    Args:
        file: that `keep_lists` has written.
        catalog: id of the catalogue.
        model: digest of the model that is searched.
        change: number of the catalogue's last change. A file that knows of later ones is of the time before
            an older copy of the catalogue was put back.

    Returns:
        None if the file is missing, damaged, can't be read, or is of something else.
    """
    try:
        content = file.read_bytes()
    except OSError:
        return None
    body = content[_DIGEST_BYTES:]
    if hashlib.sha256(body).digest() != content[:_DIGEST_BYTES]:
        return None
    with np.load(io.BytesIO(body)) as kept:
        about = kept["about"].tolist()
        if about[:3] != [str(_FORMAT), str(catalog), model] or int(about[3]) > change:
            return None
        runs = kept["runs"]
        lists = Lists(kept["centroids"].astype(np.float32), int(about[4]), float(about[5]))
        return KeptLists(
            lists, spread(runs[:, 0], runs[:, 1]), kept["numbers"], catalog, model, int(about[3])
        )


def keep_lists(file: Path, kept: KeptLists) -> None:
    """Writes the file, in one step. Raises OSError if it can't; then an older file stays as it was."""
    about = (_FORMAT, kept.catalog, kept.model, kept.change, kept.lists.count, kept.lists.spread)
    out = io.BytesIO()
    np.savez(
        out,
        about=np.array(list(map(str, about))),
        centroids=kept.lists.centroids.astype(np.float16),
        runs=_runs(kept.ids),
        numbers=kept.numbers,
    )
    body = out.getvalue()
    unfinished = file.with_suffix(".unfinished")
    with unfinished.open("wb") as stream:
        stream.write(hashlib.sha256(body).digest() + body)
        stream.flush()
        os.fsync(stream.fileno())
    unfinished.replace(file)


def _runs(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ids without gaps between them as pairs (first id, how many), shape (n, 2)."""
    begins = np.flatnonzero(np.diff(ids, prepend=-2) != 1)
    return np.stack([ids[begins], np.diff(begins, append=len(ids))], axis=1)
