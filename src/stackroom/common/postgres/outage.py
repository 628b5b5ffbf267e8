"""Notices that a database is away, so that nobody waits for it in vain, and that it is there again."""

import threading
import time
from collections.abc import Callable

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from stackroom.common.amounts import counted
from stackroom.common.errors import StoreAway

# While a database is away, one in so many seconds tries to reach it, and all others are told at once.
_EACH_SECONDS = 0.5

# In seconds: libpq waits for less than two of them as for two.
_CONNECT_SECONDS = 2

# A machine that is gone without a word is noticed after some nine seconds by whoever waits for its answer,
# and after two by whoever asks it something.
_GONE = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 2000,
}


class Outage:
    """Whether one database is away, as far as this process knows. May be used from any thread."""

    def __init__(
        self,
        connect: Callable[[], None],
        begin_anew: Callable[[], None],
        shown: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Does not know yet whether it is there: the first `check` finds out.

        Args:
            connect: reaches it, or raises psycopg's errors.
            begin_anew: is called when it is there again; as `connect`, by one thread at a time.
            shown: names it in messages.
            clock: counts seconds.
        """
        self.tell: Callable[[str, str], None] = lambda _level, _text: None
        """Is told once when an outage begins and once when it ends: a level of logging, and a sentence."""
        self._connect = connect
        self._begin_anew = begin_anew
        self._shown = shown
        self._clock = clock
        self._lock = threading.Lock()
        self._is_doubted = True
        self._error = ""  # while it is known to be away
        self._since = self._next = 0.0

    def doubt(self) -> None:
        """A connection was lost, or there was none: who calls `check` next tries to reach the database."""
        self._is_doubted = True

    def check(self) -> None:
        """Raises StoreAway if the database is away; at once, unless this is who has to find out."""
        if not self._is_doubted:
            return
        if self._error and (self._clock() < self._next or self._lock.locked()):
            raise StoreAway(self._error)
        with self._lock:
            if not self._is_doubted:  # another thread has found out
                return
            if self._error and self._clock() < self._next:
                raise StoreAway(self._error)
            try:
                self._connect()
            except psycopg.Error as error:
                raise self._begun(error) from error
            self._ended()

    def _begun(self, error: psycopg.Error) -> StoreAway:
        away = store_away(error, self._shown)
        is_new, self._error = not self._error, str(away)
        self._next = self._clock() + _EACH_SECONDS
        if is_new:
            self._since = self._clock()
            self.tell("error", f"{self._error} Until then requests get an error.")
        return away

    def _ended(self) -> None:
        was_away, self._error, self._is_doubted = bool(self._error), "", False
        if was_away:
            self._begin_anew()
            lasted = counted(round(self._clock() - self._since), "second")
            self.tell("warning", f"The database {self._shown} is there again; it was away for {lasted}.")


def patient_conninfo(url: str, schema: str) -> str:
    """A URL as libpq takes it, so that a machine that is gone is noticed; what the URL says itself counts."""
    own = conninfo_to_dict(url)
    usual: dict[str, str | int] = {
        "connect_timeout": _CONNECT_SECONDS,
        "application_name": "stackroom",
        **_GONE,
    }
    # To compile a query takes longer than any of ours.
    options = f"{own.get('options') or ''} -c search_path={schema},public -c jit=off".strip()
    more = {name: value for name, value in usual.items() if not own.get(name)}
    return make_conninfo(url, options=options, **more)


def store_away(error: Exception, shown: str) -> StoreAway:
    """What to raise if `error` says that the database can't be reached."""
    return StoreAway(
        f"The database {shown} cannot be reached: {first_line(error)}. Work goes on by itself once it is "
        "there again."
    )


def is_away(error: psycopg.Error) -> bool:
    """Whether an error says that the database can't be reached, or can't do at the moment what it should."""
    state = error.sqlstate
    if state is None:  # libpq's or psycopg's own
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    # Lost connections; too many of them; shut down, or starting; made a replica; at odds with a replica's.
    return state.startswith(("08", "57P")) or state in ("53300", "25006", "40001")


def first_line(error: Exception) -> str:
    """The first line of an error's text, without its full stop."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
