"""Watch and serve together, as `stackroom up` starts them, with the real model and a real client."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import StdioTransport

from commands import stackroom_here
from indexer.store.lock import alone
from make_pdfs import write_pdf
from mcp_clients import ask
from stackroom.common.running import holder
from stackroom.common.settings import Settings
from waiting import wait_until

PATIENCE_SECONDS = 60.0
OTTERS = ["Otters hold hands while they sleep.", "They crack mussels with stones."]
BREAD = ["Knead the dough for ten minutes and let it rest until it has doubled."]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    write_pdf(folder / "otters.pdf", OTTERS, title="On Otters")
    for name in ("drafts", "#old"):
        (folder / name).mkdir()
        write_pdf(folder / name / "otters.pdf", [f"What {name} says."], title=f"Otters in {name}")
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, prepare_data: Callable[[Path], Path]) -> Path:
    return prepare_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def url(folder: Path, data: Path) -> Iterator[str]:
    """Where `stackroom up` serves."""
    command = [sys.executable, "-m", "stackroom", "up", str(folder), "--data", str(data), "--port", "0"]
    command += ["--exclude", "drafts/", "--exclude=#old"]
    command += ["--allow-host=a.example", "--allow-host=b.example"]
    environment = {**os.environ, "STACKROOM_SETTLE_SECONDS": "0.3"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    said: list[str] = []

    def listen() -> None:
        assert process.stderr is not None
        with process.stderr:
            said.extend(iter(process.stderr.readline, ""))

    listener = threading.Thread(target=listen)
    listener.start()
    listens = re.compile(r"MCP URL: (http://\S+)/mcp")
    wait_until(lambda: listens.search("".join(said)) or process.poll() is not None)
    found = listens.search("".join(said))
    assert found, said
    yield found[1]
    process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
    code = process.wait(PATIENCE_SECONDS)
    listener.join()
    assert code == 130, said
    assert "Traceback" not in "".join(said)


async def eventually(check: Callable[[], Awaitable[bool]]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not await check():
        assert time.monotonic() < until, "it did not come about"
        await asyncio.sleep(0.1)


async def search(client: Client[Any], query: str) -> list[dict[str, Any]]:
    answer = await client.call_tool("search", {"query": query})
    assert answer.structured_content is not None
    assert json.loads(answer.content[0].text) == answer.structured_content  # type: ignore[union-attr]
    results: list[dict[str, Any]] = answer.structured_content["results"]
    return results


def test_a_client_sees_what_happens_in_the_folder(url: str, folder: Path) -> None:
    async def scenario() -> None:
        async with Client(f"{url}/mcp") as client:

            async def finds(query: str, title: str) -> bool:
                results = await search(client, query)
                return bool(results) and results[0]["title"] == title

            await eventually(lambda: finds("how do otters sleep", "On Otters"))
            (otters,) = await search(client, "how do otters sleep")  # and none that is left out

            write_pdf(folder / "bread.pdf", BREAD, title="On Bread")
            await eventually(lambda: finds("baking", "On Bread"))

            (folder / "otters.pdf").rename(folder / "lutra.pdf")

            async def is_renamed() -> bool:
                document = await client.call_tool("fetch", {"id": otters["id"]})
                assert document.structured_content is not None
                return bool(document.structured_content["metadata"]["file_name"] == "lutra.pdf")

            await eventually(is_renamed)

            write_pdf(folder / "bread.pdf", ["Income tax is due in July."], title="On Taxes")
            await eventually(lambda: finds("when are taxes due", "On Taxes"))
            assert "On Bread" not in {result["title"] for result in await search(client, "baking")}

            (folder / "lutra.pdf").unlink()

            async def is_gone() -> bool:
                return "On Otters" not in {hit["title"] for hit in await search(client, "otters")}

            await eventually(is_gone)
            gone = await client.call_tool("fetch", {"id": otters["id"]}, raise_on_error=False)
            assert gone.is_error

    asyncio.run(scenario())


def test_a_citation_opens_the_pdf(url: str, folder: Path) -> None:
    write_pdf(folder / "cited.pdf", ["First page.", "The citation is on the second page."], title="Cited")

    async def cite() -> str:
        async with Client(f"{url}/mcp") as client:
            found: list[str] = []

            async def is_there() -> bool:
                results = await search(client, "citation on the second page")
                found[:] = [str(hit["url"]) for hit in results if hit["title"] == "Cited"]
                return bool(found)

            await eventually(is_there)
            return found[0]

    cited = asyncio.run(cite())
    assert cited.startswith(f"{url}/d/")
    page, _, _ = cited.partition("?page=2&mark=")
    with urllib.request.urlopen(cited.partition("#")[0]) as response:
        assert response.headers["Content-Type"].startswith("text/html")
        shown = response.read().decode()
    assert "<mark" in shown
    assert "citation is on the second page" in shown
    with urllib.request.urlopen(f"{page}/file") as response:
        assert response.headers["Content-Type"] == "application/pdf"
        assert response.read() == (folder / "cited.pdf").read_bytes()
    with pytest.raises(urllib.error.HTTPError, match="404") as refused:
        urllib.request.urlopen(f"{url}/d/..%2f..%2fetc%2fpasswd")
    refused.value.close()


def test_stdio_answers_with_the_running_servers_addresses(url: str, data: Path, tmp_path: Path) -> None:
    async def find() -> str:
        async with Client(f"{url}/mcp") as client:
            found: list[dict[str, Any]] = []

            async def is_there() -> bool:
                found[:] = await search(client, "-title:nothing")
                return bool(found)

            await eventually(is_there)
            return str(found[0]["id"])

    first = asyncio.run(find())

    async def scenario(transport: StdioTransport) -> None:
        async with Client(transport) as client:
            assert {tool.name for tool in await client.list_tools()} == {"search", "fetch"}
            document = await client.call_tool("fetch", {"id": first})
            assert document.structured_content is not None
            assert document.structured_content["url"] == f"{url}/d/{first}"
            assert document.structured_content["text"].startswith("[[page 1]]\n")

    arguments = ["-m", "stackroom", "serve", "--transport", "stdio", "--data", str(data)]
    log = tmp_path / "stdio.log"
    asyncio.run(scenario(StdioTransport(sys.executable, arguments, log_file=log)))
    assert "Traceback" not in log.read_text()


def test_further_names_are_passed_on(url: str) -> None:
    for host, status in (("a.example", 200), ("b.example", 200), ("c.example", 421)):
        assert ask(url, "GET", "/healthz", {"Host": host})[0] == status


def test_upkeep_goes_on_beside_it(url: str, data: Path, folder: Path) -> None:
    checked = stackroom_here("check", "--json", "--data", data)
    assert (checked.returncode, json.loads(checked.stdout)["damages"]) == (0, [])
    added = folder.parent / "more"
    added.mkdir(exist_ok=True)
    write_pdf(added / "more.pdf", ["Herons nest in tall trees."], title="On Herons")
    indexed = stackroom_here("index", added, "--json", "--data", data)
    assert (indexed.returncode, json.loads(indexed.stdout)["added"]) == (0, 1)
    assert stackroom_here("index", "--retry", "--json", "--data", data).returncode == 0
    forgotten = stackroom_here("forget", added, "--data", data)
    assert (forgotten.returncode, "with 1 document." in forgotten.stdout) == (0, True)


def test_a_second_watcher_and_a_taken_port_are_refused(url: str, data: Path, folder: Path) -> None:
    for command in ("watch", "up"):
        second = stackroom_here(command, folder, "--data", data)
        assert second.returncode == 1
        assert "Another indexer is at work" in second.stderr
        assert re.search(r"process \d+, `.*watch", second.stderr)
    port = url.rpartition(":")[2]
    taken = stackroom_here("serve", "--data", data, "--port", port)
    assert taken.returncode == 2
    assert f"Port {port}" in taken.stderr
    assert "--port" in taken.stderr


@pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)])
def test_it_takes_both_halves_along(
    tmp_path: Path, prepare_data: Callable[[Path], Path], number: signal.Signals, code: int
) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    data = prepare_data(tmp_path / "data")
    command = [sys.executable, "-m", "stackroom", "up", str(folder), "--data", str(data), "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    settings = Settings.read({}, data=data)
    until = time.monotonic() + PATIENCE_SECONDS
    while holder(settings.index / "watch.lock") is None or holder(settings.index / "server.lock") is None:
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.1)
    process.send_signal(number)
    said = process.communicate(timeout=PATIENCE_SECONDS)[1]  # until nobody can write there any more
    assert process.returncode == code, said
    # A process that ends may close what it writes to before its locks.
    wait_until(lambda: holder(settings.index / "watch.lock") is None)
    wait_until(lambda: holder(settings.index / "server.lock") is None)
    assert "Traceback" not in said


@pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")
def test_a_half_that_is_killed_is_named(tmp_path: Path) -> None:
    settings = Settings.read({}, data=tmp_path / "data")
    command = [sys.executable, "-m", "stackroom", "up", str(tmp_path), "--data", str(settings.data)]
    with subprocess.Popen([*command, "--port", "0"], stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: (holder(settings.watch_lock) or {}).get("pid"), process)
        os.kill((holder(settings.watch_lock) or {})["pid"], signal.SIGKILL)
        said = process.communicate(timeout=PATIENCE_SECONDS)[1]
    assert (process.returncode, "`stackroom watch`, a half of `up`, was killed" in said) == (1, True), said


@pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")
def test_it_may_be_stopped_while_it_waits_for_its_turn(tmp_path: Path) -> None:
    settings = Settings.read({}, data=tmp_path / "data")
    command = [sys.executable, "-m", "stackroom", "up", str(tmp_path), "--data", str(settings.data)]
    with alone(settings):
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        assert "Waiting" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=PATIENCE_SECONDS)[1]
    assert (process.returncode, "Traceback" in said) == (0, False), said
