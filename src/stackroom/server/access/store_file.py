"""The SQLite file of passphrase and tokens: its tables, opening it, and its transactions."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from stackroom.common.errors import AccessUnusable, reason_of
from stackroom.common.sqlite_file import begin, connect, identity
from stackroom.server.access.refusals import Refused

SCHEMA_VERSION = 2
"""Bump when a table changes. Version 2 added tables; a file of version 1 gets them when it is opened."""

_BUSY_SECONDS = 5.0

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

CREATE TABLE IF NOT EXISTS repeats (    -- refresh tokens that were used seconds ago
    digest BLOB PRIMARY KEY REFERENCES tokens (digest) ON DELETE CASCADE,
    salt BLOB NOT NULL,                 -- the next tokens are made from it and the token itself
    used REAL NOT NULL                  -- seconds since the epoch, by the machine's clock
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS clock (      -- see clock.py
    one INTEGER PRIMARY KEY CHECK (one = 1),
    passed REAL NOT NULL,               -- the time that has certainly come, in seconds since the epoch
    leapt REAL                          -- first reading of a clock too far ahead to be believed; else NULL
) STRICT;
"""


class StoreFile:
    """The open file. An error of SQLite is raised as AccessUnusable."""

    is_quick = True

    def __init__(self, path: Path) -> None:
        """Opens the file, and makes it if it is not there, readable for its owner alone.

        Raises:
            AccessUnusable: it cannot be read or written, or another version of Stackroom wrote it.
        """
        self._path = path
        self._lock = threading.RLock()
        try:
            with self._errors():
                begin(path, _fill)
            # SQLite gives its other files the rights of this one.
            os.close(os.open(path, os.O_RDWR))
            path.chmod(0o600)
        except OSError as error:
            raise AccessUnusable(
                f"{path} cannot be written: {reason_of(error)}. Make that folder writable for you."
            ) from error
        with self._errors():
            self._open()

    def close(self) -> None:
        """Closes the file; no other method may be called afterwards."""
        with self._lock:
            self._sql.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that may write. A Refused commits it too: a grant may have been ended before."""
        with self._errors():
            self._follow_file()
            self._sql.execute("BEGIN IMMEDIATE")
            with self._sql:  # commits; or, after an exception, rolls back what is not committed
                try:
                    yield self._sql
                except Refused:
                    self._sql.commit()
                    raise

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """The connection, for one thread at a time. Each statement is a transaction of its own."""
        with self._errors():
            self._follow_file()
            yield self._sql

    def _open(self) -> None:
        self._sql = connect(self._path, _BUSY_SECONDS)
        with ExitStack() as if_refused:
            if_refused.callback(self._sql.close)
            self._file = identity(self._path)
            self._sql.execute("PRAGMA journal_mode = WAL")
            self._sql.execute("PRAGMA foreign_keys = ON")
            self._prepare()
            if_refused.pop_all()

    def _follow_file(self) -> None:
        """Opens the file that is at the path now: the owner may have deleted ours and set a new passphrase.

        Raises AccessUnusable if there is none, instead of making one: without the file nobody has access.
        """
        try:
            found = identity(self._path)
        except OSError as error:
            raise AccessUnusable(f"{self._path} cannot be used ({reason_of(error)}).") from error
        if found == self._file:
            return
        if found is None:
            raise AccessUnusable(
                f"{self._path} was deleted, or its drive is away. Without it nobody has access. Set a new "
                "passphrase with `stackroom passphrase`, and connect your clients again."
            )
        self._sql.close()
        self._open()

    def _prepare(self) -> None:
        version = self._sql.execute("PRAGMA user_version").fetchone()[0]
        if version < SCHEMA_VERSION:
            _fill(self._sql)  # an older Stackroom made it, or one that was killed before it had filled it
        elif version != SCHEMA_VERSION:
            raise AccessUnusable(
                f"{self._path} was written by another version of Stackroom. Delete it, set the "
                "passphrase again with `stackroom passphrase`, and connect your clients again."
            )

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


def _fill(sql: sqlite3.Connection) -> None:
    # BEGIN IMMEDIATE, because another process may be doing the same.
    sql.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT")
