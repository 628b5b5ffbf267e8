"""Who has access: the hash of the passphrase, and grants with the hashes of their tokens.

They are in the access file, an SQLite file, or in the tables of a store that several servers share.

A grant is one entry in the owner's list: a client that was allowed in, a token for a program, or a browser
that is signed in. When a grant ends, all its tokens end.

Every method may be called from any thread, and several processes may use the file or the store: what one of
them changes, all others see at their next request.
"""

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from stackroom.common.errors import UsageError
from stackroom.common.postgres.address import StoreAddress
from stackroom.server.access.clients import Client
from stackroom.server.access.clock import Clock
from stackroom.server.access.grants import (
    LIFETIMES,
    Grant,
    all_grants,
    digest,
    exchange,
    find_for_exchange,
    forget_expired,
    grant_of_token,
    new_grant,
    new_token,
)
from stackroom.server.access.kept import Kept
from stackroom.server.access.refusals import Refused
from stackroom.server.access.store_file import StoreFile

ACCESS_SECONDS = LIFETIMES["access"]
"""How long a client's access token is good, in seconds; its refresh token then gets it the next one."""

SESSION_SECONDS = LIFETIMES["session"]
"""How long a browser stays signed in, in seconds."""

# Registrations that the owner has not allowed in: anybody can make them, so only the newest are kept.
_MOST_IDLE_REGISTRATIONS = 1000
_FORGET_IDLE = """
DELETE FROM registrations WHERE number IN (
    SELECT number FROM (
        SELECT number, row_number() OVER (ORDER BY number DESC) AS place FROM registrations
        WHERE id NOT IN (SELECT client_id FROM grants WHERE client_id IS NOT NULL)
    ) AS idle WHERE place > ?
)
"""

_TOKEN_NAME = re.compile(r"[^\W_][\w .-]{0,49}")

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True, slots=True)
class Tokens:
    """The two tokens that a client gets. Only their hashes are stored."""

    access: str
    refresh: str

    def __repr__(self) -> str:
        """Without the tokens: representations end up in logs."""
        return "Tokens(…)"


