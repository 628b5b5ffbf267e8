"""The search page: what it finds and shows, how one narrows it down, and what it says if there is nothing."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode

import pytest

from fakes import WaitingEmbedder
from mcp_clients import ask, serving
from owner import Site
from shelf import Shelf
from stackroom.common.running import hold, tell_more
from stackroom.common.settings import Settings
from stackroom.server.monitoring.ledger import Ledger
from stackroom.server.room.shown import pieces
from waiting import wait_until

_HOSTILE = '<img src=x onerror=alert(1)> "Cats" \u202e& more'


class Seen(HTMLParser):
    """Links with their texts, pictures, marked words, and all text, of a page that is well formed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: dict[str, str] = {}
        self.images: list[dict[str, str | None]] = []
        self.marked: list[str] = []
        self.fields: dict[str, dict[str, str | None]] = {}
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        assert not [name for name in found if name.startswith("on") or name == "style"]
        if tag == "img":
            self.images.append(found)
        if tag == "input":
            self.fields[str(found["name"])] = found
        if tag == "a":
            self.link = str(found["href"])
            self.links.setdefault(self.link, "")
        if tag not in ("meta", "img", "link", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if "mark" in self.open:
            self.marked.append(data)
        if "a" in self.open:
            self.links[self.link] += data


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Shelf]]:
    """A server's URL, and its shelf of 23 documents about cats."""
    shelf = Shelf(tmp_path_factory.mktemp("cats"))
    shelf.add(
        1,
        "Cats <b>sleep</b> and cats purr.\n",
        "Cats hunt mice.\n",
        name="a & b/<cats>.pdf",
        title=_HOSTILE,
        author="Ada <Lovelace>",
        labels=("iv", "1"),
        language="de",
    )
    for number in range(2, 24):
        shelf.add(number, f"A text about cats, the {number} of many.\n", name=f"many/{number}.pdf")
    reader = shelf.reader()
    with serving(reader) as url:
        yield url, shelf
    reader.close()
    shelf.close()


def see(url: str, **asked: object) -> Seen:
    status, _, body = ask(url, "GET", "/?" + urlencode(asked))
    assert status == 200
    return Seen(body.decode())


def test_a_result_has_what_one_chooses_by(library: tuple[str, Shelf]) -> None:
    url, shelf = library
    status, headers, body = ask(url, "GET", "/?q=sleep+purr")
    html = body.decode()
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["Content-Security-Policy"].startswith(
        "default-src 'none'; img-src 'self'; style-src 'self'; "
    )
    assert "unsafe" not in headers["Content-Security-Policy"]
    first = html[html.index('<li class="result') : html.index("</li>", html.index('<li class="result'))]
    assert "&lt;img src=x onerror=alert(1)&gt; &#34;Cats&#34; &amp; more</a>" in first
    assert "Cats &lt;b&gt;<mark>sleep</mark>&lt;/b&gt; and cats <mark>purr</mark>." in first
    seen = Seen(html)
    (opened,) = [link for link, words in seen.links.items() if words.startswith("<img")]
    assert re.fullmatch(rf"/d/{1:024x}\?page=1&mark=[0-9a-f-]+#passage", opened)
    assert ask(url, "GET", opened.partition("#")[0])[0] == 200
    (picture,) = [image for image in seen.images if f"{1:024x}" in str(image["src"])]
    assert picture["src"] == opened.replace("?page=1&", "/page/1.png?").replace("#passage", "&width=240")
    assert (picture["loading"], picture["alt"]) == ("lazy", "")
    for shown in ("Page iv", "library/a & b", "<cats>.pdf", "Ada <Lovelace>", "2020-01-02"):
        assert shown in seen.text
    assert str(shelf.root) not in html
    assert shelf.root.parent.name not in html


def test_what_was_asked_stays_in_the_field_and_in_the_address(library: tuple[str, Shelf]) -> None:
    url, _ = library
    query = 'cats "><script>alert(1)</script>'
    seen = see(url, q=query)
    assert seen.fields["q"]["value"] == query
    assert "autofocus" in seen.fields["q"]
    assert "script" not in seen.text.replace("<script>alert(1)</script>", "")


