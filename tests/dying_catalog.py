"""A catalogue whose disk fails."""

from collections.abc import Iterator

from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import Model, PassageText
from stackroom.common.errors import CatalogUnusable


class DyingCatalog(Catalog):
    """Its disk fails once `words_left` passages have been read."""

    words_left = 0

    def words(self, model: Model, first: int = 0, last: int = 2**63 - 1) -> Iterator[PassageText]:
        """See `Catalog`."""
        for passage in super().words(model, first, last):
            if not self.words_left:
                raise CatalogUnusable("The disk is gone.")
            self.words_left -= 1
            yield passage
