"""Grants and their tokens as rows of the access file, or of a store. Callers open the transaction.

Only the SHA-256 of a token is stored: a token is random, so nobody can guess it from its hash, and whoever
reads the file cannot use what is in it.

A client may send the same refresh token twice, because two of its windows do or because the answer was lost.
Within `REPEAT_SECONDS`, and until the next refresh, it gets the same new tokens again. They are not stored
for that: they are computed from the old token, which only the client has, and a salt, which only the file
has and only for that time.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Literal

from stackroom.common.sql import Sql
from stackroom.server.access.clock import DAY, Moment
from stackroom.server.access.refusals import Refused

LIFETIMES = {"code": 120, "access": 3600, "refresh": 90 * 24 * 3600, "session": 30 * 24 * 3600}
"""How long a token of each kind is good, in seconds. A program's own token does not expire."""

REPEAT_SECONDS = 10.0
"""A refresh token that is used twice within this time does not count as stolen."""

# Seconds between two updates: writing at every request would cost more than the request itself.
_LAST_USED_SECONDS = 60

# The columns are the first fields of Grant, then the token's.
_GRANTS_AND_TOKENS = """
SELECT g.id, g.kind, g.name, g.created, g.last_used, COALESCE(g.redirect_uri, ''), COALESCE(g.resource, ''),
    t.expires, t.kind
FROM tokens t JOIN grants g ON g.id = t.grant_id
"""

GrantKind = Literal["client", "token", "browser"]


