"""Answers calls of the two tools: the same for every transport, and for the short path of plain calls."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from fastmcp.exceptions import ToolError
from fastmcp.server.dependencies import get_access_token, get_http_request
from pydantic import BaseModel

from stackroom.common.errors import CallRefused, StackroomError, StoreAway, UnknownDocument
from stackroom.reading.notices import MEANING_NOT_READY, STORE_AWAY
from stackroom.reading.reader import Reader
from stackroom.server.limits.call_limits import Caller, CallLimits
from stackroom.server.monitoring.ledger import UNRECORDED, Call, Ledger
from stackroom.server.monitoring.metrics import Metrics
from stackroom.server.protocol.answers import FetchAnswer, SearchAnswer, fetch_answer, search_answer

_log = logging.getLogger(__name__)

ARGUMENTS = {"search": "query", "fetch": "id"}
"""The tools, and the one argument of each."""

# The most characters of an argument. A query may be a page of text, of which the model reads the first 1,000
# characters or so. An id has 24 characters and perhaps pages; some clients send the whole address of a
# result, with its title.
_LONGEST = {"search": 4000, "fetch": 1000}

# The key in a result's metadata under which notices stand beside the answer: `stackroom.reading.notices`.
_NOTICES = "stackroom/notices"

_Answer = TypeVar("_Answer", bound=BaseModel)
_Found = tuple[_Answer, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to a call.

    Attributes:
        answer: what becomes the structured content.
        text: the same as JSON.
        meta: the result's metadata: what is said beside the answer; mostly None.
    """

    answer: BaseModel
    text: str
    meta: dict[str, Any] | None


class ToolCalls:
    """Answers calls, several at a time, each in a thread. Safe to use from one event loop."""

    def __init__(
        self,
        reader: Reader,
        base_url: str,
        ledger: Ledger = UNRECORDED,
        limits: CallLimits | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        """For the arguments see `tools.create_mcp`."""
        self._reader = reader
        self._base_url = base_url
        self._ledger = ledger
        self._limits = limits or CallLimits()
        self._metrics = metrics or Metrics()
        self._logged: list[str] = []  # notices that are in the log already

    async def answer(self, tool: str, asked: str) -> Answered:
        """Answers a call, and records it.

        Args:
            tool: "search" or "fetch".
            asked: the query or the id.

        Raises:
            ToolError: there is no answer; its text is for the client.
        """
        if tool == "search":
            return await self._answer(tool, asked, self._search, _note_results)
        return await self._answer(tool, asked, self._fetch, _note_document)

    async def _answer(
        self,
        tool: str,
        asked: str,
        find: Callable[[str], _Found[_Answer]],
        note: Callable[[_Answer, Call], None],
    ) -> Answered:
        """Runs `find` in a thread, and records the call, to which `note` adds the answer."""
        client = _client()
        address, user_agent = _caller()

        def work(caller: Caller) -> Answered:
            with self._ledger.call(tool, asked, client, user_agent) as call:
                answer, notices = find(asked)
                if not caller.is_waiting:
                    raise CallRefused("The answer came too late: the client no longer waits for it.")
                note(answer, call)
                text = answer.model_dump_json()
                call.characters = len(text)
                return Answered(answer, text, {_NOTICES: list(notices)} if notices else None)

        with _errors_for_the_client(tool), self._metrics.call(tool):
            _check_length(tool, asked)
            return await self._limits.answer(client[1] if client else address, work)

    def _search(self, query: str) -> _Found[SearchAnswer]:
        found = self._reader.answer(query)
        if MEANING_NOT_READY in found.notices and not self._logged:
            self._logged.append(MEANING_NOT_READY)
            _log.warning(MEANING_NOT_READY)
        return search_answer(found, self._base_url, self._reader.state()), found.notices

    def _fetch(self, id_: str) -> _Found[FetchAnswer]:
        return fetch_answer(self._reader.fetch(id_), self._base_url), ()


def _client() -> tuple[str, str] | None:
    """The name and the grant's id of the client that signed in; see `AccessControl.verify_token`."""
    token = get_access_token()
    return (token.claims["name"], token.client_id) if token else None


def _caller() -> tuple[str, str]:
    """The address that the call came from, and the calling program's User-Agent; empty if not over HTTP."""
    try:
        request = get_http_request()
    except RuntimeError:
        return "", ""
    return request.client.host if request.client else "", request.headers.get("user-agent", "")


def argument(tool: str, given: Mapping[str, Any]) -> str:
    """The tool's one argument, as a string, from the arguments that a client sent.

    Some clients send arguments of their own with each call (n8n: sessionId, chatInput, …), and frameworks
    turn text that looks like a number into one: the query 4711, or an id that has only digits.

    Raises:
        ToolError: there is none, or it is nothing of the kind.
    """
    name = ARGUMENTS[tool]
    value = given.get(name)
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, float) and value.is_integer():
        value = f"{value:.0f}"
    elif isinstance(value, int | float):
        with suppress(ValueError):  # more digits than Python writes
            value = str(value)
    if not isinstance(value, str):
        # FastMCP's own error would quote pydantic and its version, and log a warning for each such call.
        raise ToolError(f"{tool} takes one argument, {name}, which is a string.", log_level=logging.DEBUG)
    return value


def _check_length(tool: str, value: str) -> None:
    # Not in the tool's schema: clients compare that with one that has a plain string.
    name, longest = ARGUMENTS[tool], _LONGEST[tool]
    if len(value) > longest:
        raise CallRefused(
            f"The {name} has {len(value):,} characters; at most {longest:,} are taken. Send a shorter one."
        )


def _note_results(answer: SearchAnswer, call: Call) -> None:
    for result in answer.results:
        pages = [result.page, *(further.page for further in result.more)]
        call.add(result.id, result.title, ", ".join(map(str, pages)), len(pages))


def _note_document(answer: FetchAnswer, call: Call) -> None:
    first, last = answer.metadata.first_page, answer.metadata.last_page
    shown = f"{first}-{last}" if last > first else str(first)
    call.add(answer.id, answer.title, shown, last - first + 1)


@contextmanager
def _errors_for_the_client(tool: str) -> Iterator[None]:
    # log_level, because FastMCP would log each ToolError at a higher level, without its message.
    try:
        yield
    except (UnknownDocument, CallRefused) as error:
        raise ToolError(str(error), log_level=logging.DEBUG) from error
    except StoreAway as error:  # told in the log once, by whoever connects to it
        raise ToolError(STORE_AWAY, log_level=logging.DEBUG) from error
    except StackroomError as error:
        # Only the owner gets the message, because it names folders of this machine.
        _log.error("%s", error)
        raise ToolError(
            "The library cannot answer at the moment. Its owner finds the reason in the server's log.",
            log_level=logging.DEBUG,
        ) from error
    except Exception as error:  # a mistake in our code: its text may hold paths, or text of documents
        _log.exception("Error calling tool %r", tool)
        raise ToolError(f"Error calling tool {tool!r}", log_level=logging.DEBUG) from error
