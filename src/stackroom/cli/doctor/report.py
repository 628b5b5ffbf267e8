"""Asks for the passphrase, prints the findings as they come, and counts them."""

import getpass
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import asdict

from stackroom.cli.doctor.check import Finding, Skipped, Verdict
from stackroom.cli.doctor.examination import examine
from stackroom.cli.terminal import printable
from stackroom.common.settings import Settings

_SIGNS = {Verdict.PASSED: "✓", Verdict.FAILED: "✗", Verdict.SKIPPED: "–"}
_COLOURS = {Verdict.PASSED: "32", Verdict.FAILED: "31;1", Verdict.SKIPPED: "2"}
_NAME_WIDTH = 22


def doctor(
    settings: Settings, url: str, query: str, *, token: str, passphrase_on_stdin: bool, as_json: bool
) -> bool:
    """Examines a server and prints what was found; the arguments are those of `examine`.

    With `as_json` standard output gets one JSON object in the end, and standard error the findings as they
    come.

    Returns:
        Whether no check failed.

    Raises:
        SettingsError: `url` is not the URL of a host.
    """
    url = Settings.read({}, public_url=url.rstrip("/").removesuffix("/mcp")).public_url
    ask = _once(_read_passphrase if passphrase_on_stdin else _ask_passphrase)
    with closing(examine(settings, url, query, ask, token)) as found:
        seen = list(_shown(found, to_stderr=as_json))
    counts = Counter(finding.verdict for finding in seen)
    fine = not counts[Verdict.FAILED]
    if as_json:
        print(json.dumps({"ok": fine, "checks": [asdict(finding) for finding in seen]}, ensure_ascii=False))
    else:
        print("\n" + ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict))
    return fine


def _shown(found: Iterable[Finding], *, to_stderr: bool) -> Iterable[Finding]:
    stream = sys.stderr if to_stderr else sys.stdout
    server = ""
    for finding in found:
        if finding.server != server:
            server = finding.server
            print(f"\n{printable(server)}", file=stream)
        sign = _SIGNS[finding.verdict]
        if stream.isatty():
            sign = f"\x1b[{_COLOURS[finding.verdict]}m{sign}\x1b[0m"
        print(f"{sign} {finding.name:<{_NAME_WIDTH}} {printable(finding.seen)}", file=stream, flush=True)
        if finding.advice:
            print(f"  {'':<{_NAME_WIDTH}} → {printable(finding.advice)}", file=stream, flush=True)
        yield finding


def _once(ask: Callable[[], str]) -> Callable[[], str]:
    """`ask`, but asks only once: the answer is remembered."""
    typed: list[str] = []

    def remembered() -> str:
        if not typed:
            typed.append(ask())
        if not typed[0]:
            raise Skipped("no passphrase was given")
        return typed[0]

    return remembered


def _read_passphrase() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _ask_passphrase() -> str:
    if not sys.stdin.isatty():
        raise Skipped("there is no terminal to ask for the passphrase; --passphrase-stdin reads it")
    return getpass.getpass("Passphrase of the server (Enter skips signing in): ")
