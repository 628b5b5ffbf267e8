"""Lists of postings in the database: fetched together, and kept for one moment."""

from collections.abc import Iterable
from typing import NamedTuple

from stackroom.indexes.clauses import Clause, HasPart, HasTerm, RequiredWord
from stackroom.indexes.postgres.postings import PARTS
from stackroom.indexes.postgres.vocabulary import Ask

# Of a term only the lists of those kinds of entries that are asked for: to read all would take longer.
_LISTS = """
SELECT o.part, o.field, o.term, CASE WHEN k.kinds & 1 > 0 THEN o.passages END,
    CASE WHEN k.kinds & 2 > 0 THEN o.pages END, CASE WHEN k.kinds & 4 > 0 THEN o.documents END
FROM unnest(%s::smallint[], %s::text[], %s::smallint[]) AS k(field, term, kinds)
JOIN postings o ON o.generation = %s AND o.field = k.field AND o.term = k.term
"""

ListsOfPart = dict[tuple[int, str], list[bytes]]
"""By field and term: the lists of one kind of entries of a part. None has an entry of another."""


class Wanted(NamedTuple):
    """The lists of a term.

    Attributes:
        kind: of entries: its place among `vocabulary.Counts`.
        field, term: of the lists.
    """

    kind: int
    field: int
    term: str


def wanted(
    kind: int, field: int, clauses: Iterable[Clause], words: Iterable[RequiredWord] = ()
) -> set[Wanted]:
    """The lists that are needed to find entries by these clauses and words."""
    ways = [way for clause in clauses for way in clause.ways]
    ways += [way for word in words for clause in word.terms for way in clause.ways]
    terms = {Wanted(kind, field, way.text) for way in ways if isinstance(way, HasTerm)}
    return terms | {
        Wanted(kind, PARTS, part) for way in ways if isinstance(way, HasPart) for part in way.parts
    }


class FetchedLists:
    """The lists that were asked for since one moment. Not thread-safe."""

    def __init__(self, ask: Ask, generation: int) -> None:
        """Fetches nothing yet: see `vocabulary.Terms`."""
        self._ask = ask
        self._generation = generation
        self._lists: dict[Wanted, list[tuple[int, bytes]]] = {}

    def has(self, some: Iterable[Wanted]) -> bool:
        """Whether all of these are fetched."""
        return all(one in self._lists for one in some)

    def fetch(self, some: Iterable[Wanted]) -> None:
        """Fetches those of these lists that are not here yet, all together."""
        missing = [one for one in some if one not in self._lists]
        if not missing:
            return
        kinds: dict[tuple[int, str], int] = {}
        for one in missing:
            self._lists[one] = []
            kinds[one.field, one.term] = kinds.get((one.field, one.term), 0) | 1 << one.kind
        fields, terms = zip(*kinds, strict=True)
        rows = self._ask(_LISTS, (list(fields), list(terms), list(kinds.values()), self._generation))
        for part, field, term, *lists in rows:
            for kind, packed in enumerate(lists):
                if packed is not None:
                    self._lists[Wanted(kind, field, term)].append((part, packed))

    def by_part(self, some: Iterable[Wanted]) -> dict[int, ListsOfPart]:
        """These lists, which are fetched; they are of one kind."""
        found: dict[int, ListsOfPart] = {}
        for one in some:
            for part, packed in self._lists[one]:
                found.setdefault(part, {}).setdefault((one.field, one.term), []).append(packed)
        return found
