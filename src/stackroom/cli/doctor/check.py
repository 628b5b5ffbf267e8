"""A check and its finding; the exceptions by which a check fails or is skipped."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from pydantic import ValidationError

Subject = TypeVar("Subject")

_LONGEST_SEEN = 300


class Verdict(StrEnum):
    """How a check came out."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found.

    Attributes:
        server: the URL that was examined; empty for the data folder.
        name: of the check.
        verdict: how it came out.
        seen: what was seen, or why the check was skipped. May contain text that the server sent.
        advice: what to do; empty if the check did not fail.
    """

    server: str
    name: str
    verdict: Verdict
    seen: str
    advice: str = ""


class Failed(Exception):
    """The check failed; `str(failed)` is what was seen. Without `advice`, the check's own advice applies."""

    def __init__(self, seen: str, advice: str = "") -> None:
        super().__init__(seen)
        self.advice = advice


class Skipped(Exception):
    """The check cannot be made; `str(skipped)` is the reason."""


@dataclass(frozen=True, slots=True)
class Check(Generic[Subject]):
    """A check: `look` returns what it saw, or raises Failed or Skipped; `advice` is for when it failed."""

    name: str
    look: Callable[[Subject], str]
    advice: str


def need(fine: object, seen: str, advice: str = "") -> None:
    """Raises Failed unless `fine` is true."""
    if not fine:
        raise Failed(seen, advice)


def findings(checks: tuple[Check[Subject], ...], subject: Subject, server: str) -> Iterator[Finding]:
    """Makes the checks one after the other, and yields what each found."""
    for check in checks:
        try:
            verdict, seen, advice = Verdict.PASSED, check.look(subject), ""
        except Skipped as skipped:
            verdict, seen, advice = Verdict.SKIPPED, str(skipped), ""
        except Failed as failed:
            verdict, seen, advice = Verdict.FAILED, str(failed), failed.advice or check.advice
        except ValidationError as error:
            seen = f"an answer does not have the form it should: {_where(error)}"
            verdict, advice = Verdict.FAILED, check.advice
        yield Finding(server, check.name, verdict, shortened(seen), advice)


def shortened(text: str, length: int = _LONGEST_SEEN) -> str:
    """The beginning of a text that somebody else wrote, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def _where(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'all of it'}: {first['msg']}"
