"""The page that shows the owner what left the machine."""

import os
from pathlib import Path

import pytest

from mcp_clients import ask, serving
from stackroom.common.settings import Settings
from stackroom.reading.reader import Reader
from stackroom.server.monitoring.ledger import Ledger
from stackroom.server.room.log_page import log_page
from stackroom.server.room.moments import written_moment

CATS = f"{1:024x}"


def call(client: str, asked: str, tool: str = "search", **more: object) -> dict[str, object]:
    head = {"time": "2026-11-29T06:00:00Z", "client": client, "tool": tool, "asked": asked}
    return {**head, "documents": [], "characters": 0, "error": "", **more}


def opened(
    reader: Reader, data: Path, path: str, *, ledger: bool = True, allow_anonymous: bool = False
) -> tuple[int, str]:
    settings = Settings(data=data, ledger=ledger, allow_anonymous=allow_anonymous)
    with serving(reader, settings=settings) as url:
        status, headers, body = ask(url, "GET", path)
    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["Content-Security-Policy"].startswith("default-src 'none';")
    return status, body.decode()


def test_what_was_asked_and_given(reader: Reader, tmp_path: Path) -> None:
    ledger = Ledger(Settings(data=tmp_path).calls, "http")
    with ledger.call("search", "<b>cats</b>\u202e & dogs", ("Chat<GPT>", "g1")) as recorded:
        recorded.add(CATS, "All <i>about</i> cats", "2, 5", 2)
        recorded.characters = 12345
    with ledger.call("fetch", f"{CATS}#p=3", ("script", "g2")) as recorded:
        recorded.add(CATS, "", "3", 1)
    status, html = opened(reader, tmp_path, "/log")
    assert status == 200
    assert '<q dir="auto">&lt;b&gt;cats&lt;/b&gt; &amp; dogs</q>' in html
    assert f'<a href="/d/{CATS}?page=2" dir="auto">All &lt;i&gt;about&lt;/i&gt; cats</a>' in html
    assert "p. 2, 5" in html
    assert "12,345 characters" in html
    assert f'<a href="/d/{CATS}"><code>{CATS}#p=3</code></a>' in html
    assert html.index("script</td>") < html.index("Chat&lt;GPT&gt;</td>")  # the newest first
    assert str(tmp_path) not in html
    _, html = opened(reader, tmp_path, "/log?client=script")
    assert "Chat&lt;GPT&gt;</td>" not in html
    assert "<option selected>script</option>" in html
    assert "<option>Chat&lt;GPT&gt;</option>" in html
    _, html = opened(reader, tmp_path, "/log?client=nobody%3Cscript%3E")
    assert "No call of nobody&lt;script&gt; is recorded." in html


@pytest.mark.parametrize("start", ["-1", "x", "1" * 40, "%C2%B2", ""])
def test_a_start_that_makes_no_sense(reader: Reader, tmp_path: Path, start: str) -> None:
    with Ledger(Settings(data=tmp_path).calls, "http").call("search", "cats"):
        pass
    status, html = opened(reader, tmp_path, f"/log?start={start}")
    assert status == 200
    assert ">cats</q>" in html


def test_beyond_the_oldest_call(reader: Reader, tmp_path: Path) -> None:
    with Ledger(Settings(data=tmp_path).calls, "http").call("search", "cats"):
        pass
    assert "There are no calls as old as that" in opened(reader, tmp_path, "/log?start=999999999")[1]


def test_an_empty_log_and_one_that_is_off(reader: Reader, tmp_path: Path) -> None:
    assert "No client has called yet" in opened(reader, tmp_path, "/log")[1]
    assert "STACKROOM_LEDGER" not in opened(reader, tmp_path, "/log")[1]
    assert "STACKROOM_LEDGER</code> is off" in opened(reader, tmp_path, "/log", ledger=False)[1]


@pytest.mark.skipif(os.name == "nt", reason="a folder in the place of a file is another error there")
def test_a_ledger_that_can_not_be_read_is_not_shown_as_empty(reader: Reader, tmp_path: Path) -> None:
    Settings(data=tmp_path).calls.mkdir(parents=True)
    status, html = opened(reader, tmp_path, "/log")
    assert status == 503
    assert "cannot be read" in html
    assert str(tmp_path) not in html


def test_strangers_do_not_learn_what_others_asked(reader: Reader, tmp_path: Path) -> None:
    with Ledger(Settings(data=tmp_path).calls, "http").call("search", "secret plans"):
        pass
    status, html = opened(reader, tmp_path, "/log", allow_anonymous=True)
    assert status == 403
    assert "secret plans" not in html


def test_pages_of_all_calls_and_of_one_client() -> None:
    calls = [call("a" if number % 2 else "b", str(number)) for number in range(10)]
    first = log_page(calls, "", 0, each=4)
    assert [shown.asked for shown in first.calls] == ["0", "1", "2", "3"]
    assert (first.newer, first.older, first.clients) == ("", "/log?start=4", ("a", "b"))
    last = log_page(calls, "", 8, each=4)
    assert [shown.asked for shown in last.calls] == ["8", "9"]
    assert (last.newer, last.older) == ("/log?start=4", "")
    of_one = log_page(calls, "a", 4, each=4)
    assert [shown.asked for shown in of_one.calls] == ["9"]
    assert (of_one.newer, of_one.older) == ("/log?client=a", "")


def test_the_filter_reaches_calls_beyond_those_that_it_offers() -> None:
    calls = [*(call("new", "x") for _ in range(1500)), call("old&", "found")]
    assert log_page(calls, "", 0).clients == ("new",)
    page = log_page(calls, "old&", 0)
    assert [shown.asked for shown in page.calls] == ["found"]
    assert page.clients == ("new", "old&")


def test_only_ids_of_documents_become_links() -> None:
    (shown,) = log_page([call("a", "javascript:alert(1)", "fetch")], "", 0).calls
    assert shown.opens == ""
    documents = [{"id": "../x", "title": "T", "pages": "1-40"}, {"id": CATS, "title": "", "pages": ""}]
    (shown,) = log_page([call("a", "x", documents=documents)], "", 0).calls
    assert [(given.title, given.address) for given in shown.given] == [("T", ""), (CATS, f"/d/{CATS}")]


def test_a_time_that_is_none_is_shown_as_it_is() -> None:
    assert written_moment("yesterday").iso == ""
    assert written_moment("yesterday").text == "yesterday"
