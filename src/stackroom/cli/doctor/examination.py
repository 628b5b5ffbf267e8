"""Makes all checks, in an order in which each can use what those before it have learnt."""

from collections.abc import Callable, Generator
from contextlib import suppress

from stackroom.cli.doctor.answers import ANSWERS
from stackroom.cli.doctor.check import Finding, Verdict, findings
from stackroom.cli.doctor.examined_server import ExaminedServer
from stackroom.cli.doctor.http import HttpClient, NoAnswer
from stackroom.cli.doctor.reach import REACH, REACHABLE
from stackroom.cli.doctor.setup import checks, server_urls
from stackroom.cli.doctor.sign_in import GIVEN_BACK, SIGN_IN, give_back
from stackroom.cli.doctor.tools import REVISIONS, TOOLS
from stackroom.common.settings import Settings


def examine(
    settings: Settings, url: str, query: str, ask_passphrase: Callable[[], str], token: str = ""
) -> Generator[Finding, None, None]:
    """Examines a server, or, without `url`, the data folder and its running server.

    A generator: if you stop before its end, close it, so that the access it got is given back.

    Args:
        settings: the data folder, and the public URL.
        url: of the server, without a slash at its end; empty for the one of the data folder.
        query: what to search for.
        ask_passphrase: gets the owner's passphrase, or raises Skipped with the reason why there is none.
            Asked only by a server with sign-in.
        token: to call the tools with instead of signing in.
    """
    if not url:
        yield from findings(checks(settings), settings, "")
    for address in [url] if url else server_urls(settings):
        with HttpClient(address) as http:
            server = ExaminedServer(address, http, query, ask_passphrase, token)
            try:
                yield from _examine(server)
            finally:  # whatever stopped us: no access may be left behind
                with suppress(NoAnswer):
                    give_back(server)


def _examine(server: ExaminedServer) -> Generator[Finding, None, None]:
    for finding in findings((REACHABLE,), server, server.url):
        yield finding
        if finding.verdict is Verdict.FAILED:
            return
    sign_in = () if server.token else SIGN_IN
    every = (*REACH, *sign_in, *REVISIONS, *TOOLS, *ANSWERS, GIVEN_BACK)
    yield from findings(every, server, server.url)
