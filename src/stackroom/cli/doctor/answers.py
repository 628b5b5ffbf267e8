"""Checks of the tools' answers: their form, whether they can be cited, how long they are, and how fast."""

import json
import secrets
import statistics

from jsonschema.exceptions import SchemaError, best_match
from jsonschema.validators import validator_for

from stackroom.cli.doctor.check import Check, Failed, Skipped, need
from stackroom.cli.doctor.examined_server import ExaminedServer, origin, same_place
from stackroom.cli.doctor.http import Answer
from stackroom.cli.doctor.messages import Fetched, SearchAnswer, SearchResults, Tool, ToolResult
from stackroom.common.amounts import counted

_MOST_FETCHED = 10
_PARTS = 3

# Claude Code cuts at 25,000 tokens unless the tool asks for more; in dense text a token is three characters.
_CLAUDE_CODE_CHARACTERS = 75_000
_ASKS_FOR_MORE = "anthropic/maxResultSizeChars"
_CLAUDE_AI_CHARACTERS = 150_000

# A query that asks for all documents.
_EVERYTHING = "*"

_SEARCHES = 5
_SLOW_SECONDS = 5.0

_FORM = "Update Stackroom: ChatGPT and Claude read structuredContent and the one text item as the same JSON."


def _search(server: ExaminedServer) -> str:
    tool = server.tool("search")
    result = server.working_client().call("search", query=server.query)
    _check_form(result, tool)
    server.found = SearchResults.model_validate(result.structured_content).results
    server.found_characters = len(result.text)
    need(
        server.found,
        f"nothing was found for {server.query!r}",
        "`stackroom index` a folder of PDFs, or name words that are in them with --query.",
    )
    return f"{counted(len(server.found), 'result')} for {server.query!r}, in the declared form"


def _beside(server: ExaminedServer) -> str:
    server.results()
    first = _searched(server, _EVERYTHING)
    total, shown = first.total, {found.id.partition("#")[0] for found in first.results}
    need(shown, f"a search for {_EVERYTHING} lists nothing, and others find something")
    need(total >= len(shown), f"a search for {_EVERYTHING} has {len(shown)} results, and says {total}")
    goes_on = bool(first.next_query)
    need(
        goes_on == (total > len(shown)),
        f"of {total} documents {len(shown)} are shown; next_query is wrong",
    )
    if goes_on:
        following = _searched(server, first.next_query)
        again = shown & {found.id.partition("#")[0] for found in following.results}
        need(following.results and not again, f"{first.next_query!r} does not lead on")
    state = first.state
    waiting = state.scans_waiting + state.files_waiting + state.locked_files
    is_whole = not waiting and not state.indexing and state.embedded == 100
    return f"{total} documents to be found; the index is {'complete' if is_whole else 'not complete yet'}"


def _searched(server: ExaminedServer, query: str) -> SearchAnswer:
    result = server.working_client().call("search", query=query)
    _check_form(result, server.tool("search"))
    return SearchAnswer.model_validate(result.structured_content)


def _fetch(server: ExaminedServer) -> str:
    server.tool("fetch")
    for found in server.results()[:_MOST_FETCHED]:
        fetched = _fetched(server, found.id)
        need(fetched.id == found.id, f"{found.id} was asked for, {fetched.id} came")
        need(fetched.text.strip(), f"{found.id} has no text")
        server.fetched.append(fetched)
    return f"{counted(len(server.fetched), 'document')} that the search found, in the declared form"


def _parts(server: ExaminedServer) -> str:
    server.results()
    long = [fetched for fetched in server.fetched if fetched.metadata.parts > 1]
    if not long:
        raise Skipped("no document that was found is longer than one answer")
    before = None
    next_id = long[0].id.partition("#")[0]
    seen: list[str] = []
    for number in range(1, min(_PARTS, long[0].metadata.parts) + 1):
        need(next_id and next_id not in seen, f"part {number - 1} names no part after it")
        seen.append(next_id)
        part = _fetched(server, next_id)
        place = part.metadata
        need(place.part == number, f"{next_id} is part {place.part}, not {number}")
        if before:
            need(place.previous_id, f"part {number} names no part before it")
            follows = before.last_page <= place.first_page <= before.last_page + 1
            need(follows, f"part {number} begins on page {place.first_page} after page {before.last_page}")
        before, next_id = place, place.next_id
    return f"{len(seen)} of {long[0].metadata.parts} parts, one after the other"


