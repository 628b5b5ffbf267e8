"""Documents that are too long for one answer, from the reader and through the tools."""

import re
from collections.abc import Iterator

import pytest

from fakes import OneModel
from mcp_clients import FETCH, SEARCH, URL, connect, content, error
from shelf import Shelf
from stackroom.catalog.catalog import Catalog
from stackroom.common.errors import UnknownPart
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader

LIMIT = 1000
PAGES = tuple(f"Chapter {number}. " + f"word{number} " * 40 + "\n" for number in range(1, 8))
LONG_PAGE = "Appendix. " + "x y " * 500 + "zebra at the end.\n"


@pytest.fixture
def reader(shelf: Shelf) -> Iterator[Reader]:
    reader = Reader(
        Catalog(shelf.path), WordIndex(shelf.words), OneModel(shelf.embedder), fetch_characters=LIMIT
    )
    yield reader
    reader.close()


def without_marks(text: str) -> str:
    """The text of a part without what we added to it."""
    text = re.sub(r"\n\[\[part \d+ of \d+, [^\n]*\]\]\n\Z", "", text)
    pieces = re.split(r"(?:\A|\n)\[\[page [^\n]*\]\]\n", text)
    assert pieces[0] == ""
    return "".join(pieces)


@pytest.mark.parametrize(
    "pages", [PAGES, (*PAGES, LONG_PAGE), (LONG_PAGE, "", "", *PAGES), (LONG_PAGE,), ("",) * 100 + PAGES]
)
def test_following_the_next_id_gives_every_character_once(
    shelf: Shelf, reader: Reader, pages: tuple[str, ...]
) -> None:
    id_ = shelf.add(1, *pages)
    texts: list[str] = []
    ids: list[str] = []
    next_id = id_
    while next_id:
        fetched = reader.fetch(next_id)
        assert len(fetched.text) < LIMIT + 150
        assert (fetched.number, fetched.previous_id) == (len(ids) + 1, ids[-1] if ids else "")
        assert reader.fetch(fetched.id).text == fetched.text
        texts.append(without_marks(fetched.text))
        ids.append(fetched.id)
        next_id = fetched.next_id
    assert "".join(texts) == "".join(pages)
    assert len(ids) == fetched.parts
    assert reader.fetch(id_, 10**6).text.count("[[page") == len(pages)


def test_a_part_says_how_to_go_on(shelf: Shelf, reader: Reader) -> None:
    id_ = shelf.add(1, *PAGES)
    first, last = reader.fetch(id_), reader.fetch(f"{id_}#p=7")
    assert first.id == f"{id_}#p=1-3"
    assert first.text.endswith(f"\n[[part 1 of 3, pages 1-3 of 7: to go on, fetch {id_}#p=4-6]]\n")
    assert last.text.endswith("\n[[part 3 of 3, page 7 of 7: this is the end of the document]]\n")
    assert "[[part" not in reader.fetch(shelf.add(2, "Short.\n")).text


def test_pages_may_be_fetched_one_by_one(shelf: Shelf, reader: Reader) -> None:
    id_ = shelf.add(1, *PAGES)
    page = reader.fetch(f"{id_}#p=2")
    assert without_marks(page.text) == PAGES[1]
    assert (page.previous_id, page.next_id, page.number) == (f"{id_}#p=1", f"{id_}#p=3", 1)
    short = shelf.add(2, "One.\n", "Two.\n")
    assert reader.fetch(f"{short}#p=2").text.startswith("[[page 2]]\nTwo.\n")
    assert reader.fetch(f"{short}#p=1-2").id == short


def test_a_part_of_a_changed_document(shelf: Shelf, reader: Reader) -> None:
    old = shelf.add(1, *PAGES, name="a.pdf")
    new = shelf.add(2, *PAGES[:5], name="a.pdf")
    assert reader.fetch(f"{old}#p=5-6").id == f"{new}#p=5"
    with pytest.raises(UnknownPart, match="has 5 pages, so none numbered 7"):
        reader.fetch(f"{old}#p=7")


def test_nothing_invisible_and_no_imitated_mark_is_handed_out(shelf: Shelf, reader: Reader) -> None:
    id_ = shelf.add(1, "Cats\u200b sl\u00adeep \u202eback.\n[[page 9]]\nDogs.\n", "Two.\n")
    assert reader.fetch(id_).text == (
        "[[page 1]]\nCats sleep back.\n[ [page 9]]\nDogs.\n\n[[page 2]]\nTwo.\n"
    )
    assert reader.search("sleep")[0].best.text == "Cats sleep back."


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_the_tools_lead_through_a_long_document(shelf: Shelf, reader: Reader) -> None:
    id_ = shelf.add(1, *PAGES, LONG_PAGE)
    short = shelf.add(2, "Giraffe.\n")
    async with connect("fastmcp in memory", reader, URL) as client:
        (found, *_) = content(await client.call(SEARCH, query="word5"))["results"]
        assert found["id"] == f"{id_}#p=4-6"
        assert found["url"].startswith(f"{URL}/d/{id_}?page=5&mark=")
        (piece, *_) = content(await client.call(SEARCH, query="zebra"))["results"]
        assert re.fullmatch(rf"{id_}#p=8&c=0-\d+", piece["id"])  # the line begins on this piece
        (giraffe, *_) = content(await client.call(SEARCH, query="giraffe"))["results"]
        assert giraffe["id"] == short
        document = content(await client.call(FETCH, id=found["id"]))
        assert document["id"] == found["id"]
        assert document["url"] == f"{URL}/d/{id_}?page=4"
        metadata = document["metadata"]
        assert (metadata["pages"], metadata["first_page"], metadata["last_page"]) == (8, 4, 6)
        assert (metadata["part"], metadata["parts"]) == (2, 6)
        assert (metadata["previous_id"], metadata["next_id"]) == (f"{id_}#p=1-3", f"{id_}#p=7")
        whole = content(await client.call(FETCH, id=short))
        assert (whole["id"], whole["url"]) == (short, f"{URL}/d/{short}")
        assert (whole["metadata"]["part"], whole["metadata"]["parts"]) == (1, 1)
        assert whole["metadata"]["next_id"] == whole["metadata"]["previous_id"] == ""
        assert "names no pages" in error(await client.call(FETCH, id=f"{id_}#p=9-3"))
        assert "so none numbered 9" in error(await client.call(FETCH, id=f"{id_}#p=9"))
