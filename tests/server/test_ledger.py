"""The ledger: what is recorded of a call, what never is, and that nothing of it stops an answer."""

import json
import logging
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import fastmcp
import pytest

from commands import Ran, stackroom_here
from mcp_clients import FETCH, SEARCH, URL, content, error, serving
from postgres_server import Databases
from stackroom.common.errors import LedgerUnusable, SettingsError, StoreAway
from stackroom.common.postgres.address import StoreAddress
from stackroom.common.settings import Settings
from stackroom.reading.reader import Reader
from stackroom.server.access.auth_provider import AccessControl
from stackroom.server.access.store import AccessStore
from stackroom.server.monitoring.ledger import LONGEST, Ledger, newest
from stackroom.server.protocol.tools import create_mcp
from waiting import read_line

CATS = f"{1:024x}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return Settings(data=tmp_path).calls


@pytest.fixture(params=["file", "store"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """What holds of a ledger in a file holds of one in a store that several servers share."""
    return Settings(
        data=tmp_path, store="" if request.param == "file" else request.getfixturevalue("store_url")
    )


@pytest.fixture
def where(settings: Settings) -> Path | StoreAddress:
    return settings.ledger_of_calls


def record(ledger: Ledger, asked: str, times: int = 1) -> None:
    for _ in range(times):
        with ledger.call(SEARCH, asked):
            pass


# What is recorded


@pytest.mark.anyio
async def test_what_is_recorded_of_a_call(reader: Reader, where: Path | StoreAddress) -> None:
    before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    async with fastmcp.Client(create_mcp(reader, URL, Ledger(where, "stdio"))) as client:
        found = await client.call_tool_mcp(SEARCH, {"query": "cats purr"})
        fetched = await client.call_tool_mcp(FETCH, {"id": CATS})
        content(await client.call_tool_mcp(FETCH, {"id": f"{CATS}#p=2"}))
        unknown = error(await client.call_tool_mcp(FETCH, {"id": "0123"}))
    search, fetch, page, failed = newest(where, 9)
    assert before <= search.pop("time") <= failed["time"]
    results = content(found)["results"]
    assert search.pop("documents")[0] == {"id": CATS, "title": "Document 1", "pages": "2, 1"}
    assert search == {
        "client": "local",
        "grant": "",
        "transport": "stdio",
        "tool": "search",
        "asked": "cats purr",
        "pages": sum(1 + len(result["more"]) for result in results),
        "characters": len(found.content[0].model_dump()["text"]),
        "error": "",
    }
    assert (fetch["tool"], fetch["asked"], fetch["pages"]) == ("fetch", CATS, 2)
    assert fetch["documents"] == [{"id": CATS, "title": "Document 1", "pages": "1-2"}]
    assert page["documents"][0]["pages"] == "2"
    assert fetch["characters"] == len(fetched.content[0].model_dump()["text"])
    assert (failed["documents"], failed["characters"], failed["error"]) == ([], 0, unknown)


@pytest.mark.anyio
async def test_a_call_over_http_has_the_name_of_its_token(
    reader: Reader, store: AccessStore, where: Path | StoreAddress
) -> None:
    token = store.new_static_token("my script")
    (grant,) = store.grants()
    with serving(reader, access=lambda url: AccessControl(url, store), ledger=Ledger(where, "http")) as url:
        async with fastmcp.Client(url + "/mcp", auth=token) as client:
            content(await client.call_tool_mcp(SEARCH, {"query": "cats purr"}))
    (call,) = newest(where, 9)
    assert (call["client"], call["grant"], call["transport"]) == ("my script", grant.id, "http")
    assert token not in json.dumps(call)


@pytest.mark.anyio
async def test_without_sign_in_a_call_over_http_has_no_name(
    reader: Reader, where: Path | StoreAddress
) -> None:
    with serving(reader, ledger=Ledger(where, "http", nobody="anonymous")) as url:
        async with fastmcp.Client(url + "/mcp") as client:
            content(await client.call_tool_mcp(SEARCH, {"query": "cats purr"}))
    assert [(call["client"], call["grant"]) for call in newest(where, 9)] == [("anonymous", "")]


def test_of_unforeseen_exceptions_only_the_kind(where: Path | StoreAddress) -> None:
    with pytest.raises(ValueError, match="secret"), Ledger(where, "http").call(SEARCH, "cats"):
        raise ValueError("secret")
    assert [call["error"] for call in newest(where, 9)] == ["ValueError"]


@pytest.mark.parametrize("asked", ["№ 1\n\u2028\x00", "half \ud83d of a pair", 'a "phrase" \\'])
def test_any_query_is_one_line(path: Path, asked: str) -> None:
    record(Ledger(path, "http"), asked)
    record(Ledger(path, "http"), asked * LONGEST)
    assert path.read_bytes().count(b"\n") == 2
    assert [call["asked"] for call in newest(path, 9)] == [asked, (asked * LONGEST)[:LONGEST]]


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
def test_only_the_owner_can_read_it(path: Path) -> None:
    record(Ledger(path, "http", limit=1), "cats")  # rotated
    record(Ledger(path, "http"), "cats")
    for file in (path, path.with_name("calls.1.jsonl")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


# The file


def test_rotation(path: Path) -> None:
    ledger = Ledger(path, "http", limit=1000)
    for number in range(30):
        record(ledger, f"number {number}")
    assert {file.name for file in path.parent.iterdir()} - {"calls.lock"} <= {"calls.jsonl", "calls.1.jsonl"}
    assert all(file.stat().st_size < 1400 for file in path.parent.iterdir())
    asked = [call["asked"] for call in newest(path, 100)]
    assert asked == [f"number {number}" for number in range(30 - len(asked), 30)]
    assert len(asked) >= 4
    assert [call["asked"] for call in newest(path, 1)] == ["number 29"]


_ANOTHER = """
import sys
from pathlib import Path
from stackroom.server.monitoring.ledger import Ledger
ledger = Ledger(Path(sys.argv[1]), "stdio", limit=60_000)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(100):
    with ledger.call("search", sys.argv[2]):
        pass
"""


def test_threads_and_processes_write_whole_lines_and_lose_none(path: Path) -> None:
    # One rotation in the middle; that all lines are there shows that it was done once.
    ledger = Ledger(path, "http", limit=60_000)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _ANOTHER, str(path), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for name in ("p0", "p1")
    ]
    for process in processes:
        assert process.stdout is not None
        assert read_line(process.stdout, process) == b"ready\n"
    threads = [threading.Thread(target=record, args=(ledger, f"t{number}", 100)) for number in range(4)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for process in processes:
        process.communicate(timeout=20)
    asked = [call["asked"] for call in newest(path, 10_000)]
    assert {name: asked.count(name) for name in set(asked)} == dict.fromkeys(
        ("p0", "p1", "t0", "t1", "t2", "t3"), 100
    )
    assert path.with_name("calls.1.jsonl").exists()


@pytest.mark.anyio
async def test_a_folder_that_cannot_be_written_stops_nothing(
    reader: Reader, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "log").write_text("a file where the folder should be")
    ledger = Ledger(tmp_path / "log" / "calls.jsonl", "http")
    async with fastmcp.Client(create_mcp(reader, URL, ledger)) as client:
        for _ in range(2):
            assert content(await client.call_tool_mcp(SEARCH, {"query": "cats"}))["results"]
    assert caplog.text.count("cannot be written") == 1


def test_a_data_folder_that_is_away_can_come_back(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    settings.data.mkdir()
    ledger = Ledger(settings.calls, "http")
    record(ledger, "before")
    away = settings.data.rename(tmp_path / "away")
    record(ledger, "meanwhile")
    away.rename(settings.data)  # not onto a new folder with a new ledger
    record(ledger, "after")
    assert [call["asked"] for call in newest(settings.calls, 9)] == ["before", "after"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of files")
def test_a_full_disk(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    import resource

    ledger = Ledger(path, "http")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, before[1]))  # bytes: only so much is written
    try:
        record(ledger, "cut off")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    record(ledger, "cats")
    assert [call["asked"] for call in newest(path, 9)] == ["cats"]
    assert [entry.levelno for entry in caplog.records] == [logging.WARNING]


def test_recording_is_cheap(where: Path | StoreAddress) -> None:
    ledger = Ledger(where, "http")
    seconds = []
    for _ in range(200):
        started = time.perf_counter()
        with ledger.call(SEARCH, "how long must the dough rest") as call:
            for number in range(10):
                call.add(f"{number:024x}", "A title of the usual length", "2, 5", 2)
        seconds.append(time.perf_counter() - started)
    # 0.04 ms; the rest is for machines that are slow or busy.
    assert sorted(seconds)[len(seconds) // 2] < 0.001


# The store


def test_the_oldest_calls_of_a_store_go(store_url: str, tmp_path: Path) -> None:
    ledger = Ledger(StoreAddress(store_url, tmp_path), "http", limit=50_000)
    record(ledger, "a query of some length" * 10, times=1001)
    kept = newest(StoreAddress(store_url, tmp_path), 2000)
    assert 100_000 < sum(len(json.dumps(call)) for call in kept) < 400_000
    assert len(kept) < 500


def test_two_servers_write_into_one_ledger(store_url: str, tmp_path: Path) -> None:
    where = StoreAddress(store_url, tmp_path)
    ledgers = [Ledger(where, "http"), Ledger(where, "http")]
    for number in range(450):
        record(ledgers[number % 2], str(number))
    assert [call["asked"] for call in newest(where, 1000)] == [str(number) for number in range(450)]


def test_a_store_that_is_away_stops_no_call(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    where = StoreAddress(f"postgresql://nobody@127.0.0.1:{port}/nothing", tmp_path)
    begun = time.monotonic()
    record(Ledger(where, "http"), "cats", times=100)
    assert time.monotonic() - begun < 5
    with pytest.raises(StoreAway):
        newest(where, 1)
    assert "Calls may be missing" not in caplog.text


def test_a_store_without_tables_stops_no_call(
    databases: Databases, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    where = StoreAddress(databases.new_database(), tmp_path)
    record(Ledger(where, "http"), "cats", times=3)
    assert caplog.text.count("Calls may be missing") == 1


# The setting, and the command


def test_off(path: Path) -> None:
    assert Settings.read({}).ledger
    assert not Settings.read({"STACKROOM_LEDGER": "off"}).ledger
    with pytest.raises(SettingsError, match="STACKROOM_LEDGER"):
        Settings.read({"STACKROOM_LEDGER": "perhaps"})
    record(Ledger(None, "http"), "cats")
    assert not path.parent.exists()


def shown(settings: Settings, *options: str, **environment: str) -> Ran:
    ran = stackroom_here(
        "log", "--data", settings.data, *options, STACKROOM_STORE=settings.store, **environment
    )
    assert ran.returncode == 0
    return ran


def test_the_command(settings: Settings) -> None:
    ledger = Ledger(settings.ledger_of_calls, "http")
    with ledger.call(SEARCH, "how long\x1b[2J must the dough rest", ("ChatGPT", "ab12")) as call:
        for number in range(3):
            call.add(str(number), "Bread", "2, 5", 2)
        call.characters = 12_345
    with ledger.call(FETCH, "0123") as call:
        call.add("0123", "Bread", "1-40", 40)
    with pytest.raises(LedgerUnusable), ledger.call(FETCH, "4567"):
        raise LedgerUnusable("Not there.")
    first, second, third = shown(settings).stdout.splitlines()
    assert first[19:] == (
        "  ChatGPT  search  how long [2J must the dough rest  3 documents, 6 pages; 12,345 characters"
    )
    padded = "0123".ljust(len("how long [2J must the dough rest"))
    assert second[19:] == f"  local    fetch   {padded}  Bread, p. 1-40; 0 characters"
    assert third.endswith("nothing: Not there.")
    assert shown(settings, "--limit", "1").stdout.splitlines()[0].endswith("nothing: Not there.")
    assert json.loads(shown(settings, "--json").stdout) == newest(settings.ledger_of_calls, 9)
    assert "STACKROOM_LEDGER is off" in shown(settings, STACKROOM_LEDGER="off").stderr


def test_the_command_without_calls(settings: Settings) -> None:
    nothing = shown(settings)
    assert (nothing.stdout, nothing.stderr.startswith("No client has called yet")) == ("", True)
    assert shown(settings, "--json").stdout == "[]\n"


def test_the_command_when_they_cannot_be_read(path: Path) -> None:
    path.mkdir(parents=True)
    unreadable = stackroom_here("log", "--data", path.parent.parent)
    assert (unreadable.returncode, "cannot be read" in unreadable.stderr) == (1, True)