def _citations(server: ExaminedServer) -> str:
    urls = [url for found in server.results() for url in (found.url, *(more.url for more in found.more))]
    urls += [fetched.url for fetched in server.fetched]
    for url in urls:
        need(origin(url), f"{url or 'an empty string'} is not an absolute http(s) URL")
        need(
            same_place(url, server.stated_origin),
            f"{url} does not lead to {server.stated_origin}",
            f"Start the server with `--public-url {server.url}`, or examine it where it is found: "
            f"`stackroom doctor {origin(url)}`.",
        )
    first = server.results()[0]
    if server.signs_in:
        stranger = _opened(server, first.url, browser=False)
        leads_on = stranger.status in (302, 303) and "sign-in" in stranger.headers.get("Location", "")
        need(leads_on, f"without signing in, {first.url} has status {stranger.status}", _CITED_ALONE)
        shows_document = any(text and text in stranger.text for text in (first.title, first.text))
        need(
            not shows_document,
            f"without signing in, {first.url} shows something of the document",
            _CITED_ALONE,
        )
        if not server.sessions:
            return f"{len(urls)} URLs; a stranger is sent to the sign-in page"
    page = _opened(server, first.url, browser=True)
    need(page.status == 200, f"{first.url} has status {page.status}")
    return f"{len(urls)} URLs, and the first opens" + ("; a stranger must sign in" if server.signs_in else "")


def _sizes(server: ExaminedServer) -> str:
    search, fetch = server.found_characters, server.fetched_characters
    if not search:
        raise Skipped("nothing was answered")
    fetches = counted(len(server.fetched), "fetch", "fetches")
    sizes = f"search {search:,} characters, the longest of {fetches} {fetch:,}"
    for name, length in (("search", search), ("fetch", fetch)):
        asked = server.tools[name].meta.get(_ASKS_FOR_MORE) if name in server.tools else None
        limit = asked if isinstance(asked, int) else _CLAUDE_CODE_CHARACTERS
        need(length <= limit, f"{sizes}: Claude Code cuts {name} at about {limit:,}")
        need(length <= _CLAUDE_AI_CHARACTERS, f"{sizes}: claude.ai cuts at about {_CLAUDE_AI_CHARACTERS:,}")
    return sizes


def _latency(server: ExaminedServer) -> str:
    client, seconds = server.working_client(), []
    titles = [found.title for found in server.results()]
    for number in range(_SEARCHES):
        # A new query each time, because the server remembers answers to earlier ones.
        client.call("search", query=f"{titles[number % len(titles)]} {secrets.token_hex(4)}")
        seconds.append(client.seconds)
    median = statistics.median(seconds)
    need(median <= _SLOW_SECONDS, f"a search takes {median:.1f} s")
    return f"a search takes {median * 1000:.0f} ms, the median of {_SEARCHES}"


def _fetched(server: ExaminedServer, id_: str) -> Fetched:
    result = server.working_client().call("fetch", id=id_)
    _check_form(result, server.tool("fetch"))
    server.fetched_characters = max(server.fetched_characters, len(result.text))
    return Fetched.model_validate(result.structured_content)


def _check_form(result: ToolResult, tool: Tool) -> None:
    """Checks that there is one text item, with the same JSON as structuredContent, in the declared form."""
    need(not result.is_error, f"{tool.name} answers with an error: {result.text}")
    need(result.structured_content is not None, f"{tool.name} answers without structuredContent")
    kinds = [item.type for item in result.content]
    need(
        kinds == ["text"],
        f"{tool.name} answers with {', '.join(kinds) or 'no item'} instead of one text item",
    )
    try:
        text = json.loads(result.text)
    except ValueError:
        raise Failed(f"the text item of {tool.name} is not JSON") from None
    need(text == result.structured_content, f"the text item of {tool.name} and its structuredContent differ")
    schema = tool.output_schema or {}
    need(
        "'$ref'" not in repr(schema),
        f"the outputSchema of {tool.name} has $ref, which not all clients follow",
    )
    validator = validator_for(schema)
    try:
        validator.check_schema(schema)
    except SchemaError as error:
        raise Failed(f"the outputSchema of {tool.name} is no JSON schema: {error.message}") from None
    wrong = best_match(validator(schema).iter_errors(result.structured_content))
    need(
        wrong is None, f"{tool.name} does not answer as declared: {wrong.json_path if wrong else ''} is wrong"
    )


def _opened(server: ExaminedServer, url: str, *, browser: bool) -> Answer:
    return server.http.get(server.url_here(url), browser=browser, Accept="text/html")


_CITED_ALONE = "Update Stackroom, and let the proxy keep no copies: documents are for the owner alone."

ANSWERS = (
    Check("search", _search, _FORM),
    Check("beside results", _beside, "Update Stackroom: an assistant learns there what it cannot see."),
    Check("fetch", _fetch, _FORM),
    Check("parts", _parts, "Update Stackroom: an assistant reads a long document by metadata.next_id."),
    Check("citations", _citations, "Start the server with `--public-url` and the address that clients use."),
    Check("answer sizes", _sizes, "Set STACKROOM_FETCH_CHARACTERS lower, and start the server again."),
    Check("latency", _latency, "Look at what else the machine is doing, and at the way through the tunnel."),
)
