"""A store and its index of words, that the contracts' tests write and read."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import pytest

from indexer.passages.writers import FollowsWords
from indexer.upkeep.contracts.written import Written, a_document, written
from stackroom.common.postgres.address import StoreAddress
from stackroom.indexes.matching import MatchingWords


class WordsEngine(Protocol):
    """An empty index of words, and where the truth is that it follows."""

    @property
    def where(self) -> Path | StoreAddress:
        """An empty place for the truth: of a file that is not there, or a database without our tables."""

    def writer(self) -> FollowsWords:
        """What follows the truth; one at a time."""

    def reader(self) -> MatchingWords:
        """What finds; there may be many, opened before there is anything to read."""


@dataclass
class WordsShelf:
    """A store that is being written, and the index of words that follows it.

    Documents have a passage for each line. Their passages' ids are 1, 2, 3 …
    """

    store: Written
    engine: WordsEngine
    reader: MatchingWords

    def publish(self, number: int, *pages: str, file: str = "", language: str = "en") -> None:
        """Publishes a document, held by `file` (its own by default) in place of what that held before."""
        document = replace(a_document(number, *pages, title="", author=""), language=language)
        self.store.publish(document, file or f"{number}.pdf")

    def remove(self, *files: str) -> None:
        """Records that these files are gone."""
        self.store.publisher.settle({}, [self.store.place(file) for file in files])

    def follow(self) -> bool:
        """Brings the index up to date; returns whether there was anything to do."""
        with closing(self.engine.writer()) as writer:
            return writer.follow(self.store.catalog)

    def found(self, query: str, k: int = 10) -> list[str]:
        """The texts of the passages that have the words of a query, the best first."""
        return self.texts([passage for passage, _ in self.reader.search(query, k).hits])

    def texts(self, passages: Sequence[int]) -> list[str]:
        """The texts of these passages, without blanks around them; fails if one is not there."""
        found = self.store.catalog.passages(passages)
        return [found[passage].text.strip() for passage in passages]


def name(number: int) -> str:
    """A word of its own for each number below 100; digits would be a second word."""
    return f"number{'abcdefghij'[number // 10]}{'abcdefghij'[number % 10]}x"


class OnAShelf:
    """What tests of an index of words stand on. Give the fixture `engine`: an empty `WordsEngine`."""

    @pytest.fixture
    def shelf(self, engine: WordsEngine, tmp_path: Path) -> Iterator[WordsShelf]:
        """A store with one library and one model."""
        with written(engine.where, tmp_path / "folder") as store:
            yield WordsShelf(store, engine, engine.reader())
