"""The commands about access: `passphrase`, `token` and `clients`."""

import argparse
import getpass
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from stackroom.cli.arguments import settings_of
from stackroom.cli.exit_codes import OK
from stackroom.common.amounts import counted
from stackroom.common.errors import AccessUnusable, UsageError
from stackroom.common.settings import Settings
from stackroom.common.sqlite_file import identity
from stackroom.server.access.clients import destination
from stackroom.server.access.grants import Grant
from stackroom.server.access.passphrase import COST, LONGEST, Cost, check_new, hashed
from stackroom.server.access.store import AccessStore


def passphrase(arguments: argparse.Namespace) -> int:
    return set_passphrase(settings_of(arguments))


def token(arguments: argparse.Namespace) -> int:
    settings = settings_of(arguments)
    if arguments.action == "new":
        return new_token(settings, arguments.name, as_json=arguments.json)
    if arguments.action == "revoke":
        return revoke_token(settings, arguments.name)
    return show(settings, as_json=arguments.json, tokens_only=True)


def clients(arguments: argparse.Namespace) -> int:
    settings = settings_of(arguments)
    if arguments.action == "revoke":
        return revoke(settings, arguments.id)
    return show(settings, as_json=arguments.json)


def set_passphrase(settings: Settings, cost: Cost = COST) -> int:
    """Asks for the passphrase, twice on a terminal, and keeps its hash. Returns the exit code.

    Raises:
        UsageError: it is too short, or was not typed the same way twice.
        AccessUnusable: the file of clients and tokens cannot be read or written.
    """
    with AccessStore(settings.sign_in) as store:
        store.passphrase()  # asked first, so that an error comes before anybody has to type
        if sys.stdin.isatty():
            passphrase = getpass.getpass("New passphrase: ")
            check_new(passphrase)
            if getpass.getpass("Once more: ") != passphrase:
                raise UsageError("The two differ; nothing was changed. Try again.")
        else:
            passphrase = sys.stdin.readline(LONGEST + 2).rstrip("\r\n")
            check_new(passphrase)
        signed_out = store.set_passphrase(hashed(passphrase, cost))
        programs = sum(grant.kind == "token" for grant in store.grants())
    print("The passphrase is set.", file=sys.stderr)
    if signed_out:
        what = counted(signed_out, "client or browser", "clients and browsers")
        print(f"Signed out: {what}.", file=sys.stderr)
    if programs:
        work = "token of a program still works" if programs == 1 else "tokens of programs still work"
        print(f"{programs} {work}; see `stackroom token list`.", file=sys.stderr)
    return OK


def new_token(settings: Settings, name: str, *, as_json: bool) -> int:
    """Makes a token and prints it; it is never shown again. Returns the exit code.

    Raises:
        UsageError: the name has other characters or is too long, or there is a token of that name.
        AccessUnusable: as `set_passphrase`.
    """
    with AccessStore(settings.sign_in) as store:
        token = store.new_static_token(name)
    if as_json:
        print(json.dumps({"name": name, "token": token}, ensure_ascii=False))
        return OK
    print(token)
    print(
        "Keep it now: it is not shown again. A program sends it as `Authorization: Bearer <token>`.",
        file=sys.stderr,
    )
    return OK


def revoke_token(settings: Settings, name: str) -> int:
    """Ends the token of that name. Returns the exit code.

    Raises:
        UsageError: there is none.
        AccessUnusable: as `set_passphrase`.
    """
    with _existing(settings) as store:
        if not (store and store.revoke_static_token(name)):
            raise UsageError(f"There is no token named {name!r}. `stackroom token list` shows all.")
    print(f"The token {name} does not work any more.", file=sys.stderr)
    return OK


def revoke(settings: Settings, grant_id: str) -> int:
    """Ends the access of one client, browser or token. Returns the exit code.

    Raises:
        UsageError: there is none with this id.
        AccessUnusable: as `set_passphrase`.
    """
    with _existing(settings) as store:
        if not (store and store.revoke(grant_id)):
            raise UsageError(f"Nobody has the id {grant_id!r}. `stackroom clients` shows all.")
    print(f"{grant_id} has no access any more.", file=sys.stderr)
    return OK


def show(settings: Settings, *, as_json: bool, tokens_only: bool = False) -> int:
    """Prints who has access, the last used first. Returns the exit code.

    Raises:
        AccessUnusable: as `set_passphrase`.
    """
    with _existing(settings) as store:
        known = store.grants() if store else []
    grants = [grant for grant in known if grant.kind == "token" or not tokens_only]
    entries = [_Entry.of(grant) for grant in grants]
    if as_json:
        print(json.dumps([vars(entry) for entry in entries], ensure_ascii=False))
        return OK
    for entry in entries:
        where = f", answers to {entry.destination}" if entry.destination else ""
        print(f"{entry.id}  {entry.kind:<7}  {entry.name}{where}")
        print(f"          since {entry.created}, last used {entry.last_used}")
    if not entries:
        print("Nobody has access.", file=sys.stderr)
    return OK


@contextmanager
def _existing(settings: Settings) -> Iterator[AccessStore | None]:
    """Who has access; None if there is no file, which is not made here."""
    try:
        is_there = settings.sign_in != settings.access or identity(settings.access) is not None
    except OSError as error:
        raise AccessUnusable(f"{settings.access} cannot be used: {error.strerror}.") from error
    if not is_there:
        yield None
        return
    with AccessStore(settings.sign_in) as store:
        yield store


@dataclass(frozen=True)
class _Entry:
    id: str
    kind: str
    name: str
    destination: str
    created: str
    last_used: str

    @classmethod
    def of(cls, grant: Grant) -> "_Entry":
        where = destination(grant.destination) if grant.destination else ""
        return cls(grant.id, grant.kind, grant.name, where, _date(grant.created), _date(grant.last_used))


def _date(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S%z", time.localtime(seconds))
