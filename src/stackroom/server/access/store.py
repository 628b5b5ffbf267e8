"""Who has access, in an SQLite file of its own: the passphrase's hash, and what each grant's tokens hash to.

A grant is one entry in the owner's list: a client that was allowed in, a token for a program, or a browser
that is signed in. All tokens of a grant go with it.

Every method may be called from any thread, and by several processes: the command line changes what the
server sees at its next request.
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

from stackroom.common.errors import UsageError
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
from stackroom.server.access.refusals import Refused
from stackroom.server.access.store_file import StoreFile

ACCESS_SECONDS = LIFETIMES["access"]
"""How long a client's access token is good; it gets the next one with its refresh token."""

SESSION_SECONDS = LIFETIMES["session"]
"""How long a browser stays signed in."""

# Registrations that nobody has allowed in: anybody can make them.
_MOST_IDLE_REGISTRATIONS = 1000

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a client gets. Shown once; only hashes are kept."""

    access: str
    refresh: str

    def __repr__(self) -> str:
        """Without the tokens: representations end up in logs."""
        return "Tokens(…)"


class AccessStore(StoreFile):
    """What may be done with the file. A context manager."""

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """Opens the file, and makes it if it is not there, readable for its owner alone.

        `clock` and `ticks` are those of `Clock`.

        Raises:
            AccessUnusable: it cannot be read or written, or another version of Stackroom wrote it.
        """
        super().__init__(path)
        self._clock = Clock(clock, ticks)

    # The owner

    def passphrase(self) -> str | None:
        """What is kept of the passphrase; None if there is none yet."""
        with self.connection() as sql:
            row = sql.execute("SELECT passphrase FROM owner").fetchone()
        return str(row[0]) if row else None

    def set_passphrase(self, kept: str) -> int:
        """Replaces the passphrase, and signs out all clients and browsers. Returns how many."""
        with self.writing() as sql:
            sql.execute("INSERT OR REPLACE INTO owner VALUES (1, ?)", (kept,))
            return sql.execute("DELETE FROM grants WHERE kind <> 'token'").rowcount

    def grants(self) -> list[Grant]:
        """All that have access now, those that were used last first."""
        with self.writing() as sql:
            moment = self._clock.read(sql)
            forget_expired(sql, moment)
            return all_grants(sql, moment)

    def revoke(self, grant_id: str) -> bool:
        """Ends a grant at once. Returns whether there was one."""
        with self.writing() as sql:
            return sql.execute("DELETE FROM grants WHERE id = ?", (grant_id,)).rowcount > 0

    # Registrations

    def register(self, client: Client) -> None:
        """Keeps a client that registered itself, at the cost of older ones that nobody has allowed in."""
        with self.writing() as sql:
            sql.execute(
                "INSERT INTO registrations (id, name, redirect_uris) VALUES (?, ?, ?)",
                (client.id, client.name, json.dumps(client.redirect_uris)),
            )
            sql.execute(
                "DELETE FROM registrations WHERE number IN (SELECT number FROM registrations"
                " WHERE id NOT IN (SELECT client_id FROM grants WHERE client_id IS NOT NULL)"
                " ORDER BY number DESC LIMIT -1 OFFSET ?)",
                (_MOST_IDLE_REGISTRATIONS,),
            )

    def registered(self, client_id: str) -> Client | None:
        """The client that registered itself and was given this id."""
        with self.connection() as sql:
            row = sql.execute(
                "SELECT name, redirect_uris FROM registrations WHERE id = ?", (client_id,)
            ).fetchone()
        return Client(client_id, row[0], tuple(json.loads(row[1]))) if row else None

    # Clients

    def has(self, client_id: str) -> bool:
        """Whether a client registered itself here, or was allowed in."""
        with self.connection() as sql:
            found = sql.execute(
                "SELECT 1 FROM registrations WHERE id = ?1"
                " UNION ALL SELECT 1 FROM grants WHERE client_id = ?1",
                (client_id,),
            ).fetchone()
        return found is not None

    def has_allowed(self, client_id: str, redirect_uri: str) -> bool:
        """Whether the owner allowed a client in, and sent the answer to this very address."""
        with self.connection() as sql:
            found = sql.execute(
                "SELECT 1 FROM grants WHERE client_id = ? AND redirect_uri = ?", (client_id, redirect_uri)
            ).fetchone()
        return found is not None

    def allow(self, client: Client, redirect_uri: str, challenge: str, resource: str, name: str = "") -> str:
        """Grants access to a client; returns the code that it exchanges for its tokens.

        The owner's list has it as `name`, or by its own name.
        """
        with self.writing() as sql:
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
                it has been used before, the grant ends: two have the code, and one of them stole it.
        """
        with self.writing() as sql:
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
        """Exchanges a refresh token for a new pair: once, but whoever repeats it at once gets the same pair.

        Raises:
            Refused: as `redeem`.
        """
        with self.writing() as sql:
            moment = self._clock.read(sql)
            grant_id, expected, salt = find_for_exchange(sql, token, "refresh", client_id, moment)
            _check_resource(resource, expected.resource)
            forget_expired(sql, moment)
            return Tokens(*exchange(sql, token, grant_id, salt, moment))

    def revoke_token(self, token: str, client_id: str | None) -> None:
        """Ends a client's access token, the whole grant of a refresh token, or a browser's session.

        Programs' tokens are left alone.
        """
        with self.writing() as sql:
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
        """The grant of a client's access token or a program's own token; None if it is not good any more."""
        with self.connection() as sql:
            return grant_of_token(sql, token, ("access", "static"), self._clock.read(sql))

    # Programs

    def new_static_token(self, name: str) -> str:
        """A token that does not expire, for a program.

        Raises:
            UsageError: there is one of that name.
        """
        with self.writing() as sql:
            if sql.execute("SELECT 1 FROM grants WHERE kind = 'token' AND name = ?", (name,)).fetchone():
                raise UsageError(
                    f"There is a token named {name!r} already. Choose another name, or first "
                    f"`stackroom token revoke {name}`."
                )
            moment = self._clock.read(sql)
            return new_token(sql, new_grant(sql, "token", name, moment), "static", moment)

    def revoke_static_token(self, name: str) -> bool:
        """Ends the token of that name. Returns whether there was one."""
        with self.writing() as sql:
            ended = sql.execute("DELETE FROM grants WHERE kind = 'token' AND name = ?", (name,))
            return ended.rowcount > 0

    # Browsers

    def new_session(self) -> str:
        """Signs a browser in; returns what its cookie holds."""
        with self.writing() as sql:
            moment = self._clock.read(sql)
            forget_expired(sql, moment)
            return new_token(sql, new_grant(sql, "browser", "Browser", moment), "session", moment)

    def session(self, cookie: str) -> Grant | None:
        """The grant of a browser that is signed in."""
        with self.connection() as sql:
            return grant_of_token(sql, cookie, ("session",), self._clock.read(sql))


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _check_resource(asked: str | None, granted: str) -> None:
    if asked is not None and asked != granted:
        raise Refused("invalid_target", "the resource is not the one that access was granted to")
