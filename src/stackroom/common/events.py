"""What a command reports on standard error while it runs: lines for people, or JSON objects for programs."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

STEPS = logging.getLogger("stackroom.steps")
"""Takes what is done once and takes long, as preparing a model does. `Events.tell_steps` shows it."""


class Events:
    """Writes events to standard error. Safe to use from several threads."""

    def __init__(self, *, as_json: bool = False) -> None:
        """`as_json` writes a JSON object a line, for programs, instead of text for people."""
        self.as_json = as_json

    def tell(self, event: str, text: str, level: str = "info", /, **fields: Any) -> None:
        """Writes that something happened.

        Args:
            event: what happened, in a word or two that never change.
            text: the same for people, without a newline at its end.
            level: "info", "warning" or "error".
            fields: what the JSON object holds about it; without any it holds the text, as "message".
        """
        sys.stderr.write(self.line(event, text, level, **fields))
        sys.stderr.flush()

    def line(self, event: str, text: str, level: str = "info", /, **fields: Any) -> str:
        """What `tell` would write."""
        if not self.as_json:
            return f"{text}\n"
        return _line(datetime.now(UTC), level, event, fields or {"message": text})

    def take_logging(self) -> None:
        """Writes what libraries log, warnings and worse, as JSON events from now on; for text, as it is.

        Call it after the libraries were imported: some install handlers of their own, which it removes for
        JSON.
        """
        if not self.as_json:
            # What Python does while the root has no handler. A library that uses `logging.debug` itself (the
            # MCP SDK, when a client leaves its stream) would give it one with another form.
            if not logging.root.handlers and logging.lastResort:
                logging.root.addHandler(logging.lastResort)
            return
        handler = logging.StreamHandler()
        handler.setLevel(logging.WARNING)
        handler.setFormatter(_Formatter())
        logging.root.handlers = [handler]
        for logger in list(logging.root.manager.loggerDict.values()):
            if isinstance(logger, logging.Logger):
                logger.handlers = []
                logger.propagate = True

    def tell_steps(self) -> None:
        """Tells what is logged to `STEPS`, too, from now on. Call it after `take_logging`."""
        STEPS.handlers = [_Teller(self)]
        STEPS.setLevel(logging.INFO)
        STEPS.propagate = False


class _Teller(logging.Handler):
    def __init__(self, events: Events) -> None:
        super().__init__()
        self._events = events

    def emit(self, record: logging.LogRecord) -> None:
        self._events.tell("step", record.getMessage())


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = {"logger": record.name, "message": record.getMessage()}
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        moment = datetime.fromtimestamp(record.created, UTC)
        return _line(moment, record.levelname.lower(), "log", fields).rstrip("\n")


def _line(moment: datetime, level: str, event: str, fields: dict[str, Any]) -> str:
    # ASCII: a file's name or an error may hold half a surrogate pair, which no encoding has.
    head = {"time": moment.isoformat(timespec="milliseconds"), "level": level, "event": event}
    return json.dumps({**head, **fields}, default=str) + "\n"
