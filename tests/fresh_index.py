"""A catalogue in a fresh folder, filled by hand: one passage for each line of a document."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.passages.writers import words_writer
from indexer.store.publisher import FileState, Place, Publisher
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import Model
from stackroom.common.documents import Document, Page, Passage
from stackroom.common.settings import Settings
from stackroom.embedding.embedder import Fingerprint
from stackroom.indexes.matching import MatchingWords
from stackroom.indexes.words import WordIndex

DIMENSIONS = 16


def fingerprint(name: str = "counting", dimensions: int = DIMENSIONS) -> Fingerprint:
    """A made-up model's."""
    return Fingerprint(name, f"digest of {name}", dimensions, passage_tokens=100)


def document(number: int, *pages: str, language: str = "en") -> Document:
    """Document `number` with these page texts; each is empty or ends in a newline."""
    numbered = tuple(Page(at, str(at), text) for at, text in enumerate(pages, 1))
    return Document(f"{number:024x}", "Untitled", "", "", "", (), numbered, "hand", language=language)


def lines(found: Document) -> list[Passage]:
    """A passage for each line of a document that is not blank."""
    passages, start = [], 0
    for page in found.pages:
        for line in page.text.splitlines(keepends=True):
            if line.strip():
                passages.append(Passage(start, start + len(line), page.number))
            start += len(line)
    return passages


def name(number: int) -> str:
    """A word of its own for each number below 100; digits would be a second word."""
    return f"number{'abcdefghij'[number // 10]}{'abcdefghij'[number % 10]}x"


class FreshIndex:
    """A catalogue with one library and one model, its writer, and the folder of its words."""

    def __init__(self, folder: Path, store: str = "") -> None:
        """In a file of the folder, or in the store with this URL."""
        self.path = folder / "index" / "catalog.sqlite3"
        self.settings = Settings.read({}, data=folder, store=store)
        self.where = self.settings.truth
        self.is_in_store = bool(store)
        self.words = folder / "index" / "words"
        self.publisher = Publisher(self.where)
        self.model = self.publisher.add_model(fingerprint())
        self.catalog = Catalog(self.where)
        self._library = self.publisher.add_library(folder / "library")

    def close(self) -> None:
        """Closes both connections."""
        self.catalog.close()
        self.publisher.close()

    def place(self, file: str) -> Place:
        """A file of the library."""
        return Place(self._library, file)

    def publish(
        self, number: int, *pages: str, file: str = "", model: Model | None = None, language: str = "en"
    ) -> None:
        """Publishes a document, held by `file` (its own by default) in place of what that held before."""
        made = document(number, *pages, language=language)
        files = {self.place(file or f"{number}.pdf"): FileState(number, number)}
        self.publisher.publish(made, lines(made), model or self.model, files)

    def split_for(self, model: Model) -> None:
        """Adds the passages of all documents that have none for `model` yet."""
        for key in self.publisher.documents_without_passages(model):
            found = self.publisher.document(key)
            self.publisher.add_passages(key, found, lines(found), model)

    def remove(self, *files: str) -> None:
        """Records that these files are gone."""
        self.publisher.settle({}, [self.place(file) for file in files])

    def follow_words(self) -> bool:
        """Brings the index of words up to date; returns whether there was anything to do."""
        with closing(words_writer(self.settings)) as writer:
            return writer.follow(self.catalog)

    def word_index(self) -> MatchingWords:
        """One more reader of the index of words."""
        if not self.settings.store:
            return WordIndex(self.words)
        from stackroom.common.postgres.database import database
        from stackroom.indexes.postgres.words import PostgresWords

        return PostgresWords(database(self.settings.store))

    def found(self, word_index: MatchingWords, query: str, k: int = 10) -> list[str]:
        """The texts of the passages that have the words of a query, the best first."""
        return self.texts([passage for passage, _ in word_index.search(query, k).hits])

    def texts(self, passages: Sequence[int]) -> list[str]:
        """The texts of these passages, without blanks around them; fails if one is not there."""
        found = self.catalog.passages(passages)
        return [found[passage].text.strip() for passage in passages]


class CountingEmbedder:
    """An `Embedder` that remembers what it was given. A text's vector depends on the text alone."""

    runtime = "hand"
    unrelated_cosine = 0.0

    def __init__(self, dimensions: int = DIMENSIONS) -> None:
        self.fingerprint = fingerprint(dimensions=dimensions)
        self.passages: list[list[str]] = []  # of each call
        self.queries: list[list[str]] = []

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder`."""
        self.passages.append(list(texts))
        return self.vectors(texts)

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder`."""
        self.queries.append(list(texts))
        return self.vectors(texts)

    def known_share(self, text: str) -> float:
        return 1.0

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """What the others give, not remembered."""
        made = np.empty((len(texts), self.fingerprint.dimensions), np.float32)
        for row, text in enumerate(texts):
            chance = np.random.default_rng(list(text.encode()))
            made[row] = chance.standard_normal(self.fingerprint.dimensions)
        return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), np.float32)
