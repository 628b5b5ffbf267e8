"""What the steps of vectors cost: `python -m bench.vector_steps KEEP SET [SET...]`.

Prints for each set, and for all as one library, how many bytes a stored vector takes and recall@10 against
the vectors before they were rounded, higher is better, for the usual profile and for the compact one. All
vectors are compared, so that nothing else is in the figures. Asked are the questions of first halves.

The kept vectors are rounded already. So they are turned at random first, all in the same way: their angles
stay, and their components are not whole steps any more.

A SET is a folder as `stackroom eval` takes it, or FOLDER:QUESTIONS. The indexes are kept in the folder KEEP.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.processes import print_table
from bench.strength import Library
from stackroom.catalog.catalog import VECTORS_AT_ONCE, Catalog
from stackroom.catalog.vector_codes import decode, encode
from stackroom.catalog.vector_packs import packs
from stackroom.common.settings import Settings

_NEAREST = 10


def main() -> None:
    """Measures, and prints the table."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.vector_steps",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("keep", type=Path, metavar="KEEP")
    parser.add_argument("sets", nargs="+", metavar="SET")
    arguments = parser.parse_args()
    names, vectors, queries = [], [], []
    for name in arguments.sets:
        library = Library(name, "", arguments.keep)
        names.append(library.set.name)
        vectors.append(_vectors(arguments.keep / library.set.name))
        texts = [query.text for query in library.set.half(1).queries]
        queries.append(library.embedder.embed_queries(texts))
    dimensions = vectors[0].shape[1]
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((dimensions, dimensions)))[0]
    turn = turn.astype(np.float32)
    if len(names) > 1:
        names.append("all as one")
        vectors.append(np.concatenate(vectors))
        queries.append(np.concatenate(queries))
    rows = [
        _row(name, some @ turn, asked @ turn)
        for name, some, asked in zip(names, vectors, queries, strict=True)
    ]
    print_table(["", "passages", "questions", "bytes", "recall@10", "bytes, compact", "recall@10"], *rows)


def _vectors(data: Path) -> NDArray[np.float32]:
    found: list[bytes] = []
    with Catalog(Settings.read(data=data).catalog) as catalog:
        model = catalog.model()
        assert model is not None  # noqa: S101  the set has documents
        first = 0
        while True:
            ids, codes = catalog.vectors(model, first)
            found += codes
            if len(ids) < VECTORS_AT_ONCE:
                return decode(found, model.fingerprint.dimensions)
            first = ids[-1] + 1


def _row(name: str, vectors: NDArray[np.float32], queries: NDArray[np.float32]) -> tuple[str, ...]:
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    nearest = _nearest(vectors, queries)
    cells = [name, str(len(vectors)), str(len(queries))]
    for compact in (False, True):
        codes = encode(vectors, compact=compact)
        size = sum(len(pack) for _, pack in packs(range(1, len(codes) + 1), codes))
        found = _nearest(decode(codes, vectors.shape[1]), queries)
        shared = [len(set(a) & set(b)) for a, b in zip(found.tolist(), nearest.tolist(), strict=True)]
        cells += [f"{size / len(codes):.0f}", f"{np.mean(shared) / _NEAREST:.3f}"]
    return tuple(cells)


def _nearest(vectors: NDArray[np.float32], queries: NDArray[np.float32]) -> NDArray[np.int64]:
    """The rows of the nearest vectors, shape (number of queries, _NEAREST)."""
    return np.argsort(-(queries @ vectors.T), axis=1)[:, :_NEAREST]


if __name__ == "__main__":
    main()
