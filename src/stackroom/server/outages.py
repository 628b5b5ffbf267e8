"""Says in the log that the database of a store is away, and that it is there again."""

from stackroom.common.events import Events
from stackroom.common.settings import Settings


def tell_outages(settings: Settings, events: Events) -> None:
    """From now on, `events` are told when the store, or its replica, goes away and comes back: once each.

    The requests in between are answered with an error, and nothing is told of them.
    """
    if not settings.store:
        return
    # Needs the extra `postgres`.
    from stackroom.common.postgres.database import database

    for url in filter(None, (settings.store, settings.store_replica)):
        database(url).outage.tell = lambda level, text: events.tell("store", text, level)
