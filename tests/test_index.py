"""The write path, with real PDFs and a small embedder: what changes costs what it must, no more."""

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes import OneModel, WordHashEmbedder
from indexer.compare import File
from indexer.pipeline import Indexer
from indexer.run import Summary
from make_pdfs import write_garbage, write_pdf
from stackroom.catalog import Catalog
from stackroom.errors import AlreadyRunning, ModelMismatch, UnknownDocument
from stackroom.lexicon import Lexicon
from stackroom.reader import Reader
from stackroom.settings import Settings

OTTERS = "Otters hold hands while they sleep, so that the current does not carry them apart."
BREAD = "Knead the dough for ten minutes and let it rest under a damp cloth until it has doubled."
TAXES = "The declaration of income is due at the end of July, unless an adviser files it for you."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    write_pdf(folder / "otters.pdf", [OTTERS, "They use stones as tools."], title="On Otters")
    write_pdf(folder / "bread.pdf", [BREAD], title="On Bread")
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.read({}, data=tmp_path / "data", workers=2)


@pytest.fixture
def embedder() -> WordHashEmbedder:
    return WordHashEmbedder()


def index(
    settings: Settings, embedder: WordHashEmbedder, *roots: Path, retry_failed: bool = False
) -> Summary:
    with Indexer(settings, OneModel(embedder)) as indexer:
        return indexer.run(roots, retry_failed=retry_failed)


@pytest.fixture
def reader(settings: Settings, embedder: WordHashEmbedder) -> Iterator[Reader]:
    reader = Reader(Catalog(settings.catalog, create=True), Lexicon(settings.words), OneModel(embedder))
    yield reader
    reader.close()


def counts(summary: Summary) -> dict[str, int]:
    names = ("added", "changed", "moved", "removed", "unchanged", "failed")
    return {name: count for name in names if (count := getattr(summary, name))}