@dataclass(frozen=True, slots=True)
class Grant:
    """One entry in the owner's list.

    Attributes:
        id: short, for the owner to type.
        name: what a client calls itself, or what the owner called a token.
        created, last_used: seconds since the epoch.
        destination: the redirect URI of a client; empty for others.
        resource: the URL that a client's tokens are for; empty for others.
        expires: when the token by which the grant was found expires, in seconds since the epoch; None if
            never.
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
    """What a client has to repeat, from its request for access, when it exchanges a code or refresh token."""

    redirect_uri: str
    challenge: str
    resource: str


def all_grants(sql: Sql, moment: Moment) -> list[Grant]:
    """All grants that have a token which has not expired, the last used first.

    A token that is expired only according to a clock which may be wrong counts as well: it may become good
    again, so the owner has to see it.
    """
    rows = sql.execute(f"{_GRANTS_AND_TOKENS} ORDER BY g.last_used DESC, g.id")
    times = (moment.now, moment.passed)
    good = (row for row in rows if any(_is_good(row[8], row[7], now) for now in times))
    return list({row[0]: Grant(*row[:7]) for row in good}.values())


def new_grant(sql: Sql, kind: GrantKind, name: str, moment: Moment) -> str:
    """Adds a grant, which is removed with its last token. Returns its id."""
    grant_id = secrets.token_hex(4)
    sql.execute(
        "INSERT INTO grants (id, kind, name, created, last_used) VALUES (?, ?, ?, ?, ?)",
        (grant_id, kind, name, moment.wall, moment.wall),
    )
    return grant_id


def new_token(sql: Sql, grant_id: str, kind: str, moment: Moment, secret: str = "") -> str:
    """Adds a token to a grant and returns it: random, or made from `secret`. `LIFETIMES` says how long it is
    good.
    """
    token = _token_text(kind, secret or secrets.token_urlsafe(32))
    expires = moment.now + LIFETIMES[kind] if kind in LIFETIMES else None
    sql.execute(
        "INSERT INTO tokens (digest, grant_id, kind, expires) VALUES (?, ?, ?, ?)",
        (digest(token), grant_id, kind, expires),
    )
    return token


def grant_of_token(sql: Sql, token: str, kinds: tuple[str, ...], moment: Moment) -> Grant | None:
    """The grant of a token, which counts as used now; None if it is not good, or of none of these kinds."""
    row = sql.execute(f"{_GRANTS_AND_TOKENS} WHERE t.digest = ?", (digest(token),)).fetchone()
    if row is None or row[8] not in kinds:
        return None
    expires, kind = row[7:]
    if not _is_good(kind, expires, moment.now):
        _forget_refused(sql, token, expires, moment)
        return None
    grant = Grant(*row[:8])
    if abs(moment.wall - grant.last_used) > _LAST_USED_SECONDS:
        sql.execute("UPDATE grants SET last_used = ? WHERE id = ?", (moment.wall, grant.id))
    return grant


def find_for_exchange(
    sql: Sql, token: str, kind: str, client_id: str, moment: Moment
) -> tuple[str, Expected, bytes | None]:
    """The id of the grant of a code or a refresh token, what the client has to repeat, and a salt.

    The salt is None unless this refresh token was exchanged seconds ago: `exchange` makes the same tokens
    again with it.

    Raises:
        Refused: the token is not good, or another client's. If it was used before, its grant ends.
    """
    what = "authorization code" if kind == "code" else "refresh token"
    row = sql.execute(
        "SELECT t.grant_id, t.spent, t.expires, r.salt, r.used,"
        " g.client_id, g.redirect_uri, g.challenge, g.resource"
        " FROM tokens t JOIN grants g ON g.id = t.grant_id LEFT JOIN repeats r ON r.digest = t.digest"
        " WHERE t.digest = ? AND t.kind = ?",
        (digest(token), kind),
    ).fetchone()
    not_good = Refused("invalid_grant", f"the {what} is not good, or not any more")
    # A client cannot tell another client's token from one that does not exist.
    if row is None or row[5] != client_id:
        raise not_good
    grant_id, is_spent, expires, salt, used = row[:5]
    if not _is_good(kind, expires, moment.now):
        if kind == "code":
            _forget_refused(sql, token, expires, moment)
        raise not_good
    # abs, because the machine's clock may have been set back: that opens nothing.
    if is_spent and (salt is None or abs(moment.wall - used) > REPEAT_SECONDS):
        sql.execute("DELETE FROM grants WHERE id = ?", (grant_id,))
        raise Refused("invalid_grant", f"the {what} was used before; all tokens that came of it have ended")
    return grant_id, Expected(*row[6:]), salt


def exchange(sql: Sql, token: str, grant_id: str, salt: bytes | None, moment: Moment) -> tuple[str, str]:
    """Spends a code or a refresh token; returns the access and the refresh token that follow it.

    With a `salt` from `find_for_exchange` they are the same two as in the first exchange.
    """
    kinds = ("access", "refresh")
    if salt is not None:
        access, refresh = (_token_text(kind, _successor(token, salt, kind)) for kind in kinds)
        return access, refresh
    salt = secrets.token_bytes(32)
    sql.execute("UPDATE tokens SET spent = 1 WHERE digest = ?", (digest(token),))
    sql.execute("UPDATE grants SET last_used = ? WHERE id = ?", (moment.wall, grant_id))
    # A client that uses its new tokens has no need to repeat the old one: who sends the old one now stole it.
    sql.execute(
        "DELETE FROM repeats WHERE digest IN (SELECT digest FROM tokens WHERE grant_id = ?)", (grant_id,)
    )
    sql.execute(
        "INSERT INTO repeats SELECT digest, ?, ? FROM tokens WHERE digest = ? AND kind = 'refresh'",
        (salt, moment.wall, digest(token)),
    )
    access, refresh = (
        new_token(sql, grant_id, kind, moment, _successor(token, salt, kind)) for kind in kinds
    )
    return access, refresh


def forget_expired(sql: Sql, moment: Moment) -> None:
    """Removes tokens that have been expired for a day, grants without any token, and old salts."""
    sql.execute("DELETE FROM repeats WHERE abs(? - used) > ?", (moment.wall, REPEAT_SECONDS))
    sql.execute("DELETE FROM tokens WHERE expires <= ?", (moment.passed - DAY,))
    sql.execute("DELETE FROM grants WHERE id NOT IN (SELECT grant_id FROM tokens)")


def digest(token: str) -> bytes:
    """What is stored of a token: its SHA-256."""
    return hashlib.sha256(token.encode()).digest()


def _token_text(kind: str, secret: str) -> str:
    # The prefix tells people, and scanners for leaked secrets, what it is.
    return f"stackroom_{kind}_{secret}"


def _successor(token: str, salt: bytes, kind: str) -> str:
    made = hmac.digest(token.encode(), salt + kind.encode(), "sha256")
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def _is_good(kind: str, expires: float | None, now: float) -> bool:
    """Whether a token has not expired, and was not issued by a clock that was far ahead."""
    return expires is None or now < expires <= now + LIFETIMES[kind] + DAY


def _forget_refused(sql: Sql, token: str, expires: float, moment: Moment) -> None:
    """Deletes a token that was refused as expired, so that setting the clock back cannot revive it.

    Not for refresh tokens: a client that comes while the clock is wrong would lose its access for good.
    """
    if expires <= moment.now:
        sql.execute("DELETE FROM tokens WHERE digest = ?", (digest(token),))
