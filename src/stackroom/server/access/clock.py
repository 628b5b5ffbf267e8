"""What time it is, for what expires: a time that never goes back, never stands still, and believes no leap.

A machine's clock can be wrong: set back, it must not make good again what had expired; years ahead, it must
not end everybody's access for good. So the file of who has access has a note of how far time has come:

- It goes on from the note with the ticks of the process, whatever the clock says, and with the clock while
  that is no more than a day ahead of it.
- If the clock is further ahead, either the machine was off for long or the clock is wrong; nobody can tell
  which. Tokens are judged by the clock, so that what may have expired opens nothing; but the note stays where
  it is, and nothing is deleted. A clock that still says so a day later is believed.
- Nothing is deleted before it has been expired for a day by the note.
- A token that expires later than one that is issued now, by more than a day, was issued by a clock that was
  wrong: it is not good.
"""

import sqlite3
import time
from collections.abc import Callable
from typing import NamedTuple

DAY = 24 * 3600.0
"""How far ahead a clock may be that is believed at once, in seconds."""

# A first look and a second one that lie further apart say nothing of a clock that is steady.
_LONGEST_DOUBT = 90 * DAY

# Writing at every look would cost more than the request.
_STORED_EACH_SECONDS = 60.0


class Moment(NamedTuple):
    """A look at the clock; all in seconds since the epoch.

    Attributes:
        wall: what the machine's clock says, for people.
        now: what tokens are judged by; never earlier than before.
        passed: how far time has come for sure; what expired a day before that may be deleted.
    """

    wall: float
    now: float
    passed: float


class Clock:
    """Looks at the machine's clock, and keeps the note. For one thread at a time."""

    def __init__(
        self, wall: Callable[[], float] = time.time, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        """`wall` is the machine's clock, `ticks` counts seconds that nobody can set."""
        self._wall = wall
        self._ticks = ticks
        self._from: tuple[float, float] | None = None  # how far time had come, and the ticks then

    def read(self, sql: sqlite3.Connection) -> Moment:
        """What time it is, by the note in the file as well; takes it down about once a minute."""
        wall, ticks = self._wall(), self._ticks()
        stored = sql.execute("SELECT passed, leapt FROM clock").fetchone()
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
            # Another process may have come further.
            sql.execute(
                "INSERT INTO clock VALUES (1, ?, ?)"
                " ON CONFLICT DO UPDATE SET passed = max(passed, excluded.passed), leapt = excluded.leapt",
                (passed, doubted),
            )
        return Moment(wall, max(wall, passed), passed)
