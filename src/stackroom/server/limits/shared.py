"""Limits of one server, or of all servers of a store together. Connects to nothing yet."""

from pathlib import Path

from stackroom.common.postgres.address import StoreAddress
from stackroom.server.limits.rates import Counting, Rates
from stackroom.server.limits.throttle import Throttle, Tries


def tries(where: Path | StoreAddress, name: str, burst: int, seconds_each: float) -> Tries:
    """A throttle; in a store, the one of that name, which all its servers share.

    There every call of it waits for the database: not for an event loop. It raises StoreAway.
    """
    if isinstance(where, Path):
        return Throttle(burst, seconds_each)
    # Needs the extra `postgres`.
    from stackroom.server.limits.shared_throttle import SharedThrottle, SharedTries

    return SharedThrottle(SharedTries(where, burst, seconds_each), name)


def rates(where: Path | StoreAddress, what: str, each_minute: int) -> Counting | None:
    """What counts `what` clients do; None if they may do any number of it."""
    if not each_minute:
        return None
    if isinstance(where, Path):
        return Rates(each_minute)
    from stackroom.server.limits.shared_rates import SharedRates

    return SharedRates(where, what, each_minute)
