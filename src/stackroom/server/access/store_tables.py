"""Passphrase and tokens in a store that several servers share: its connections, and its transactions.

What one server changes, all others see at their next request: nothing is kept in memory.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from stackroom.common.errors import AccessUnusable, CatalogError, CatalogMissing, StoreAway
from stackroom.common.postgres.address import StoreAddress
from stackroom.common.postgres.database import SIGN_IN, Session, database
from stackroom.common.postgres.migrate import migrate, require_current
from stackroom.server.access.refusals import Refused


class StoreTables:
    """The tables. Errors are StoreAway, if the database can't be reached, or AccessUnusable."""

    is_quick = False

    def __init__(self, address: StoreAddress) -> None:
        """Connects to nothing yet: the database may be away when a server starts."""
        self._database = database(address.url)
        self._lock = threading.Lock()
        self._is_ready = False

    def close(self) -> None:
        """The connections stay: they belong to the process."""

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """See `Kept.writing`. All servers write one after the other, as with a file."""
        refused: Refused | None = None
        with self._session() as session, session.alone(SIGN_IN):
            try:
                yield session
            except Refused as error:
                refused = error
        if refused:
            raise refused

    @contextmanager
    def connection(self) -> Iterator[Session]:
        """See `Kept.connection`."""
        with self._session() as session:
            yield session

    @contextmanager
    def _session(self) -> Iterator[Session]:
        try:
            self._make_ready()
            with self._database.session() as session:
                yield session
        except StoreAway:
            raise
        except CatalogError as error:
            raise AccessUnusable(f"Sign-in is not possible: {error}") from error

    def _make_ready(self) -> None:
        """Makes the tables if there are none, as a new file is made; those of another version stay."""
        if self._is_ready:
            return
        with self._lock:
            try:
                with self._database.session() as session:
                    require_current(session, self._database.shown)
            except CatalogMissing:
                migrate(self._database)
            self._is_ready = True
