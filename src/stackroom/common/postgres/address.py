"""Where a store is: a database of PostgreSQL, and maybe a replica of it. Connects to nothing."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

SCHEMES = ("postgresql", "postgres")

MOVING = "moving"
"""The table that a store has while a library is moved into it, and only then. It says how far that is."""


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """A store in PostgreSQL.

    Attributes:
        url: of the database, as libpq takes it; it may hold a password, and is never shown.
        folder: of what only this machine needs beside the store: locks, and notes about folders.
        replica: URL of a replica that is read instead; empty for none.
    """

    url: str = field(repr=False)
    folder: Path
    replica: str = field(default="", repr=False)

    @property
    def shown(self) -> str:
        """The database for people: without user, password and options."""
        return shown_url(self.url)


def shown_url(url: str) -> str:
    """A URL of a store for people: host, port and database alone."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{place}{parts.path}"


def holds_password(url: str) -> bool:
    """Whether a URL of a store has a password in it."""
    parts = urlsplit(url)
    return parts.password is not None or "password" in parse_qs(parts.query)
