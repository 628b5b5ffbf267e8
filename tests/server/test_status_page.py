"""The page of the library's state, its stream of progress, and the button that tries files again."""

import json
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mcp_clients import ask, serving, stream
from owner import PASSPHRASE, Site, fill_in, form_key
from shelf import Shelf
from stackroom.catalog.entries import shown_path
from stackroom.catalog.status import Attached, Failure, KeptModel, LeftOut, NotRead
from stackroom.common.running import hold, tell_more
from stackroom.common.settings import Settings
from stackroom.reading.reader import Reader
from stackroom.server.room.progress import Work, work_of
from stackroom.server.room.room import Room
from stackroom.server.room.status_html import key_of, name_below, status_page
from stackroom.server.room.status_page import status_routes
from stackroom.server.room.trying_again import TryingAgain

PROGRESS = {
    "stage": "reading",
    "files": 8,
    "files_done": 2,
    "pages": 30,
    "passages": 100,
    "embedded": 40,
    "scans": 0,
    "scans_done": 0,
    "share": 0.404,
    "seconds_left": 61.0,
}


@pytest.fixture
def failing(tmp_path: Path) -> Iterator[Shelf]:
    """A library of which two files could not be read."""
    shelf = Shelf(tmp_path / "above")
    shelf.add(1, "Cats.\n")
    shelf.add_failure("sub/<b>torn</b>.pdf", "is damaged <i>here</i>")
    shelf.add_failure("safe.pdf", "needs a password", "password")
    yield shelf
    shelf.close()


@pytest.fixture
def settings(failing: Shelf) -> Settings:
    return Settings(data=failing.path.parents[1])


