"""The server as a process: what it says, where it listens, how it stops."""

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from commands import stackroom_here
from fakes import OneModel, WordHashEmbedder
from indexer.run.indexer import Indexer
from make_pdfs import write_pdf
from mcp_clients import SEARCH, URL, ask, endpoint, stream
from server_process import announced, environment, killed_after, program
from shelf import Shelf
from stackroom.common.running import hold, holder
from stackroom.common.settings import Settings
from stackroom.server.protocol.tools import INSTRUCTIONS
from waiting import read_line


@pytest.mark.skipif(os.name == "nt", reason="Windows has no way to send these signals to one process")
def test_a_server_says_where_it_listens_and_stops_in_good_order(shelf: Shelf) -> None:
    """Also if somebody stops it in a hurry: he gets no traceback. The process serves four times."""
    data = shelf.path.parent.parent
    lock = Settings(data=data).server_lock
    with (
        subprocess.Popen(
            program(str(data), "no-model"), env=environment(), stderr=subprocess.PIPE, text=True
        ) as process,
        killed_after(90, process),
    ):
        url = announced(process)
        assert holder(lock) == {"url": url, "pid": process.pid}
        with hold(lock, {}) as ours:
            assert not ours
        with stream(url) as opened:  # which must not keep it from stopping
            path = endpoint(opened)
            call = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}})
            assert ask(url, "POST", path, {"Content-Type": "application/json"}, call)[0] == 202
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            url = announced(process)
            assert time.monotonic() - began < 5

        stop_in_a_hurry(process, url, [signal.SIGINT] * 3)
        announced(process)
        process.send_signal(signal.SIGTERM)
        stop_in_a_hurry(process, announced(process), [signal.SIGTERM])
        _, rest = process.communicate(timeout=20)
        assert (process.returncode, rest) == (0, "")
    assert holder(lock) is None
    assert not list(data.glob("index/server.holder*"))


def stop_in_a_hurry(process: "subprocess.Popen[str]", url: str, signals: list[signal.Signals]) -> None:
    """While it waits for the rest of a request."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname or "", address.port or 0), 10) as slow:
        slow.sendall(b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{")
        time.sleep(0.2)  # until it waits for the rest
        for number in signals:
            process.send_signal(number)
            time.sleep(0.05)
        line = read_line(process.stderr, process)
        assert line == "ERROR:    Cancel 1 running task(s), timeout graceful shutdown exceeded\n"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no way to send these signals to one process")
@pytest.mark.parametrize("transport", ["http", "stdio"])
def test_a_server_ends_in_time_whatever_its_threads_do(shelf: Shelf, transport: str) -> None:
    """The command itself, with a model and a disk that are waited for without end."""
    data = str(shelf.path.parent.parent)
    command = [
        sys.executable,
        "-c",
        _ENDLESS,
        "serve",
        "--data",
        data,
        "--port=0",
        f"--transport={transport}",
    ]
    with (
        subprocess.Popen(
            command,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
        killed_after(60, process),
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        call = {"name": SEARCH, "arguments": {"query": "cats"}}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}) + "\n"
        if transport == "http":
            listens = re.search(r"(http://\S+)/mcp", process.stderr.readline())
            assert listens
            kinds = {"Content-Type": "application/json", "Accept": "application/json"}
            with ThreadPoolExecutor(2) as caller:
                hanging = [
                    caller.submit(ask, listens[1], "POST", "/mcp", kinds, body),
                    caller.submit(ask, listens[1], "GET", "/healthz"),
                ]
                assert {process.stdout.readline() for _ in hanging} == {"loading\n", "looking\n"}
                process.send_signal(signal.SIGTERM)
                assert process.wait(30) == 0
                for request in hanging:
                    request.exception(10)  # however that ends
        else:
            assert process.stderr.readline() == "loading\n"
            client = {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "t", "version": "1"},
            }
            hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": client}
            process.stdin.write(json.dumps(hello) + "\n")
            process.stdin.flush()
            answered = json.loads(read_line(process.stdout, process))["result"]
            assert (answered["protocolVersion"], answered["instructions"]) == ("2025-06-18", INSTRUCTIONS)
            process.stdin.close()
            assert process.wait(15) == 0


# `stackroom`, with another model.
_ENDLESS = """
import sys, threading
from fakes import SomeModels
from stackroom.catalog.catalog import Catalog
from stackroom.cli.main import main
from stackroom.cli.commands import serving
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader

