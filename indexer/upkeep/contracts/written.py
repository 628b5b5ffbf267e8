"""A store that the contract's tests write and read."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from indexer.ocr.scan_publisher import ScanPublisher
from indexer.store.publisher import FileState, Place
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import Change, Model, PassageText
from stackroom.catalog.vector_codes import encode
from stackroom.common.documents import Document, Page, Passage
from stackroom.common.errors import CatalogUnusable
from stackroom.common.postgres.address import StoreAddress
from stackroom.embedding.embedder import Fingerprint

DIMENSIONS = 8
"""Of the vectors."""
MODEL = Fingerprint("counting", "digest", DIMENSIONS, passage_tokens=100)
"""Nobody's model."""


def a_document(number: int, *pages: str, title: str = "A title", author: str = "Ada") -> Document:
    """Document `number` with these page texts; each is empty or ends in a newline."""
    numbered = tuple(Page(at, str(at), text) for at, text in enumerate(pages, 1))
    return Document(f"{number:024x}", title, author, "2020-01-02", "", (), numbered, "by hand")


def its_lines(document: Document) -> list[Passage]:
    """A passage for each line of a document."""
    passages, start = [], 0
    for page in document.pages:
        for line in page.text.splitlines(keepends=True):
            passages.append(Passage(start, start + len(line), page.number))
            start += len(line)
    return passages


def some_codes(count: int) -> list[bytes]:
    """Codes of so many vectors, each another one."""
    vectors = np.random.default_rng(count).standard_normal((count, DIMENSIONS)).astype(np.float32)
    return encode(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


@dataclass
class Written:
    """A store that is being written and read."""

    where: Path | StoreAddress
    root: Path
    publisher: ScanPublisher
    catalog: Catalog
    model: Model
    number: int

    def place(self, path: str) -> Place:
        """A file of the library."""
        return Place(self.number, path)

    def publish(self, document: Document, *paths: str) -> None:
        """Publishes a document that these files hold."""
        files = {self.place(path): FileState(1, 2) for path in paths or (f"{document.id[-3:]}.pdf",)}
        self.publisher.publish(document, its_lines(document), self.model, files)

    def embed(self) -> list[int]:
        """Gives all passages that wait their vectors; returns their ids."""
        ids = [passage.id for passage in self.publisher.pending(self.model, 10_000)]
        self.publisher.store_vectors(ids, some_codes(len(ids)))
        return ids

    def key(self, number: int) -> int:
        """The key of a document."""
        key = self.publisher.document_key(f"{number:024x}")
        assert key is not None
        return key

    def texts(self) -> list[str]:
        """The texts of all passages, in the order of their ids."""
        return [found.text.rstrip("\n") for found in self.catalog.words(self.model)]

    def changes(self, since: int = 0) -> list[Change]:
        """The changes after the one with this number."""
        changes = self.catalog.changes_since(since)
        assert changes is not None
        return changes


@contextmanager
def written(where: Path | StoreAddress, root: Path) -> Iterator[Written]:
    """A new store with one library, whose folder is `root`, and one model."""
    with closing(ScanPublisher(where)) as publisher, Catalog(where) as catalog:
        model = publisher.add_model(MODEL)
        yield Written(where, root, publisher, catalog, model, publisher.add_library(root))


class DyingCatalog(Catalog):
    """A catalogue whose disk fails once `words_left` passages have been read."""

    words_left = 0

    def words(self, model: Model, first: int = 0, last: int = 2**63 - 1) -> Iterator[PassageText]:
        """See `Catalog`."""
        for passage in super().words(model, first, last):
            if not self.words_left:
                raise CatalogUnusable("The disk is gone.")
            self.words_left -= 1
            yield passage
