"""Says in the log that the database of a store is away, and that it is there again."""

from stackroom.common.events import Events
from stackroom.common.settings import Settings

# Of a database that takes what it is sent and does not answer, because its disk stands still for example. No
# call may take longer, and no reading of what a server keeps in memory does.
_PATIENCE_SECONDS = 60.0


def tell_outages(settings: Settings, events: Events) -> None:
    """From now on, `events` are told when the store, or its replica, goes away and comes back: once each.

    The requests in between are answered with an error, and nothing is told of them. What a request reads of
    a store may from now on take a minute at most.
    """
    if not settings.store:
        return
    # Needs the extra `postgres`.
    from stackroom.common.postgres.database import database

    for url in filter(None, (settings.store, settings.store_replica)):
        database(url).patience_seconds = _PATIENCE_SECONDS
        database(url).outage.tell = lambda level, text: events.tell("store", text, level)
