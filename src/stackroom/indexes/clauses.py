"""What an index of words is asked for, whatever engine has it: the clauses of a query. Frozen data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HasTerm:
    """An entry has a term: it scores by BM25, times `boost`."""

    text: str
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class HasPart:
    """An entry has a word with one of these parts: it scores `score`, however many it has."""

    parts: tuple[str, ...]
    score: float


Way = HasTerm | HasPart
"""A way of matching a word of a query."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A word of a query. An entry that matches it in several ways gets the score of the best one."""

    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class RequiredWord:
    """A word that an entry must have; it adds nothing to the score.

    Attributes:
        terms: its terms, each matched in any way; at least one.
        either: whether the last of them is enough, and so are all the others together. If not, all are
            needed.
    """

    terms: tuple[Clause, ...]
    either: bool
