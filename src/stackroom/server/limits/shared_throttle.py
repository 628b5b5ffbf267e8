"""A `Throttle` that all servers of a store share: whichever is asked, its tries are used up together."""

import itertools
from collections.abc import Callable
from typing import NamedTuple

from stackroom.common.postgres.address import StoreAddress
from stackroom.common.postgres.database import Database, database

# All that is kept of a throttle is when its tries will all be back: `full_at`. One that is not there has all
# of them. Of those that are left, an eighth is taken at a time, but at most as many as are asked for, and at
# least one. Some of those taken before may be given back first.
_TAKE = """
INSERT INTO throttles AS kept (name, full_at, taken)
VALUES (?1, {now} + ?2 * greatest(1, least(?4, floor(?3 / 8.0))), greatest(1, least(?4, floor(?3 / 8.0))))
ON CONFLICT (name) DO UPDATE SET (full_at, taken) = (
    SELECT owed + ?2 * taking, taking FROM (
        SELECT owed, CASE WHEN there < 0.99 THEN 0 ELSE greatest(1, least(?4, floor(there / 8))) END AS taking
        FROM (SELECT owed, ?3 - (owed - {now}) / ?2 AS there
            FROM (SELECT greatest(kept.full_at - ?2 * ?5, {now}) AS owed) AS debts) AS tries
    ) AS takings
)
RETURNING taken, full_at - {now}
"""

_NOW = "CAST(extract(epoch FROM statement_timestamp()) AS double precision)"

# One in so many looks for throttles that have all their tries, and are as good as none.
_TIDY_EACH = 1000


class Taken(NamedTuple):
    """How many tries were taken; and, if none was, the seconds until there is one."""

    tries: int
    wait: float


class SharedTries:
    """Throttles of one kind, by name. May be used from any thread.

    Every method raises StoreAway if the database can't be reached, and another CatalogError if it refuses.
    """

    def __init__(
        self,
        address: StoreAddress,
        burst: int,
        seconds_each: float,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """As `Throttle`; the clock is that of the database if none is given, in seconds since the epoch."""
        self._database: Database = database(address.url)
        self._burst = burst
        self._each = seconds_each
        self._clock = clock
        self._count = itertools.count(1)

    def take(self, name: str, most: int = 1, back: int = 0) -> Taken:
        """Takes tries: at least one if there is one, and at most `most`; first gives `back` so many."""
        values = (name, float(self._each), float(self._burst), float(most), float(back))
        with self._database.session() as session:
            taken, until_full = session.execute(self._sql(_TAKE), values).fetchone()
            if next(self._count) % _TIDY_EACH == 0:
                session.execute(self._sql("DELETE FROM throttles WHERE full_at < {now}"))
        return Taken(int(taken), 0.0 if taken else until_full - (self._burst - 1) * self._each)

    def give_back(self, name: str) -> None:
        """Gives one try back."""
        with self._database.session() as session:
            session.execute("UPDATE throttles SET full_at = full_at - ? WHERE name = ?", (self._each, name))

    def _sql(self, statement: str) -> str:
        return statement.format(now=repr(self._clock()) if self._clock else _NOW)


class SharedThrottle:
    """One throttle. Raises as `SharedTries`: who can't be counted is not let through."""

    def __init__(self, tries: SharedTries, name: str) -> None:
        """`name` is the same on all servers."""
        self._tries = tries
        self._name = name

    def wait(self) -> float:
        """See `Throttle`."""
        return self._tries.take(self._name).wait

    def give_back(self) -> None:
        """See `Throttle`."""
        self._tries.give_back(self._name)
