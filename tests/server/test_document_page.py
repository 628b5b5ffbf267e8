"""What stands beside a page of a document: its contents, a search inside it, small pictures, citations."""

import re
from collections.abc import Iterator
from urllib.parse import quote_plus

import pytest

from mcp_clients import ask, serving
from shelf import Shelf
from stackroom.catalog.entries import AttachmentEntry, DocumentEntry
from stackroom.common.documents import OutlineEntry
from stackroom.server.room.citation_forms import Cited, as_bibtex, as_markdown, as_text, year_of
from stackroom.server.room.document_html import document_shown

CITED = Cited("Otters & <b>_hands_", "Ann Lee", "2023", "50%_a.pdf", "iv", "http://x/d/1?page=4")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A server's URL, and the id of a document of 130 pages; another document has its words, too."""
    shelf = Shelf(tmp_path_factory.mktemp("shelf"))
    pages = [f"Page about rivers, {number}.\n" for number in range(1, 131)]
    pages[6] = "Otters <i>hold</i> hands.\n"
    pages[99] = "Two otters sleep.\n"
    id_ = shelf.add(1, *pages, title="Rivers <script>", author='Ann "A." Lee')
    shelf.add(2, "Otters again.\n")
    shelf.execute("INSERT INTO scans VALUES (1, 130, 'waiting', '', NULL, '', NULL)")
    shelf.execute("INSERT INTO unread VALUES (1, 129, 'garbled')")
    reader = shelf.reader()
    with serving(reader) as url:
        yield url, id_
    reader.close()
    shelf.close()


def page(url: str, path: str) -> str:
    status, _, body = ask(url, "GET", path)
    assert status == 200
    return body.decode()


def test_a_search_inside_a_document_finds_its_best_pages(site: tuple[str, str]) -> None:
    url, id_ = site
    html = page(url, f"/d/{id_}?q=otters")
    found = re.findall(r'<li><a href="([^"]*)">(Page \d+)</a>\s*<p dir="auto">(.*?)</p>', html)
    assert {label for _, label, _ in found[:2]} == {"Page 7", "Page 100"}
    found = sorted(found[:2])[::-1]  # page 7 first
    assert found[0][2] == "<mark>Otters</mark> &lt;i&gt;hold&lt;/i&gt; hands."
    assert "again" not in html
    address = found[1][0].replace("&amp;", "&")
    assert re.fullmatch(rf"{id_}\?page=100&mark=[0-9a-f-]+&q=otters#passage", address)
    opened = page(url, f"/d/{address}")
    assert "<mark>Two otters sleep.</mark>" in opened
    assert f'rel="next" href="{id_}?page=101&amp;q=otters"' in opened
    assert 'href="/?q=otters"' in opened


@pytest.mark.parametrize("asked", ['"no such phrase"', "-rivers -otters"])
def test_what_a_document_lacks_is_not_given_from_others(site: tuple[str, str], asked: str) -> None:
    url, id_ = site
    html = page(url, f"/d/{id_}?q={quote_plus(asked)}")
    assert "0 pages found" in html
    assert "again" not in html


@pytest.mark.parametrize("more", [f"id:{2:024x}", "skip:1"])
def test_a_query_that_names_other_documents_is_asked_of_this_one(site: tuple[str, str], more: str) -> None:
    url, id_ = site
    html = page(url, f"/d/{id_}?q=otters+{more}")
    assert re.findall(r"Page (100|7)</a>", html)
    assert f'value="otters {more}"' in html


def test_what_answers_nothing_is_said_of_the_document(site: tuple[str, str]) -> None:
    url, id_ = site
    html = page(url, f"/d/{id_}?q=xqzzt")
    assert "Nothing in this document seems to answer this: these pages are only the nearest." in html
    assert "in the library" not in html


