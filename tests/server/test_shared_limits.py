"""Limits that the servers of a store share: whichever a caller asks, it has its tries and calls once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path

import psycopg
import pytest

from owner import Clock
from stackroom.common.errors import StoreAway
from stackroom.common.postgres.address import StoreAddress
from stackroom.server.limits.shared_rates import SharedRates
from stackroom.server.limits.shared_throttle import SharedThrottle, SharedTries
from stackroom.server.limits.throttle import Throttle, Tries


@pytest.fixture
def address(store_url: str, tmp_path: Path) -> StoreAddress:
    return StoreAddress(store_url, tmp_path)


@pytest.fixture
def away(tmp_path: Path) -> StoreAddress:
    return StoreAddress("postgresql://nobody@127.0.0.1:1/nothing", tmp_path)


@pytest.fixture
def clock() -> Clock:
    return Clock()


# Tries


@pytest.fixture(params=["own", "shared", "of several servers"])
def tries(request: pytest.FixtureRequest, clock: Clock) -> Tries:
    """Three at once, then one every ten seconds."""
    if request.param == "own":
        return Throttle(3, 10.0, clock)
    address = request.getfixturevalue("address")
    servers = [
        SharedThrottle(SharedTries(address, 3, 10.0, clock), "passphrase")
        for _ in range(1 if request.param == "shared" else 3)
    ]
    return servers[0] if len(servers) == 1 else _Balanced(servers)


class _Balanced:
    """Asks one server after the other."""

    def __init__(self, servers: list[SharedThrottle]) -> None:
        self._servers = cycle(servers)

    def wait(self) -> float:
        return next(self._servers).wait()

    def give_back(self) -> None:
        next(self._servers).give_back()


def test_tries_are_used_up_and_come_back(tries: Tries, clock: Clock) -> None:
    waits = [tries.wait() for _ in range(5)]
    assert waits == pytest.approx([0, 0, 0, 10, 10], abs=1e-3)
    clock.now += 4
    assert tries.wait() == pytest.approx(6, abs=1e-3)
    clock.now += 6.001
    assert tries.wait() == 0
    assert tries.wait() == pytest.approx(10, abs=1e-2)
    clock.now += 1000
    assert [tries.wait() > 0 for _ in range(4)] == [False, False, False, True]


def test_a_right_try_counts_for_nothing(tries: Tries) -> None:
    for _ in range(20):
        assert tries.wait() == 0
        tries.give_back()
    assert [tries.wait() > 0 for _ in range(4)] == [False, False, False, True]


def test_tries_at_the_same_time(address: StoreAddress) -> None:
    """By the database's own clock, from many threads: exactly as many as there are."""
    throttles = [SharedThrottle(SharedTries(address, 10, 60.0), "passphrase") for _ in range(4)]
    with ThreadPoolExecutor(8) as threads:
        waits = list(threads.map(lambda number: throttles[number % 4].wait(), range(40)))
    assert waits.count(0.0) == 10
    assert all(50 < wait <= 60 for wait in waits if wait)


def test_throttles_that_are_full_again_are_forgotten(address: StoreAddress, clock: Clock) -> None:
    tries = SharedTries(address, 3, 10.0, clock)
    for number in range(999):
        tries.take(f"address {number}")
    clock.now += 11
    tries.take("one more")
    with psycopg.connect(address.url) as db:
        assert db.execute("SELECT name FROM stackroom.throttles").fetchall() == [("one more",)]


def test_who_cannot_be_counted_may_not_try(away: StoreAddress) -> None:
    with pytest.raises(StoreAway):
        SharedThrottle(SharedTries(away, 10, 6.0), "passphrase").wait()


# Calls


def server(address: StoreAddress, clock: Clock, each_minute: int = 60) -> SharedRates:
    tries = SharedTries(address, each_minute, 60.0 / each_minute, clock)
    return SharedRates(address, "calls", each_minute, clock, tries)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("each_minute", [5, 60, 300])
def test_a_client_has_its_calls_once(
    address: StoreAddress, clock: Clock, count: int, each_minute: int
) -> None:
    servers = [server(address, clock, each_minute) for _ in range(count)]
    waits = [servers[number % count].wait("a") for number in range(each_minute + 20)]
    assert waits.count(0.0) == each_minute
    assert [one.wait("b") for one in servers] == [0.0] * count
    clock.now += 60
    assert [servers[number % count].wait("a") for number in range(each_minute)].count(0.0) == each_minute


def test_a_client_that_moves_on_leaves_at_most_seven_behind(address: StoreAddress, clock: Clock) -> None:
    first, second = server(address, clock, 300), server(address, clock, 300)
    assert first.wait("a") == 0
    assert [second.wait("a") for _ in range(400)].count(0.0) == 292
    clock.now += 3  # what the first one holds is given back
    assert [first.wait("a") for _ in range(100)].count(0.0) == 7 + 15


def test_a_steady_client_keeps_its_burst(address: StoreAddress, clock: Clock) -> None:
    """What a server took and did not need is not lost."""
    one = server(address, clock, 300)
    for _ in range(100):
        assert one.wait("a") == 0
        clock.now += 2.5
    assert [one.wait("a") for _ in range(400)].count(0.0) >= 299


def test_most_calls_ask_no_database(address: StoreAddress, clock: Clock) -> None:
    one = server(address, clock, 300)
    asked = 0
    for _ in range(200):
        if one.known("a") is None:
            asked += 1
            one.wait("a")
    assert asked < 40


def test_a_refused_client_asks_no_database(address: StoreAddress, clock: Clock) -> None:
    one = server(address, clock, 1)
    assert (one.wait("a"), one.wait("a") > 59) == (0.0, True)
    assert one.known("a") is not None


def test_while_the_store_is_away_each_counts_alone(away: StoreAddress, clock: Clock) -> None:
    one = SharedRates(away, "calls", 5, clock)
    assert [one.wait("a") for _ in range(7)].count(0.0) == 5


def test_from_many_threads_never_too_many(address: StoreAddress) -> None:
    servers = [SharedRates(address, "calls", 60) for _ in range(3)]
    allowed = []
    lock = threading.Lock()

    def call(number: int) -> None:
        if servers[number % 3].wait("a") == 0:
            with lock:
                allowed.append(number)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(call, range(200)))
    assert 40 <= len(allowed) <= 64  # some come back while it runs
