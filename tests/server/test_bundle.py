"""The bundle for Claude Desktop says what is so. `tests/clients/run.sh bundle` installs and uses it."""

import re
from io import BytesIO

import fastmcp
import pytest
from PIL import Image

from mcp_clients import URL
from packages.mcpb import bundle
from stackroom.reading.reader import Reader
from stackroom.server.protocol.tools import create_mcp

MANIFEST = bundle.manifest("1.2.3")


@pytest.mark.anyio
async def test_it_lists_the_tools_of_the_server(reader: Reader) -> None:
    async with fastmcp.Client(create_mcp(reader, URL)) as client:
        served = [tool.name for tool in await client.list_tools()]
    assert [tool["name"] for tool in MANIFEST["tools"]] == served


def test_what_it_starts_is_in_it() -> None:
    server = MANIFEST["server"]
    assert (bundle.HERE / server["entry_point"]).is_file()
    assert server["entry_point"] in server["mcp_config"]["args"]


def test_it_asks_for_what_its_command_needs() -> None:
    config = MANIFEST["server"]["mcp_config"]
    needed = re.findall(r"\$\{user_config\.(\w+)\}", " ".join([*config["args"], *config["env"].values()]))
    assert sorted(needed) == sorted(MANIFEST["user_config"])
    # What is neither chosen nor has a default stays in the command as it is written here.
    for option in MANIFEST["user_config"].values():
        assert option["required"] or "default" in option


def test_its_icon_is_a_picture_of_the_size_that_is_asked_for() -> None:
    picture = Image.open(BytesIO(bundle.icon()))
    assert (picture.format, picture.size) == ("PNG", (512, 512))
    assert picture.getpixel((256, 20)) == (0x1F, 0x4E, 0x8C, 255)
    assert picture.getpixel((0, 0)) == (0, 0, 0, 0)  # the corners are round
