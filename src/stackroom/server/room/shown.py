"""What several pages show in the same way: marked texts, and filters that one can choose. Pure functions."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from stackroom.common.characters.languages import shown_language
from stackroom.page.foreign_text import own_line
from stackroom.reading.listing import Chip, Facet

Pieces = tuple[tuple[str, bool], ...]
"""A text in its order: pairs of a piece, and whether it matches a word of the query."""

# Characters of a filter's value: a longer one would take the place of the others.
FILTER_CHARACTERS = 60

_OPERATOR = re.compile(r'\S+:"[^"]*"|\S+')
_WRAPPED = re.compile(r"(?<!\n)\n(?![\n|•▪*-])")
_RULE = re.compile(r"^\|(?:-+\|)+\n?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Choice:
    """A value by which documents can be narrowed down.

    Attributes:
        value: a folder, a year, a language or an author.
        count: how many documents have it.
        address: of the same list with this value only; without it again if it `is_chosen`.
        is_chosen: whether the query has it already.
    """

    value: str
    count: int
    address: str
    is_chosen: bool = False


def pieces(text: str, matches: Sequence[tuple[int, int]]) -> Pieces:
    """`text` cut at the edges of its matches, which are spans (start, stop) in ascending order.

    Lines stay only before items and rows; without those below the heads of tables, which say nothing to
    people.
    """
    text = _WRAPPED.sub(" ", text)
    found, at = [], 0
    for start, stop in matches:
        found += [(text[at:start], False), (text[start:stop], True)]
        at = stop
    cut = (*found, (text[at:], False))
    if "|-" in text:
        cut = tuple((_RULE.sub("", piece), is_match) for piece, is_match in cut)
    return tuple(piece for piece in cut if piece[0])


def named(languages: Sequence[Facet]) -> tuple[Facet, ...]:
    """Facets of languages, with their names in place of their codes."""
    return tuple(replace(facet, value=shown_language(facet.value)) for facet in languages)


def choices(
    facets: Sequence[Facet], operators: Sequence[Chip], address: Callable[[str], str]
) -> tuple[Choice, ...]:
    """What can be chosen.

    Args:
        facets: of one kind. What has no word, such as a folder "…", no filter can ask for.
        operators: those of the query.
        address: gives the address of the same list for another query.
    """
    return tuple(_choice(facet, operators, address) for facet in facets if facet.operator)


def _choice(facet: Facet, operators: Sequence[Chip], address: Callable[[str], str]) -> Choice:
    value = own_line(facet.value, FILTER_CHARACTERS)
    parts = [part.casefold() for part in _OPERATOR.findall(facet.operator)]  # a year has two
    chosen = [one for one in operators if one.written.casefold() in parts]
    if len(chosen) < len(parts):
        return Choice(value, facet.count, address(facet.query))
    query = chosen[0].query
    for other in chosen[1:]:
        query = query.replace(other.written, "", 1)
    return Choice(value, facet.count, address(" ".join(query.split())), is_chosen=True)
