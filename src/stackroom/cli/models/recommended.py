"""Models that can be recommended, with what is published about them."""

from dataclasses import dataclass
from pathlib import Path

from stackroom.embedding.prompts import known_models

_TABLE = Path(__file__).with_name("recommended.tsv")


@dataclass(frozen=True, slots=True)
class Recommended:
    """A model that can be had from the hub.

    Attributes:
        name: on the hub.
        languages: that it was made for.
        parameters: how many numbers it has.
        dimensions: how many a vector has.
        most_tokens: of one input.
        licence: of its weights.
        scores: published figures, each with its test; empty if no source is known.
    """

    name: str
    languages: str
    parameters: int
    dimensions: int
    most_tokens: int
    licence: str
    scores: str


def recommended() -> list[Recommended]:
    """By languages, and the smallest first."""
    known = known_models()
    return [
        Recommended(name, languages, *known[name], scores)
        for name, languages, scores in (line.split("\t") for line in _lines()[2:])
    ]


def source() -> str:
    """Where the figures are from, and what they say."""
    return _lines()[0].removeprefix("# ")


def _lines() -> list[str]:
    return _TABLE.read_text(encoding="utf-8").splitlines()
