"""What is indexed of folders, files and links, and what becomes of those that are gone or not mounted."""

import json
import shutil
from pathlib import Path

import pytest

from fakes import OneModel, WordHashEmbedder
from indexer.folder.compare import File
from indexer.run.indexer import Indexer
from make_pdfs import write_pdf
from papers import TAXES, counts, index
from stackroom.common.settings import Settings
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader


def test_a_file_that_vanishes_while_moves_are_recognised_fails_once(
    folder: Path, settings: Settings, embedder: WordHashEmbedder
) -> None:
    index(settings, embedder, folder)
    (folder / "bread.pdf").rename(folder / "brot.pdf")

    def vanish(file: File) -> bool:
        assert isinstance(file.path, Path)
        file.path.unlink()  # after the comparison, before its content is looked at
        return False

    with Indexer(settings, OneModel(embedder)) as indexer:
        summary = indexer.run([folder], hold_back=vanish)
    assert counts(summary) == {"removed": 1, "unchanged": 1, "failed": 1}
    assert counts(index(settings, embedder, folder)) == {"removed": 1, "unchanged": 1}


def test_a_folder_that_disappears_takes_nothing_with_it(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    library = folder / "mounted" / "share"
    library.mkdir(parents=True)
    shutil.copy(folder / "bread.pdf", library)
    index(settings, embedder, library)
    shutil.rmtree(library.parent)
    summary = index(settings, embedder, library)
    assert summary.removed == 0
    assert list(summary.unreadable) == [str(library)]
    assert reader.status().documents == 1


def test_a_folder_in_whose_place_a_file_is_takes_nothing_with_it(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    library = folder / "share"
    library.mkdir()
    shutil.copy(folder / "bread.pdf", library)
    index(settings, embedder, library)
    shutil.rmtree(library)
    library.touch()  # as a file system makes of a link or a mount point that it does not know
    summary = index(settings, embedder, library)
    assert (summary.removed, summary.failed) == (0, 0)
    assert list(summary.unreadable) == [str(library)]
    assert reader.status().documents == 1


def test_a_share_that_is_not_mounted_takes_nothing_with_it(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    (folder / "share").mkdir()
    shutil.copy(folder / "bread.pdf", folder / "share" / "bread.pdf")
    index(settings, embedder, folder)
    before = json.loads((settings.index / "mounts.json").read_text())
    assert list(before[str(folder)]) == [""]
    for file in folder.rglob("*.pdf"):
        file.unlink()
    # What was a mount point is an ordinary empty folder now.
    elsewhere = {"": before[str(folder)][""], "share": 4711}
    (settings.index / "mounts.json").write_text(json.dumps({str(folder): elsewhere}))
    summary = index(settings, embedder, folder)
    assert (summary.removed, list(summary.unreadable)) == (2, [str(folder / "share")])
    assert "is the share mounted? Nothing was removed" in summary.unreadable[str(folder / "share")]
    assert index(settings, embedder, folder).removed == 0  # nor is it the next time
    assert [hit.title for hit in reader.search("dough cloth")] == ["On Bread"]
    shutil.rmtree(folder / "share")
    assert index(settings, embedder, folder).removed == 1


def test_a_root_that_is_not_mounted_takes_nothing_with_it(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    index(settings, embedder, folder)
    (settings.index / "mounts.json").write_text(json.dumps({str(folder): {"": 4711}}))
    for file in folder.glob("*.pdf"):
        file.unlink()
    summary = index(settings, embedder, folder)
    assert (summary.removed, list(summary.unreadable)) == (0, [str(folder)])
    folder.rmdir()  # its mount point is made by whoever mounts it
    summary = index(settings, embedder, folder)
    assert (summary.removed, list(summary.unreadable)) == (0, [str(folder)])
    assert reader.status().documents == 2
    folder.mkdir()  # and by hand, still empty
    assert index(settings, embedder, folder).removed == 0


def test_several_libraries_and_single_files(
    folder: Path, tmp_path: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    single = write_pdf(tmp_path / "taxes.pdf", [TAXES], title="On Taxes")
    index(settings, embedder, folder)
    assert counts(index(settings, embedder, single)) == {"added": 1}
    assert reader.status().libraries == tuple(sorted((str(folder), str(single))))
    entry, path, _ = reader.file(reader.search("declaration of income")[0].document_id)
    assert (entry.title, path) == ("On Taxes", single)
    with Indexer(settings, OneModel(embedder)) as indexer:
        assert indexer.forget(folder) == 2
    assert len(WordIndex(settings.words)) == 1
    assert reader.search("otters") == []
    assert [hit.title for hit in reader.search("declaration of income")] == ["On Taxes"]
    single.unlink()
    assert counts(index(settings, embedder, single)) == {"removed": 1}


@pytest.mark.parametrize("name", ["hidden", "fifo", "directory", "dangling", "loop"])
def test_what_is_not_a_pdf_file_is_left_alone(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, name: str
) -> None:
    if name == "hidden":
        shutil.copy(folder / "bread.pdf", folder / "._bread.pdf")
    elif name == "fifo":
        import os

        os.mkfifo(folder / "x.pdf")
    elif name == "directory":
        (folder / "x.pdf").mkdir()
    elif name == "dangling":
        (folder / "x.pdf").symlink_to(folder / "nowhere.pdf")
    else:
        (folder / "loop").symlink_to(folder, target_is_directory=True)
    assert counts(index(settings, embedder, folder)) == {"added": 2}


def test_copies_in_one_run_are_read_once(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    for number in range(5):
        shutil.copy(folder / "bread.pdf", folder / f"copy {number}.pdf")
    summary = index(settings, embedder, folder)
    assert counts(summary) == {"added": 7}
    assert (summary.pages, summary.embedded_passages) == (3, 3)
    assert reader.status().documents == 2
