"""What docs/clients.md has people write into their clients can be read, and our commands understand it."""

import json
import re
import shlex
from typing import Any

import pytest

from places import ROOT
from stackroom.cli.arguments import command_parser
from stackroom.common.settings import Settings

TEXT = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
# By the section that each is in.
RECIPES = [
    (section.partition("\n")[0], json.loads(block))
    for section in TEXT.split("\n## ")[1:]
    for block in re.findall(r"^```json\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
]
# What each client calls its list of servers.
KEYS = {"VS Code": "servers", "Zed": "context_servers"}


def test_there_are_recipes() -> None:
    assert {"Claude Desktop, without a tunnel", "Cursor", "VS Code", "Zed", "LM Studio"} <= {
        client for client, _ in RECIPES
    }


@pytest.mark.parametrize(("client", "recipe"), RECIPES)
def test_a_recipe_names_the_server(client: str, recipe: dict[str, Any]) -> None:
    ((key, servers),) = recipe.items()
    assert key == KEYS.get(client, "mcpServers")
    ((name, server),) = servers.items()
    assert name == "stackroom"
    if "command" in server:
        assert server["command"].endswith("/.venv/bin/stackroom")
        assert command_parser().parse_args(server["args"]).transport == "stdio"
    else:
        settings = Settings()
        here = f"http://{settings.host}:{settings.port}/mcp"
        assert server["url"] in (here, "https://<tunnel>/mcp")


def test_commands_on_the_page_are_ours() -> None:
    text = re.sub(r"\s+", " ", TEXT)
    commands = {" ".join(found.split()) for found in re.findall(r"`stackroom ([a-z][^`]*)`", text)}
    assert len(commands) > 4
    for command in commands:
        command_parser().parse_args(shlex.split(command))
