"""What a citation opens: the page, its picture and its text, the PDF; and what is said without them."""

import re
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

import pytest
from starlette.applications import Starlette

from make_pdfs import write_pdf
from mcp_clients import ask, room_of, serving
from shelf import Shelf
from stackroom.common.errors import PictureFailed
from stackroom.page.mark import Mark
from stackroom.reading.reader import Reader
from stackroom.server.room.document_page import document_routes
from stackroom.server.room.pictures import PageToDraw, Picture, Pictures
from waiting import WaitedInVain, wait_until

PAGES = ("Rivers.\n", "Cats <b>sleep</b>.\n\nCats & dogs \u202epurr.\n", "The end.\n")
MARK = Mark.of(PAGES[1], 20, 38)


def put_pdf(shelf: Shelf, name: str, pages: tuple[str, ...]) -> Path:
    """A real PDF in the place of one that the shelf made up."""
    file = write_pdf(shelf.root / name, [page.replace("\u202e", "") for page in pages])
    found = file.stat()
    shelf.set_state(name, found.st_size, found.st_mtime_ns)
    return file


@pytest.fixture(scope="module")
def animals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, Shelf]]:
    """A server's URL, the id of a document of three pages, and its shelf."""
    shelf = Shelf(tmp_path_factory.mktemp("animals"))
    id_ = shelf.add(1, *PAGES, name="a & b/<animals>.pdf", labels=("i", "ii", "1"))
    put_pdf(shelf, "a & b/<animals>.pdf", PAGES)
    reader = shelf.reader()
    with serving(reader) as url:
        yield url, id_, shelf
    reader.close()
    shelf.close()


