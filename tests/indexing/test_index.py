"""The write path, with real PDFs and a small embedder: what changes costs what it must, no more."""

import os
import shutil
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from examples import run_example
from fakes import NarrowEmbedder, OneModel, WordHashEmbedder
from indexer.run.indexer import Indexer
from indexer.run.summary import Summary
from make_pdfs import write_garbage, write_pdf
from papers import BREAD, OTTERS, TAXES, counts, index
from stackroom.catalog.catalog import Catalog
from stackroom.common.errors import AlreadyRunning, CatalogMissing, ModelMismatch, UnknownDocument
from stackroom.common.settings import Settings
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader


def test_a_folder_becomes_searchable(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    summary = index(settings, embedder, folder)
    assert counts(summary) == {"added": 2}
    assert summary.pages == 3
    assert summary.embedded_passages == embedder.embedded_passages == 3
    assert len(WordIndex(settings.words)) == 3
    hits = reader.search("otters sleep hands bread")
    assert [hit.title for hit in hits] == ["On Otters", "On Bread"]
    assert hits[0].best.score > 2 * hits[1].best.score
    assert (hits[0].best.text.split(), hits[0].best.page) == (OTTERS.split(), 1)
    assert reader.search("stones as tools")[0].best.page == 2
    status = reader.status()
    assert (status.documents, status.pages, status.passages, status.pending) == (2, 3, 3, 0)
    assert status.libraries == (str(folder),)


def test_the_example_in_the_docstring_gives_what_it_says(
    folder: Path, settings: Settings, embedder: WordHashEmbedder
) -> None:
    run_example(
        Indexer.run,
        {"Indexer": Indexer, "settings": settings, "models": OneModel(embedder), "folder": folder},
    )


def test_what_the_model_cannot_read_is_found_by_its_words(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    write_pdf(folder / "saga.pdf", ["Það er svo margt ef að er gáð: otter heitir otur, þó."], title="Saga")
    summary = index(settings, embedder, folder)
    assert summary.embedded_passages == embedder.embedded_passages == 3
    status = reader.status()
    assert (status.passages, status.pending, status.illegible) == (4, 0, 1)
    assert status.illegible_languages == {"is": 1}
    (found,) = [found for hit, found in reader.answer("otur").hits if hit.title == "Saga"]
    assert (found.meaning, found.words_rank) == (None, 1)
    assert reader.search("otters sleep hands")[0].title == "On Otters"
    assert reader.search("þó")[0].title == "Saga"
    assert index(settings, embedder, folder).embedded_passages == 0


def test_what_has_no_vector_does_not_fall_behind_what_any_two_texts_have_in_common(
    folder: Path, settings: Settings
) -> None:
    embedder = NarrowEmbedder(2.0)
    write_pdf(folder / "saga.pdf", ["Það er svo margt ef að er gáð: otter heitir otur, þó."], title="Saga")
    write_pdf(folder / "more.pdf", [TAXES], title="On Taxes")
    index(settings, embedder, folder)
    with closing(Reader(Catalog(settings.catalog), WordIndex(settings.words), OneModel(embedder))) as reader:
        answer = reader.answer("otur heitir")
        assert answer.hits[0][0].title == "Saga"
        unrelated = [found for hit, found in answer.hits if hit.title != "Saga"]
        assert all(found.meaning is not None and found.meaning > 0.75 for found in unrelated)
        assert all(abs(found.score) < 0.02 for found in unrelated)


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
    entry = reader.fetch(before).entry
    assert [location.path for location in entry.locations] == ["deep/lutra.PDF"]
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
    assert reader.fetch(before).entry.id == before


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
    assert reader.fetch(first).entry.id == second
    assert "dough" not in {word for hit in reader.search("dough") for word in hit.best.text.split()}

    (folder / "bread.pdf").write_bytes(original)  # and back: no circle
    index(settings, embedder, folder)
    assert reader.fetch(first).entry.id == first
    assert reader.fetch(second).entry.id == first


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
    first = reader.search(BREAD)[0]
    named = {first.title, *(copy.title for copy in first.best.copies)}
    assert named == {"On Bread", "On Dough"}
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
    assert len(WordIndex(settings.words)) == 1
    assert reader.search("otters") == []
    assert [hit.title for hit in reader.search(BREAD)] == ["On Bread"]
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


def test_another_model_is_refused_until_the_library_is_embedded_again(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    index(settings, embedder, folder)
    assert reader.search("otters")[0].title == "On Otters"
    other = WordHashEmbedder("other", dimensions=96, passage_tokens=8)
    with pytest.raises(ModelMismatch, match="stackroom index --reembed"):
        index(settings, other, folder)
    stranger = Reader(Catalog(settings.catalog), WordIndex(settings.words), OneModel(other))
    with pytest.raises(ModelMismatch, match="word-hash"):
        stranger.search("otters")
    with Indexer(settings, OneModel(other)) as indexer:
        summary = indexer.reembed()
    assert summary.embedded_passages == other.embedded_passages > 3
    assert stranger.search("otters")[0].title == "On Otters"
    stranger.close()
    assert reader.status().model == "other"
    assert reader.status().pending == 0
    assert len(WordIndex(settings.words)) == reader.status().passages == summary.embedded_passages
    with pytest.raises(ModelMismatch):
        reader.search("otters")
    assert counts(index(settings, other, folder)) == {"unchanged": 2}


def test_a_server_follows_an_index_that_was_deleted_and_built_again(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    index(settings, embedder, folder)
    assert len(reader.search("otters bread")) == 2
    shutil.rmtree(settings.index)
    for _ in range(2):
        with pytest.raises(CatalogMissing, match="was deleted"):
            reader.search("otters")
    assert not settings.index.exists()
    (folder / "bread.pdf").unlink()
    index(settings, embedder, folder)
    assert [hit.title for hit in reader.search("otters")] == ["On Otters"]


def test_a_second_indexer_is_refused(folder: Path, settings: Settings, embedder: WordHashEmbedder) -> None:

    with (
        Indexer(settings, OneModel(embedder)),
        pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"),
    ):
        index(settings, embedder, folder)
    assert counts(index(settings, embedder, folder)) == {"added": 2}


def test_what_is_put_off_is_done_by_the_next_run(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    asked: list[Summary] = []

    def put_off(summary: Summary) -> bool:
        asked.append(replace(summary))
        return len(asked) > 1

    with Indexer(settings, OneModel(embedder)) as indexer:
        first = indexer.run([folder], put_off=put_off)
        assert counts(first) == {"added": 1}
        assert (first.waiting_files, [summary.waiting_files for summary in asked[:2]]) == (1, [2, 1])
        assert len(reader.search("otters")) + len(reader.search("bread")) > 0  # its words can be found
        second = indexer.run([folder])
    assert (counts(second), second.waiting_files) == ({"added": 1, "unchanged": 1}, 0)
    assert second.waiting_passages == reader.status().pending == 0


def test_an_embedder_that_fails_ends_the_run_and_loses_nothing(
    folder: Path, settings: Settings, embedder: WordHashEmbedder, reader: Reader
) -> None:
    class Failing(WordHashEmbedder):
        def embed_passages(self, texts):  # type: ignore[no-untyped-def]
            raise MemoryError("no room for the batch")

    with pytest.raises(MemoryError):
        index(settings, Failing(), folder)
    assert not any(thread.name.startswith(("words", "embedding")) for thread in threading.enumerate())
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
    assert reader.answer("rezepte 2017").hits[0][1].document > 0.5
    (folder / "rezepte_2017.pdf").rename(folder / "steuern.pdf")
    summary = index(settings, embedder, folder)
    assert counts(summary) == {"moved": 1, "unchanged": 2}
    assert reader.search("rezepte 2017") == []
    assert reader.search("steuern")[0].title == "Brot"
