"""Runs a command: arguments in, exit code out. Imports only the module of that command, to start fast."""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from io import TextIOWrapper

from stackroom.cli.arguments import given_settings, parse
from stackroom.cli.exit_codes import (
    INDEX_IS_KEPT,
    INTERRUPTED,
    OK,
    SOMETHING_FAILED,
    WRONG_USE,
    stop_process,
)
from stackroom.common.errors import SettingsError, StackroomError, UsageError
from stackroom.common.events import Events
from stackroom.common.owner_only import open_password_files, write_for_us_alone
from stackroom.common.settings import Settings

COMMANDS = {
    "index": ("indexing", "index"),
    "watch": ("indexing", "watch"),
    "forget": ("indexing", "forget"),
    "serve": ("serving", "serve"),
    "up": ("serving", "up"),
    "service": ("service", "service"),
    "search": ("searching", "search"),
    "list": ("listing", "list_documents"),
    "fetch": ("searching", "fetch"),
    "status": ("overview", "status"),
    "log": ("overview", "log"),
    "check": ("upkeep", "check"),
    "backup": ("upkeep", "backup"),
    "restore": ("upkeep", "restore"),
    "move": ("upkeep", "move"),
    "passphrase": ("access", "passphrase"),
    "token": ("access", "token"),
    "clients": ("access", "clients"),
    "doctor": ("doctor", "doctor"),
    "eval": ("evaluation", "evaluate"),
    "models": ("models", "models"),
    "completion": ("completion", "completion"),
}
"""The module and the function of each command, in `stackroom.cli.commands`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command. Returns its exit code; argparse itself exits with 2 on wrong use."""
    arguments = parse(argv)
    write_for_us_alone()
    events = _events(arguments)
    # Until the command has a handler of its own: what runs until it is told to end has then ended well.
    terminated = OK if arguments.command in ("watch", "serve", "up") else INTERRUPTED
    signal.signal(signal.SIGINT, lambda signum, frame: stop_process(events, INDEX_IS_KEPT))
    signal.signal(signal.SIGTERM, lambda signum, frame: stop_process(events, INDEX_IS_KEPT, terminated))
    for stream in (sys.stdout, sys.stderr):
        # Characters that the terminal's encoding lacks are printed as escapes, instead of an error.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        return _command(arguments.command)(arguments)
    except StackroomError as error:
        events.tell("failed", f"stackroom: {error}", "error", message=str(error), error=type(error).__name__)
        return WRONG_USE if isinstance(error, UsageError | SettingsError) else SOMETHING_FAILED
    except BrokenPipeError:
        # The program that read our output (head, less) has ended. Else Python would complain while exiting.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SOMETHING_FAILED


def _command(name: str) -> Callable[[argparse.Namespace], int]:
    module, function = COMMANDS[name]
    command: Callable[[argparse.Namespace], int] = getattr(
        import_module(f"stackroom.cli.commands.{module}"), function
    )
    return command


def _events(arguments: argparse.Namespace) -> Events:
    """Where the command reports what happens; says at once what is wrong with how its settings are kept."""
    try:
        given = given_settings(arguments)
        settings = Settings.of(given)
    except SettingsError:  # the command itself will report it
        return Events(as_json=bool(vars(arguments).get("log_json")))
    events = Events(as_json=settings.log_json)
    if not vars(arguments).get("with_parent"):  # `up` has said it
        for warning in (one.warning for one in given.values() if one.warning):
            events.tell("settings", f"stackroom: {warning}", "warning", message=warning)
        for file in open_password_files(settings):
            text = f"{file} has passwords, and others can read it: `chmod 600` closes it."
            events.tell("settings", f"stackroom: {text}", "warning", message=text)
    return events