class AccessStore:
    """Reads and changes who has access. A context manager, which closes it.

    Every method of one in a store raises StoreAway if its database can't be reached.

    Attributes:
        where: the file, or the store.
        kept: its connections and transactions.
    """

    def __init__(
        self,
        where: Path | StoreAddress,
        *,
        clock: Callable[[], float] | None = None,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """Opens the file, and makes it if it is not there, readable for its owner alone.

        Of a store nothing is opened yet; its tables are made when they are first needed. Its time is that of
        the database, by which all servers agree; of a file, that of this machine.

        Args:
            where: the file, or the store.
            clock: the time instead, in seconds since the epoch.
            ticks: see `Clock`.

        Raises:
            AccessUnusable: it cannot be read or written, or another version of Stackroom wrote it.
        """
        self.where = where
        self.kept = _kept(where)
        own = time.time if isinstance(where, Path) else None
        self._clock = Clock(clock or own, ticks)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """No other method may be called afterwards."""
        self.kept.close()

    # The owner

    def passphrase(self) -> str | None:
        """The hash of the passphrase, for `passphrase.is_right`; None if none has been set."""
        with self.kept.connection() as sql:
            row = sql.execute("SELECT passphrase FROM owner").fetchone()
        return str(row[0]) if row else None

    def set_passphrase(self, kept: str) -> int:
        """Stores the hash of a new passphrase, and signs out all clients and browsers. Returns how many."""
        with self.kept.writing() as sql:
            sql.execute(
                "INSERT INTO owner VALUES (1, ?)"
                " ON CONFLICT (one) DO UPDATE SET passphrase = excluded.passphrase",
                (kept,),
            )
            return sql.execute("DELETE FROM grants WHERE kind <> 'token'").rowcount

    def grants(self) -> list[Grant]:
        """All grants that give access now, the last used first."""
        with self.kept.writing() as sql:
            moment = self._clock.read(sql)
            forget_expired(sql, moment)
            return all_grants(sql, moment)

    def revoke(self, grant_id: str) -> bool:
        """Ends a grant at once. Returns whether there was one."""
        with self.kept.writing() as sql:
            return sql.execute("DELETE FROM grants WHERE id = ?", (grant_id,)).rowcount > 0

    # Registrations

    def register(self, client: Client) -> None:
        """Stores a client that registered itself; forgets the oldest ones that were never allowed in."""
        with self.kept.writing() as sql:
            sql.execute(
                "INSERT INTO registrations (id, name, redirect_uris) VALUES (?, ?, ?)",
                (client.id, client.name, json.dumps(client.redirect_uris)),
            )
            sql.execute(_FORGET_IDLE, (_MOST_IDLE_REGISTRATIONS,))

    def registered(self, client_id: str) -> Client | None:
        """The client that registered itself under this id; None if there is none."""
        with self.kept.connection() as sql:
            row = sql.execute(
                "SELECT name, redirect_uris FROM registrations WHERE id = ?", (client_id,)
            ).fetchone()
        return Client(client_id, row[0], tuple(json.loads(row[1]))) if row else None

    # Clients

    def has(self, client_id: str) -> bool:
        """Whether a client registered itself here, or was allowed in."""
        with self.kept.connection() as sql:
            found = sql.execute(
                "SELECT 1 FROM registrations WHERE id = ?1"
                " UNION ALL SELECT 1 FROM grants WHERE client_id = ?1",
                (client_id,),
            ).fetchone()
        return found is not None

    def has_allowed(self, client_id: str, redirect_uri: str) -> bool:
        """Whether the owner has allowed this client in with this very address for the answer."""
        with self.kept.connection() as sql:
            found = sql.execute(
                "SELECT 1 FROM grants WHERE client_id = ? AND redirect_uri = ?", (client_id, redirect_uri)
            ).fetchone()
        return found is not None

    def allow(self, client: Client, redirect_uri: str, challenge: str, resource: str, name: str = "") -> str:
        """Grants access to a client; returns the code that it exchanges for its tokens.

        The owner's list shows the grant as `name`, or, if that is empty, by the client's own name.
        """
        with self.kept.writing() as sql:
            moment = self._clock.read(sql)
            forget_expired(sql, moment)
            grant_id = new_grant(sql, "client", name or client.name, moment)
            sql.execute(
                "UPDATE grants SET client_id = ?, redirect_uri = ?, challenge = ?, resource = ? WHERE id = ?",
                (client.id, redirect_uri, challenge, resource, grant_id),
            )
            return new_token(sql, grant_id, "code", moment)

    def redeem(
        self, code: str, client_id: str, redirect_uri: str, verifier: str, resource: str | None
    ) -> Tokens:
        """Exchanges a code, once.

        Raises:
            Refused: it is not good, or not for this client, this redirect, this verifier or this resource. If
                it was used before, the grant ends: two programs have the code, and one of them stole it.
        """
        with self.kept.writing() as sql:
            moment = self._clock.read(sql)
            grant_id, expected, _ = find_for_exchange(sql, code, "code", client_id, moment)
            if redirect_uri != expected.redirect_uri:
                raise Refused("invalid_grant", "redirect_uri is not the one of the authorization request")
            if not _VERIFIER.fullmatch(verifier) or not hmac.compare_digest(
                _challenge(verifier), expected.challenge
            ):
                raise Refused("invalid_grant", "code_verifier does not fit the code_challenge")
            _check_resource(resource, expected.resource)
            forget_expired(sql, moment)
            return Tokens(*exchange(sql, code, grant_id, None, moment))

    def refresh(self, token: str, client_id: str, resource: str | None) -> Tokens:
        """Exchanges a refresh token for a new pair, once. A repeat within seconds gets the same pair again.

        Raises:
            Refused: as `redeem`.
        """
        with self.kept.writing() as sql:
            moment = self._clock.read(sql)
            grant_id, expected, salt = find_for_exchange(sql, token, "refresh", client_id, moment)
            _check_resource(resource, expected.resource)
            forget_expired(sql, moment)
            return Tokens(*exchange(sql, token, grant_id, salt, moment))

    def revoke_token(self, token: str, client_id: str | None) -> None:
        """Ends a client's access token, the whole grant of a refresh token, or a browser's session.

        A program's own token is left alone: only the owner ends it.
        """
        with self.kept.writing() as sql:
            row = sql.execute(
                "SELECT t.kind, t.grant_id, g.client_id FROM tokens t JOIN grants g ON g.id = t.grant_id"
                " WHERE t.digest = ? AND t.kind IN ('access', 'refresh', 'session')",
                (digest(token),),
            ).fetchone()
            if row is None or (client_id is not None and client_id != row[2]):
                return
            if row[0] == "access":
                sql.execute("DELETE FROM tokens WHERE digest = ?", (digest(token),))
            else:
                sql.execute("DELETE FROM grants WHERE id = ?", (row[1],))

    def bearer(self, token: str) -> Grant | None:
        """The grant of a client's access token or a program's own token; None if the token is not good."""
        with self.kept.connection() as sql:
            return grant_of_token(sql, token, ("access", "static"), self._clock.read(sql))

    # Programs

    def new_static_token(self, name: str) -> str:
        """A token that does not expire, for a program.

        Raises:
            UsageError: the name has other characters or is too long, or there is a token of that name.
        """
        if not _TOKEN_NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} is not a name for a token: use up to 50 letters, digits, spaces, . - and _."
            )
        with self.kept.writing() as sql:
            if sql.execute("SELECT 1 FROM grants WHERE kind = 'token' AND name = ?", (name,)).fetchone():
                raise UsageError(
                    f"There is a token named {name!r} already. Choose another name, or first "
                    f"`stackroom token revoke {name}`."
                )
            moment = self._clock.read(sql)
            return new_token(sql, new_grant(sql, "token", name, moment), "static", moment)

    def revoke_static_token(self, name: str) -> bool:
        """Ends the token of that name. Returns whether there was one."""
        with self.kept.writing() as sql:
            ended = sql.execute("DELETE FROM grants WHERE kind = 'token' AND name = ?", (name,))
            return ended.rowcount > 0

    # Browsers

    def new_session(self) -> str:
        """Signs a browser in; returns the value of its cookie."""
        with self.kept.writing() as sql:
            moment = self._clock.read(sql)
            forget_expired(sql, moment)
            return new_token(sql, new_grant(sql, "browser", "Browser", moment), "session", moment)

    def end_other_sessions(self, grant_id: str) -> int:
        """Signs out all browsers but the one with this grant. Returns how many."""
        with self.kept.writing() as sql:
            ended = sql.execute("DELETE FROM grants WHERE kind = 'browser' AND id <> ?", (grant_id,))
            return ended.rowcount

    def session(self, cookie: str) -> Grant | None:
        """The grant of the browser that has this cookie; None if it is not signed in."""
        with self.kept.connection() as sql:
            return grant_of_token(sql, cookie, ("session",), self._clock.read(sql))


def _kept(where: Path | StoreAddress) -> Kept:
    if isinstance(where, Path):
        return StoreFile(where)
    # Needs the extra `postgres`.
    from stackroom.server.access.store_tables import StoreTables

    return StoreTables(where)


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _check_resource(asked: str | None, granted: str) -> None:
    if asked is not None and asked != granted:
        raise Refused("invalid_target", "the resource is not the one that access was granted to")
