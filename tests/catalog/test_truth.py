"""The contract of the truth, for all that we have."""

from pathlib import Path

import pytest

from divided import divide
from indexer.upkeep.contracts.truth import TruthContract
from stackroom.common.postgres.address import StoreAddress


class TestFile(TruthContract):
    """A file of SQLite."""

    @pytest.fixture
    def where(self, tmp_path: Path) -> Path:
        return tmp_path / "index" / "catalog.sqlite3"


class TestDatabase(TruthContract):
    """A database of PostgreSQL."""

    @pytest.fixture
    def where(self, store_url: str, tmp_path: Path) -> StoreAddress:
        return StoreAddress(store_url, tmp_path / "index")


class TestDividedDatabase(TestDatabase):
    """With its large tables in pieces."""

    @pytest.fixture(autouse=True)
    def divided(self, store_url: str) -> None:
        divide(store_url, passages=4)
