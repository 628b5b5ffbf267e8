"""A command whose database is away for a while."""

import pytest

from stackroom.cli.patience import patiently
from stackroom.common.errors import StoreAway
from stackroom.common.events import Events


class Away:
    """Work that fails while the database is away: in the calls with these numbers, each taking a second."""

    def __init__(self, calls: range, after: float = 0.0) -> None:
        self.now = 0.0
        self.calls = 0
        self._away = calls
        self._after = after

    def __call__(self) -> int:
        self.calls += 1
        self.now += self._after if self.calls == self._away.start else 1.0
        if self.calls in self._away:
            raise StoreAway("The database cannot be reached.")
        return self.calls

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_it_is_begun_again_when_the_database_is_back(capsys: pytest.CaptureFixture[str]) -> None:
    work = Away(range(1, 11))
    assert patiently(work, Events(as_json=False), clock=work.clock, sleep=work.sleep) == 11
    told = capsys.readouterr()
    assert (told.out + told.err).count("cannot be reached. Trying again for 5 minutes.") == 1


def test_not_for_ever(capsys: pytest.CaptureFixture[str]) -> None:
    work = Away(range(1, 10_000))
    with pytest.raises(StoreAway):
        patiently(work, Events(as_json=False), clock=work.clock, sleep=work.sleep)
    assert 300 < work.now < 330


def test_the_time_counts_since_it_was_there(capsys: pytest.CaptureFixture[str]) -> None:
    work = Away(range(1, 60), after=10_000.0)
    assert patiently(work, Events(as_json=False), clock=work.clock, sleep=work.sleep) == 60
