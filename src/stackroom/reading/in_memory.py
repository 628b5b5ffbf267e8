"""What of the catalogue is kept in memory to search it, and how that follows the catalogue's changes."""

from stackroom.catalog.catalog import VECTORS_AT_ONCE, Catalog
from stackroom.catalog.entries import Model
from stackroom.catalog.passage_ranges import PassageRanges
from stackroom.indexes.vectors import VectorIndex
from stackroom.reading.finding.document_table import Descriptions


class Loaded:
    """Vectors, splits and descriptions of one catalogue. Not thread-safe: its owner takes turns.

    Attributes:
        model: whose passages these are; None before the first indexing.
        vectors, splits, descriptions: of them.
        complete: whether all vectors are here.
    """

    def __init__(self, catalog: Catalog) -> None:
        """Reads nothing yet."""
        self._catalog = catalog
        self._seen_version = (0, 0)
        self._seen_change = 0
        self.complete = True
        self._start_with(None)

    @property
    def opening(self) -> int:
        """How often the catalogue was opened anew: what is known of another opening is of another file."""
        return self._seen_version[0]

    def follow(self) -> None:
        """Takes in what was committed since the last time; to be called in a snapshot.

        Of what is new in many vectors one block at a time, so that nobody waits for a million.
        """
        version = self._catalog.version()
        if version == self._seen_version and self.complete:
            return
        model = self._catalog.model()
        known = model == self.model and version[0] == self._seen_version[0]
        changes = self._catalog.changes_since(self._seen_change) if known else None
        self._seen_version = (0, 0)  # should an error stop us half-way, the next call loads everything
        if changes is None:
            self._start_with(model)
            if model is not None:
                self.splits.add(self._catalog.passage_ranges(model))
            changes = []
        if model is not None:
            # All that is removed at once, and first: what the other changes name is read as it is now.
            removed = [(change.first, change.last) for change in changes if change.kind == "removed"]
            self.vectors.remove(removed)
            gone = [split for first, last in removed for split in self.splits.remove(first, last)]
            self.descriptions.remove(gone)
            for change in changes:
                if change.kind == "published":
                    self.splits.add(self._catalog.passage_ranges(model, change.first, change.last))
                elif change.kind == "named" and len(self.descriptions):
                    named = self._catalog.descriptions(model, change.first, change.first)
                    self.descriptions.rename(named)
                elif change.kind == "embedded" and self.complete:
                    self.complete = self._load(model, change.first, change.last)
            if not self.complete:
                self.complete = self._load(model)
        self._seen_change = self._catalog.last_change()
        self._seen_version = version

    def _start_with(self, model: Model | None) -> None:
        self.model = model
        self.vectors = VectorIndex(model.fingerprint.dimensions if model else 1)
        self.splits = PassageRanges()
        self.descriptions = Descriptions()
        self.complete = model is None

    def _load(self, model: Model, first: int = 0, last: int = 2**63 - 1) -> bool:
        """Loads a block of the vectors that are not there yet. Returns whether it was the last one."""
        ids, codes = self._catalog.vectors(model, max(first, self.vectors.last + 1), last)
        self.vectors.add(ids, codes)
        return len(ids) < VECTORS_AT_ONCE
