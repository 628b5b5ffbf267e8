"""Embedding a library with another model: searched meanwhile, interrupted, gone on with, and taken back."""

import os
import random
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes import SomeModels, WordHashEmbedder
from index_content import content
from indexer.run.indexer import Indexer
from indexer.run.pace import Pace
from indexer.run.summary import Progress
from killed_indexing import Indexing
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.status import KeptModel, Status, read_status
from stackroom.common.documents import Document, Page
from stackroom.common.errors import ModelDamaged, UsageError
from stackroom.common.running import hold, holder
from stackroom.common.settings import Settings
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader

DOCUMENTS = 40
KILLS = 4


class Interrupted(WordHashEmbedder):
    """Calls `meanwhile` before it embeds; fails after the first passages, if it is told to."""

    fails = False
    meanwhile: Callable[[], None] = staticmethod(lambda: None)

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.meanwhile()
        if self.fails and self.embedded_passages:
            raise ModelDamaged("interrupted")
        return super().embed_passages(texts)


class Library:
    """A library of documents that come without PDFs, and the models that it was embedded with."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.models = {name: Interrupted(name) for name in ("old", "new", "third")}
        self.documents = {f"{number}.txt": document(number) for number in range(DOCUMENTS)}
        self.source = SomeModels(lambda name: self.models[name or "old"])

    def indexer(self, model: str = "") -> Indexer:
        return Indexer(Settings.read({}, data=self.data, model=model), self.source)

    def index(self) -> None:
        with self.indexer() as indexer:
            indexer.run_corpus(self.data / "corpus.jsonl", self.documents)

    def reembed(self, model: str) -> int:
        with self.indexer(model) as indexer:
            return indexer.reembed().embedded_passages

    def undo(self) -> int:
        with self.indexer() as indexer:
            return indexer.undo_reembed().embedded_passages

    def stop_half_way(self, model: str) -> None:
        """Embeds some of it anew."""
        self.models[model].fails = True
        with self.indexer(model) as indexer, pytest.raises(ModelDamaged, match="interrupted"):
            indexer.reembed()
        self.models[model].fails = False

    def status(self) -> Status:
        with Catalog(self.data / "index" / "catalog.sqlite3") as catalog:
            return read_status(catalog)

    def reader(self) -> Reader:
        index = self.data / "index"
        return Reader(Catalog(index / "catalog.sqlite3"), WordIndex(index / "words"), self.source)

    def found(self, query: str) -> tuple[str, bool]:
        """The best document, and whether it has a vector."""
        with closing(self.reader()) as reader:
            ((hit, evidence), *_) = reader.answer(query).hits
        return hit.title, evidence.meaning is not None


def document(number: int) -> Document:
    text = "".join(f"Line {line} has the word w{number}. " for line in range(12)) + "\n"
    return Document(f"{number:024x}", f"Title {number}", "", "", "", (), (Page(1, "1", text),), "none")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    library = Library(tmp_path / "data")
    library.index()
    return library


def test_searches_go_on_while_another_model_embeds(library: Library) -> None:
    embedded: list[int] = []

    def search() -> None:
        status = reader.status()
        assert (status.model, status.pending) == ("old", 0)
        assert status.other_model is not None
        embedded.append(status.other_model.embedded)
        assert reader.search("w7")[0].title == "Title 7"

    library.models["new"].meanwhile = search
    with closing(library.reader()) as reader:
        library.reembed("new")
        # The first batches may be small: the passages are still being added.
        assert embedded[0] == 0
        assert len(embedded) >= 3
        assert embedded == sorted(set(embedded))
        assert reader.search("w7")[0].title == "Title 7"
        assert reader.status().model == "new"
    assert library.found("w7") == ("Title 7", True)


def test_what_was_embedded_before_an_interruption_is_kept_by_runs(library: Library) -> None:
    library.stop_half_way("new")
    half = library.status()
    assert half.model == "old"
    assert half.other_model is not None
    assert 0 < half.other_model.embedded < half.other_model.passages
    assert (half.pending, half.illegible) == (0, 0)
    library.documents["more.txt"] = document(1000)
    del library.documents["7.txt"]
    with library.indexer() as indexer:
        indexer.run_corpus(library.data / "corpus.jsonl", library.documents)
        assert indexer.run([]).unfinished_model == "new"
    assert library.found("w1000") == ("Title 1000", True)
    before = library.models["new"].embedded_passages
    assert library.reembed("") == library.models["new"].embedded_passages - before < half.passages
    status = library.status()
    assert (status.model, status.pending) == ("new", 0)
    assert library.found("w1000") == ("Title 1000", True)
    assert library.found("w7")[0] != "Title 7"


def test_an_unfinished_one_is_given_up(library: Library) -> None:
    before = content(library.data)
    library.stop_half_way("new")
    assert library.undo() == 0
    assert content(library.data) == before
    assert library.status().other_model is None
    with pytest.raises(UsageError, match="nothing to undo"):
        library.undo()


def test_a_finished_one_is_taken_back_until_the_old_vectors_are_removed(library: Library) -> None:
    before, old = content(library.data), library.models["old"]
    embedded = old.embedded_passages
    assert library.reembed("new") == len(before["passages"])
    status = library.status()
    assert (status.model, status.pending, status.passages) == ("new", 0, len(before["passages"]))
    assert status.other_model == KeptModel("old", True, len(before["passages"]), len(before["passages"]))
    assert library.undo() == 0
    assert old.embedded_passages == embedded
    assert (library.status().model, library.found("w7")) == ("old", ("Title 7", True))

    assert library.undo() == 0  # and back again
    library.documents["more.txt"] = document(1000)
    with library.indexer() as indexer:
        indexer.run_corpus(library.data / "corpus.jsonl", library.documents)
    assert library.undo() == old.embedded_passages - embedded > 0  # of the new document alone
    assert library.found("w1000") == ("Title 1000", True)

    with library.indexer() as indexer:
        indexer.drop_replaced_model()
    assert library.status().other_model is None
    with pytest.raises(UsageError, match="nothing to undo"):
        library.undo()
    del library.documents["more.txt"]
    library.index()
    assert content(library.data) == before


def test_a_third_model_takes_the_place_of_the_one_that_is_kept(library: Library) -> None:
    library.reembed("new")
    library.stop_half_way("third")
    other = library.status().other_model
    assert other is not None
    assert (other.name, other.is_replaced) == ("third", False)
    library.undo()
    assert (library.status().model, library.status().other_model) == ("new", None)


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
def test_killed_at_any_moment_it_goes_on(tmp_path: Path, indexing: Indexing) -> None:
    undisturbed, killed = (Library(tmp_path / name) for name in ("undisturbed", "killed"))
    nowhere, chance = Path("nowhere"), random.Random(3)
    for library in (undisturbed, killed):
        library.index()
    started = time.monotonic()
    assert indexing.run(undisturbed.data, nowhere, 60, "new")
    seconds = time.monotonic() - started
    kills = sum(
        not indexing.run(killed.data, nowhere, chance.uniform(0, 0.6 * seconds), "new") for _ in range(KILLS)
    )
    assert kills > 0
    status = killed.status()
    assert killed.found("w7") == ("Title 7", True)
    assert status.pending == 0
    assert indexing.run(killed.data, nowhere, 60, "new")
    assert killed.status().model == "new"
    for library in (undisturbed, killed):
        with library.indexer() as indexer:
            indexer.drop_replaced_model()
    assert content(killed.data) == content(undisturbed.data)


def test_the_time_that_is_left(tmp_path: Path) -> None:
    now, told, lock = 0.0, Progress(), tmp_path / "indexer.lock"

    def note() -> dict[str, Any]:
        progress: dict[str, Any] = (holder(lock) or {})["progress"]
        return progress

    with hold(lock, {"pid": 1}):
        pace = Pace(lock, lambda progress: None, lambda: now)
        told.stage, told.files, told.passages = "splitting", 10, 20  # 20 wait since an earlier run
        pace(told)
        assert told.seconds_left is None
        now, told.files_done, told.passages = 30.0, 5, 120  # the model was loaded meanwhile
        pace(told)
        now, told.embedded = 31.0, 20
        pace(told)
        assert told.seconds_left is None  # nobody knows yet how fast it is
        now, told.embedded = 35.0, 60
        pace(told)
        # Half of the documents have 100 passages, so there will be 220; 160 are left, 10 a second.
        assert told.seconds_left == pytest.approx(16)
        assert told.share == pytest.approx(60 / 220)
        assert (note()["embedded"], round(note()["seconds_left"])) == (60, 16)
        pace.close()
        assert (holder(lock) or {}) == {"pid": 1, "progress": None}
    assert holder(lock) is None
