"""Keeps in which list each vector of a large library is, so that servers start without finding that out."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stackroom.catalog.catalog import VECTORS_AT_ONCE, Catalog
from stackroom.catalog.entries import Change, Model
from stackroom.catalog.vector_codes import decode
from stackroom.indexes.row_ranges import mask, rows_inside
from stackroom.indexes.vector_lists import EXACT_LIMIT, KeptLists, Lists, keep_lists, read_lists

_LAST = 2**63 - 1


def follow_vectors(catalog: Catalog, file: Path, exact_limit: int = EXACT_LIMIT) -> None:
    """Brings the file of `stackroom.indexes.vector_lists` up to date with the model that is searched.

    Only vectors that are new are looked at. If there are more than twice as many as the lists were made for,
    or there is no file that fits, all are, and lists are made: 15 CPU-seconds at a million.

    Args:
        catalog: nobody else may use this object meanwhile.
        file: is removed if the library has no more than `exact_limit` vectors. If it can't be written, it
            stays as it was: servers find out by themselves then.
        exact_limit: see `VectorIndex`.
    """
    with catalog.snapshot():
        model, change = catalog.model(), catalog.last_change()
        if model is None:
            return
        kept = read_lists(file, catalog.id(), model.fingerprint.digest, change)
        if kept and kept.change == change:
            return
        followed = _followed(catalog, model, kept, exact_limit)
    with suppress(OSError):
        if followed:
            keep_lists(file, followed)
        else:
            file.unlink(missing_ok=True)


def _followed(catalog: Catalog, model: Model, kept: KeptLists | None, exact_limit: int) -> KeptLists | None:
    """What is to be kept now; None if the vectors are so few that they need no lists."""
    passages = sum(last - first + 1 for first, last, _ in catalog.passage_ranges(model))
    if passages <= exact_limit:
        return None
    changes = catalog.changes_since(kept.change) if kept else None
    if kept and changes is not None:
        kept = _changed(catalog, model, kept, changes)
        if len(kept.ids) <= exact_limit:
            return None
        if not kept.lists.outgrown_by(len(kept.ids)):
            return kept
    return _anew(catalog, model, passages, exact_limit)


def _changed(catalog: Catalog, model: Model, kept: KeptLists, changes: Sequence[Change]) -> KeptLists:
    removed = [(change.first, change.last) for change in changes if change.kind == "removed"]
    ranges = np.array(removed, np.int64).reshape(-1, 2)
    left = ~mask(rows_inside(kept.ids, ranges), len(kept.ids))
    ids, numbers = [kept.ids[left]], [kept.numbers[left]]
    for change in changes:
        if change.kind == "embedded":
            for some, codes in _blocks(catalog, model, change.first, change.last):
                ids.append(np.array(some, np.int64))
                numbers.append(kept.lists.numbers(codes))
    all_ids, rows = np.unique(np.concatenate(ids), return_index=True)
    return _kept(catalog, model, kept.lists, all_ids, np.concatenate(numbers)[rows])


def _anew(catalog: Catalog, model: Model, passages: int, exact_limit: int) -> KeptLists | None:
    # Imports FAISS, for which only the indexer of a large library has a use.
    from stackroom.indexes.inverted_lists import SAMPLE, make_lists

    dimensions = model.fingerprint.dimensions
    step = -(-passages // SAMPLE)
    count, sample = 0, [np.empty((0, dimensions), np.float32)]
    for ids, codes in _blocks(catalog, model):
        count += len(ids)
        sample.append(decode(codes[::step], dimensions))
    if count <= exact_limit:
        return None
    lists = make_lists(np.concatenate(sample), count)
    all_ids, numbers = [], []
    for ids, codes in _blocks(catalog, model):
        all_ids.append(np.array(ids, np.int64))
        numbers.append(lists.numbers(codes))
    return _kept(catalog, model, lists, np.concatenate(all_ids), np.concatenate(numbers))


def _blocks(
    catalog: Catalog, model: Model, first: int = 0, last: int = _LAST
) -> Iterator[tuple[list[int], list[bytes]]]:
    """The vectors of passages with ids from `first` to `last`, as `Catalog.vectors` has them."""
    ids: list[int] = []
    while not ids or len(ids) == VECTORS_AT_ONCE:
        ids, codes = catalog.vectors(model, first, last)
        if not ids:
            return
        yield ids, codes
        first = ids[-1] + 1


def _kept(
    catalog: Catalog, model: Model, lists: Lists, ids: NDArray[np.int64], numbers: NDArray[np.uint16]
) -> KeptLists:
    return KeptLists(lists, ids, numbers, catalog.id(), model.fingerprint.digest, catalog.last_change())
