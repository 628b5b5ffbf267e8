"""What a search shows in a terminal: lines that fit, where each result is from, links that open, plurals."""

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from commands import stackroom, stackroom_here
from shelf import Shelf
from stackroom.cli.search_results import lines
from stackroom.cli.terminal import other_formats
from stackroom.common.amounts import counted, size
from stackroom.common.running import hold
from stackroom.common.settings import Settings
from stackroom.indexes.stop_words import is_stop_word
from stackroom.reading.showing.query_words import Matcher

TEXT = "Otters hold hands while they sleep, so that the river does not take them away from each other."


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shelf")
    with closing(Shelf(folder, meaning=False)) as shelf:
        shelf.add(1, f"{TEXT}\n")
    return folder / "data"


@pytest.fixture
def served(data: Path) -> Iterator[str]:
    """The address of a server that says that it runs."""
    url = "http://127.0.0.1:8123"
    with hold(Settings(data=data).server_lock, {"url": url}):
        yield url


def test_results_are_wrapped_at_words_and_say_where_they_are_from(data: Path) -> None:
    ran = stackroom_here("search", "what do the otters hold", "--data", data, COLUMNS="40")
    first, *rest = ran.stdout.splitlines()
    assert first.startswith(" 1. Document 1, page 1")
    assert all(line.startswith("    ") for line in rest)
    text = [line for line in rest if not line.lstrip().startswith("/")]
    assert all(len(line) <= 40 for line in text)
    said = " ".join(" ".join(text).split())
    assert said == f"{TEXT} While `stackroom serve` runs, each result has a link to its page."
    assert any(line.endswith(".pdf") and line.lstrip().startswith("/") for line in rest)
    assert "http" not in ran.stdout  # nobody would answer there


def test_how_many_more_there_are_and_how_to_see_them(tmp_path: Path) -> None:
    with closing(Shelf(tmp_path, meaning=False)) as shelf:
        for number in (1, 2, 3):
            shelf.add(number, f"{TEXT} {number}\n")
    data = tmp_path / "data"
    first = stackroom_here("search", "otters", "--limit", 2, "--data", data).stdout
    assert "    1 more document found: search for the same with skip:2," in first
    rest = stackroom_here("search", "otters skip:2", "--limit", 2, "--data", data).stdout
    assert rest.startswith(" 1. Document ")
    assert "more document" not in rest


def test_what_could_not_be_searched_is_told_if_nothing_is_found(tmp_path: Path) -> None:
    with closing(Shelf(tmp_path, meaning=False)) as shelf:
        shelf.add(1, f"{TEXT}\n")
        for number in (1, 2):
            shelf.add_failure(f"{number}0.pdf", "needs a password", "password")
    said = "Not searched yet: 2 files that need a password, 100 % of the passages by their meaning."
    for query in ("zebras", '"hands hold"'):
        assert said in stackroom_here("search", query, "--data", tmp_path / "data").stderr
    assert said not in stackroom_here("search", "otters", "--data", tmp_path / "data").stderr


def test_a_running_server_gives_links(data: Path, served: str) -> None:
    ran = stackroom_here("search", "otters", "--data", data)
    assert f"\n    {served}/d/" in ran.stdout
    assert "stackroom serve" not in ran.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="the browser is a script")
def test_the_first_page_is_opened_in_the_browser(data: Path, served: str, tmp_path: Path) -> None:
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}\n')
    browser.chmod(0o755)
    ran = stackroom("search", "otters", "--data", data, "--open", BROWSER=f"{browser} %s")
    assert ran.returncode == 0, ran.stderr
    assert opened.read_text() == ran.stdout.splitlines()[-1].strip()


def test_without_a_server_nothing_is_opened_or_started(data: Path) -> None:
    ran = stackroom_here("search", "otters", "--data", data, "--open")
    assert (ran.returncode, "start `stackroom serve`, then ask again" in ran.stderr) == (1, True)
    assert ran.stdout.startswith(" 1. Document 1")


@given(st.text("ab  \n漢-", max_size=60), st.integers(2, 12))
def test_lines_fit_and_nothing_but_blanks_is_lost(text: str, width: int) -> None:
    shown = [text[start:stop] for start, stop in lines(text, width)]
    assert all(shown)
    assert all(cell_len(line) <= width for line in shown)
    assert "".join("".join(shown).split()) == "".join(text.split())


def test_a_path_is_never_broken() -> None:
    path = "/home/somebody/papers/otters.pdf"
    assert list(lines(f"in {path}", 10, whole_words=True)) == [(0, 2), (3, 3 + len(path))]


def marked(query: str, text: str, language: str) -> list[str]:
    matcher = Matcher(query)
    found = matcher.find(text, 0, len(text), language)
    return [text[start:stop] for start, stop in matcher.telling(text, found, language)]


def test_stop_words_are_not_marked_unless_nothing_else_was_asked() -> None:
    assert marked("What do the otters hold while they sleep?", TEXT, "en") == ["Otters", "hold", "sleep"]
    assert marked("why do they do that", TEXT, "") == ["they", "that"]
    german = "Die Otter halten sich an den Händen."
    assert marked("an den Händen der Otter", german, "de") == ["Otter", "Händen"]
    assert is_stop_word("LES", "fr")
    assert not is_stop_word("the", "pl")


def test_singular_and_plural() -> None:
    assert [counted(count, "page") for count in (0, 1, 2, 2000)] == [
        "0 pages",
        "1 page",
        "2 pages",
        "2,000 pages",
    ]
    assert counted(2, "query", "queries") == "2 queries"
    assert (size(1), size(2)) == ("1 byte", "2 bytes")


def test_other_formats() -> None:
    assert other_formats({"docx": 1, "md": 3}) == "1 docx, 3 md files"
    assert other_formats({"docx": 1}) == "1 docx file"
    assert other_formats({"": 2}) == "2 other files"
    many = {f"x{number}": 20 - number for number in range(10)} | {"": 1}
    assert other_formats(many).endswith("13 x7 and 24 other files")
