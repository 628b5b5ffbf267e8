"""Documents that come without PDFs are indexed as those that do, and a second run costs nothing."""

import hashlib
from pathlib import Path

import pytest

from fakes import OneModel, WordHashEmbedder
from indexer.run.indexer import Indexer
from indexer.run.summary import Progress, Summary
from stackroom.catalog.catalog import Catalog
from stackroom.common.documents import Document, Page
from stackroom.common.errors import ModelMismatch
from stackroom.common.settings import Settings
from stackroom.reading.reader import Reader


def document(text: str) -> Document:
    id_ = hashlib.sha256(text.encode()).hexdigest()[:24]
    return Document(id_, text.strip() or "nothing", "", "", "", (), (Page(1, "1", text),), "none")


OTTERS, BREAD, TAXES = map(document, ("Otters sleep.\n", "Knead the dough.\n", "Taxes are due.\n"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Nobody looks into it."""
    return tmp_path / "corpus.jsonl"


class Corpus:
    """A library of documents, indexed again and again."""

    def __init__(self, settings: Settings, embedder: WordHashEmbedder, root: Path) -> None:
        self.root = root
        self.progress = Progress()
        self._settings = settings
        self._models = OneModel(embedder)

    def index(self, **documents: Document) -> Summary:
        with Indexer(self._settings, self._models) as indexer:
            return indexer.run_corpus(self.root, documents, on_progress=self._on_progress)

    def holdings(self) -> dict[str, str]:
        with Catalog(self._settings.catalog) as catalog:
            return catalog.holdings(self.root)

    def _on_progress(self, progress: Progress) -> None:
        self.progress = progress


@pytest.fixture
def corpus(settings: Settings, embedder: WordHashEmbedder, root: Path) -> Corpus:
    return Corpus(settings, embedder, root)


def test_documents_without_pdfs_are_found(corpus: Corpus, reader: Reader) -> None:
    summary = corpus.index(o=OTTERS, b=BREAD, nothing=document(""))
    assert (summary.added, summary.unchanged, summary.pages, summary.embedded_passages) == (3, 0, 3, 2)
    progress = corpus.progress
    assert (progress.files, progress.files_done, progress.passages, progress.embedded) == (3, 3, 2, 2)
    hits = reader.search("sleeping otters")
    assert [(hit.document_id, hit.title, hit.best.text, hit.best.page) for hit in hits][:1] == [
        (OTTERS.id, "Otters sleep.", "Otters sleep.", 1)
    ]
    assert len(hits) == 1  # bread has no word of it, and nothing to do with it
    assert corpus.holdings() == {"o": OTTERS.id, "b": BREAD.id, "nothing": document("").id}


def test_what_is_there_already_costs_nothing(corpus: Corpus, embedder: WordHashEmbedder) -> None:
    corpus.index(o=OTTERS, b=BREAD)
    again = corpus.index(o=OTTERS, b=BREAD)
    assert (again.added, again.unchanged, again.pages, again.embedded_passages) == (0, 2, 0, 0)
    assert embedder.embedded_passages == 2


def test_equal_documents_are_one(corpus: Corpus, embedder: WordHashEmbedder) -> None:
    summary = corpus.index(o=OTTERS, p=OTTERS)
    assert (summary.added, summary.unchanged) == (2, 0)
    assert corpus.holdings() == {"o": OTTERS.id, "p": OTTERS.id}
    assert embedder.embedded_passages == 1


def test_what_changes_is_followed(corpus: Corpus, reader: Reader) -> None:
    corpus.index(o=OTTERS, b=BREAD)
    assert corpus.index(o=TAXES, x=BREAD).added == 2
    assert corpus.holdings() == {"o": TAXES.id, "x": BREAD.id}
    assert {hit.document_id for hit in reader.search("otters dough taxes")} == {BREAD.id, TAXES.id}


def test_another_model_is_refused(corpus: Corpus, settings: Settings, root: Path) -> None:
    corpus.index(o=OTTERS)
    with pytest.raises(ModelMismatch):
        Corpus(settings, WordHashEmbedder("another"), root).index(o=OTTERS)
