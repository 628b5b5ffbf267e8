"""Who has access, in an SQLite file of its own: the passphrase's hash, and what each grant's tokens hash to.

A grant is one entry in the owner's list: a client that was allowed in, a token for a program, or a browser
that is signed in. All tokens of a grant go with it. Of a token only the SHA-256 is kept: it is random, so
there is nothing to guess, and whoever reads the file cannot use what is in it.

Every method may be called from any thread, and by several processes: the command line changes what the
server sees at its next request.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from stackroom.errors import AccessUnusable, UsageError
from stackroom.server.access.clients import Client
from stackroom.server.access.refusals import Refused

SCHEMA_VERSION = 1
"""Bump when a table changes."""

ACCESS_SECONDS = 3600
"""How long a client's access token is good; it gets the next one with its refresh token."""

SESSION_SECONDS = 30 * 24 * 3600
"""How long a browser stays signed in."""

_CODE_SECONDS = 120
# From the last refresh: a client that nobody uses for that long has to be allowed in again.
_REFRESH_SECONDS = 90 * 24 * 3600
# Writing at every request would cost more than the request.
_LAST_USED_SECONDS = 60
# Registrations that nobody has allowed in: anybody can make them.
_MOST_IDLE_REGISTRATIONS = 1000

_BUSY_SECONDS = 5.0

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")