def test_what_was_asked_is_shown_and_is_only_text(site: tuple[str, str]) -> None:
    url, id_ = site
    html = page(url, f"/d/{id_}?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>" not in html
    assert 'value="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"' in html


@pytest.mark.parametrize(
    ("start", "first", "last"), [("1", 1, 60), ("61", 61, 120), ("99", 61, 120), ("125", 121, 130)]
)
def test_small_pictures_of_all_pages(site: tuple[str, str], start: str, first: int, last: int) -> None:
    url, id_ = site
    html = page(url, f"/d/{id_}/pages?from={start}")
    shown = [int(number) for number in re.findall(r"<span>Page (\d+)</span>", html)]
    assert shown == list(range(first, last + 1))
    assert ("Pages before" in html, "Pages after" in html) == (first > 1, last < 130)
    assert f'href="../{id_}?page={first}"' in html


@pytest.mark.parametrize("start", ["0", "-5", "x", "999999999", "9" * 5000])
def test_small_pictures_from_a_page_that_is_not_there(site: tuple[str, str], start: str) -> None:
    url, id_ = site
    assert "<span>Page " in page(url, f"/d/{id_}/pages?from={start}")
    assert ask(url, "GET", f"/d/{'0' * 24}/pages?from={start}")[0] == 404


def test_what_is_unread_on_a_page_is_said(site: tuple[str, str]) -> None:
    url, id_ = site
    assert "This page is a scan that OCR has not read yet" in page(url, f"/d/{id_}?page=130")
    assert "Not read on this page: letters that the fonts do not name." in page(url, f"/d/{id_}?page=129")
    assert 'class="note">Not read' not in page(url, f"/d/{id_}?page=128")


def test_a_page_can_be_cited(site: tuple[str, str]) -> None:
    url, id_ = site
    html = page(url, f"/d/{id_}?page=7")
    assert f"Ann &#34;A.&#34; Lee (2020): Rivers &lt;script&gt;, p. 7. {url}/d/{id_}?page=7</pre>" in html
    assert "@misc{lee" in html


def test_citations_in_each_form() -> None:
    assert as_text(CITED) == "Ann Lee (2023): Otters & <b>_hands_, p. iv. http://x/d/1?page=4"
    assert as_markdown(CITED) == r"Ann Lee (2023): [Otters & \<b\>\_hands\_, p. iv](http://x/d/1?page=4)"
    assert as_bibtex(CITED) == (
        "@misc{lee2023otters-1-4,\n  author = {{Ann Lee}},\n  title = {Otters \\& <b>\\_hands\\_},\n"
        "  year = {2023},\n  note = {50\\%\\_a.pdf, p. iv},\n  url = {http://x/d/1?page=4}\n}"
    )


def test_citations_of_what_has_only_a_title() -> None:
    cited = Cited("Выдры", "", "", "", "1", "http://x/d/1")
    assert as_text(cited) == "Выдры, p. 1. http://x/d/1"
    assert as_markdown(cited) == "[Выдры, p. 1](http://x/d/1)"
    assert as_bibtex(cited) == (
        "@misc{document-1,\n  title = {Выдры},\n  note = {p. 1},\n  url = {http://x/d/1}\n}"
    )


@pytest.mark.parametrize(
    ("date", "year"), [("2023-05-01", "2023"), ("2023", "2023"), ("", ""), ("20231", "")]
)
def test_the_year_of_a_date(date: str, year: str) -> None:
    assert year_of(date) == year


def test_contents_and_attachments() -> None:
    outline = tuple(OutlineEntry(f"Chapter {at}", 10 * at, at % 8) for at in range(1, 1200))
    entry = DocumentEntry(
        1,
        "d" * 24,
        "T",
        "",
        "",
        "",
        outline,
        "pdfium",
        12000,
        (),
        (AttachmentEntry(3, "a.pdf", "e" * 24, ""),),
    )
    shown = document_shown(entry, 25, "a b", has_file=False)
    assert [line.title for line in shown.contents if line.is_here] == ["Chapter 2"]
    assert (len(shown.contents), shown.unshown_lines) == (1000, 199)
    assert shown.contents[6].level == 5
    assert shown.contents[0].address == f"{'d' * 24}?page=10&q=a+b"
    assert [(one.address, one.about) for one in shown.attached] == [("e" * 24, "on page 3")]
    assert shown.original is None