class Recorded(TryingAgain):
    """Remembers what it was to try again, and starts nothing."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.asked: list[tuple[list[str], str]] = []

    def start(self, files: Any, what: str) -> bool:
        self.asked.append((list(files), what))
        return len(self.asked) < 3


def site_of(reader: Reader, settings: Settings, trying_again: TryingAgain) -> TestClient:
    room = Room(settings, reader, None, https=False)
    application = Starlette(routes=status_routes(room, trying_again, lambda: False))
    return TestClient(application, follow_redirects=False)


def event(opened: HTTPResponse) -> dict[str, Any]:
    line = opened.readline()
    assert opened.readline() == b"\n"
    assert line.startswith(b"data: ")
    found: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
    return found


# The page


def test_what_could_not_be_read_with_the_reason(failing: Shelf, settings: Settings) -> None:
    reader = failing.reader()
    with serving(reader, settings=settings) as url:
        status, headers, body = ask(url, "GET", "/status")
    reader.close()
    html = body.decode()
    assert status == 200
    assert headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert "library/sub/&lt;b&gt;torn&lt;/b&gt;.pdf" in html
    assert "is damaged &lt;i&gt;here&lt;/i&gt;" in html
    assert "Need a password" in html
    assert html.index("Need a password") < html.index("library/safe.pdf")
    assert "Try all of them again (2)" in html
    assert "Nothing is being indexed, and the folders are not followed." in html
    assert '<a href="/status">Load again</a>' in html
    assert str(failing.root.parent) not in html
    assert "above" not in html


def test_a_catalogue_that_can_not_be_read(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    reader = shelf.reader()
    with serving(reader, settings=Settings(data=tmp_path / "data")) as url:
        shelf.close()
        for file in shelf.path.parent.glob("catalog.sqlite3*"):
            file.unlink()
        shelf.path.write_bytes(b"no database" * 1000)
        status, _, body = ask(url, "GET", "/status")
    reader.close()
    assert status == 503
    assert str(tmp_path) not in body.decode()


def test_an_empty_library(reader: Reader) -> None:
    shown = status_page(
        replace(reader.status(), libraries=(), documents=0, passages=0, model=None), "x", "", ""
    )
    assert shown.libraries == ()
    assert ("Model", "none yet") in shown.figures


def test_everything_that_is_not_in_the_index_is_listed(reader: Reader) -> None:
    root = "/home/ada/Papers"
    scan, cover = f"{root}/a.pdf", f"{root}/b.pdf"
    status = replace(
        reader.status(),
        libraries=(root,),
        pending=3,
        scans_waiting=4,
        attachments_waiting=5,
        illegible=2,
        illegible_languages={"el": 2},
        scans_failed=tuple(Failure(scan, f"page {page}: too dark", "ocr", scan) for page in (3, 4)),
        attachments_failed=(
            Failure(f"b.pdf, in {cover}", "damaged", "damaged", cover),
            Failure(f"d.pdf, in c.pdf, in {cover}", "attached", "nested", cover),
        ),
        unreadable=(Failure(root, "Permission denied", "unreadable", root),),
        not_read=(NotRead(f"{root}/a.pdf", "scan", "1-12,15", 13), NotRead(f"{root}/f.pdf", "form", "", 1)),
        without_text=(f"{root}/empty.pdf",),
        attachments_other=(Attached(f"{root}/a.pdf", ("x.xls", "y.doc")),),
        left_out=(LeftOut(root, "pattern", 300, tuple(f"private/{number}" for number in range(200))),),
        other_model=KeptModel("/home/ada/models/mine", False, 10, 4),
        model="/home/ada/models/own",
    )
    shown = status_page(status, "compiled", "", "a reranker")
    lists = {one.id: one for one in shown.lists}
    assert set(lists) == {"away", "scans", "attached", "unread", "empty", "others", "left-out-0"}
    assert [(entry.name, entry.said) for entry in lists["unread"].entries] == [
        ("Papers/a.pdf", "pages 1-12,15: waiting for OCR"),
        ("Papers/f.pdf", "a form of the kind XFA, which only few viewers show"),
    ]
    assert [(entry.said, entry.key) for entry in lists["scans"].entries] == [
        ("page 3: too dark", key_of(scan)),
        ("page 4: too dark", ""),  # one button for all pages of a file
    ]
    assert [entry.key for entry in lists["attached"].entries] == [key_of(cover), ""]
    assert lists["away"].entries[0].name == "Papers"
    assert lists["others"].entries[0].said == "x.xls, y.doc"
    assert (len(lists["left-out-0"].entries), lists["left-out-0"].count) == (100, 300)
    assert lists["left-out-0"].title == "Left out of Papers, by patterns of .stackroomignore or --exclude"
    assert shown.failed == 3
    assert [sentence.split()[0] for sentence in shown.waiting] == ["3", "4", "5"]
    figures = dict(shown.figures)
    assert figures["Model"] == "own · compiled"
    assert figures["Other model"].startswith("being embedded anew with mine: 4 of 10 passages so far")
    assert figures["Reranker"] == "a reranker"
    assert "2 are in languages that the model can't read (Greek)" in figures["Passages"]
    assert "ada" not in repr(shown)


def test_names_begin_with_the_library() -> None:
    roots = ("/a/b", "/a/b/c", "/one/single.pdf")
    assert name_below("/a/b/x/y.pdf", roots) == "b/x/y.pdf"
    assert name_below("/a/b/c/y.pdf", roots) == "c/y.pdf"
    assert name_below("/a/bc/y.pdf", roots) == "y.pdf"
    assert name_below("/one/single.pdf", roots) == "single.pdf"
    assert name_below("/x/y.pdf", ("/",)) == "x/y.pdf"
    for name in ("t.pdf", "u.pdf, in t.pdf"):
        for file in ("x/y.pdf", "x, in/y, in z.pdf"):
            assert name_below(shown_path(f"/a/b/{file}", name), roots) == f"{name}, in b/{file}"
    assert name_below("t.pdf, in /one/single.pdf", roots) == "t.pdf, in single.pdf"


# What is being indexed


def test_how_far_the_indexer_is() -> None:
    assert work_of({"progress": PROGRESS}, is_watched=True) == Work(
        "Reading files",
        "2 of 8 files, 30 pages; 40 of 100 passages embedded; about 1 min 1 s left",
        40,
        is_working=True,
    )
    scans = {**PROGRESS, "stage": "scans", "scans": 9, "scans_done": 3}
    assert work_of({"progress": scans}, is_watched=False).detail.startswith("3 of 9 scanned pages; ")
    assert work_of({"progress": {"stage": "new", "share": "x", "files": None}}, is_watched=True) == Work(
        "Indexing", "", None, is_working=True
    )
    assert not work_of({"progress": None}, is_watched=True).is_working
    assert work_of({}, is_watched=False).is_working
    assert not work_of(None, is_watched=False).is_working


def test_progress_comes_as_events_while_the_page_is_open(reader: Reader, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    with hold(settings.indexer_lock, {"pid": 1}), serving(reader, settings=settings) as url:
        tell_more(settings.indexer_lock, {"progress": PROGRESS})
        with stream(url, "/status/events") as opened:
            assert opened.headers["Content-Type"] == "text/event-stream; charset=utf-8"
            assert opened.headers["Cache-Control"] == "no-store"
            first = event(opened)
            assert (first["headline"], first["percent"]) == ("Reading files", 40)
            tell_more(settings.indexer_lock, {"progress": {**PROGRESS, "stage": "embedding"}})
            second = event(opened)
            assert (second["headline"], second["state"]) == ("Embedding passages", first["state"])
            tell_more(settings.indexer_lock, {"progress": None})
            assert event(opened)["state"] == first["state"]  # a command that holds the lock is at work
        assert ask(url, "GET", "/healthz")[0] == 200


def test_a_stream_ends_when_the_server_does(reader: Reader, tmp_path: Path) -> None:
    ending: list[bool] = []
    room = Room(Settings(data=tmp_path), reader, None, https=False)
    routes = status_routes(room, TryingAgain(room.settings), lambda: bool(ending))
    with serving(reader, Starlette(routes=routes)) as url, stream(url, "/status/events") as opened:
        assert event(opened)["percent"] is None
        ending.append(True)
        assert opened.read() == b""


def test_a_stream_is_for_the_owner_while_signed_in(reader: Reader, tmp_path: Path) -> None:
    site = Site(reader, tmp_path / "access" / "access.sqlite3", url="http://127.0.0.1:1")
    try:
        assert site.browser.get("/status/events").status_code == 401
        assert site.browser.get("/status", headers={"Accept": "text/html"}).status_code == 303
        token = site.store.new_static_token("assistant")
        bearer = {"Authorization": f"Bearer {token}"}
        assert site.browser.get("/status/events", headers=bearer).status_code == 401
        fill_in(site.browser, "/sign-in", PASSPHRASE)
        cookie = "; ".join(f"{name}={value}" for name, value in site.browser.cookies.items())
        routes = status_routes(
            Room(Settings(data=tmp_path), reader, site.access, https=False),
            TryingAgain(Settings(data=tmp_path)),
            lambda: False,
        )
        with (
            serving(reader, Starlette(routes=routes)) as url,
            stream(url, "/status/events", cookie=cookie) as opened,
        ):
            event(opened)
            for grant in site.store.grants():
                site.store.revoke(grant.id)
            assert opened.read() == b""
    finally:
        site.access.close()


# The button


def test_only_files_that_are_listed_can_be_tried_again(failing: Shelf, settings: Settings) -> None:
    reader = failing.reader()
    trying_again = Recorded(settings)
    browser = site_of(reader, settings, trying_again)
    torn = str(failing.root / "sub/<b>torn</b>.pdf")
    page = browser.get("/status")
    key = {"form_key": form_key(page)}
    assert f'name="file" value="{key_of(torn)}"' in page.text
    for wrong in (torn, key_of(str(failing.root / "1.pdf")), key_of("/etc/passwd"), "../x", "0"):
        answer = browser.post("/status/again", data={**key, "file": wrong})
        assert answer.status_code == 404
        assert "no longer among those" in answer.text
    assert browser.post("/status/again", data={"file": key_of(torn)}).status_code == 403  # no key of the form
    assert trying_again.asked == []
    begun = browser.post("/status/again", data={**key, "file": key_of(torn)})
    assert (begun.status_code, begun.headers["Location"]) == (303, "/status")
    assert browser.post("/status/again", data=key).status_code == 303
    assert trying_again.asked == [([torn], "library/sub/<b>torn</b>.pdf"), ([], "")]
    assert browser.post("/status/again", data=key).status_code == 409
    reader.close()


def test_strangers_can_not_start_anything(failing: Shelf, settings: Settings) -> None:
    reader = failing.reader()
    trying_again = Recorded(settings)
    browser = site_of(reader, replace(settings, allow_anonymous=True), trying_again)
    page = browser.get("/status")
    assert "Try " not in page.text
    key = browser.cookies["stackroom-form"]
    assert browser.post("/status/again", data={"form_key": key}).status_code == 403
    assert trying_again.asked == []
    reader.close()