def load(name):
    # Over stdio the output is the protocol's.
    print("loading", file=sys.stderr if "--transport=stdio" in sys.argv else sys.stdout, flush=True)
    threading.Event().wait()

class Endless(Reader):
    def status(self):
        print("looking", flush=True)
        threading.Event().wait()

def open_reader(settings, create=False):
    return Endless(Catalog(settings.catalog), WordIndex(settings.words), SomeModels(load))

serving.open_reader = open_reader
sys.exit(main())
"""


@pytest.fixture(scope="module")
def otters(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A data folder with two documents, one of them about otters."""
    folder = tmp_path_factory.mktemp("otters")
    settings = Settings.read({}, data=folder / "data", workers=1)
    write_pdf(folder / "otters.pdf", ["Otters hold hands while they sleep."], title="Otters")
    write_pdf(folder / "bread.pdf", ["Let the dough rest for an hour."], title="Bread")
    with Indexer(settings, OneModel(WordHashEmbedder())) as indexer:
        indexer.run([folder])
    return settings


@pytest.fixture(scope="module")
def second_server(otters: Settings) -> Iterator[tuple[str, str]]:
    """A server of that folder that begins while another seems to run: its URL, and what it said."""
    with (
        hold(otters.server_lock, {"url": URL, "pid": 4321}),
        subprocess.Popen(
            program(str(otters.data)), env=environment(), stderr=subprocess.PIPE, text=True
        ) as process,
    ):
        try:
            said = "".join(read_line(process.stderr, process) for _ in range(2))
            listens = re.search(r"(http://\S+)/mcp \(", said)
            assert listens, said
            yield listens[1], said
        finally:
            process.kill()


def test_a_second_server_of_a_data_folder_says_so(second_server: tuple[str, str]) -> None:
    (line,) = [line for line in second_server[1].splitlines() if "another server" in line]
    assert line.startswith(f"WARNING: another server of this data folder runs at {URL} (process 4321). ")
    assert "`stackroom search`" in line


def test_a_check_and_a_repair_while_it_answers(otters: Settings, second_server: tuple[str, str]) -> None:
    url, _ = second_server
    check = ["check", f"--data={otters.data}", "--quiet"]
    checked = threading.Event()
    with ThreadPoolExecutor(1) as beside:
        answers = beside.submit(all_answers, url, checked)
        try:
            assert stackroom_here(*check).returncode == 0
            with closing(sqlite3.connect(otters.catalog)) as db, db:
                db.execute("INSERT INTO vectors VALUES (1000, x'00')")  # of no passage
            assert stackroom_here(*check).returncode == 1
            assert stackroom_here(*check, "--repair").returncode == 0
        finally:
            checked.set()
    assert answers.result() == {"Otters"}
    (otters.words / "documents" / "meta.json").write_text("{}")
    assert stackroom_here(*check, "--repair").returncode == 0
    assert answer(url) == "Otters"


def all_answers(url: str, enough: threading.Event) -> set[str]:
    """What is answered until then."""
    seen = {answer(url)}
    while not enough.is_set():
        seen.add(answer(url))
    return seen


def answer(url: str) -> str:
    """The title that a search finds first, or its error."""
    call = {"name": SEARCH, "arguments": {"query": "otters hold hands"}}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call})
    kinds = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    result = json.loads(ask(url, "POST", "/mcp", kinds, body)[2])["result"]
    if result["isError"]:
        return str(result["content"][0]["text"])
    return str(result["structuredContent"]["results"][0]["title"])
