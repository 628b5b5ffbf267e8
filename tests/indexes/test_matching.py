"""The contract of what matches words, for both that we have: beside files, and in a database."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from divided import divide
from fresh_index import FreshIndex
from indexer.passages.writers import FollowsWords, words_writer
from indexer.upkeep.contracts.following import FollowingContract
from indexer.upkeep.contracts.matching import MatchingContract
from stackroom.common.postgres.address import StoreAddress
from stackroom.common.settings import Settings
from stackroom.indexes.matching import MatchingWords
from stackroom.indexes.opened import matching_words


@dataclass
class Ours:
    """See `WordsEngine`."""

    settings: Settings

    @property
    def where(self) -> Path | StoreAddress:
        return self.settings.truth

    def writer(self) -> FollowsWords:
        return words_writer(self.settings)

    def reader(self) -> MatchingWords:
        return matching_words(self.settings)


class TestTantivy(FollowingContract, MatchingContract):
    """Beside files."""

    @pytest.fixture
    def engine(self, tmp_path: Path) -> Ours:
        return Ours(Settings.read({}, data=tmp_path))


class TestPostgres(FollowingContract, MatchingContract):
    """In a database."""

    @pytest.fixture
    def engine(self, store_url: str, tmp_path: Path) -> Ours:
        return Ours(Settings.read({}, data=tmp_path, store=store_url))


class TestDivided(FollowingContract):
    """In a database with its tables in pieces."""

    @pytest.fixture
    def engine(self, store_url: str, tmp_path: Path) -> Ours:
        divide(store_url, passages=4)
        return Ours(Settings.read({}, data=tmp_path, store=store_url))


@pytest.fixture
def otters(index: FreshIndex) -> FreshIndex:
    index.publish(1, "Otters hold hands.\n")
    index.follow_words()
    return index


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(-1, 20))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])  # it reads files
def test_no_text_is_an_error(otters: FreshIndex, query: str, k: int) -> None:
    assert len(otters.word_index().search(query, k).hits) <= max(k, 0)
