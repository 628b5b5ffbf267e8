"""The index is deleted or replaced while an indexer and a reader run."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from fakes import OneModel, WordHashEmbedder
from indexer.run.indexer import Indexer
from indexer.run.summary import Progress
from indexer.upkeep.check import check
from make_pdfs import write_pdf
from papers import TAXES, counts, index
from stackroom.common.errors import AlreadyRunning, CatalogMissing, CatalogUnusable
from stackroom.common.settings import Settings
from stackroom.reading.reader import Reader


@pytest.fixture
def tmp_path(disk_path: Path) -> Path:
    """The disk: files take the place of others here."""
    return disk_path


def without_the_catalogue(settings: Settings) -> None:
    """Its journal stays where it is."""
    settings.catalog.unlink()


DELETIONS: list[Callable[[Settings], None]] = [
    lambda settings: shutil.rmtree(settings.index),
    lambda settings: shutil.rmtree(settings.data),
    without_the_catalogue,
]


@pytest.mark.parametrize("delete", DELETIONS, ids=["the index", "the data folder", "the catalogue"])
def test_everything_is_indexed_anew(
    folder: Path,
    settings: Settings,
    embedder: WordHashEmbedder,
    reader: Reader,
    delete: Callable[[Settings], None],
) -> None:
    with Indexer(settings, OneModel(embedder)) as indexer:
        indexer.run([folder])
        assert len(reader.search("otters bread")) == 2
        delete(settings)
        with pytest.raises(CatalogMissing, match="was deleted"):
            reader.search("otters")
        assert not settings.catalog.exists()  # a reader makes nothing
        write_pdf(folder / "taxes.pdf", [TAXES], title="On Taxes")
        assert counts(indexer.run([folder])) == {"added": 3}
        assert reader.search("otters")[0].title == "On Otters"
        assert reader.search("declaration of income")[0].title == "On Taxes"
        with pytest.raises(AlreadyRunning):  # the lock is a new one, too
            index(settings, embedder, folder)
        (folder / "bread.pdf").unlink()
        assert counts(indexer.run([folder])) == {"removed": 1, "unchanged": 2}
        assert not [hit for hit in reader.search("bread") if hit.title == "On Bread"]
    report = check(settings)
    assert (report.documents, report.damages, report.words_behind) == (2, [], False)


def test_a_lock_that_is_gone_is_taken_again(
    folder: Path, settings: Settings, embedder: WordHashEmbedder
) -> None:
    with Indexer(settings, OneModel(embedder)) as indexer:
        indexer.run([folder])
        (settings.index / "indexer.lock").unlink()
        assert counts(indexer.run([folder])) == {"unchanged": 2}
        with pytest.raises(AlreadyRunning, match="process"):
            index(settings, embedder, folder)


def test_another_indexer_may_have_taken_the_place(
    folder: Path, settings: Settings, embedder: WordHashEmbedder
) -> None:
    with Indexer(settings, OneModel(embedder)) as first:
        first.run([folder])
        shutil.rmtree(settings.index)
        with Indexer(settings, OneModel(embedder)) as second:
            assert counts(second.run([folder])) == {"added": 2}
            with pytest.raises(AlreadyRunning, match="process"):
                first.run([folder])
            with pytest.raises(AlreadyRunning, match="process"):  # and its note is still there
                index(settings, embedder, folder)
        assert counts(first.run([folder])) == {"unchanged": 2}


def test_a_run_whose_index_is_deleted_says_so_and_the_next_one_begins_anew(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    def delete(progress: Progress) -> None:
        if progress.files_done == 1:
            shutil.rmtree(settings.index, ignore_errors=True)

    with Indexer(settings, OneModel(embedder)) as indexer:
        with pytest.raises(CatalogUnusable):
            indexer.run([folder], on_progress=delete)
        assert counts(indexer.run([folder])) == {"added": 2}
        assert len(reader.search("otters bread")) == 2
    assert check(settings).damages == []


def test_what_is_put_in_its_place_is_gone_on_with(
    tmp_path: Path, folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    other = Settings.read({}, data=tmp_path / "other", workers=2)
    (tmp_path / "few").mkdir()
    shutil.copy(folder / "bread.pdf", tmp_path / "few")
    index(other, embedder, tmp_path / "few")
    with Indexer(settings, OneModel(embedder)) as indexer:
        indexer.run([folder])
        shutil.rmtree(settings.index)
        shutil.copytree(other.index, settings.index)
        assert [hit.title for hit in reader.search("dough")] == ["On Bread"]
        assert counts(indexer.run([folder])) == {"added": 2}
        assert set(indexer.libraries()) == {folder, tmp_path / "few"}
    assert check(settings).damages == []


@pytest.mark.parametrize("while_away", [True, False], ids=["noticed", "not noticed"])
def test_a_reader_answers_again_when_its_drive_is_back(
    tmp_path: Path,
    folder: Path,
    settings: Settings,
    embedder: WordHashEmbedder,
    reader: Reader,
    while_away: bool,
) -> None:
    index(settings, embedder, folder)
    assert len(reader.search("otters bread")) == 2
    away = settings.data.rename(tmp_path / "away")
    if while_away:
        for _ in range(2):
            with pytest.raises(CatalogMissing):
                reader.search("otters")
    away.rename(settings.data)  # the same file, with the same number
    assert len(reader.search("otters bread")) == 2
    assert reader.status().documents == 2


def test_a_folder_whose_drive_is_away_is_not_made_anew_elsewhere(
    tmp_path: Path, folder: Path, embedder: WordHashEmbedder, another_drive: Path
) -> None:
    mounted = tmp_path / "mounted"
    mounted.symlink_to(another_drive)
    settings = Settings.read({}, data=mounted / "data", workers=2)
    with Indexer(settings, OneModel(embedder)) as indexer:
        indexer.run([folder])
        mounted.unlink()
        mounted.mkdir()  # what the drive was mounted on
        for _ in range(2):
            with pytest.raises(CatalogUnusable, match="drive seems to be away"):
                indexer.run([folder])
        assert list(mounted.iterdir()) == []
        mounted.rmdir()
        mounted.symlink_to(another_drive)
        assert counts(indexer.run([folder])) == {"unchanged": 2}


@pytest.fixture
def another_drive(tmp_path: Path) -> Iterator[Path]:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system")
    with TemporaryDirectory(dir=memory) as name:
        yield Path(name)
