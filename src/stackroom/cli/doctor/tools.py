"""Checks of both revisions of MCP, and that the tools have the form that ChatGPT and Claude expect."""

import functools
import re
from typing import Any

from stackroom.cli.doctor.check import Check, Failed, Skipped, need
from stackroom.cli.doctor.examined_server import ExaminedServer
from stackroom.cli.doctor.messages import Tool, ToolResult
from stackroom.cli.doctor.protocol_revisions import HandshakeClient, McpClient, StatelessClient

ARGUMENTS = {"search": "query", "fetch": "id"}
"""The tools, and the one argument of each."""

_ANSWERED = {"search": {"results"}, "fetch": {"id", "title", "text", "url", "metadata"}}
_INSTRUCTIONS_READ = 512
_INVALID_PARAMS = -32602

# What an error message must not contain: code, names of its files, folders of the server's machine.
_INTERNALS = re.compile(
    r"Traceback|File \"|\.py\b|sqlite|\bSELECT\b|(?<![\w:/])/(home|root|usr|var|tmp|opt|etc|srv|mnt|Users)/"
    r"|\b[A-Z]:\\|\b(Key|Type|Value|Attribute|OS|Runtime|Operational)Error\b"
)

_MCP = "Update Stackroom; if a proxy is in front of it, let that pass on headers and bodies as they are."


def _exchange(kind: type[McpClient], server: ExaminedServer) -> str:
    if server.signs_in and not server.token:
        raise Skipped("needs to be signed in: give the passphrase, or --token")
    if server.token and not server.keeps_secrets:
        raise Skipped("the address is not encrypted: the token is not sent there")
    client = kind(server.http, server.token)
    greeting = client.greet()
    spoken = {greeting.protocol_version, *greeting.supported_versions}
    need(client.version in spoken, f"{client.version} was asked for, {', '.join(sorted(spoken))} offered")
    need("tools" in greeting.capabilities, "the server does not say that it has tools")
    server.greetings[client.version] = greeting.instructions
    tools = {tool.name: tool for tool in client.tools().tools}
    need("search" in tools, f"there is no tool search, but {', '.join(tools) or 'none'}")
    found = client.call("search", query=server.query)
    need(not found.is_error, f"search answers with an error: {found.text}")
    if server.mcp_client is None:
        server.mcp_client, server.tools = client, tools
    need(tools == server.tools, "the tools are not the same as in the other revision")
    return f"{'initialize' if kind is HandshakeClient else 'server/discover'}, tools/list, tools/call"


def _tools(server: ExaminedServer) -> str:
    server.working_client()
    need(
        set(server.tools) == set(ARGUMENTS),
        f"the tools are {', '.join(sorted(server.tools))}, not fetch, search",
    )
    for name, argument in ARGUMENTS.items():
        _check_tool(server.tools[name], argument)
    return "search(query: string) and fetch(id: string), which only read"


def _check_tool(tool: Tool, argument: str) -> None:
    schema, name = tool.input_schema, tool.name
    parameters = schema.get("properties")
    need(isinstance(parameters, dict) and set(parameters) == {argument}, f"{name} takes {_named(parameters)}")
    described = parameters[argument] if isinstance(parameters, dict) else None
    kind = described.get("type") if isinstance(described, dict) else None
    need(kind == "string", f"{name}: {argument} is of the type {kind}")
    need(
        schema.get("type") == "object" and schema.get("required") == [argument],
        f"{name}: {argument} is optional",
    )
    need(tool.title or tool.annotations.title, f"{name} has no title")
    need(tool.description, f"{name} has no description")
    hints = tool.annotations
    given = (hints.read_only_hint, hints.destructive_hint, hints.open_world_hint)
    need(given == (True, False, False), f"{name}: readOnlyHint, destructiveHint, openWorldHint are {given}")
    need(tool.output_schema, f"{name} has no outputSchema")
    answered = (tool.output_schema or {}).get("properties")
    need(
        isinstance(answered, dict) and answered.keys() >= _ANSWERED[name],
        f"{name} answers {_named(answered)}",
    )


def _named(properties: Any) -> str:
    return ", ".join(properties) if isinstance(properties, dict) and properties else "nothing"


def _instructions(server: ExaminedServer) -> str:
    server.working_client()
    for version, text in server.greetings.items():
        need(text.strip(), f"the server sends none in {version}")
        need(
            len(text) <= _INSTRUCTIONS_READ,
            f"{len(text)} characters in {version}; ChatGPT reads {_INSTRUCTIONS_READ}",
        )
    return f"{max(map(len, server.greetings.values()))} characters; ChatGPT reads {_INSTRUCTIONS_READ}"


def _unknown_tool(server: ExaminedServer) -> str:
    reply = server.working_client().reply("tools/call", {"name": "no_such_tool", "arguments": {}})
    if reply.error is None:
        raise Failed("a tool that is not there is answered with a result")
    need(reply.error.code == _INVALID_PARAMS, f"error {reply.error.code} instead of {_INVALID_PARAMS}")
    _check_message(reply.error.message)
    return f"error {_INVALID_PARAMS}"


def _bad_arguments(server: ExaminedServer) -> str:
    wrong: tuple[tuple[str, dict[str, object]], ...] = (
        ("search", {}),
        ("search", {"query": ["a list"]}),
        ("fetch", {}),
        ("fetch", {"id": "no-such-document"}),
        ("fetch", {"id": "../../etc/passwd"}),
    )
    for tool, arguments in wrong:
        reply = server.working_client().reply("tools/call", {"name": tool, "arguments": arguments})
        what = f"{tool} with {arguments or 'no arguments'}"
        if reply.error is None:
            result = ToolResult.model_validate(reply.result)
            need(result.is_error, f"{what} is answered as if it were right")
            message = result.text
        else:
            message = reply.error.message
        need(message.strip(), f"{what}: an error without a message")
        for given in arguments.values():  # the message may repeat what we sent
            message = message.replace(str(given), "…")
        _check_message(message)
    return f"{len(wrong)} wrong calls, {len(wrong)} errors that reveal nothing about the server's inside"


def _check_message(message: str) -> None:
    found = _INTERNALS.search(message)
    need(not found, f"a message shows the inside of the server ({found[0] if found else ''}): {message}")


REVISIONS = tuple(
    Check(f"MCP {client.version}", functools.partial(_exchange, client), _MCP)
    for client in (HandshakeClient, StatelessClient)
)

TOOLS = (
    Check("tools", _tools, "Update Stackroom: ChatGPT takes these two tools in exactly this form."),
    Check("instructions", _instructions, f"Keep the instructions within {_INSTRUCTIONS_READ} characters."),
    Check("unknown tool", _unknown_tool, "Update Stackroom: clients expect a JSON-RPC error, code -32602."),
    Check(
        "bad arguments",
        _bad_arguments,
        "Update Stackroom: an assistant's makers see error messages, which must tell nothing about your "
        "machine.",
    ),
)
