"""What of the catalogue is kept in memory to search it, and how that follows the catalogue's changes."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from stackroom.catalog.catalog import VECTORS_AT_ONCE, Catalog
from stackroom.catalog.entries import Model
from stackroom.catalog.passage_ranges import PassageRanges
from stackroom.common.data_folder import VECTOR_LISTS
from stackroom.indexes.inverted_lists import make_lists
from stackroom.indexes.nearest import NearestPassages
from stackroom.indexes.vector_lists import EXACT_LIMIT, read_lists
from stackroom.indexes.vectors import VectorIndex
from stackroom.reading.finding.document_table import DocumentTable

# Page numbers of so many passages are kept: up to 4 MB.
_PAGE_NUMBERS = 50_000

# Seconds between two turns of a thread that takes one after the other: a lock is not fair, and a search that
# waits would get its turn when that thread is done.
_PAUSE = 0.01

FindNearest = Callable[[Model], NearestPassages]
"""Gives what finds the nearest passages of a model, where the store itself keeps their vectors."""


def _pause() -> None:
    time.sleep(_PAUSE)


class InMemory:
    """The vectors, passage ranges and filter table of one catalogue. Not thread-safe: `Turn` guards it.

    Attributes:
        model: whose vectors and passages these are; None before the first indexing.
        vectors: the index of meaning.
        own: the same, if it is in this memory; None if the store has it.
        ranges: which passages belong to which document.
        table: what documents can be filtered by.
        complete: whether all of the catalogue's vectors are in `own`; True if the store has them.
    """

    def __init__(
        self, catalog: Catalog, exact_limit: int, at_once: int, nearest: FindNearest | None = None
    ) -> None:
        """Reads nothing yet. For `exact_limit`, `at_once` and `nearest` see `Turn`."""
        self._catalog = catalog
        self._exact_limit = exact_limit
        self._at_once = at_once
        self._nearest = nearest
        self._seen_version = (0, 0)
        self._seen_change = 0
        self.complete = True
        self._start_with(None)

    @property
    def opening(self) -> int:
        """How often the catalogue's file was opened. Another number means that it may be another file.

        A document's key, for instance, may be that of another document then.
        """
        return self._seen_version[0]

    def page_numbers(self, passages: Sequence[int]) -> Mapping[int, int]:
        """The pages, 1-based, that these passages are on, and maybe others; without those that are not there.

        Kept, because a passage never changes. One that was removed since is in no range any more.
        """
        unknown = [passage for passage in passages if passage not in self._page_numbers]
        if len(self._page_numbers) + len(unknown) > _PAGE_NUMBERS:
            self._page_numbers.clear()
            unknown = list(passages)
        if unknown:
            self._page_numbers.update(self._catalog.page_numbers(unknown))
        return self._page_numbers

    def follow(self, *, load: bool) -> None:
        """Reads what was committed since the last call; to be called in a snapshot of the catalogue.

        Many new vectors are read in blocks, one in each call, so that no search waits for a million of them:
        `complete` is False in between. Without `load`, only the first block.
        """
        version = self._catalog.version()
        if version == self._seen_version and self.complete:
            return
        model = self._catalog.model()
        known = model == self.model and version[0] == self._seen_version[0]
        changes = self._catalog.changes_since(self._seen_change) if known else None
        self._seen_version = (0, 0)  # if an error stops this call half-way, the next one loads everything
        if changes is None:
            self._start_with(model)
            if model is not None:
                self.ranges.add(self._catalog.passage_ranges(model))
            changes = []
        if model is not None:
            # Removals come first, and all at once: the other changes are read as the catalogue is now, so
            # that what was added and removed again since the last call is not there to be read.
            removed = [(change.first, change.last) for change in changes if change.kind == "removed"]
            if self.own is not None:
                self.own.remove(removed)
            gone = [one for first, last in removed for one in self.ranges.remove(first, last)]
            self.table.remove(gone)
            for change in changes:
                if change.kind == "published":
                    self.ranges.add(self._catalog.passage_ranges(model, change.first, change.last))
                elif change.kind == "named" and len(self.table):
                    self.table.rename(self._catalog.descriptions(model, change.first, change.first))
                elif change.kind == "embedded" and self.complete:
                    self.complete = self._load(self.own, model, change.first, change.last)
            if self.own is not None and not self.complete and (load or not len(self.own)):
                self.complete = self._load(self.own, model)
        self._seen_change = self._catalog.last_change()
        self._seen_version = version

    def _start_with(self, model: Model | None) -> None:
        self.model = model
        self.own: VectorIndex | None = None
        self.vectors: NearestPassages
        if self._nearest and model:
            self.vectors = self._nearest(model)
        else:
            self.vectors = self.own = self._no_vectors(model) if model else VectorIndex(1)
        self.ranges = PassageRanges()
        self.table = DocumentTable()
        self._page_numbers: dict[int, int] = {}
        self.complete = model is None or self.own is None

    def _no_vectors(self, model: Model) -> VectorIndex:
        kept = read_lists(
            self._catalog.folder / VECTOR_LISTS,
            self._catalog.id(),
            model.fingerprint.digest,
            self._catalog.last_change(),
        )
        return VectorIndex(model.fingerprint.dimensions, self._exact_limit, kept)

    def _load(self, own: VectorIndex | None, model: Model, first: int = 0, last: int = 2**63 - 1) -> bool:
        """Loads the next block of vectors that are not there yet. Returns whether it was the last block."""
        if own is None:
            return True
        ids, codes = self._catalog.vectors(model, max(first, own.last + 1), last, self._at_once)
        own.add(ids, codes)
        return len(ids) < self._at_once


class Turn:
    """Lets one thread at a time read the catalogue and its indexes, which are not thread-safe."""

    def __init__(
        self,
        catalog: Catalog,
        exact_limit: int = EXACT_LIMIT,
        at_once: int = VECTORS_AT_ONCE,
        pause: Callable[[], None] = _pause,
        nearest: FindNearest | None = None,
    ) -> None:
        """Reads nothing yet.

        Args:
            catalog: nobody else may use it from now on.
            exact_limit: see `VectorIndex`.
            at_once: most vectors to load in one turn.
            pause: is called between two turns of work that takes many; others can have theirs then.
            nearest: finds the nearest passages if the store does; None if their vectors are to be loaded.
        """
        self.catalog = catalog
        self._in_memory = InMemory(catalog, exact_limit, at_once, nearest)
        self._lock = threading.Lock()
        self._pause = pause
        self._is_loading = False

    @contextmanager
    def taken(self) -> Iterator[Catalog]:
        """Holds the lock alone: what is read in the block may be of several moments."""
        with self._lock:
            yield self.catalog

    @contextmanager
    def at_one_moment(self, *, load: bool = False) -> Iterator[InMemory]:
        """Holds the lock and one snapshot of the catalogue; what is in memory is brought up to it first.

        If many vectors are new, one block of them is loaded; while a thread loads all, by that one alone,
        which says so by `load`. Nothing else that takes a turn may be called in the block.

        Raises:
            CatalogUnusable: the catalogue can't be read.
        """
        with self._lock:
            self.catalog.follow_file()
            with self.catalog.snapshot():
                self._in_memory.follow(load=load or not self._is_loading)
                yield self._in_memory

    def load_all(self) -> tuple[Model | None, int]:
        """Loads all vectors, a block in each turn. Returns whose they are, and how many there are.

        Raises:
            CatalogUnusable: the catalogue can't be read.
        """
        self._is_loading = True
        try:
            while True:
                with self.at_one_moment(load=True) as memory:
                    if memory.complete:
                        return memory.model, len(memory.vectors)
                self._pause()
        finally:
            self._is_loading = False

    def in_steps(self, step: Callable[[InMemory], bool]) -> None:
        """Calls `step` in turn after turn, each as `at_one_moment`, until it says that all is done."""
        is_done = False
        while not is_done:
            with self.at_one_moment() as memory:
                is_done = step(memory)
            self._pause()

    def fit_lists(self) -> None:
        """Makes new lists of the vectors if they have outgrown theirs: see `VectorIndex.outgrown`.

        Searches go on with the old ones until all vectors are in the new ones, and wait for one step at most.
        """
        with self._lock:
            memory, vectors = self._in_memory, self._in_memory.own
            if vectors is None or not memory.complete or not vectors.outgrown:
                return
            sample, count = vectors.sample(), len(vectors)
        lists = make_lists(sample, count)
        is_done = False
        while not is_done:
            self._pause()
            with self._lock:
                # The index may have been begun anew meanwhile, with another model for example.
                is_done = memory.own is not vectors or vectors.move_to(lists)