def test_ten_at_a_time(library: tuple[str, Shelf]) -> None:
    url, _ = library
    ids: list[str] = []
    for number, (count, links) in enumerate(
        [("1 to 10 of", {2}), ("11 to 20 of", {1, 3}), ("21 to 23 of", {2})], 1
    ):
        seen = see(url, q="cats", page=number)
        assert f"{count} 23 documents" in seen.text
        others = {"/?q=cats" + (f"&page={other}" if other > 1 else "") for other in links}
        assert others <= set(seen.links)
        assert len([link for link in seen.links if link.startswith("/?q=cats&page=")]) == len(links - {1})
        ids += [str(image["src"])[3:27] for image in seen.images]
    assert len(ids) == len(set(ids)) == 23
    beyond = see(url, q="cats", page=4)
    assert "No more results" in beyond.text
    assert beyond.links["/?q=cats"] == "The first results"


@pytest.mark.parametrize("page", ["-1", "0", "x", "", "٣", "1.5", "9" * 5000])
def test_a_page_that_makes_no_sense_is_the_first(library: tuple[str, Shelf], page: str) -> None:
    assert "1 to 10 of 23 documents" in see(library[0], q="cats", page=page).text


def test_operators_can_be_taken_away_and_added(library: tuple[str, Shelf]) -> None:
    url, _ = library
    seen = see(url, q="cats folder:many")
    assert "22 documents" in seen.text
    assert seen.links["/?q=cats"].startswith("folder:many")
    seen = see(url, q="cats")
    german = [
        link for link, words in seen.links.items() if "lang%3A" in link and words.endswith(" 1 document")
    ]
    (link,) = german
    narrowed = ask(url, "GET", link)[2].decode()
    assert '<h2 id="count">1 document</h2>' in narrowed
    chosen = Seen(narrowed)
    assert "search without it" in chosen.links["/?q=cats"]
    assert 'class="chosen"' in narrowed


def test_more_of_one_document(library: tuple[str, Shelf]) -> None:
    url, _ = library
    seen = see(url, q="cats sleep hunt mice")
    (further,) = [link for link, words in seen.links.items() if words == "Page iv"]
    assert further.startswith(f"/d/{1:024x}?page=1&mark=")
    assert "1 more passage in this document" in seen.text
    (inside,) = [link for link in seen.links if f"id%3A{1:024x}" in link]
    within = Seen(ask(url, "GET", inside)[2].decode())
    assert "1 document" in within.text
    assert not [words for words in within.links.values() if words.startswith("Only in this document")]


def test_nothing_found_says_what_was_tried(library: tuple[str, Shelf]) -> None:
    url, _ = library
    nothing = see(url, q="folder:nowhere")
    assert "Nothing found" in nothing.text
    assert "Nothing was found with folder:nowhere." in nothing.text
    assert "Without one of the operators above there may be more." in nothing.text
    assert "folder:nowhere" in nothing.links["/"]
    nearest = see(url, q='cats "no such phrase"')
    assert 'Nothing was found with "no such phrase": these are the nearest without.' in nearest.text
    assert nearest.images


def test_only_the_results_for_the_script(library: tuple[str, Shelf]) -> None:
    url, _ = library
    page, part = (ask(url, "GET", f"/?q=cats{more}") for more in ("", "&part=results"))
    assert part[2].strip() in page[2]
    assert b"<html" not in part[2]
    assert part[1]["ETag"] != page[1]["ETag"]
    assert "default-src 'none'" in part[1]["Content-Security-Policy"]
    assert ask(url, "GET", "/?q=cats&part=results", {"If-None-Match": part[1]["ETag"]})[0] == 304


def test_pages_after_those_that_were_skipped(library: tuple[str, Shelf]) -> None:
    url, _ = library
    first = see(url, q="cats skip:5")
    assert "6 to 15 of 23 documents" in first.text
    second = see(url, q="cats skip:5", page="2")
    assert "16 to 23 of 23 documents" in second.text
    assert "More results →" in first.links.values()
    assert "More results →" not in second.links.values()
    assert see(url, q="cats skip:99").links["/?q=cats"].endswith("The first results")


def test_a_query_that_is_too_long_is_told(library: tuple[str, Shelf]) -> None:
    url, _ = library
    assert "23 documents" in see(url, q="cats " + "a" * 3995).text
    for more in ("", "&part=results"):
        status, _, body = ask(url, "GET", f"/?q={'a' * 4001}{more}")
        assert status == 400
        assert b"The query has 4,001 characters; at most 4,000 are taken." in body


def test_queries_that_are_no_text(library: tuple[str, Shelf]) -> None:
    url, _ = library
    for query in ("%00", "%ff%fe", "%ED%A0%80", "%0A%0D", "+", "q=1&q=2", "%F0%9F%90%88"):
        assert ask(url, "GET", f"/?q={query}")[0] == 200


