"""A machine's clock that is wrong: what had expired stays so, and nobody loses access for good."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from owner import ONE_FILE, Clock
from stackroom.common.postgres.address import StoreAddress
from stackroom.server.access.clients import Client
from stackroom.server.access.refusals import Refused
from stackroom.server.access.store import AccessStore, Tokens

HOUR, DAY = 3600.0, 24 * 3600.0
YEARS = 11 * 365 * DAY
CLIENT = Client("app", "App", ("https://app.example/cb",))
RESOURCE = "https://library.example/mcp"
# The verifier of RFC 7636, appendix B.
VERIFIER, CHALLENGE = (
    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
)


class Machine:
    """A machine whose clock can be set: what is remembered of it is in the file alone."""

    def __init__(self, where: Path | StoreAddress) -> None:
        self.where = where
        self.clock = Clock()
        self.start()

    def start(self) -> None:
        self.ticks = 0.0
        self.store = AccessStore(self.where, clock=self.clock, ticks=lambda: self.ticks)

    def restart(self) -> None:
        self.store.close()
        self.start()

    def run(self, seconds: float) -> None:
        """Time passes as it should."""
        self.clock.now += seconds
        self.ticks += seconds

    def let_in(self) -> Tokens:
        code = self.store.allow(CLIENT, CLIENT.redirect_uris[0], CHALLENGE, RESOURCE)
        return self.store.redeem(code, CLIENT.id, CLIENT.redirect_uris[0], VERIFIER, RESOURCE)

    def refresh(self, tokens: Tokens) -> Tokens:
        return self.store.refresh(tokens.refresh, CLIENT.id, None)

    def rows(self) -> int:
        with self.store.kept.connection() as sql:
            return int(sql.execute("SELECT count(*) FROM grants").fetchone()[0])


@pytest.fixture
def machine(where: Path | StoreAddress) -> Machine:
    return Machine(where)


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("ahead", [30 * DAY, 400 * DAY, YEARS])
def test_a_clock_far_ahead_ends_nobodys_access_for_good(
    machine: Machine, ahead: float, restarts: bool
) -> None:
    tokens, program = machine.let_in(), machine.store.new_static_token("script")
    machine.run(HOUR / 2)
    machine.clock.now += ahead
    for _ in range(3):  # all that clears up, and all that asks
        if restarts:
            machine.restart()
        assert machine.store.bearer(tokens.access) is None
        assert machine.store.bearer(program) is not None
        assert machine.store.session("unknown") is None
        machine.store.new_session()
        # The owner sees who would come back.
        assert {"App", "script", "Browser"} <= {grant.name for grant in machine.store.grants()}
        if ahead > 90 * DAY:
            with pytest.raises(Refused):
                machine.refresh(tokens)
        machine.run(HOUR)
    machine.clock.now -= ahead
    if restarts:
        machine.restart()
    assert {"App", "script"} <= {grant.name for grant in machine.store.grants()}
    renewed = machine.refresh(tokens)
    assert machine.store.bearer(renewed.access) is not None
    machine.run(2 * HOUR)
    assert machine.store.bearer(renewed.access) is None  # time goes on as it should
    machine.store.close()


@pytest.mark.parametrize("restarts", [False, True])
def test_a_clock_that_is_set_back_makes_nothing_good_again(machine: Machine, restarts: bool) -> None:
    tokens, session = machine.let_in(), machine.store.new_session()
    code = machine.store.allow(CLIENT, CLIENT.redirect_uris[0], CHALLENGE, RESOURCE)
    for _ in range(91):  # the server is asked each day
        machine.run(DAY)
        machine.store.bearer("unknown")
    for back in (HOUR, DAY, 40 * DAY, 50 * DAY, YEARS):
        machine.clock.now -= back
        if restarts:
            machine.restart()
        assert machine.store.bearer(tokens.access) is None
        assert machine.store.session(session) is None
        with pytest.raises(Refused):
            machine.refresh(tokens)
        with pytest.raises(Refused):
            machine.store.redeem(code, CLIENT.id, CLIENT.redirect_uris[0], VERIFIER, RESOURCE)
    # What is issued meanwhile expires, too.
    renewed = machine.let_in()
    assert machine.store.bearer(renewed.access) is not None
    machine.run(HOUR + 1)
    assert machine.store.bearer(renewed.access) is None
    machine.store.close()


@pytest.mark.parametrize("ahead", [2 * HOUR, 2 * DAY, YEARS])
def test_what_was_refused_once_stays_refused(machine: Machine, ahead: float) -> None:
    tokens = machine.let_in()
    machine.clock.now += ahead
    assert machine.store.bearer(tokens.access) is None
    machine.clock.now -= ahead
    machine.restart()
    assert machine.store.bearer(tokens.access) is None
    assert machine.store.bearer(machine.refresh(tokens).access) is not None
    machine.store.close()


def test_tokens_of_a_wrong_clock_do_not_outlive_it(machine: Machine) -> None:
    machine.let_in()
    machine.clock.now += YEARS
    tokens = machine.let_in()
    assert machine.store.bearer(tokens.access) is not None  # the clock might be right
    machine.clock.now -= YEARS
    assert machine.store.bearer(tokens.access) is None
    with pytest.raises(Refused):
        machine.refresh(tokens)
    machine.store.close()


def test_a_clock_that_was_wrong_from_the_first_look_stops_no_time(machine: Machine) -> None:
    machine.clock.now += YEARS
    machine.store.grants()
    machine.clock.now -= YEARS
    machine.restart()
    tokens = machine.let_in()
    assert machine.store.bearer(tokens.access) is not None
    machine.run(HOUR + 1)
    assert machine.store.bearer(tokens.access) is None
    (grant,) = machine.store.grants()
    assert grant.created == machine.clock.now - HOUR - 1  # what people read is the machine's clock
    machine.store.close()


def test_a_machine_that_was_off_for_long_is_believed_after_a_day(machine: Machine) -> None:
    machine.let_in()
    machine.store.close()
    machine.clock.now += 200 * DAY
    machine.start()
    for _ in range(23):
        machine.run(HOUR)
        machine.store.grants()
    assert machine.rows() == 1
    machine.run(2 * HOUR)
    assert (machine.store.grants(), machine.rows()) == ([], 0)
    machine.store.close()


def test_a_second_leap_is_no_second_witness(machine: Machine) -> None:
    machine.let_in()
    for _ in range(3):
        machine.clock.now += YEARS
        machine.store.grants()
    assert machine.rows() == 1
    machine.store.close()


def test_expired_grants_go_in_time(machine: Machine) -> None:
    machine.let_in()
    for days, rows in ((89, 1), (1, 1), (2, 0)):
        for _ in range(days):
            machine.run(DAY)
            machine.store.grants()
        assert machine.rows() == rows
    machine.store.close()


def test_when_it_was_used_is_no_time_to_come(machine: Machine) -> None:
    program = machine.store.new_static_token("script")
    machine.clock.now += YEARS
    machine.store.bearer(program)
    machine.clock.now -= YEARS
    machine.run(HOUR)
    machine.store.bearer(program)
    (grant,) = machine.store.grants()
    assert grant.last_used == machine.clock.now
    machine.store.close()


@ONE_FILE
def test_a_file_of_the_version_before_keeps_all_access(machine: Machine) -> None:
    tokens = machine.let_in()
    machine.store.close()
    assert isinstance(machine.where, Path)
    with closing(sqlite3.connect(machine.where)) as sql:
        sql.executescript("DROP TABLE repeats; DROP TABLE clock; PRAGMA user_version = 1")
    machine.start()
    assert machine.store.bearer(tokens.access) is not None
    assert machine.refresh(tokens) is not None
    machine.store.close()
