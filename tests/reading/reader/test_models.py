"""The model that embeds queries: missing, another one, or not ready yet; words answer without it."""

import threading
from pathlib import Path

import pytest

from fakes import SomeModels, WordHashEmbedder, no_model
from search_by import by_both
from shelf import Shelf
from stackroom.catalog.catalog import Catalog
from stackroom.common.errors import ModelMismatch, ModelNotFound
from stackroom.embedding.embedder import Embedder, Fingerprint, Preparation
from stackroom.indexes.words import WordIndex
from stackroom.reading.notices import MEANING_NOT_READY
from stackroom.reading.reader import Reader


def test_a_missing_model_is_an_error_until_it_is_there(shelf: Shelf) -> None:
    shelf.add(1, "cats\n")
    there: list[WordHashEmbedder] = []

    def load(name: str) -> WordHashEmbedder:
        return there[0] if there else no_model(name)

    reader = shelf.reader(load)
    with pytest.raises(ModelNotFound):
        reader.warm()
    with pytest.raises(ModelNotFound):
        reader.search("cats")
    there.append(shelf.embedder)
    assert len(reader.search("cats")) == 1
    reader.close()


def test_a_model_that_the_index_was_not_built_with_is_refused(shelf: Shelf) -> None:
    shelf.add(1, "cats\n")
    reader = shelf.reader(load=lambda name: WordHashEmbedder(name), model="another")
    for call in (reader.warm, lambda: reader.search("cats")):
        with pytest.raises(ModelMismatch, match=r"built with the model 'word-hash', not with 'another'"):
            call()
    reader.close()


def test_a_model_whose_files_changed_is_refused(shelf: Shelf) -> None:
    shelf.add(1, "cats\n")
    reader = shelf.reader(load=lambda name: WordHashEmbedder(name, dimensions=32))
    with pytest.raises(ModelMismatch, match="have changed since"):
        reader.search("cats")
    reader.close()


# Before the model is there


class Preparing(SomeModels):
    """Models that are being prepared until somebody says otherwise; `load` waits for that."""

    def __init__(self, embedder: WordHashEmbedder) -> None:
        super().__init__(lambda _: embedder)
        self.prepared = threading.Event()

    def preparation(self, model: Fingerprint) -> Preparation:
        return Preparation.DONE if self.prepared.is_set() else Preparation.UNDER_WAY

    def load(self, model: Fingerprint) -> Embedder:
        assert self.prepared.wait(30)
        return super().load(model)


@by_both
def test_words_answer_while_the_model_is_being_prepared(shelf: Shelf) -> None:
    wanted = shelf.add(1, "cats sleep\n")
    shelf.add(2, "dogs bark\n")
    models = Preparing(shelf.embedder)
    reader = Reader(Catalog(shelf.path), WordIndex(shelf.words), models)
    warming = threading.Thread(target=reader.warm)
    warming.start()
    try:
        early = reader.answer("cats purr")
        assert [hit.document_id for hit, _ in early.hits] == [wanted]
        assert early.hits[0][1].meaning is None
        assert early.notices == (MEANING_NOT_READY,)
        assert reader.answer("lang:en").notices == ()  # needs no model
    finally:
        models.prepared.set()
        warming.join(30)
    later = reader.answer("cats purr")
    assert later.hits[0][1].meaning is not None
    assert MEANING_NOT_READY not in later.notices
    reader.close()


def test_what_waits_for_its_vectors_is_found_by_words_and_that_is_said(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, meaning=False)
    wanted = shelf.add(1, "cats sleep\n")
    reader = shelf.reader(load=no_model)
    found = reader.answer("cats")
    assert [hit.document_id for hit, _ in found.hits] == [wanted]
    assert found.notices == (MEANING_NOT_READY,)
    reader.close()
    shelf.close()
