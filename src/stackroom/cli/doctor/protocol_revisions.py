"""MCP clients for both kinds of revisions: 2025-11-25, the last with a handshake, and 2026-07-28 without."""

import json
from abc import ABC, abstractmethod
from typing import Any

from stackroom import __version__
from stackroom.cli.doctor.check import Failed
from stackroom.cli.doctor.http import Answer, HttpClient
from stackroom.cli.doctor.messages import Greeting, Reply, ToolList, ToolResult

PATH = "/mcp"
HANDSHAKE, STATELESS = "2025-11-25", "2026-07-28"

_CLIENT = {"name": "stackroom-doctor", "version": __version__}
_META = "io.modelcontextprotocol/"
_ID = 1


def post(http: HttpClient, headers: dict[str, str], message: dict[str, Any], path: str = PATH) -> Answer:
    """Sends one message; the server may answer in JSON or with a stream of events. Raises NoAnswer."""
    accept = {"Accept": "application/json, text/event-stream"}
    return http.request("POST", path, headers=accept | headers, body={"jsonrpc": "2.0", **message})


class McpClient(ABC):
    """A client of one revision of the protocol, signed in with a token or not at all."""

    version: str

    def __init__(self, http: HttpClient, token: str = "") -> None:
        """Asks nothing yet."""
        self._http = http
        self._authorization = {"Authorization": f"Bearer {token}"} if token else {}
        self.seconds = 0.0
        """How long the last answer took."""

    @abstractmethod
    def greet(self) -> Greeting:
        """Begins, and returns what the server says about itself. To be called first."""

    @abstractmethod
    def reply(self, method: str, params: dict[str, Any]) -> Reply:
        """Sends one request, and returns its answer or error.

        Raises:
            Failed: what came is not JSON-RPC.
            ValidationError: the answer does not have the form it should.
        """

    def ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Sends one request, and returns its result. Raises as `reply`, and Failed if an error came."""
        reply = self.reply(method, params)
        if reply.error or reply.result is None:
            error = reply.error
            raise Failed(
                f"{method} got error {error.code}, {error.message}" if error else f"{method}: nothing"
            )
        return reply.result

    def tools(self) -> ToolList:
        """The list of tools. Raises as `ask`."""
        return ToolList.model_validate(self.ask("tools/list", {}))

    def call(self, tool: str, **arguments: object) -> ToolResult:
        """Calls a tool. Raises as `ask`."""
        return ToolResult.model_validate(self.ask("tools/call", {"name": tool, "arguments": arguments}))

    def _exchange(self, headers: dict[str, str], method: str, params: dict[str, Any]) -> tuple[Answer, Reply]:
        answer = post(
            self._http, self._authorization | headers, {"id": _ID, "method": method, "params": params}
        )
        self.seconds = answer.seconds
        if answer.headers.get("Content-Type", "").startswith("text/event-stream"):
            return answer, Reply.model_validate(_last_event(answer.text))
        if answer.status != 200 and not answer.text.startswith("{"):
            raise Failed(f"{method} got status {answer.status}: {answer.text[:100]}")
        if answer.status in (401, 403):
            raise Failed(f"{method} was refused with status {answer.status}")
        return answer, Reply.model_validate(answer.json())


class HandshakeClient(McpClient):
    """A client that introduces itself first."""

    version = HANDSHAKE

    def __init__(self, http: HttpClient, token: str = "") -> None:
        """Asks nothing yet."""
        super().__init__(http, token)
        self._headers: dict[str, str] = {}

    def greet(self) -> Greeting:
        """Sends `initialize`, and the notification that must follow it."""
        params = {"protocolVersion": HANDSHAKE, "capabilities": {}, "clientInfo": _CLIENT}
        answer, reply = self._exchange({}, "initialize", params)
        if reply.result is None:
            raise Failed(f"initialize got an error: {reply.error.message if reply.error else 'nothing'}")
        greeting = Greeting.model_validate(reply.result)
        self._headers = {"MCP-Protocol-Version": greeting.protocol_version}
        if session := answer.headers.get("Mcp-Session-Id"):
            self._headers["Mcp-Session-Id"] = session
        confirmation = post(
            self._http, self._authorization | self._headers, {"method": "notifications/initialized"}
        )
        if confirmation.status not in (200, 202, 204):
            raise Failed(f"notifications/initialized got status {confirmation.status}")
        return greeting

    def reply(self, method: str, params: dict[str, Any]) -> Reply:
        """Sends one request, in the session if the server has begun one."""
        return self._exchange(self._headers, method, params)[1]


class StatelessClient(McpClient):
    """A client whose requests each stand for themselves."""

    version = STATELESS

    def greet(self) -> Greeting:
        """Sends `server/discover`. Other requests need nothing of it."""
        return Greeting.model_validate(self.ask("server/discover", {}))

    def reply(self, method: str, params: dict[str, Any]) -> Reply:
        """Sends one request, with revision and client in its headers and its `_meta`."""
        meta = {
            f"{_META}protocolVersion": STATELESS,
            f"{_META}clientCapabilities": {},
            f"{_META}clientInfo": _CLIENT,
        }
        headers = {"MCP-Protocol-Version": STATELESS, "Mcp-Method": method}
        if "name" in params:
            headers["Mcp-Name"] = params["name"]
        return self._exchange(headers, method, {**params, "_meta": meta})[1]


def _last_event(text: str) -> Any:
    data = [line.removeprefix("data:") for line in text.splitlines() if line.startswith("data:")]
    try:
        return json.loads(data[-1])
    except (IndexError, ValueError):
        raise Failed("the stream ended without an answer") from None
