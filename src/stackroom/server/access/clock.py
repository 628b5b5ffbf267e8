"""The time by which tokens expire. It does not follow a clock that is set back or that jumps ahead.

The machine's clock can be wrong. If it is set back, expired tokens must not become good again; if it is set
years ahead, nobody may lose access for good. So the access file stores the latest time that is certain
(`passed`), by these rules:

- `passed` grows with the process's own seconds (`ticks`), whatever the machine's clock says. It also follows
  the machine's clock while that is at most a day ahead of it.
- If the clock is more than a day ahead, either the machine was off for long or the clock is wrong; nobody can
  tell which. Tokens are then judged by the clock, so that one that may have expired opens nothing. But
  `passed` stays as it is, and nothing is deleted. A clock that is still ahead a day later is believed.
- A token is deleted only when it has been expired for a day according to `passed`.
- A token that expires more than a day later than one that is issued now was issued by a wrong clock: it is
  not good.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from stackroom.common.sql import Sql

DAY = 24 * 3600.0
"""A clock that is at most this far ahead is believed at once, in seconds."""

# Two readings of a clock that is ahead count together only if they are at most this far apart, in seconds.
_LONGEST_DOUBT = 90 * DAY

# Storing the time at every reading would cost more than the request itself.
_STORED_EACH_SECONDS = 60.0

# With the time of the database, which servers on several machines share.
_WITH_TIME = """
SELECT passed, leapt, CAST(extract(epoch FROM clock_timestamp()) AS double precision)
FROM (SELECT 1) AS one LEFT JOIN clock ON 1 = 1
"""


class Moment(NamedTuple):
    """One reading of the clock; all in seconds since the epoch.

    Attributes:
        wall: what the machine's clock says, to show to people.
        now: the time by which tokens are judged: the later one of `wall` and `passed`.
        passed: the time that has certainly come, which never goes back; what expired a day before it may be
            deleted.
    """

    wall: float
    now: float
    passed: float


class Clock:
    """Reads the machine's clock, and stores the time that is certain."""

    def __init__(
        self, wall: Callable[[], float] | None = time.time, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        """`wall` is the machine's clock; None for that of the database, which has to be PostgreSQL.

        `ticks` counts seconds of this process, and nobody can set it.
        """
        self._wall = wall
        self._ticks = ticks
        self._from: tuple[float, float] | None = None  # `passed` and the ticks at the last reading

    def read(self, sql: Sql) -> Moment:
        """The time, from the clock and from what is stored; stores it about once a minute."""
        ticks = self._ticks()
        if self._wall:
            wall = self._wall()
            stored = sql.execute("SELECT passed, leapt FROM clock").fetchone()
        else:
            *kept, wall = sql.execute(_WITH_TIME).fetchone()
            stored = None if kept[0] is None else kept
        passed, leapt = stored or (wall, None)
        if self._from:
            passed = max(passed, self._from[0] + ticks - self._from[1])
        doubted = None
        if wall - passed <= DAY:
            passed = max(passed, wall)
        elif leapt is None or not 0 <= wall - leapt <= _LONGEST_DOUBT:
            doubted = wall
        elif wall - leapt < DAY:
            doubted = leapt
        else:
            passed = wall
        self._from = passed, ticks
        if stored is None or passed - stored[0] >= _STORED_EACH_SECONDS or doubted != leapt:
            # Another process may have stored a later time.
            sql.execute(
                "INSERT INTO clock VALUES (1, ?, ?) ON CONFLICT (one) DO UPDATE SET leapt = excluded.leapt,"
                " passed = CASE WHEN clock.passed > excluded.passed THEN clock.passed"
                " ELSE excluded.passed END",
                (passed, doubted),
            )
        return Moment(wall, max(wall, passed), passed)
