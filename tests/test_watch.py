"""Watching: what happens in the folder is found in the index, while a client searches."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakes import OneModel, WordHashEmbedder
from indexer.pipeline import Indexer
from indexer.watch import watch
from make_pdfs import write_garbage, write_pdf
from stackroom.catalog import Catalog
from stackroom.errors import UnknownDocument
from stackroom.lexicon import Lexicon
from stackroom.reader import Reader
from stackroom.settings import Settings

# Two seconds from settling, for a loaded machine some more.
PATIENCE_SECONDS = 20.0


@pytest.fixture
def rescan_seconds() -> float:
    return 60.0  # so that only events tell


@pytest.fixture
def settings(tmp_path: Path, rescan_seconds: float) -> Settings:
    return Settings.read(
        {}, data=tmp_path / "data", workers=2, settle_seconds=0.3, rescan_seconds=rescan_seconds
    )


@pytest.fixture
def reader(settings: Settings) -> Iterator[Reader]:
    catalog = Catalog(settings.catalog, create=True)
    reader = Reader(catalog, Lexicon(settings.words), OneModel(WordHashEmbedder()))
    yield reader
    reader.close()


@pytest.fixture
def watched(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    folder = tmp_path / "papers"
    folder.mkdir()
    stop = threading.Event()
    troubles: list[str] = []

    def follow() -> None:
        indexer = Indexer(settings, OneModel(WordHashEmbedder()))
        watch(indexer, lambda known: [folder], settings, stop=stop, on_trouble=troubles.append)

    thread = threading.Thread(target=follow)
    thread.start()
    yield folder
    stop.set()
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    assert troubles == []


def eventually(check: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not check():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.05)


def titles(reader: Reader, query: str = "a page of words") -> set[str]:
    return {hit.title for hit in reader.search(query)}


def test_new_changed_renamed_and_deleted_files_are_followed(watched: Path, reader: Reader) -> None:
    write_pdf(watched / "one.pdf", ["The first page of words."], title="First Words")
    eventually(lambda: titles(reader) == {"First Words"})
    first = reader.search("first")[0].document_id

    deep = watched / "a" / "b"
    deep.mkdir(parents=True)
    write_pdf(deep / "two.pdf", ["The second page of words."], title="Second Words")
    eventually(lambda: titles(reader) == {"First Words", "Second Words"})

    shutil.move(watched / "a", watched / "c")
    eventually(
        lambda: (
            [
                location.path
                for location in reader.fetch(reader.search("second")[0].document_id).record.locations
            ]
            == ["c/b/two.pdf"]
        )
    )

    write_pdf(watched / "one.pdf", ["Something else altogether."], title="Other Words")
    eventually(lambda: titles(reader) == {"Other Words", "Second Words"})
    assert reader.fetch(first).record.title == "Other Words"

    second = reader.search("second")[0].document_id
    shutil.rmtree(watched / "c")
    eventually(lambda: titles(reader) == {"Other Words"})
    with pytest.raises(UnknownDocument):
        reader.fetch(second)


def test_a_file_that_is_still_being_written_is_waited_for(watched: Path, reader: Reader) -> None:
    whole = write_pdf(watched.parent / "slow.pdf", ["A page of words. " * 50] * 20, title="Slow Words")
    content = whole.read_bytes()
    step = len(content) // 10 + 1
    with (watched / "slow.pdf").open("wb") as file:
        for start in range(0, len(content), step):
            file.write(content[start : start + step])
            file.flush()
            time.sleep(0.1)
            status = reader.status()
            assert (status.documents, status.failures) == (0, ())
    eventually(lambda: titles(reader) == {"Slow Words"})
    assert reader.status().failures == ()


@pytest.mark.parametrize("rescan_seconds", [0.5])
def test_what_no_event_tells_is_found_by_looking(watched: Path, reader: Reader) -> None:
    elsewhere = watched.parent / "elsewhere"
    elsewhere.mkdir()
    (watched / "linked").symlink_to(elsewhere, target_is_directory=True)
    time.sleep(1)  # the link itself has been seen; what happens behind it is not reported
    write_pdf(elsewhere / "far.pdf", ["A page of words."], title="Far Words")
    eventually(lambda: titles(reader) == {"Far Words"})


def test_what_cannot_be_read_is_recorded_and_forgotten(watched: Path, reader: Reader) -> None:
    write_garbage(watched / "broken.pdf")
    eventually(lambda: len(reader.status().failures) == 1)
    (watched / "broken.pdf").unlink()
    eventually(lambda: reader.status().failures == ())


def test_a_client_that_searches_all_the_while_sees_whole_documents_only(
    watched: Path, reader: Reader
) -> None:
    pages = 6
    stop = threading.Event()
    problems: list[str] = []
    seen: set[str] = set()

    def search() -> None:
        while not stop.is_set():
            for hit in reader.search("words of document"):
                seen.add(hit.document_id)
                try:
                    fetched = reader.fetch(hit.document_id)
                except UnknownDocument:
                    continue  # deleted since the search
                if fetched.text.count("[[page ") != pages or fetched.text.count("of document") != pages:
                    problems.append(fetched.text)

    client = threading.Thread(target=search)
    client.start()
    for number in range(12):
        path = watched / f"{number % 4}.pdf"
        if number % 3 == 2:
            path.unlink(missing_ok=True)
        else:
            write_pdf(path, [f"Words of document {number}, page {page}." for page in range(pages)])
        time.sleep(0.25)
    left = len(list(watched.glob("*.pdf")))
    eventually(lambda: reader.status().documents == left and reader.status().pending == 0)
    stop.set()
    client.join()
    assert problems == []
    assert len(seen) >= left
