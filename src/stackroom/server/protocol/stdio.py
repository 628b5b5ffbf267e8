"""Serves the tools over standard input and output, for a client that starts the server itself."""

from contextlib import suppress

from stackroom.common.events import Events
from stackroom.common.settings import Settings
from stackroom.reading.reader import Reader
from stackroom.server.address import base_url
from stackroom.server.monitoring.ledger import Ledger
from stackroom.server.outages import tell_outages
from stackroom.server.protocol.tools import create_mcp
from stackroom.server.warming import warm_in_background


def serve_stdio(settings: Settings, reader: Reader) -> None:
    """Serves until the input ends.

    Addresses of documents lead to the HTTP server that runs now, or to the one that would run with these
    settings.

    Args:
        settings: `host`, `port`, `ledger`, `log_json` and `data`.
        reader: answers the calls; it is not closed here. Its catalogue may be empty.
    """
    ledger = Ledger(settings.ledger_of_calls if settings.ledger else None, "stdio")
    mcp = create_mcp(reader, base_url(settings), ledger)
    events = Events(as_json=settings.log_json)
    events.take_logging()
    tell_outages(settings, events)
    warm_in_background(reader, events)
    with suppress(KeyboardInterrupt):
        mcp.run(transport="stdio", show_banner=False, log_level=None if events.as_json else "WARNING")
