"""Where sign-in is kept, as its store sees it: a file of SQLite, or the tables of PostgreSQL.

The statements are written once, and keep to what both read.
"""

from contextlib import AbstractContextManager
from typing import Protocol

from stackroom.common.sql import Sql


class Kept(Protocol):
    """Where passphrase and tokens are kept. May be used from any thread."""

    is_quick: bool
    """Whether a statement takes microseconds and waits for nobody, so that an event loop may run one."""

    def writing(self) -> AbstractContextManager[Sql]:
        """One transaction, the only one that writes. A Refused commits it too: a grant may have ended."""

    def connection(self) -> AbstractContextManager[Sql]:
        """A connection, for one thread. Each statement is a transaction of its own."""

    def close(self) -> None:
        """No other method may be called afterwards."""
