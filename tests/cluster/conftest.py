"""One cluster for the tests of a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clusters import KeptWorkers, models_of
from stackroom.common.settings import Settings


@pytest.fixture(scope="module")
def workers() -> Iterator[KeptWorkers]:
    workers = KeptWorkers(2, models_of)
    yield workers
    workers.end()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.read({}, data=tmp_path / "data", workers=2)
