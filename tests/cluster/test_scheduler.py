"""Workers of a scheduler that is there already: what they must have, and a library in a database."""

import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from distributed import LocalCluster

from clusters import models_of
from fakes import OneModel, WordHashEmbedder
from indexer.ocr.tesseract import find_tesseract
from indexer.run.cluster import tasks
from indexer.run.cluster.dask_cluster import DaskCluster
from indexer.run.cluster.jobs import Job, Order
from indexer.run.indexer import Indexer
from indexer.run.workers import Workers
from indexer.store.publisher import FileState, Place
from make_pdfs import write_pdf
from papers import BREAD, OTTERS
from small_library import write_papers
from stackroom import __version__
from stackroom.catalog.catalog import Catalog
from stackroom.common.errors import ClusterUnusable, UsageError
from stackroom.common.settings import Settings
from stackroom.embedding.embedder import ModelSource


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """The address of one, with a worker that has the environment of this process."""
    with LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, protocol="tcp", dashboard_address="127.0.0.1:0"
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def order(settings: Settings) -> Order:
    """An order for a worker of this machine, of an index with one PDF."""
    with Indexer(settings, OneModel(WordHashEmbedder())) as indexer:
        indexer.run([write_papers(settings.data / "papers")])
        model, _ = indexer.models()
        assert model is not None
        return Order(
            indexer.catalog_id,
            model,
            settings,
            is_compact=False,
            ocr_languages="",
            passwords=(),
            models_of=models_of,
            find_ocr=find_tesseract,
        )


def everything(settings: Settings) -> list[tuple[str, str, int, str, bytes | None]]:
    """All passages of a library with their vectors, but for their numbers."""
    with Catalog(settings.truth) as catalog:
        model = catalog.model()
        assert model is not None
        codes = dict(zip(*catalog.vectors(model), strict=True))
        ids = [one for first, last, _ in catalog.passage_ranges(model) for one in range(first, last + 1)]
        return sorted(
            (found.document_id, found.title, found.page, found.text, codes.get(id_))
            for id_, found in catalog.passages(ids).items()
        )


def test_a_library_in_a_database_is_the_same_as_one_in_a_file(
    scheduler: str, store_url: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STACKROOM_STORE", store_url)
    folder = write_papers(tmp_path / "papers")
    shared = replace(settings, store=store_url)
    models = OneModel(WordHashEmbedder())
    with Indexer(shared, models, workers=Workers(scheduler, models_of)) as indexer:
        summary = indexer.run([folder])
    assert (summary.added, summary.failures) == (4, {})
    with Indexer(settings, models) as indexer:
        indexer.run([folder])
    assert everything(shared) == everything(settings)


def test_a_file_is_not_for_workers_elsewhere(settings: Settings) -> None:
    with pytest.raises(UsageError, match=r"cannot write into the file .*STACKROOM_STORE"):
        Indexer(settings, OneModel(WordHashEmbedder()), workers=Workers("tcp://far:8786", models_of))


def test_a_scheduler_that_is_not_there() -> None:
    cluster = DaskCluster("tcp://127.0.0.1:9", connect_seconds=1.0)
    with pytest.raises(ClusterUnusable, match=r"no scheduler of Dask at tcp://127\.0\.0\.1:9"), cluster:
        pass


def test_another_version_is_refused() -> None:
    with pytest.raises(ClusterUnusable, match=f"has Stackroom {__version__}, and this command is of 0.0"):
        tasks.introduce("0.0", b"whatever that version says")


def test_a_worker_needs_the_same_store(order: Order, monkeypatch: pytest.MonkeyPatch, store_url: str) -> None:
    monkeypatch.delenv("STACKROOM_STORE", raising=False)
    far = replace(order, settings=None)
    with pytest.raises(ClusterUnusable, match="knows no store"):
        tasks.introduce(__version__, pickle.dumps(far))
    monkeypatch.setenv("STACKROOM_STORE", store_url)
    with pytest.raises(ClusterUnusable, match="has another store than this command"):
        tasks.introduce(__version__, pickle.dumps(far))


def other_models(_: Settings) -> ModelSource:
    return OneModel(WordHashEmbedder("another"))


def test_a_worker_needs_the_same_model_and_folder(order: Order, tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "new.pdf", [OTTERS, BREAD])
    found = path.stat()
    job = Job(tmp_path, Place(1, "new.pdf"), path, FileState(found.st_size, found.st_mtime_ns), tmp_path)
    other = pickle.dumps(replace(order, models_of=other_models))
    read = tasks.read(__version__, other, pickle.dumps(job))
    with pytest.raises(ClusterUnusable, match="has another model under the name"):
        tasks.publish(__version__, other, pickle.dumps(job), read, "New")
    nowhere = replace(job, root=tmp_path / "mount", path=tmp_path / "mount" / "new.pdf")
    with pytest.raises(ClusterUnusable, match="does not see"):
        tasks.read(__version__, pickle.dumps(order), pickle.dumps(nowhere))
    tasks.leave(other)
    tasks.leave(pickle.dumps(order))
