"""Compressed text: every page and every span comes back, character for character."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from itertools import accumulate, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fresh_index import FreshIndex, document
from indexer.store.publisher import FileState, Publisher
from places import TESTS
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.status import read_status
from stackroom.catalog.text_blocks import TextReader, pack, unpack
from stackroom.common.documents import Document, Page

# Page texts as extraction makes them: empty, or ending in exactly one newline. Up to three blocks long.
_WORDS = st.text("aé文🐈 \n", max_size=40).map(lambda text: text.strip("\n"))
PAGES = st.lists(
    st.one_of(
        st.just(""),
        _WORDS.map(lambda text: text + "\n"),
        st.builds(lambda text, times: (text + "x") * times + "\n", _WORDS, st.integers(500, 2500)),
    ),
    max_size=12,
)


class Memory:
    """The two tables that a `TextReader` asks, in memory; counts the blocks that were read."""

    def __init__(self) -> None:
        self.blocks_read = 0
        self._db = sqlite3.connect(":memory:")
        self._db.execute("CREATE TABLE texts (document, start, content, UNIQUE (document, start))")
        self._db.execute("CREATE TABLE pages (document, number, label, start)")

    def add(self, key: int, pages: Sequence[str]) -> None:
        starts = list(accumulate((len(text) for text in pages), initial=0))
        for number, start in enumerate(starts[:-1], 1):
            self._db.execute("INSERT INTO pages VALUES (?, ?, '', ?)", (key, number, start))
        for start, content in pack(pages):
            self._db.execute("INSERT INTO texts VALUES (?, ?, ?)", (key, start, content))

    def rows(self, sql: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        rows = self._db.execute(sql, parameters).fetchall()
        self.blocks_read += len(rows) if "t.content" in sql else 0
        return rows

    def close(self) -> None:
        self._db.close()


@given(PAGES)
def test_blocks_are_whole_pages_end_to_end(pages: list[str]) -> None:
    blocks = list(pack(iter(pages)))
    assert "".join(unpack(content) for _, content in blocks) == "".join(pages)
    page_starts = set(accumulate((len(text) for text in pages), initial=0))
    stop = 0
    for start, content in blocks:
        assert start == stop
        assert start in page_starts
        stop += len(unpack(content))
    for _, content in blocks[:-1]:
        assert len(unpack(content).encode()) >= 32_000


@given(st.lists(PAGES, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_spans_and_pages_are_exact(documents: list[list[str]], chance: Any) -> None:
    with closing(Memory()) as memory:
        for key, pages in enumerate(documents):
            memory.add(key, pages)
        reader = TextReader(memory.rows)
        spans = []
        for key, pages in enumerate(documents):
            assert reader.whole(key) == "".join(pages)
            assert reader.pages(key) == [Page(at, str(at), text) for at, text in enumerate(pages, 1)]
            for start, stop in pairwise(accumulate((len(text) for text in pages), initial=0)):
                if stop > start:
                    cut = chance.randint(start, stop - 1)
                    spans += [(key, start, stop), (key, start, cut), (key, cut, stop)]
        chance.shuffle(spans)  # to and fro between blocks and documents
        for key, start, stop in spans:
            assert reader.span(key, start, stop) == "".join(documents[key])[start:stop]


def test_going_forward_reads_each_block_once() -> None:
    pages = [f"{number} {'words ' * 200}\n" for number in range(200)]
    memory = Memory()
    memory.add(1, pages)
    blocks = len(list(pack(pages)))
    assert blocks > 5
    reader = TextReader(memory.rows)
    starts = accumulate((len(text) for text in pages), initial=0)
    for (start, stop), text in zip(pairwise(starts), pages, strict=True):
        assert reader.span(1, start, stop) == text
    assert memory.blocks_read == blocks
    memory.close()


def test_blocks_that_are_not_kept_are_read_together() -> None:
    memory = Memory()
    for key in (1, 2, 3):
        memory.add(key, [f"of {key}\n", "x" * 40_000 + "\n", "the end\n"])
    reader = TextReader(memory.rows)
    assert reader.span(2, 0, 4) == "of 2"
    places = [(1, 0), (2, 0), (3, 40_006), (9, 0)]
    found = reader.blocks(places)
    assert {place: text[:5] for place, text in found.items()} == {
        (1, 0): "of 1\n",
        (2, 0): "of 2\n",
        (3, 40_006): "the e",
    }
    assert memory.blocks_read == 3
    assert reader.blocks(places[:3]) == found
    assert memory.blocks_read == 3
    memory.close()


def test_what_a_reader_keeps_is_bounded() -> None:
    memory = Memory()
    for key in range(20):
        memory.add(key, ["x" * 1_000_000])
    reader = TextReader(memory.rows)
    for key in range(20):
        reader.span(key, 0, 1)
    assert memory.blocks_read == 20
    for key in range(4, 20):
        reader.span(key, 0, 1)
    assert memory.blocks_read == 20
    reader.span(3, 0, 1)  # used longest ago of those that had to go
    assert memory.blocks_read == 21
    memory.close()


def test_text_takes_less_than_half_of_its_size() -> None:
    prose = "".join((TESTS / name).read_text() for name in ("catalog/test_texts.py", "fresh_index.py"))
    pages = [prose[at : at + 2000] + "\n" for at in range(0, len(prose), 2000)]
    assert sum(len(content) for _, content in pack(pages)) < len(prose.encode()) / 2


@pytest.mark.parametrize(
    "pages",
    [
        (),
        ("",),
        ("", "", ""),
        ("One.\n",),
        ("", "Two.\n", "", "", "Five.\n", ""),
        tuple(f"Seite {number}: Ünïcödé 文字 🐈 {'und so weiter ' * 90}\n" for number in range(300)),
        ("before\n", "🐈" * 50_000 + "\n", "after\n", "", "x" * 100_000 + "\n", ""),
    ],
    ids=["no pages", "no text", "no text on three", "one", "gaps", "many blocks", "pages over a block"],
)
def test_a_document_is_read_as_it_was_published(index: FreshIndex, pages: tuple[str, ...]) -> None:
    index.publish(1, "Something before.\n")
    index.publish(2, *pages)
    index.publish(3, "Something after.\n")
    entry = index.catalog.document(f"{2:024x}")
    assert entry is not None
    assert entry.page_count == len(pages)
    assert index.catalog.pages(entry.key) == list(document(2, *pages).pages)
    assert index.publisher.document(entry.key) == document(2, *pages)
    expected = [line.strip() for page in pages for line in page.splitlines()]
    found = [passage.text.strip() for passage in index.catalog.words(index.model)]
    assert found == ["Something before.", *expected, "Something after."]
    status = read_status(index.catalog)
    assert status.text_bytes == len("".join(pages).encode()) + len("Something before.\nSomething after.\n")


def test_labels_are_kept_where_they_are_not_the_number(index: FreshIndex) -> None:
    pages = (Page(1, "i", "Preface.\n"), Page(2, "2", ""), Page(3, "1", "Text.\n"))
    labelled = Document(f"{1:024x}", "Labelled", "", "", "", (), pages, "hand")
    publisher: Publisher = index.publisher
    publisher.publish(labelled, [], index.model, {index.place("1.pdf"): FileState(1, 1)})
    with Catalog(index.path) as catalog:
        entry = catalog.document(labelled.id)
        assert entry is not None
        assert tuple(catalog.pages(entry.key)) == pages
