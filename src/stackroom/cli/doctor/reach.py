"""Checks that the server can be reached, and that it answers nobody whom it should not."""

import re
from urllib.parse import urlsplit

from stackroom.cli.doctor.check import Check, Failed, Skipped, need, shortened
from stackroom.cli.doctor.examined_server import ExaminedServer, origin, same_place
from stackroom.cli.doctor.http import Answer
from stackroom.cli.doctor.messages import Resource
from stackroom.cli.doctor.protocol_revisions import PATH, post
from stackroom.common.amounts import counted

_FOREIGN = "stackroom-doctor.example"
_LIST = {"id": 1, "method": "tools/list", "params": {}}


def _reachable(server: ExaminedServer) -> str:
    answer = server.http.get(PATH)
    own_address = f"Start the server with `--public-url {server.url}`."
    need(
        answer.status != 421, f"status 421: the server does not answer to the name {server.url}", own_address
    )
    forwarded = answer.status == 403 and "--public-url" in answer.text
    need(not forwarded, f"status 403: {shortened(answer.text, 120)}", own_address)
    return f"{server.url} answers, in {answer.seconds * 1000:.0f} ms"


def _encrypted(server: ExaminedServer) -> str:
    if server.is_local:
        raise Skipped("nothing leaves this machine")
    need(
        server.url.startswith("https:"), f"{server.url} is not https: others on the way can read what is sent"
    )
    return "https, with a certificate that is trusted"


def _health(server: ExaminedServer) -> str:
    answer = server.http.get("/healthz")
    need(answer.status == 200, f"status {answer.status}: {shortened(answer.text, 200)}")
    health = answer.json()
    need(isinstance(health, dict) and health.get("status") == "ok", f"it says {shortened(answer.text, 100)}")
    return f"ok, {counted(health['documents'], 'document')}" if "documents" in health else "ok"


def _paths(server: ExaminedServer) -> str:
    statuses = [post(server.http, {}, _LIST, path).status for path in (PATH, f"{PATH}/")]
    for path, status in zip((PATH, f"{PATH}/"), statuses, strict=True):
        need(not 300 <= status < 400, f"{path} answers with a redirect, status {status}")
        need(status != 404, f"{path} is not there")
    need(statuses[0] == statuses[1], f"{PATH} has status {statuses[0]}, but {PATH}/ {statuses[1]}")
    return f"{PATH} and {PATH}/ answer alike, without a redirect"


def _sse(server: ExaminedServer) -> str:
    headers = {"Accept": "text/event-stream"}
    answers = {
        path: server.http.request("GET", path, headers=headers, one_event=True) for path in ("/sse/", "/sse")
    }
    if answers["/sse/"].status in (404, 405):
        raise Skipped("not served: current clients use /mcp")
    for path, answer in answers.items():
        if answer.status == 401:
            need(
                "Bearer" in answer.headers.get("WWW-Authenticate", ""),
                f"{path}: 401 without a way to sign in",
            )
            continue
        need(answer.status == 200, f"{path} has status {answer.status}")
        need(re.search(r"^event: ?endpoint\r?$", answer.text, re.MULTILINE), f"{path} names no endpoint")
    return "/sse/ and /sse " + ("ask for a token" if answers["/sse/"].status == 401 else "connect")


def _foreign_host(server: ExaminedServer) -> str:
    answer = server.http.get("/healthz", Host=_FOREIGN)
    if answer.status == 421:
        return "refused with status 421"
    need(not server.is_local and answer.status >= 400, f"a request for {_FOREIGN} got status {answer.status}")
    return f"refused with status {answer.status}, by the tunnel or proxy in front of the server"


def _foreign_origin(server: ExaminedServer) -> str:
    status = post(server.http, {"Origin": f"https://{_FOREIGN}"}, _LIST).status
    need(status in (403, 421), f"a page of https://{_FOREIGN} may call the tools: status {status}")
    for trusted in ("https://chatgpt.com", "https://claude.ai"):
        status = post(server.http, {"Origin": trusted}, _LIST).status
        need(status not in (403, 421), f"{trusted} is refused with status {status}")
    return "refused; chatgpt.com and claude.ai are not"


def _without_token(server: ExaminedServer) -> str:
    answer = post(server.http, {}, _LIST)
    if answer.status == 200:
        server.signs_in = False
        need(server.is_local, "there is no sign-in: anybody who learns this address can read the library")
        return "there is no sign-in: any program on this machine can read the library"
    need(answer.status == 401, f"status {answer.status} instead of 401: {shortened(answer.text, 100)}")
    server.signs_in = True
    need("search" not in answer.text, "the refusal names the tools")
    server.resource = _resource(server, answer)
    need(server.stated_origin, f"its metadata names {server.resource.resource}, which is not a URL")
    need(
        origin(server.resource.authorization_servers[0]) == server.stated_origin,
        f"it is found at {server.stated_origin}, and signs in at {server.resource.authorization_servers[0]}",
    )
    expected = f"{server.url}{PATH}"
    if server.is_local and not same_place(server.stated_origin, server.url):
        return f"refused; the server's public URL is {server.stated_origin}"
    local = server.is_local and urlsplit(server.resource.resource).path == PATH
    need(
        server.resource.resource == expected or local,
        f"its metadata names {server.resource.resource}, and clients look for {expected}",
        f"Start the server with `--public-url {server.url}`.",
    )
    return "refused, and the refusal says where to sign in"


def _resource(server: ExaminedServer, refusal: Answer) -> Resource:
    header = refusal.headers.get("WWW-Authenticate", "")
    found = re.search(r'\bresource_metadata="([^"]+)"', header)
    if not header.lower().startswith("bearer") or not found:
        raise Failed("the 401 has no WWW-Authenticate header that names resource_metadata")
    if not server.is_local and not server.leads_here(found[1]):
        raise Failed(
            f"the 401 sends clients to {origin(found[1])}",
            f"Start the server with `--public-url {server.url}`.",
        )
    answer = server.http.get(server.url_here(found[1]))
    need(answer.status == 200, f"{found[1]} has status {answer.status}")
    return Resource.model_validate(answer.json())


REACHABLE = Check(
    "reachable", _reachable, "Start the server, and the tunnel to it; then look for a mistake in the address."
)

REACH = (
    Check("encrypted", _encrypted, "Use a tunnel or proxy with https in front of the server."),
    Check("health", _health, "Read what the server has printed; `stackroom status` looks at the index."),
    Check("paths", _paths, "Let the tunnel or proxy pass on every path as it is."),
    Check("SSE", _sse, "Let the tunnel or proxy pass on streams, or connect clients to /mcp."),
    Check(
        "foreign host",
        _foreign_host,
        "Start the server with `--public-url` and its own address, so that it answers no other name.",
    ),
    Check(
        "foreign origin",
        _foreign_origin,
        "Start the server with `--public-url` and its own address; let the proxy pass on the header Origin.",
    ),
    Check(
        "without a token",
        _without_token,
        "Set a passphrase (`stackroom passphrase`), start the server with `--public-url` and without "
        "`--allow-anonymous`, and let the proxy pass on the header WWW-Authenticate.",
    ),
)
