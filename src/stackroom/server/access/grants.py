"""Grants and their tokens, as rows of the file; whoever calls is in a transaction of it.

Of a token only the SHA-256 is kept: it is random, so there is nothing to guess, and whoever reads the file
cannot use what is in it.
"""

import hashlib
import secrets
import sqlite3
from dataclasses import dataclass
from typing import Literal

from stackroom.server.access.refusals import Refused

# Writing at every request would cost more than the request.
_LAST_USED_SECONDS = 60

# The columns are the fields of Grant.
_ALL_GRANTS = """
SELECT id, kind, name, created, last_used, COALESCE(redirect_uri, ''), COALESCE(resource, ''), NULL
FROM grants ORDER BY last_used DESC, id
"""
_WHOSE = """
SELECT g.id, g.kind, g.name, g.created, g.last_used, COALESCE(g.redirect_uri, ''), COALESCE(g.resource, ''),
    t.expires, t.kind
FROM tokens t JOIN grants g ON g.id = t.grant_id
WHERE t.digest = ? AND (t.expires IS NULL OR t.expires > ?)
"""

GrantKind = Literal["client", "token", "browser"]


@dataclass(frozen=True, slots=True)
class Grant:
    """One entry in the owner's list.

    Attributes:
        id: short, for the owner to type.
        name: what a client calls itself, or what the owner called a token.
        created, last_used: seconds since the epoch.
        destination: where a client's answers go; empty for others.
        resource: the URL its tokens are for; empty for others than clients.
        expires: when the token that was asked about expires, in seconds since the epoch; None if never.
    """

    id: str
    kind: GrantKind
    name: str
    created: float
    last_used: float
    destination: str = ""
    resource: str = ""
    expires: float | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """What a client that exchanges a code or a refresh token is held to."""

    redirect_uri: str
    challenge: str
    resource: str


def all_grants(sql: sqlite3.Connection) -> list[Grant]:
    """All grants, those that were used last first."""
    return [Grant(*row) for row in sql.execute(_ALL_GRANTS)]


def new_grant(sql: sqlite3.Connection, kind: GrantKind, name: str, now: float) -> str:
    """Adds a grant, which ends with its last token. Returns its id."""
    grant_id = secrets.token_hex(4)
    sql.execute(
        "INSERT INTO grants (id, kind, name, created, last_used) VALUES (?, ?, ?, ?, ?)",
        (grant_id, kind, name, now, now),
    )
    return grant_id


def new_token(sql: sqlite3.Connection, grant_id: str, kind: str, expires: float | None) -> str:
    """Adds a token to a grant, good until a time in seconds since the epoch; for ever if it is None."""
    # The beginning tells people, and programs that look for leaked secrets, what it is.
    token = f"stackroom_{kind}_{secrets.token_urlsafe(32)}"
    sql.execute(
        "INSERT INTO tokens (digest, grant_id, kind, expires) VALUES (?, ?, ?, ?)",
        (digest(token), grant_id, kind, expires),
    )
    return token


def holder(sql: sqlite3.Connection, token: str, kinds: tuple[str, ...], now: float) -> Grant | None:
    """The grant of a token of one of these kinds, which counts as used now; None if it is not good."""
    row = sql.execute(_WHOSE, (digest(token), now)).fetchone()
    if row is None or row[-1] not in kinds:
        return None
    grant = Grant(*row[:-1])
    if now - grant.last_used > _LAST_USED_SECONDS:
        sql.execute("UPDATE grants SET last_used = ? WHERE id = ?", (now, grant.id))
    return grant


def unspent(
    sql: sqlite3.Connection, token: str, kind: str, client_id: str, now: float
) -> tuple[str, Expected]:
    """The id of the grant that a code or a refresh token is of, and what goes with it.

    Raises:
        Refused: it is not good, or another client's. If it has been spent, its grant ends.
    """
    what = "authorization code" if kind == "code" else "refresh token"
    row = sql.execute(
        "SELECT t.grant_id, t.spent, g.client_id, g.redirect_uri, g.challenge, g.resource"
        " FROM tokens t JOIN grants g ON g.id = t.grant_id"
        " WHERE t.digest = ? AND t.kind = ? AND t.expires > ?",
        (digest(token), kind, now),
    ).fetchone()
    # Another client's looks the same as none at all.
    if row is None or row[2] != client_id:
        raise Refused("invalid_grant", f"the {what} is not good, or not any more")
    if row[1]:
        sql.execute("DELETE FROM grants WHERE id = ?", (row[0],))
        raise Refused("invalid_grant", f"the {what} was used before; all tokens that came of it have ended")
    return row[0], Expected(*row[3:])


def spend(sql: sqlite3.Connection, token: str, grant_id: str, now: float) -> None:
    """Marks a code or a refresh token as used up."""
    sql.execute("UPDATE tokens SET spent = 1 WHERE digest = ?", (digest(token),))
    sql.execute("UPDATE grants SET last_used = ? WHERE id = ?", (now, grant_id))


def forget_expired(sql: sqlite3.Connection, now: float) -> None:
    """Removes tokens that have expired, and grants that have none any more."""
    sql.execute("DELETE FROM tokens WHERE expires <= ?", (now,))
    sql.execute("DELETE FROM grants WHERE id NOT IN (SELECT grant_id FROM tokens)")


def digest(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()