def test_before_a_search_it_says_how_to_ask(library: tuple[str, Shelf]) -> None:
    url, _ = library
    seen = see(url)
    assert "23 documents to search" in seen.text
    assert "autofocus" in seen.fields["q"]
    examples = [link for link in seen.links if link.startswith("/?q=")]
    assert {link[4:].partition("%3A")[0] for link in examples} >= {"folder", "lang", "author"}
    for link in examples:  # each finds something
        assert "Nothing" not in Seen(ask(url, "GET", link)[2].decode()).text


def test_searches_that_take_long_keep_nobody_waiting(library: tuple[str, Shelf]) -> None:
    model = WaitingEmbedder()
    reader = library[1].reader(lambda _: model)
    with serving(reader) as url, ThreadPoolExecutor(30) as pool:
        asked = [pool.submit(ask, url, "GET", "/?q=cats") for _ in range(30)]
        try:
            wait_until(lambda: sum(answer.done() for answer in asked) >= 8)
            assert ask(url, "GET", f"/d/{2:024x}")[0] == 200
        finally:
            model.may.set()
        found = [answer.result() for answer in asked]
    assert sorted(status for status, _, _ in found) == [200] * 22 + [503] * 8
    (refused, *_) = [body.decode() for status, _, body in found if status == 503]
    assert Seen(refused).links["/?q=cats"] == "Search again"
    reader.close()


def test_the_ledger_has_nothing_of_it(library: tuple[str, Shelf], tmp_path: Path) -> None:
    reader = library[1].reader()
    calls = tmp_path / "calls.jsonl"
    with serving(reader, ledger=Ledger(calls, "http")) as url:
        assert see(url, q="cats").images
    reader.close()
    assert not calls.exists()


def test_a_search_that_finds_nothing_says_what_it_could_not_search(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.add(1, "Cats purr.\n")
    shelf.add(2, "", name="scans/2.pdf")
    shelf.execute("INSERT INTO scans VALUES (2, 1, 'waiting', '', NULL, '', NULL)")
    shelf.add_failure("a.pdf", "needs a password", "password")
    said = "Not searched yet: 1 scanned page, 1 file that needs a password."
    reader = shelf.reader()
    with serving(reader) as url:
        for query in ("zebras", '"purr cats"'):
            assert said in see(url, q=query).text
        assert said not in see(url, q="cats").text
        filtered = see(url, q="folder:scans")
    assert said in filtered.text
    assert "by its meaning" not in filtered.text  # nothing was looked for
    assert filtered.links["/library?q=folder%3Ascans"] == "The list of documents"
    reader.close()
    shelf.close()


def test_an_empty_library_says_what_to_do(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    reader = shelf.reader()
    settings = Settings(data=tmp_path / "data", calls_per_minute=0)
    with serving(reader, settings=settings) as url:
        seen = see(url)
        assert "The library is empty" in seen.text
        assert "stackroom index FOLDER" in seen.text
        assert "The library is empty" in see(url, q="cats").text
        progress = {"scans": 0, "scans_done": 0, "files": 40, "files_done": 10, "share": 0.125}
        with hold(settings.indexer_lock, {"pid": 1}):
            tell_more(settings.indexer_lock, {"progress": progress})
            during = ask(url, "GET", "/")[2].decode()
        assert "10 of 40 files" in during
        assert '<progress max="100" value="12"' in during
        assert "Nothing can be found yet" in during
    reader.close()
    shelf.close()


def test_only_the_owner_searches(library: tuple[str, Shelf], tmp_path: Path) -> None:
    reader = library[1].reader()
    site = Site(reader, tmp_path / "access.sqlite3")
    for address in ("/", "/?q=cats", "/?q=cats&part=results"):
        answer = site.browser.get(address, headers={"Accept": "text/html"})
        assert answer.status_code in (302, 303)
        assert "cats." not in answer.text
    reader.close()


def test_pieces_keep_the_text_but_the_rules_of_tables() -> None:
    text = "| Cats | Dogs |\n|---|---|\n| 4 | 5 |"
    assert pieces(text, [(2, 6), (9, 13)]) == (
        ("| ", False),
        ("Cats", True),
        (" | ", False),
        ("Dogs", True),
        (" |\n| 4 | 5 |", False),
    )
    assert pieces("Cats", []) == (("Cats", False),)
    assert pieces("Cats", [(0, 4)]) == (("Cats", True),)
    assert pieces("", []) == ()
