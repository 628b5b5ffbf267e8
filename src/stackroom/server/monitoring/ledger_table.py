"""The ledger as a table of a store: the calls of all servers together."""

from collections.abc import Iterator

from stackroom.common.errors import CatalogError, LedgerUnusable, StoreAway
from stackroom.common.postgres.address import StoreAddress
from stackroom.common.postgres.database import database

# Not waiting for the disk: the answer would, too. If the database itself crashes, the last half second of
# calls may be missing; if this server does, none.
_ADD = """
INSERT INTO calls (call) SELECT CAST(? AS text)
FROM (SELECT set_config('synchronous_commit', 'off', true)) AS at_once RETURNING number
"""

# One call in so many looks for old ones. That takes it a fiftieth of a second.
_TIDY_EACH = 500

_FORGET = """
DELETE FROM calls WHERE number <= (
    SELECT max(number) FROM (
        SELECT number, sum(octet_length(call)) OVER (ORDER BY number DESC) AS bytes FROM calls
    ) AS counted WHERE bytes > ?
)
"""

# Rows at a time: a page of the log has 50 calls.
_ROWS = 200


class LedgerTable:
    """See `ledger.Kept`."""

    def __init__(self, address: StoreAddress, limit: int) -> None:
        """Connects to nothing yet. `limit`: so many bytes are kept, and those of up to 500 calls more."""
        self._database = database(address.url)
        self._limit = limit

    def append(self, line: bytes) -> None:
        """See `ledger.Kept`."""
        with self._database.session() as session:
            (number,) = session.execute(_ADD, (line.decode(),)).fetchone()
            if number % _TIDY_EACH == 0:
                session.execute(_FORGET, (self._limit,))

    def newest_first(self) -> Iterator[bytes]:
        """See `ledger.Kept`."""
        before = 2**62
        while True:
            rows = self._rows(before)
            for number, line in rows:
                before = number
                yield line.encode()
            if len(rows) < _ROWS:
                return

    def _rows(self, before: int) -> list[tuple[int, str]]:
        try:
            with self._database.session() as session:
                return session.execute(
                    "SELECT number, call FROM calls WHERE number < ? ORDER BY number DESC LIMIT ?",
                    (before, _ROWS),
                ).fetchall()
        except StoreAway:
            raise
        except CatalogError as error:
            raise LedgerUnusable(f"The calls cannot be read. {error}") from error
