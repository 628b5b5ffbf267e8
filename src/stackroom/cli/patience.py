"""Work in a store whose database may be away for a while: it is begun again when that is back."""

import time
from collections.abc import Callable
from typing import TypeVar

from stackroom.common.errors import StoreAway
from stackroom.common.events import Events

_Done = TypeVar("_Done")

# A database that is started anew, or whose replica takes over, is back within a minute or two.
_LONGEST_SECONDS = 300.0
_BETWEEN_SECONDS = 3.0


def patiently(
    work: Callable[[], _Done],
    events: Events,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> _Done:
    """What `work` gives. While the database is away it is called again, for five minutes since it was there.

    Args:
        work: may be called again after it has failed: what it has committed is safe.
        events: told once each time that the database has gone.
        clock: gives seconds.
        sleep: waits so many seconds.

    Raises:
        StoreAway: the database was away for longer.
    """
    since: float | None = None
    while True:
        started = clock()
        try:
            return work()
        except StoreAway as error:
            now = clock()
            if since is None or now - started > 2 * _BETWEEN_SECONDS:  # it was there, and has gone again
                since = now
                message = f"stackroom: {error} Trying again for {_LONGEST_SECONDS / 60:g} minutes."
                events.tell("store_away", message, "warning", message=str(error))
            if now - since > _LONGEST_SECONDS:
                raise
            sleep(_BETWEEN_SECONDS)
