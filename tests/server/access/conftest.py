"""A server with sign-in, and time that stands still."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from owner import Assistant, Site
from stackroom.reader import Reader


@pytest.fixture
def site(reader: Reader, tmp_path: Path) -> Iterator[Site]:
    site = Site(reader, tmp_path / "access" / "access.sqlite3")
    yield site
    site.access.close()


@pytest.fixture
def chatgpt(site: Site) -> Assistant:
    return Assistant(site)
