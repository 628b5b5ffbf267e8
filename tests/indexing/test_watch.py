"""Watching: what happens in the folder is found in the index, while a client searches."""

import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fake_ocr import FakeOcr
from fakes import WordHashEmbedder
from following import Following, eventually
from indexer.passages.follow_words import pause_after
from make_pdfs import write_garbage, write_pdf, write_scanned_pdf
from stackroom.common.errors import UnknownDocument
from stackroom.reading.reader import Reader


@pytest.fixture
def watched(following: Following) -> Iterator[Path]:
    following.begin()
    yield following.folder
    assert following.troubles == []


@pytest.fixture
def reader(following: Following) -> Reader:
    return following.reader


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
                for location in reader.fetch(reader.search("second")[0].document_id).entry.locations
            ]
            == ["c/b/two.pdf"]
        )
    )

    write_pdf(watched / "one.pdf", ["Something else altogether."], title="Other Words")
    eventually(lambda: titles(reader) == {"Other Words", "Second Words"})
    assert reader.fetch(first).entry.title == "Other Words"

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


def test_what_no_event_tells_is_found_by_looking(following: Following) -> None:
    following.adjust(STACKROOM_RESCAN_SECONDS="0.5", STACKROOM_FOLLOW_LINKS="yes")
    following.begin()
    elsewhere = following.folder.parent / "elsewhere"
    elsewhere.mkdir()
    (following.folder / "linked").symlink_to(elsewhere, target_is_directory=True)
    time.sleep(1)  # the link itself has been seen; what happens behind it is not reported
    write_pdf(elsewhere / "far.pdf", ["A page of words."], title="Far Words")
    eventually(lambda: following.finds("Far Words"))


def test_what_its_owner_leaves_out_goes_at_once_and_comes_back(watched: Path, reader: Reader) -> None:
    write_pdf(watched / "one.pdf", ["A page of words."], title="First Words")
    eventually(lambda: titles(reader) == {"First Words"})
    (watched / ".stackroomignore").write_text("one.*\n")
    eventually(lambda: titles(reader) == set())
    (watched / ".stackroomignore").unlink()
    eventually(lambda: titles(reader) == {"First Words"})


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
            stop.wait(0.005)  # more often would only keep the watch from its work

    client = threading.Thread(target=search, daemon=True)  # also if the test fails
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
    client.join(20)
    assert problems == []
    assert len(seen) >= left


# While other work takes long


class Stuck(WordHashEmbedder):
    """Takes until it is let go for each batch, as a slow machine does with thousands of passages."""

    def __init__(self) -> None:
        super().__init__()
        self.is_asked = threading.Event()
        self.may_go_on = threading.Event()

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder`."""
        self.is_asked.set()
        assert self.may_go_on.wait(60)
        return super().embed_passages(texts)


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    stuck = Stuck()
    yield stuck
    stuck.may_go_on.set()  # the watch ends after the batch at hand


def test_what_happens_while_passages_are_embedded_takes_effect(
    following: Following, reader: Reader, stuck: Stuck
) -> None:
    folder = following.folder
    for name in ("One", "Two", "Three"):
        write_pdf(folder / f"{name}.pdf", [f"A page of words. The number is {name}."], title=f"{name} Words")
    following.begin(embedder=stuck)
    eventually(lambda: following.finds("One Words", "Two Words", "Three Words"))
    assert stuck.is_asked.wait(20)

    write_pdf(folder / "new.pdf", ["A page of words, dropped while others wait."], title="New Words")
    eventually(lambda: following.finds("One Words", "Two Words", "Three Words", "New Words"))
    eventually(lambda: following.last().waiting_passages == 4)  # it is told, not kept for the end

    (folder / "One.pdf").unlink()
    eventually(lambda: following.finds("Two Words", "Three Words", "New Words"))

    renamed = reader.search("number two")[0].document_id
    (folder / "Two.pdf").rename(folder / "Deux.pdf")
    eventually(lambda: reader.fetch(renamed).entry.locations[0].path == "Deux.pdf")

    write_pdf(folder / "Three.pdf", ["A page of words, written over it."], title="Other Words")
    eventually(lambda: following.finds("Two Words", "Other Words", "New Words"))

    assert reader.status().pending == 3
    stuck.may_go_on.set()
    eventually(lambda: reader.status().pending == 0)
    eventually(lambda: following.last().waiting_passages == 0)
    assert following.troubles == []


def test_a_removal_need_not_wait_until_all_files_are_read(following: Following, reader: Reader) -> None:
    write_pdf(following.folder / "a.pdf", ["A page of words."], title="First Words")
    following.begin()
    eventually(lambda: following.finds("First Words"))
    many = 150
    for number in range(many):
        write_pdf(following.folder / f"b{number}.pdf", [f"Number {number}. " * 20] * 3)
    eventually(lambda: reader.status().documents > 3)
    (following.folder / "a.pdf").unlink()
    eventually(lambda: reader.search("a page of words") == [] or titles(reader).isdisjoint({"First Words"}))
    assert reader.status().documents < many
    eventually(lambda: reader.status().documents == many, 60)


def test_a_removal_need_not_wait_for_ocr(following: Following, reader: Reader) -> None:
    shades = range(10, 60, 5)
    pages = {(shade, "eng"): (90, f"Shade number {shade} of all.") for shade in shades}
    ocr = FakeOcr(following.folder.parent / "ocr", pages, ("eng",), seconds=0.5)
    write_pdf(following.folder / "a.pdf", ["A page of words."], title="First Words")
    write_scanned_pdf(following.folder / "scan.pdf", shades=list(shades))
    following.begin(find_ocr=ocr)
    eventually(lambda: len(ocr.calls()) > 1)
    (following.folder / "a.pdf").unlink()
    eventually(lambda: titles(reader).isdisjoint({"First Words"}))
    assert reader.status().scans_waiting > 0
    ocr.hurry()
    eventually(lambda: reader.status().scans_waiting == 0)


def test_words_are_not_kept_waiting_by_a_long_commit() -> None:
    assert [pause_after(seconds) for seconds in (0.0, 0.1, 60.0)] == [0.3, 1.0, 5.0]
