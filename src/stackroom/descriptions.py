"""What each document can be chosen by, in memory: a filter must not read a row of each from the catalogue.

600 bytes a document, beside 400 for each of its passages.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import islice

from stackroom.catalog import Catalog
from stackroom.filters import Described
from stackroom.records import Model
from stackroom.splits import Split

# Documents described at once: a tenth of a second.
_AT_ONCE = 2000


class Descriptions:
    """Of the documents of a library, read when they are first asked for. Not thread-safe."""

    def __init__(self) -> None:
        self._described: dict[int, Described] = {}  # by the document's key, in the order of their passages
        self._last = -1  # passage up to which all documents are described

    def remove(self, splits: Iterable[Split]) -> None:
        """Forgets the documents of these splits."""
        for split in splits:
            self._described.pop(split.document, None)

    def read_again(self, catalog: Catalog, model: Model, split: Split) -> None:
        """Reads anew what is known of a document: its files have other names."""
        if split.document in self._described:
            self._described.update(_read(catalog, model, split.first, split.first))

    def read_some(self, catalog: Catalog, model: Model, splits: Sequence[Split]) -> bool:
        """Reads some of what is not described yet. Returns whether that was the last of it.

        Args:
            catalog: with all of it.
            model: whose passages are searched.
            splits: all of the library, in order.
        """
        if not splits or splits[-1].first <= self._last:
            return True
        start = bisect_right(splits, self._last, key=lambda split: split.first)
        block = list(islice(splits, start, start + _AT_ONCE))
        self._described.update(_read(catalog, model, block[0].first, block[-1].first))
        self._last = block[-1].first
        return block[-1] == splits[-1]

    def all(self, catalog: Catalog, model: Model, splits: Sequence[Split]) -> list[Described]:
        """All documents, in the order of their passages. Arguments as for `read_some`."""
        while not self.read_some(catalog, model, splits):
            pass
        return list(self._described.values())


def describe(catalog: Catalog, model: Model, split: Split) -> list[Described]:
    """What is known of one document, without reading any other."""
    return list(_read(catalog, model, split.first, split.first).values())


def _read(catalog: Catalog, model: Model, first: int, last: int) -> dict[int, Described]:
    return {
        found.split.document: Described.of(
            found.split,
            title=found.title,
            author=found.author,
            paths=found.paths,
            created=found.created,
            modified=found.modified,
            language=found.language,
            id=found.id,
        )
        for found in catalog.descriptions(model, first, last)
    }
