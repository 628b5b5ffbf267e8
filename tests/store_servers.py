"""Several servers on one store, each a process of its own, and a browser before which they take turns."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from threading import Event, Thread

import httpx2

from fakes import SomeModels, WordHashEmbedder
from fresh_index import document, lines
from indexer.passages.embed import embed_pending
from indexer.passages.writers import follow_nearest, words_writer
from indexer.store.publisher import FileState, Place, Publisher
from owner import CHEAP, JSON, PASSPHRASE, PUBLIC
from server_process import environment
from stackroom.catalog.catalog import Catalog
from stackroom.common.settings import Settings
from stackroom.indexes.opened import matching_words, nearest_in_store
from stackroom.reading.reader import Reader
from stackroom.server.access.passphrase import hashed
from stackroom.server.access.store import AccessStore
from waiting import WaitedInVain, read_line

PROGRAM = """
import os
from fakes import SomeModels, WordHashEmbedder
from stackroom.catalog.catalog import Catalog
from stackroom.common.settings import Settings
from stackroom.indexes.opened import matching_words, nearest_in_store
from stackroom.reading.reader import Reader
from stackroom.server.application import serve_http

settings = Settings.read(os.environ)
models = SomeModels(WordHashEmbedder)
catalog = Catalog(settings.truth, create=True)
reader = Reader(catalog, matching_words(settings), models, nearest=nearest_in_store(settings, catalog))
serve_http(settings, reader)
"""


class Library:
    """What is in a store: documents, each line of a page a passage, and the passphrase."""

    def __init__(self, settings: Settings) -> None:
        """Makes a model and a library there."""
        self.settings = settings
        self._embedder = WordHashEmbedder()
        self._publisher = Publisher(settings.truth)
        self._model = self._publisher.add_model(self._embedder.fingerprint)
        self._root = self._publisher.add_library(settings.data / "library")
        with AccessStore(settings.sign_in) as access:
            access.set_passphrase(hashed(PASSPHRASE, CHEAP))

    def close(self) -> None:
        self._publisher.close()

    def reader(self) -> Reader:
        """One in this process."""
        models = SomeModels(WordHashEmbedder)
        catalog = Catalog(self.settings.truth)
        nearest = nearest_in_store(self.settings, catalog)
        return Reader(catalog, matching_words(self.settings), models, nearest=nearest)

    def add(self, number: int, *pages: str) -> str:
        """Commits a document, embeds it, and returns its id."""
        made = document(number, *pages)
        files = {Place(self._root, f"{number}.pdf"): FileState(number, number)}
        self._publisher.publish(made, lines(made), self._model, files)
        never = Event()
        embed_pending(
            self._publisher, self._model, lambda: self._embedder, cancelled=never, on_embedded=lambda _: None
        )
        with Catalog(self.settings.truth) as catalog, closing(words_writer(self.settings)) as writer:
            writer.follow(catalog)
            follow_nearest(self.settings, catalog)
        return made.id


@dataclass
class StoreServer:
    """A running server."""

    process: subprocess.Popen[str]
    url: str
    log: list[str] = field(default_factory=list)

    def follow_log(self) -> None:
        assert self.process.stderr
        self.log.extend(self.process.stderr)


@contextmanager
def store_server(settings: Settings, *, public_url: str = PUBLIC, **more: str) -> Iterator[StoreServer]:
    """A server with these settings, on a free port; it listens when the block begins."""
    given = {
        "STACKROOM_STORE": settings.store,
        "STACKROOM_STORE_REPLICA": settings.store_replica,
        "STACKROOM_DATA": str(settings.data),
        "STACKROOM_PUBLIC_URL": public_url,
        "STACKROOM_PORT": "0",
        **more,
    }
    variables = {**environment(), **{name: value for name, value in given.items() if value}}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stderr=subprocess.PIPE, text=True, env=variables
    ) as process:
        try:
            server = StoreServer(process, "")
            while not (found := re.search(r"listens on 127\.0\.0\.1 port (\d+)", "".join(server.log))):
                server.log.append(_line(server))
            server.url = f"http://127.0.0.1:{found[1]}"
            Thread(target=server.follow_log, daemon=True).start()
            yield server
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _line(server: StoreServer) -> str:
    """The next line of its log."""
    try:
        return read_line(server.process.stderr, server.process)
    except WaitedInVain as error:
        raise WaitedInVain(f"{error}: {''.join(server.log)}") from error


@dataclass
class Both:
    """Where a browser finds servers."""

    browser: httpx2.Client
    url: str = PUBLIC


class TakingTurns(httpx2.BaseTransport):
    """A balancer: each request goes to the next server."""

    def __init__(self, *urls: str) -> None:
        self._urls = [httpx2.URL(url) for url in urls]
        self._turns = cycle(self._urls)
        self._network = httpx2.HTTPTransport()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = next(self._turns)
        there = request.url.copy_with(scheme=url.scheme, host=url.host, port=url.port)
        # Another one: cookies belong to the address that the first one names.
        passed_on = httpx2.Request(request.method, there, headers=request.headers, stream=request.stream)
        return self._network.handle_request(passed_on)

    def close(self) -> None:
        self._network.close()


def balanced(*servers: StoreServer) -> httpx2.Client:
    """A browser, or a program, that finds these servers at one address; every request gets another one."""
    turns = TakingTurns(*(server.url for server in servers))
    return httpx2.Client(transport=turns, base_url=PUBLIC, timeout=30)


def call(client: httpx2.Client, tool: str, asked: str, token: str = "", url: str = "") -> httpx2.Response:
    """Calls a tool."""
    arguments = {"search": "query", "fetch": "id"}
    rpc = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": tool, "arguments": {arguments[tool]: asked}},
    }
    headers = JSON | ({"Authorization": f"Bearer {token}"} if token else {})
    return client.post(f"{url}/mcp", json=rpc, headers=headers)
