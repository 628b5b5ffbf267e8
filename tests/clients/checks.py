"""What every client is asked to do, and what must come of it. Imports nothing that has to be installed.

The drivers beside this file are run with the server's address and, if it has sign-in, a token.
"""

import json
import sys
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

QUERY = "What does a fetch return?"

Call = Callable[[str, dict[str, str]], Awaitable[Any]]
"""Calls a tool; its result is as it comes over the wire."""


def given() -> tuple[str, dict[str, str]]:
    """The MCP URL from the command line, and the headers that go with it."""
    url, *token = sys.argv[1:3]
    return url, {"Authorization": f"Bearer {token[0]}"} if token else {}


def wire(result: Any) -> Any:
    """A result of the SDK as it came over the wire, whichever version of the SDK read it."""
    return result.model_dump(mode="json", by_alias=True)


async def check(url: str, tools: Iterable[str], call: Call) -> None:
    """Searches and fetches as an assistant would.

    Args:
        url: the MCP URL; links in answers must lead to the same server.
        tools: the names of the tools that the client was told of.
        call: calls one of them.

    Raises:
        AssertionError: what came back is not what an assistant needs.
    """
    assert sorted(tools) == ["fetch", "search"], tools
    found = content(await call("search", {"query": QUERY}))
    best = found["results"][0]
    assert best["title"] == "How Stackroom works", best
    assert best["page"] >= 1, best
    assert urlsplit(best["url"]).netloc == urlsplit(url).netloc, best["url"]
    document = content(await call("fetch", {"id": best["id"]}))
    assert document["id"] == best["id"], document["id"]
    assert "[[page 1]]" in document["text"], document["text"][:100]
    assert "What a fetch returns" in document["text"], document["text"][:100]


def content(result: Any) -> Any:
    """The structured content of a result, after checking that the one text item is the same JSON."""
    assert not result.get("isError"), result
    (item,) = result["content"]
    assert item["type"] == "text", item
    assert json.loads(item["text"]) == result["structuredContent"], item
    return result["structuredContent"]