def test_a_folder_becomes_searchable(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    summary = index(settings, embedder, folder)
    assert counts(summary) == {"added": 2}
    assert summary.pages == 3
    assert summary.embedded_passages == embedder.embedded_passages == 3
    assert len(Lexicon(settings.words)) == 3
    hits = reader.search("otters sleep hands")
    assert [hit.title for hit in hits] == ["On Otters", "On Bread"]
    assert hits[0].best.score > 2 * hits[1].best.score
    assert (hits[0].best.text.split(), hits[0].best.page) == (OTTERS.split(), 1)
    assert reader.search("stones as tools")[0].best.page == 2
    status = reader.status()
    assert (status.documents, status.pages, status.passages, status.pending) == (2, 3, 3, 0)
    assert status.libraries == (str(folder),)


def test_what_the_model_cannot_read_is_found_by_its_words(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    write_pdf(folder / "saga.pdf", ["Það er svo margt ef að er gáð: otter heitir otur, þó."], title="Saga")
    summary = index(settings, embedder, folder)
    assert summary.embedded_passages == embedder.embedded_passages == 3
    status = reader.status()
    assert (status.passages, status.pending, status.illegible) == (4, 0, 1)
    (found,) = [found for hit, found in reader.explain("otur") if hit.title == "Saga"]
    assert (found.meaning, found.words_rank) == (None, 1)
    assert reader.search("otters sleep hands")[0].title == "On Otters"
    assert reader.search("þó")[0].title == "Saga"
    assert index(settings, embedder, folder).embedded_passages == 0


def test_a_second_run_embeds_nothing(folder: Path, settings: Settings, embedder: WordHashEmbedder) -> None:
    index(settings, embedder, folder)
    (folder / "bread.pdf").touch()  # another time, the same content
    summary = index(settings, embedder, folder)
    assert counts(summary) == {"unchanged": 2}
    assert (summary.embedded_passages, embedder.embedded_passages) == (0, 3)


def test_renames_and_copies_cost_nothing(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    index(settings, embedder, folder)
    before = reader.search("otters")[0].document_id
    (folder / "deep").mkdir()
    (folder / "otters.pdf").rename(folder / "deep" / "lutra.PDF")
    shutil.copyfile(folder / "bread.pdf", folder / "brot.pdf")
    summary = index(settings, embedder, folder)
    assert counts(summary) == {"moved": 1, "added": 1, "unchanged": 1}
    assert embedder.embedded_passages == 3
    record = reader.fetch(before).record
    assert [location.path for location in record.locations] == ["deep/lutra.PDF"]
    assert reader.status().documents == 2


def test_two_files_that_swap_names_cost_nothing(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    index(settings, embedder, folder)
    (folder / "otters.pdf").rename(folder / "x")
    (folder / "bread.pdf").rename(folder / "otters.pdf")
    (folder / "x").rename(folder / "bread.pdf")
    summary = index(settings, embedder, folder)
    assert counts(summary) == {"changed": 2}
    assert embedder.embedded_passages == 3
    assert reader.status().documents == 2


def test_a_backup_beside_a_new_version_keeps_the_old_document(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    index(settings, embedder, folder)
    before = reader.search("dough")[0].document_id
    (folder / "bread.pdf").rename(folder / "bread (old).pdf")
    write_pdf(folder / "bread.pdf", [TAXES], title="On Taxes")
    summary = index(settings, embedder, folder)
    assert counts(summary) == {"changed": 1, "added": 1, "unchanged": 1}
    assert summary.embedded_passages == 1
    assert reader.fetch(before).record.id == before


def test_an_edit_replaces_the_document_and_the_old_id_leads_to_it(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    index(settings, embedder, folder)
    first = reader.search("dough")[0].document_id
    original = (folder / "bread.pdf").read_bytes()
    write_pdf(folder / "bread.pdf", [TAXES], title="On Taxes")
    summary = index(settings, embedder, folder)
    assert counts(summary) == {"changed": 1, "unchanged": 1}
    assert summary.embedded_passages == 1
    second = reader.search("income declaration")[0].document_id
    assert reader.fetch(first).record.id == second
    assert "dough" not in {word for hit in reader.search("dough") for word in hit.best.text.split()}

    (folder / "bread.pdf").write_bytes(original)  # and back: no circle
    index(settings, embedder, folder)
    assert reader.fetch(first).record.id == first
    assert reader.fetch(second).record.id == first


def test_a_text_that_is_there_already_is_not_embedded_again(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    index(settings, embedder, folder)
    # A page less, a page more, and one that stays; and a file of its own with a page of another one.
    write_pdf(folder / "otters.pdf", ["They use stones as tools.", TAXES], title="On Otters")
    write_pdf(folder / "dough.pdf", [BREAD, BREAD], title="On Dough")
    summary = index(settings, embedder, folder)
    assert counts(summary) == {"changed": 1, "added": 1, "unchanged": 1}
    assert summary.embedded_passages == 4
    # What stays is as it was; the page of the other file has another title above it, and both its copies one.
    assert embedder.embedded_passages == 3 + 2
    status = reader.status()
    assert (status.passages, status.pending) == (5, 0)
    assert {hit.title for hit in reader.search(BREAD)[:2]} == {"On Bread", "On Dough"}
    for query, page in ((TAXES, 2), ("stones", 1)):
        hit = reader.search(query)[0]
        assert (hit.title, hit.best.page) == ("On Otters", page)


def test_a_deleted_file_is_gone_at_once(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    index(settings, embedder, folder)
    gone = reader.search("otters")[0].document_id
    (folder / "otters.pdf").unlink()
    assert counts(index(settings, embedder, folder)) == {"removed": 1, "unchanged": 1}
    assert len(Lexicon(settings.words)) == 1
    assert [hit.title for hit in reader.search("otters")] == ["On Bread"]
    with pytest.raises(UnknownDocument, match=gone):
        reader.fetch(gone)


def test_a_file_that_cannot_be_read_is_recorded_and_retried_when_it_changes(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    write_garbage(folder / "broken.pdf")
    summary = index(settings, embedder, folder)
    assert counts(summary) == {"added": 2, "failed": 1}
    assert list(summary.failures) == [str(folder / "broken.pdf")]
    (failure,) = reader.status().failures
    assert failure.path == str(folder / "broken.pdf")
    assert failure.reason == summary.failures[failure.path] != ""

    again = index(settings, embedder, folder)
    assert counts(again) == {"unchanged": 2, "failed": 1}
    assert again.failures == {}
    assert list(index(settings, embedder, folder, retry_failed=True).failures) == [failure.path]

    write_pdf(folder / "broken.pdf", [TAXES], title="Mended")
    assert counts(index(settings, embedder, folder)) == {"changed": 1, "unchanged": 2}
    assert reader.status().failures == ()
    assert reader.search("declaration of income")[0].title == "Mended"


def test_a_file_that_vanishes_while_moves_are_recognised_fails_once(
    folder: Path, settings: Settings, embedder: WordHashEmbedder
) -> None:
    index(settings, embedder, folder)
    (folder / "bread.pdf").rename(folder / "brot.pdf")

    def vanish(file: File) -> bool:
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
    record, path = reader.file(reader.search("declaration of income")[0].document_id)
    assert (record.title, path) == ("On Taxes", single)
    with Indexer(settings, OneModel(embedder)) as indexer:
        assert indexer.forget(folder) == 2
    assert len(Lexicon(settings.words)) == 1
    assert [hit.title for hit in reader.search("otters")] == ["On Taxes"]
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


def test_linked_folders_are_followed(folder: Path, settings: Settings, embedder: WordHashEmbedder) -> None:
    library = folder.parent / "library"
    library.mkdir()
    (library / "papers").symlink_to(folder, target_is_directory=True)
    assert counts(index(settings, embedder, library)) == {"added": 2}


def test_copies_in_one_run_are_read_once(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    for number in range(5):
        shutil.copy(folder / "bread.pdf", folder / f"copy {number}.pdf")
    summary = index(settings, embedder, folder)
    assert counts(summary) == {"added": 7}
    assert (summary.pages, summary.embedded_passages) == (3, 3)
    assert reader.status().documents == 2


def test_another_model_is_refused_until_the_library_is_embedded_again(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    index(settings, embedder, folder)
    assert reader.search("otters")[0].title == "On Otters"
    other = WordHashEmbedder("other", dimensions=96, passage_tokens=8)
    with pytest.raises(ModelMismatch, match="stackroom index --reembed"):
        index(settings, other, folder)
    stranger = Reader(Catalog(settings.catalog), Lexicon(settings.words), OneModel(other))
    with pytest.raises(ModelMismatch, match="word-hash"):
        stranger.search("otters")
    with Indexer(settings, OneModel(other)) as indexer:
        summary = indexer.reembed()
    assert summary.embedded_passages == other.embedded_passages > 3
    assert stranger.search("otters")[0].title == "On Otters"
    stranger.close()
    assert reader.status().model == "other"
    assert reader.status().pending == 0
    assert len(Lexicon(settings.words)) == reader.status().passages == summary.embedded_passages
    with pytest.raises(ModelMismatch):
        reader.search("otters")
    assert counts(index(settings, other, folder)) == {"unchanged": 2}


def test_a_server_follows_an_index_that_was_deleted_and_built_again(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    index(settings, embedder, folder)
    assert len(reader.search("otters")) == 2
    shutil.rmtree(settings.index)
    assert reader.search("otters") == []
    (folder / "bread.pdf").unlink()
    shutil.rmtree(settings.index)
    index(settings, embedder, folder)
    assert [hit.title for hit in reader.search("otters")] == ["On Otters"]


def test_a_second_indexer_is_refused(folder: Path, settings: Settings, embedder: WordHashEmbedder) -> None:
    import os

    with (
        Indexer(settings, OneModel(embedder)),
        pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"),
    ):
        index(settings, embedder, folder)
    assert counts(index(settings, embedder, folder)) == {"added": 2}


def test_an_embedder_that_fails_ends_the_run_and_loses_nothing(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    class Failing(WordHashEmbedder):
        def embed_passages(self, texts):  # type: ignore[no-untyped-def]
            raise MemoryError("no room for the batch")

    with pytest.raises(MemoryError):
        index(settings, Failing(), folder)
    assert not any(thread.name.startswith("beside") for thread in threading.enumerate())
    summary = index(settings, embedder, folder)
    assert summary.failed == 0
    assert reader.status().pending == 0
    assert reader.search("otters")[0].title == "On Otters"


def test_a_document_is_found_by_its_language_and_its_file_s_name(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    german = "Der Teig muss über Nacht ruhen, damit das Brot am Morgen gut aufgeht und schmeckt."
    write_pdf(folder / "rezepte_2017.pdf", [german], title="Brot")
    index(settings, embedder, folder)
    assert [hit.title for hit in reader.search("lang:de")] == ["Brot"]
    assert [hit.title for hit in reader.search("lang:en title:otters")] == ["On Otters"]
    assert reader.search("Brote")[0].title == "Brot"
    assert reader.explain("rezepte 2017")[0][1].document > 0.5
    (folder / "rezepte_2017.pdf").rename(folder / "steuern.pdf")
    summary = index(settings, embedder, folder)
    assert counts(summary) == {"moved": 1, "unchanged": 2}
    assert reader.explain("rezepte 2017")[0][1].document == 0
    assert reader.search("steuern")[0].title == "Brot"