class Tags(HTMLParser):
    """Checks that what is opened is closed, and gathers tags, addresses and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: dict[str, str] = {}
        self.images: list[dict[str, str | None]] = []
        self.names: set[str] = set()
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        found = dict(attributes)
        assert "style" not in found
        assert not [name for name in found if name.startswith("on")]
        if tag == "img":
            self.images.append(found)
        if tag not in ("meta", "img", "link", "input"):
            self.open.append(tag)
        if tag == "a" and found.get("href"):
            self.links[str(found["href"])] = ""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "a" and self.links:
            self.links[list(self.links)[-1]] = data


def own_links(tags: Tags) -> dict[str, str]:
    """The links of a page without those that every page has."""
    return {address: words for address, words in tags.links.items() if address[0] not in "/#"}


def test_the_page_of_a_citation(animals: tuple[str, str, Shelf]) -> None:
    url, id_, shelf = animals
    status, headers, body = ask(url, "GET", f"/d/{id_}?page=2&mark={MARK}")
    html = body.decode()
    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; img-src 'self'; style-src 'self' 'sha256-")
    assert "unsafe" not in policy
    tags = Tags(html)
    assert "b" not in tags.names  # the document's own markup is text
    assert own_links(tags) == {
        f"{id_}?page=1": "← Previous page",
        f"{id_}?page=3": "Next page →",
        f"{id_}/pages?from=1": "All pages",
        f"{id_}/file#page=2": "Open the PDF",
    }
    assert '<h1 dir="auto">Document 1</h1>' in html
    about = re.sub("<[^>]*>", "", html)
    assert "Page ii (2 of 3) · Ada · library/a &amp; b/&lt;animals&gt;.pdf" in about
    assert "Cats &lt;b&gt;sleep&lt;/b&gt;.</p>" in html
    assert "<mark>Cats &amp; dogs purr.</mark>" in html
    assert 'class="note"' not in html
    assert str(shelf.root) not in html
    (image,) = tags.images
    assert image["src"] == f"{id_}/page/2.png?mark={MARK}"
    assert "page 2 of 3" in str(image["alt"])
    assert 'id="passage"' in html
    assert re.search(r"#passage \{ top: 1\d\.\d%; \}", html)
    status, headers, png = ask(url, "GET", f"/d/{image['src']}")
    assert (status, headers["Content-Type"]) == (200, "image/png")
    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert png.startswith(b"\x89PNG")


def test_what_is_known_is_not_sent_again(animals: tuple[str, str, Shelf]) -> None:
    url, id_, _ = animals
    for path in (f"/d/{id_}", f"/d/{id_}?page=2&mark={MARK}", f"/d/{id_}/page/2.png"):
        status, headers, body = ask(url, "GET", path)
        assert (status, len(body) > 0) == (200, True)
        for known in (headers["ETag"], f'"other", W/{headers["ETag"]}', "*"):
            again, same, nothing = ask(url, "GET", path, {"If-None-Match": known})
            assert (again, nothing, same["ETag"]) == (304, b"", headers["ETag"])
        assert ask(url, "GET", path, {"If-None-Match": '"other"'})[0] == 200
        assert ask(url, "HEAD", path)[2] == b""
    first, second = (
        ask(url, "GET", f"/d/{id_}/page/2.png{query}")[1]["ETag"] for query in ("", f"?mark={MARK}")
    )
    assert first != second


def test_small_pictures_have_one_of_a_few_widths(animals: tuple[str, str, Shelf]) -> None:
    url, id_, _ = animals
    whole, small, *others = (
        ask(url, "GET", f"/d/{id_}/page/2.png?mark={MARK}{query}")
        for query in ("", "&width=240", "&width=241", "&width=-1", "&width=0240", "&width=" + "9" * 500)
    )
    assert [status for status, _, _ in (whole, small, *others)] == [200] * 6
    assert struct.unpack(">I", small[2][16:20]) == (240,)
    assert small[1]["ETag"] != whole[1]["ETag"]
    assert all(other[2] == whole[2] and other[1]["ETag"] == whole[1]["ETag"] for other in others)


@pytest.mark.parametrize("mark", ["20-38-000000", "0-5-123456", "x", "9999999-9999999-000000", "<script>"])
def test_a_passage_that_is_not_there_any_more_is_not_marked(
    animals: tuple[str, str, Shelf], mark: str
) -> None:
    url, id_, _ = animals
    status, _, body = ask(url, "GET", f"/d/{id_}?page=2&mark={mark}")
    html = body.decode()
    assert status == 200
    assert "no longer on this page in the same words" in html
    assert "<mark>" not in html
    assert "mark=" not in html
    assert ask(url, "GET", f"/d/{id_}/page/2.png?mark={mark}")[0] == 200


@pytest.mark.parametrize("page", ["0", "4", "-1", "x", "٣", "9" * 5000, "1.0", "<b>"])
def test_a_page_that_is_not_there(animals: tuple[str, str, Shelf], page: str) -> None:
    url, id_, _ = animals
    quoted = page.replace("٣", "%D9%A3")
    status, headers, body = ask(url, "GET", f"/d/{id_}?page={quoted}")
    assert status == 404
    assert b"This document has 3 pages" in body
    assert own_links(Tags(body.decode())) == {"?page=1": "Page 1"}
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert ask(url, "GET", f"/d/{id_}/page/{quoted}.png")[0] == 404


@pytest.mark.parametrize("part", ["", "/file", "/page/1.png"])
@pytest.mark.parametrize(
    "id_",
    [
        "0" * 24,
        "..%2f..%2f..%2fsecret.pdf",
        "../../secret.pdf",
        "%2e%2e/%2e%2e/secret.pdf",
        "..%5c..%5csecret.pdf",
        "%2Fetc%2Fpasswd",
        "a%20%26%20b%2F%3Canimals%3E.pdf",  # the file's own name
        "secret.pdf%00",
    ],
)
def test_ids_are_looked_up_and_are_no_paths(animals: tuple[str, str, Shelf], id_: str, part: str) -> None:
    url, known, shelf = animals
    secret = shelf.root.parent / "secret.pdf"
    secret.write_bytes(b"%PDF-1.4 not in the library")
    for path in (f"/d/{id_}{part}", f"/d/{known}/../{id_}{part}", f"/d/{known}{part}/{id_}"):
        status, _, body = ask(url, "GET", path)
        assert status in (400, 404)
        assert b"not in the library" not in body
        assert str(shelf.root).encode() not in body


@pytest.mark.parametrize("part", ["", "/file", "/page/1.png"])
def test_a_document_that_is_gone(tmp_path: Path, part: str) -> None:
    shelf = Shelf(tmp_path)
    gone = shelf.add(1, "Cats.\n")
    shelf.add(2, "Dogs.\n")
    shelf.remove(1)
    reader = shelf.reader()
    with serving(reader) as url:
        status, _, body = ask(url, "GET", f"/d/{gone}{part}")
        assert status == 404
        if not part:
            Tags(body.decode())
            assert b"It has been removed since it was cited" in body
    reader.close()
    shelf.close()


def test_a_changed_file(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    old = shelf.add(1, "Cats sleep.\n", name="a.pdf")
    new = shelf.add(2, "Cats sleep.\n", "Dogs bark.\n", name="a.pdf")
    put_pdf(shelf, "a.pdf", ("Cats sleep.\n", "Dogs bark.\n"))
    mark = Mark.of("Cats sleep.\n", 0, 11)
    reader = shelf.reader()
    with serving(reader) as url:
        html = ask(url, "GET", f"/d/{old}?mark={mark}")[2].decode()
        assert "This is how it is now" in html
        assert "<mark>Cats sleep.</mark>" in html
        assert set(own_links(Tags(html))) == {f"{new}?page=2", f"{new}/file#page=1", f"{new}/pages?from=1"}
        assert "This is how it is now" not in ask(url, "GET", f"/d/{new}")[2].decode()
        # Changed again, and not been indexed since.
        (shelf.root / "a.pdf").write_bytes(b"something else")
        status, _, body = ask(url, "GET", f"/d/{new}?mark={mark}")
        html = body.decode()
        assert status == 200
        assert "picture of this page can&#39;t be shown: the file has been moved or changed" in html
        assert "<mark>Cats sleep.</mark>" in html
        assert '<details class="words" open>' in html
        assert not Tags(html).images
        assert set(own_links(Tags(html))) == {f"{new}?page=2", f"{new}/pages?from=1"}
        assert ask(url, "GET", f"/d/{new}/page/1.png")[0] == 404
        assert ask(url, "GET", f"/d/{new}/file")[0] == 404
    reader.close()
    shelf.close()


class Slow(Pictures):
    """Draws nothing before it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    def picture(self, wanted: PageToDraw) -> Picture:
        self.go_on.wait(10)
        raise PictureFailed("The page crashed the process that draws it.")


def test_pictures_keep_nobody_waiting(animals: tuple[str, str, Shelf]) -> None:
    _, id_, shelf = animals
    reader: Reader = shelf.reader()
    slow = Slow()
    with (
        serving(reader, Starlette(routes=[*document_routes(room_of(reader), slow)])) as url,
        ThreadPoolExecutor(30) as pool,
    ):
        asked = [pool.submit(ask, url, "GET", f"/d/{id_}") for _ in range(30)]
        # More than 2 at once and 20 waiting are sent away.
        try:
            wait_until(lambda: sum(answer.done() for answer in asked) >= 8)
        except WaitedInVain:
            slow.go_on.set()  # the others end as well
            raise
        assert ask(url, "GET", f"/d/{id_}/page/1.png")[0] == 503
        assert ask(url, "GET", f"/d/{id_}/file", {"Range": "bytes=0-3"})[2] == b"%PDF"
        slow.go_on.set()
        pages = [answer.result()[2].decode() for answer in asked]
    assert sum("Too many pages are being drawn" in page for page in pages) == 8
    assert sum("The page crashed the process that draws it. This is its text" in page for page in pages) == 22
    assert all("Rivers." in page for page in pages)
    reader.close()
