"""The list of all documents: sorted, filtered, paged, and what is said of each."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcp_clients import ask, serving
from owner import Site
from shelf import Shelf
from stackroom.catalog.document_lines import DocumentLine
from stackroom.common.documents import Unread
from stackroom.reading.listing import NO_FACETS, Listing
from stackroom.reading.reader import Reader
from stackroom.server.room.library_html import Line, library_page

HOSTILE = "<script>alert(1)</script> & Söhne"


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Shelf]]:
    """The URL of a server whose library has 60 documents in three folders."""
    shelf = Shelf(tmp_path_factory.mktemp("above"))
    for number in range(57):
        shelf.add(number + 1, "Cats.\n", name=f"notes/{number:02}.pdf", title=f"Note {number:02}")
    shelf.add(101, "Eins.\n", "Zwei.\n", name="reports/2023/b.pdf", title=HOSTILE, language="de")
    shelf.add(102, "A.\n", "B.\n", "C.\n", name="reports/a & b.pdf", title="Zebras", author="A <b>")
    shelf.add(103, "A.\n", name="top.pdf", title="\u202eAardvark")
    reader = shelf.reader()
    with serving(reader) as url:
        yield url, shelf
    reader.close()
    shelf.close()


def opened(url: str, query: str = "") -> str:
    status, headers, body = ask(url, "GET", f"/library{query}")
    assert status == 200
    assert headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert "<script>alert" not in body.decode()
    return body.decode()


def titles(html: str) -> list[str]:
    return re.findall(r'<a href="/d/[0-9a-f]{24}" dir="auto">([^<]*)</a>', html)


def links(html: str) -> dict[str, str]:
    """Addresses by their words, of links to this page."""
    found = re.findall(r'<a [^>]*href="(/library[^"]*)"[^>]*>(.*?)</a>', html, re.S)
    return {
        " ".join(re.sub(r"<[^>]*>", "", words).split()): address.replace("&amp;", "&")
        for address, words in found
    }


def test_all_documents_by_title_in_pages(listed: tuple[str, Shelf]) -> None:
    url, shelf = listed
    first = opened(url)
    assert "1–50 of 60 documents" in first
    assert len(titles(first)) == 50
    assert 'aria-sort="ascending"' in first
    assert str(shelf.root.parent) not in first
    assert "library/notes/00.pdf" in first
    assert "← Previous" not in links(first)
    second = opened(url, links(first)["Next →"].removeprefix("/library"))
    assert "51–60 of 60 documents" in second
    assert len({*titles(first), *titles(second)}) == 60
    assert "Next →" not in links(second)
    assert links(second)["← Previous"] == "/library"


def test_sorting_by_the_heads(listed: tuple[str, Shelf]) -> None:
    url, _ = listed
    html = opened(url, links(opened(url))["Pages"].removeprefix("/library"))
    assert titles(html)[:2] == ["Zebras", "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Söhne"]
    assert html.count("aria-sort=") == 1
    assert 'aria-sort="descending"' in html
    assert links(html)["Next →"] == "/library?sort=pages&start=50"


def test_filtering_by_words_and_folders(listed: tuple[str, Shelf]) -> None:
    url, _ = listed
    html = opened(url, "?q=zebras")
    assert titles(html) == ["Zebras"]
    assert "A &lt;b&gt;" in html
    assert "library/reports/a &amp; b.pdf" in html
    assert 'value="zebras"' in html
    folders = links(opened(url))
    assert {"library (60)", "notes (57)", "reports (2)", "2023 (1)"} <= set(folders)
    inside = opened(url, folders["reports (2)"].removeprefix("/library"))
    assert len(titles(inside)) == 2
    deeper = opened(url, links(inside)["2023 (1)"].removeprefix("/library"))
    assert len(titles(deeper)) == 1
    assert deeper.count('class="chip"') == 1  # it took the place of the other folder
    assert 'aria-current="true"><span dir="auto">2023</span>' in deeper
    without = next(
        address for words, address in links(deeper).items() if words.startswith("Remove the filter")
    )
    assert without == "/library"
    german = opened(url, links(opened(url))["German (1)"].removeprefix("/library"))
    assert len(titles(german)) == 1


def test_a_filter_that_only_leaves_out(listed: tuple[str, Shelf]) -> None:
    html = opened(listed[0], "?q=-zebras&sort=pages")
    assert "1–50 of 59 documents" in html
    assert "Zebras" not in titles(html)
    assert links(html)["Remove the filter -zebras ×"] == "/library?sort=pages"


def test_what_of_a_filter_was_taken_as_words(listed: tuple[str, Shelf]) -> None:
    html = opened(listed[0], "?q=lang:germann")
    assert "No document fits." in html
    assert "lang:germann was taken as words: it names no language that is known." in html


def test_its_pages_are_its_own(listed: tuple[str, Shelf]) -> None:
    html = opened(listed[0], "?q=skip:20+folder:library")
    assert "1–50 of 60 documents" in html
    assert links(html)["Next →"] == "/library?q=folder%3Alibrary&start=50"


def test_a_filter_that_lets_nothing_through(listed: tuple[str, Shelf]) -> None:
    url, _ = listed
    html = opened(url, "?q=%3Cb%3Eunicorns%22")
    assert "No document fits." in html
    assert 'value="&lt;b&gt;unicorns&#34;"' in html


@pytest.mark.parametrize(
    "query",
    ["?start=-1", "?start=99999999999999", "?start=x", "?sort=size", "?sort=", "?page=-1", "?start=999999"],
)
def test_parameters_that_make_no_sense(listed: tuple[str, Shelf], query: str) -> None:
    assert "1–50 of 60 documents" in opened(listed[0], query)


def test_a_very_long_filter(listed: tuple[str, Shelf]) -> None:
    assert "No document fits." in opened(listed[0], f"?q={'x' * 20_000}")


def test_an_empty_library_says_what_to_do(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    reader = shelf.reader()
    with serving(reader) as url:
        html = opened(url)
    assert "There is nothing here yet" in html
    assert "stackroom index ~/Papers" in html
    shelf.add_failure("locked.pdf", "needs a password", "password")
    with serving(reader) as url:
        for address in ("/library", "/"):
            html = ask(url, "GET", address)[2].decode()
            assert "The one file that Stackroom was given could not be read." in html
            assert "stackroom index" not in html
        assert "looked for" not in ask(url, "GET", "/?q=cats")[2].decode()  # there is nothing to look in
    reader.close()
    shelf.close()


def test_the_list_is_for_the_owner_alone(reader: Reader, tmp_path: Path) -> None:
    site = Site(reader, tmp_path / "access" / "access.sqlite3")
    page = site.browser.get("/library?q=cats", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["Location"]) == (303, "/sign-in?next=%2Flibrary%3Fq%3Dcats")
    token = {"Authorization": f"Bearer {site.store.new_static_token('assistant')}"}
    assert site.browser.get("/library", headers=token).status_code == 401
    site.access.close()


@pytest.mark.parametrize(
    ("has_text", "ocr", "waiting", "unread", "how", "remarks"),
    [
        (True, 0, 0, (), "text", ()),
        (False, 0, 0, (), "no text found", ()),
        (True, 4, 0, (), "OCR", ()),
        (True, 1, 0, (), "text, 1 page OCR", ()),
        (False, 0, 4, (), "not yet", ("4 of 4 pages are scans without text yet",)),
        (
            True,
            0,
            1,
            (Unread(1, "garbled"), Unread(2, "garbled"), Unread(0, "form")),
            "text",
            (
                "1 of 4 pages is a scan without text yet",
                "2 places not read: letters that the fonts do not name",
                "1 place not read: a form of the kind XFA, which only few viewers show",
            ),
        ),
    ],
)
def test_how_a_document_was_read(
    *, has_text: bool, ocr: int, waiting: int, unread: tuple[Unread, ...], how: str, remarks: tuple[str, ...]
) -> None:
    document = DocumentLine(
        "0" * 24, "T", "", "2020-01-02", "", 4, "", ("l/a.pdf",), has_text, "", ocr, waiting, unread
    )
    page = library_page(Listing((document,), 1, NO_FACETS, ()), "", "title", 0, 0)
    (line,) = page.lines
    assert isinstance(line, Line)
    assert (line.how, line.remarks, line.date) == (how, remarks, "2020-01-02")
