"""Times as pages show them: those of the machine that the server runs on."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """A time: `text` for people, `iso` for the attribute of the element `time`; empty if it can't be told."""

    text: str
    iso: str


def moment(seconds: float) -> Moment:
    """The time that is `seconds` after the epoch."""
    return _shown(datetime.fromtimestamp(seconds).astimezone())


def written_moment(text: str) -> Moment:
    """The time in a text of ISO 8601; another text is shown as it is."""
    try:
        return _shown(datetime.fromisoformat(text).astimezone())
    except (ValueError, OverflowError, OSError):
        return Moment(text, "")


def _shown(time: datetime) -> Moment:
    return Moment(f"{time:%Y-%m-%d %H:%M}", time.isoformat(timespec="seconds"))