_TABLES = """
CREATE TABLE IF NOT EXISTS owner (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    passphrase TEXT NOT NULL            -- see passphrase.py
) STRICT;

CREATE TABLE IF NOT EXISTS registrations (            -- clients that registered themselves
    number INTEGER PRIMARY KEY,         -- the higher, the later
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    redirect_uris TEXT NOT NULL         -- JSON
) STRICT;

CREATE TABLE IF NOT EXISTS grants (
    id TEXT PRIMARY KEY,                -- short, for the owner to type
    kind TEXT NOT NULL CHECK (kind IN ('client', 'token', 'browser')),
    name TEXT NOT NULL,
    created REAL NOT NULL,              -- seconds since the epoch
    last_used REAL NOT NULL,
    client_id TEXT,                     -- from here on only of clients
    redirect_uri TEXT,
    challenge TEXT,                     -- PKCE, S256
    resource TEXT                       -- what its tokens are for
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS token_names ON grants (name) WHERE kind = 'token';

CREATE TABLE IF NOT EXISTS tokens (
    digest BLOB PRIMARY KEY,            -- SHA-256
    grant_id TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('code', 'access', 'refresh', 'static', 'session')),
    expires REAL,                       -- seconds since the epoch; NULL: never
    spent INTEGER NOT NULL DEFAULT 0    -- 1: used up; kept to notice that it comes a second time
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tokens_of_grant ON tokens (grant_id);
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
class Tokens:
    """What a client gets. Shown once; only hashes are kept."""

    access: str
    refresh: str

    def __repr__(self) -> str:
        """Without the tokens: representations end up in logs."""
        return "Tokens(…)"


class AccessStore:
    """The file. A context manager."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        """Opens the file, and makes it if it is not there, readable for its owner alone.

        Raises:
            AccessUnusable: it cannot be read or written, or another version of Stackroom wrote it.
        """
        self._path = path
        self._clock = clock
        self._lock = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # SQLite gives its other files the rights of this one.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            path.chmod(0o600)
        except OSError as error:
            raise AccessUnusable(
                f"{path} cannot be written: {error.strerror}. Make that folder writable for you."
            ) from error
        with self._errors():
            self._sql = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=_BUSY_SECONDS
            )
            self._sql.execute("PRAGMA journal_mode = WAL")
            self._sql.execute("PRAGMA foreign_keys = ON")
        self._prepare()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; nothing may be asked afterwards."""
        with self._lock:
            self._sql.close()

    # The owner

    def passphrase(self) -> str | None:
        """What is kept of the passphrase; None if there is none yet."""
        with self._errors():
            row = self._sql.execute("SELECT passphrase FROM owner").fetchone()
        return str(row[0]) if row else None

    def set_passphrase(self, kept: str) -> int:
        """Replaces the passphrase, and signs out all clients and browsers. Returns how many."""
        with self._writing():
            self._sql.execute("INSERT OR REPLACE INTO owner VALUES (1, ?)", (kept,))
            return self._sql.execute("DELETE FROM grants WHERE kind <> 'token'").rowcount

    def grants(self) -> list[Grant]:
        """All that have access now, those that were used last first."""
        with self._writing():
            self._forget_expired()
            rows = self._sql.execute(_ALL_GRANTS).fetchall()
        return [_grant(row) for row in rows]

    def revoke(self, grant_id: str) -> bool:
        """Ends a grant at once. Returns whether there was one."""
        with self._writing():
            return self._sql.execute("DELETE FROM grants WHERE id = ?", (grant_id,)).rowcount > 0

    # Registrations

    def register(self, client: Client) -> None:
        """Keeps a client that registered itself, at the cost of older ones that nobody has allowed in."""
        with self._writing():
            self._sql.execute(
                "INSERT INTO registrations (id, name, redirect_uris) VALUES (?, ?, ?)",
                (client.id, client.name, json.dumps(client.redirect_uris)),
            )
            self._sql.execute(
                "DELETE FROM registrations WHERE number IN (SELECT number FROM registrations"
                " WHERE id NOT IN (SELECT client_id FROM grants WHERE client_id IS NOT NULL)"
                " ORDER BY number DESC LIMIT -1 OFFSET ?)",
                (_MOST_IDLE_REGISTRATIONS,),
            )

    def registered(self, client_id: str) -> Client | None:
        """The client that registered itself and was given this id."""
        with self._errors():
            row = self._sql.execute(
                "SELECT name, redirect_uris FROM registrations WHERE id = ?", (client_id,)
            ).fetchone()
        return Client(client_id, row[0], tuple(json.loads(row[1]))) if row else None

    # Clients

    def allow(self, client: Client, redirect_uri: str, challenge: str, resource: str) -> str:
        """Grants access to a client; returns the code that it exchanges for its tokens."""
        with self._writing():
            self._forget_expired()
            grant_id = self._new_grant("client", client.name)
            self._sql.execute(
                "UPDATE grants SET client_id = ?, redirect_uri = ?, challenge = ?, resource = ? WHERE id = ?",
                (client.id, redirect_uri, challenge, resource, grant_id),
            )
            return self._new_token(grant_id, "code", _CODE_SECONDS)

    def redeem(
        self, code: str, client_id: str, redirect_uri: str, verifier: str, resource: str | None
    ) -> Tokens:
        """Exchanges a code, once.

        Raises:
            Refused: it is not good, or not for this client, this redirect, this verifier or this resource. If
                it has been used before, the grant ends: two have the code, and one of them stole it.
        """
        with self._writing():
            grant_id, expected = self._one_use(code, "code", client_id, "authorization code")
            if redirect_uri != expected.redirect_uri:
                raise Refused("invalid_grant", "redirect_uri is not the one of the authorization request")
            if not _VERIFIER.fullmatch(verifier) or not hmac.compare_digest(
                _challenge(verifier), expected.challenge
            ):
                raise Refused("invalid_grant", "code_verifier does not fit the code_challenge")
            _check_resource(resource, expected.resource)
            return self._spend(code, grant_id)

    def refresh(self, token: str, client_id: str, resource: str | None) -> Tokens:
        """Exchanges a refresh token for a new pair, once.

        Raises:
            Refused: as `redeem`.
        """
        with self._writing():
            grant_id, expected = self._one_use(token, "refresh", client_id, "refresh token")
            _check_resource(resource, expected.resource)
            return self._spend(token, grant_id)

    def revoke_token(self, token: str, client_id: str | None) -> None:
        """Ends a client's access token, the whole grant of a refresh token, or a browser's session.

        Programs' tokens are left alone.
        """
        with self._writing():
            row = self._sql.execute(
                "SELECT t.kind, t.grant_id, g.client_id FROM tokens t JOIN grants g ON g.id = t.grant_id"
                " WHERE t.digest = ? AND t.kind IN ('access', 'refresh', 'session')",
                (_digest(token),),
            ).fetchone()
            if row is None or (client_id is not None and client_id != row[2]):
                return
            if row[0] == "access":
                self._sql.execute("DELETE FROM tokens WHERE digest = ?", (_digest(token),))
            else:
                self._sql.execute("DELETE FROM grants WHERE id = ?", (row[1],))

    def bearer(self, token: str) -> Grant | None:
        """The grant of a client's access token or a program's own token; None if it is not good any more."""
        return self._holder(token, ("access", "static"))

    # Programs

    def new_static_token(self, name: str) -> str:
        """A token that does not expire, for a program.

        Raises:
            UsageError: there is one of that name.
        """
        with self._writing():
            if self._sql.execute(
                "SELECT 1 FROM grants WHERE kind = 'token' AND name = ?", (name,)
            ).fetchone():
                raise UsageError(
                    f"There is a token named {name!r} already. Choose another name, or first "
                    f"`stackroom token revoke {name}`."
                )
            return self._new_token(self._new_grant("token", name), "static", None)

    def revoke_static_token(self, name: str) -> bool:
        """Ends the token of that name. Returns whether there was one."""
        with self._writing():
            ended = self._sql.execute("DELETE FROM grants WHERE kind = 'token' AND name = ?", (name,))
            return ended.rowcount > 0

    # Browsers

    def new_session(self) -> str:
        """Signs a browser in; returns what its cookie holds."""
        with self._writing():
            self._forget_expired()
            return self._new_token(self._new_grant("browser", "Browser"), "session", SESSION_SECONDS)

    def session(self, cookie: str) -> Grant | None:
        """The grant of a browser that is signed in."""
        return self._holder(cookie, ("session",))

    # Inside

    def _holder(self, token: str, kinds: tuple[str, ...]) -> Grant | None:
        now = self._clock()
        with self._errors():
            row = self._sql.execute(_WHOSE, (_digest(token), now)).fetchone()
            if row is None or row[-1] not in kinds:
                return None
            grant = _grant(row[:-1])
            if now - grant.last_used > _LAST_USED_SECONDS:
                self._sql.execute("UPDATE grants SET last_used = ? WHERE id = ?", (now, grant.id))
        return grant

    def _one_use(self, token: str, kind: str, client_id: str, what: str) -> tuple[str, "_Expected"]:
        row = self._sql.execute(
            "SELECT t.grant_id, t.spent, g.client_id, g.redirect_uri, g.challenge, g.resource"
            " FROM tokens t JOIN grants g ON g.id = t.grant_id"
            " WHERE t.digest = ? AND t.kind = ? AND t.expires > ?",
            (_digest(token), kind, self._clock()),
        ).fetchone()
        # Another client's looks the same as none at all.
        if row is None or row[2] != client_id:
            raise Refused("invalid_grant", f"the {what} is not good, or not any more")
        if row[1]:
            self._sql.execute("DELETE FROM grants WHERE id = ?", (row[0],))
            raise Refused(
                "invalid_grant", f"the {what} was used before; all tokens that came of it have ended"
            )
        return row[0], _Expected(*row[3:])

    def _spend(self, token: str, grant_id: str) -> Tokens:
        self._sql.execute("UPDATE tokens SET spent = 1 WHERE digest = ?", (_digest(token),))
        self._sql.execute("UPDATE grants SET last_used = ? WHERE id = ?", (self._clock(), grant_id))
        tokens = Tokens(
            self._new_token(grant_id, "access", ACCESS_SECONDS),
            self._new_token(grant_id, "refresh", _REFRESH_SECONDS),
        )
        self._forget_expired()
        return tokens

    def _new_grant(self, kind: GrantKind, name: str) -> str:
        grant_id = secrets.token_hex(4)
        now = self._clock()
        self._sql.execute(
            "INSERT INTO grants (id, kind, name, created, last_used) VALUES (?, ?, ?, ?, ?)",
            (grant_id, kind, name, now, now),
        )
        return grant_id

    def _new_token(self, grant_id: str, kind: str, seconds: float | None) -> str:
        # The beginning tells people, and programs that look for leaked secrets, what it is.
        token = f"stackroom_{kind}_{secrets.token_urlsafe(32)}"
        expires = None if seconds is None else self._clock() + seconds
        self._sql.execute(
            "INSERT INTO tokens (digest, grant_id, kind, expires) VALUES (?, ?, ?, ?)",
            (_digest(token), grant_id, kind, expires),
        )
        return token

    def _forget_expired(self) -> None:
        self._sql.execute("DELETE FROM tokens WHERE expires <= ?", (self._clock(),))
        self._sql.execute("DELETE FROM grants WHERE id NOT IN (SELECT grant_id FROM tokens)")

    def _prepare(self) -> None:
        with self._errors():
            version = self._sql.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                # Another process may be doing the same.
                self._sql.executescript(
                    f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT"
                )
            elif version != SCHEMA_VERSION:
                raise AccessUnusable(
                    f"{self._path} was written by another version of Stackroom. Delete it, set the "
                    "passphrase again with `stackroom passphrase`, and connect your clients again."
                )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction. It is kept even if it ends in a Refused: ending a grant is part of that."""
        with self._errors():
            self._sql.execute("BEGIN IMMEDIATE")
            try:
                yield
            except Refused:
                self._sql.execute("COMMIT")
                raise
            except BaseException:
                self._sql.execute("ROLLBACK")
                raise
            self._sql.execute("COMMIT")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except sqlite3.Error as error:
            raise AccessUnusable(
                f"{self._path} cannot be used ({error}). If it is damaged, delete it, set the passphrase "
                "again with `stackroom passphrase`, and connect your clients again."
            ) from error


@dataclass(frozen=True, slots=True)
class _Expected:
    redirect_uri: str
    challenge: str
    resource: str


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


def _grant(row: tuple[str, GrantKind, str, float, float, str, str, float | None]) -> Grant:
    return Grant(*row)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _check_resource(asked: str | None, granted: str) -> None:
    if asked is not None and asked != granted:
        raise Refused("invalid_target", "the resource is not the one that access was granted to")
