"""Somebody who searches and fetches all the while that `bench.robustness.kills` kills."""

import http.client
import json
import random
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import Any

from bench.robustness.kill_library import Library

DENIED = "No document has the id"
LATER = "The library cannot answer at the moment."

_HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


class Unanswered(Exception):
    """The server could not be reached, or went away."""


class Client(threading.Thread):
    """Asks until it is told to stop.

    Attributes:
        faults: what it has seen that nobody should see.
        counts: of what it did and was told.
        server_lives: counts the server's starts; odd while it is killed or not up yet.
    """

    def __init__(self, port: int, library: Library, seed: int) -> None:
        super().__init__(daemon=True)
        self.faults: list[str] = []
        self.counts: Counter[str] = Counter()
        self.server_lives = 1
        self._port = port
        self._library = library
        self._chance = random.Random(seed)
        self._stopping = threading.Event()

    def run(self) -> None:
        """Searches, fetches two of what it found, and so on."""
        while not self._stopping.wait(0.02):
            lives = self.server_lives
            try:
                self._look()
            except Unanswered as error:
                self.counts["unanswered"] += 1
                if lives == self.server_lives and lives % 2 == 0:
                    time.sleep(0.2)  # the signal may be on its way
                    if lives == self.server_lives:
                        self.faults.append(f"no answer, though nobody killed the server: {error}")
                time.sleep(0.1)

    def finish(self) -> None:
        """Ends it."""
        self._stopping.set()
        self.join()

    def call(self, tool: str, argument: str, value: str) -> tuple[dict[str, Any], str]:
        """The answer of a tool, and its error if it is one."""
        parameters = {"name": tool, "arguments": {argument: value}}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": parameters})
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        try:
            connection.request("POST", "/mcp", body, _HEADERS)
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unanswered(repr(error)) from error
        finally:
            with suppress(OSError):
                connection.close()
        result = answer.get("result")
        if result is None:
            return {}, f"status {response.status}: {answer}"
        return result.get("structuredContent") or {}, (
            result["content"][0]["text"] if result.get("isError") else ""
        )

    def _look(self) -> None:
        query = f"otters number {self._chance.randrange(50)}"
        found, error = self.call("search", "query", query)
        self.counts["searches"] += 1
        if error:
            self._note(f"search said: {error}", stated=error.startswith(LATER))
            return
        ids = [result["id"] for result in found["results"]]
        for document_id in self._chance.sample(ids, min(2, len(ids))):
            fetched, error = self.call("fetch", "id", document_id)
            self.counts["fetches"] += 1
            if error.startswith(DENIED) and self._library.may_be_gone(document_id):
                self.counts["removed meanwhile"] += 1
            elif error:
                self._note(f"fetch of {document_id} said: {error}", stated=error.startswith(LATER))
            elif fault := self._library.fault(fetched["id"], fetched["text"], without_scans=True):
                self.faults.append(f"fetch of {document_id} gave a half document: {fault}")

    def _note(self, what: str, *, stated: bool) -> None:
        if stated:
            self.counts["told to come later"] += 1
        else:
            self.faults.append(what)
