"""The terms of an index of words in PostgreSQL: asked for together, and kept."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from stackroom.indexes.postgres.postings import NAME, PARTS, TEXT
from stackroom.indexes.query_terms import MOST_PARTS, long_beginning, other_numbers
from stackroom.indexes.vocabulary import Stems

FIELDS = {"text": TEXT, "name": NAME, "parts": PARTS}

Ask = Callable[[str, Sequence[object]], list[tuple[Any, ...]]]
"""Gives all rows of a statement in PostgreSQL's own words."""

Counts = tuple[int, int, int]
"""How many passages, pages and documents have a term."""

# How many terms are kept: some 20 MB.
_KEPT = 100_000

_COUNTS = """
SELECT field, term, sum(passage_count)::bigint, sum(page_count)::bigint, sum(document_count)::bigint
FROM postings WHERE generation = %s AND field = ANY(%s) AND term = ANY(%s) GROUP BY field, term
"""
# No character comes after U+10FFFF. All of the most frequent ones for each kind of entry. OFFSET keeps the
# planner, which can't tell how few terms a prefix has, from reading all rows to join them.
_WITH_PREFIX = """
SELECT field, prefix, term, passages, pages, documents FROM (
    SELECT *, row_number() OVER (PARTITION BY field, prefix ORDER BY passages DESC, term) AS by_passages,
        row_number() OVER (PARTITION BY field, prefix ORDER BY pages DESC, term) AS by_pages,
        row_number() OVER (PARTITION BY field, prefix ORDER BY documents DESC, term) AS by_documents
    FROM (
        SELECT wanted.field, prefix, o.term, sum(o.passage_count)::bigint AS passages,
            sum(o.page_count)::bigint AS pages, sum(o.document_count)::bigint AS documents
        FROM unnest(%s::smallint[], %s::text[]) AS wanted(field, prefix) CROSS JOIN LATERAL (
            SELECT term, passage_count, page_count, document_count FROM postings
            WHERE generation = %s AND field = wanted.field
                AND term >= prefix AND term < prefix || chr(1114111)
            OFFSET 0
        ) o
        GROUP BY wanted.field, prefix, o.term
    ) AS counted
) AS ranked WHERE field <> %s OR least(by_passages, by_pages, by_documents) <= %s
"""
_BEGINNINGS = """
SELECT prefix FROM unnest(%s::text[]) AS prefix WHERE EXISTS (
    SELECT 1 FROM postings o WHERE o.generation = %s AND o.field = %s
        AND o.term >= prefix AND o.term < prefix || chr(1114111)
)
"""


class Terms:
    """The terms of all kinds of entries, as one commit left them. Not thread-safe."""

    def __init__(self, ask: Ask, generation: int) -> None:
        """Looks nothing up yet.

        Args:
            ask: asks the database as it was when the index was followed; called whenever a term isn't known.
            generation: of the index.
        """
        self._ask = ask
        self._generation = generation
        self._counts: dict[tuple[int, str], Counts] = {}
        self._with_prefix: dict[tuple[int, str], list[tuple[str, Counts]]] = {}

    def counts(self, field: int, terms: Iterable[str]) -> list[Counts]:
        """How many entries have these terms; aligned."""
        terms = list(terms)
        self._look_up([field], terms)
        return [self._counts[field, term] for term in terms]

    def with_prefix(self, field: int, prefix: str) -> list[tuple[str, Counts]]:
        """The terms that begin so, in any order; of parts of words only the MOST_PARTS that most entries of
        each kind have.
        """
        self._look_up_prefixes([(field, prefix)])
        return self._with_prefix[field, prefix]

    def beginnings(self, field: int, prefixes: Iterable[str]) -> set[str]:
        """Those of some prefixes that a term begins with."""
        rows = self._ask(_BEGINNINGS, (list(prefixes), self._generation, field))
        return {prefix for (prefix,) in rows}

    def expect(self, words: Iterable[Stems]) -> None:
        """Looks up all that is asked about the terms of a query, in two statements at most."""
        words = list(words)
        if len(self._counts) > _KEPT:
            self._counts.clear()
            self._with_prefix.clear()
        wanted = {part for word in words for part in word.parts}
        forms = [form for word in words for form in (*word.forms, *other_numbers(word))]
        self._look_up([TEXT, NAME, PARTS], {*forms, *(part.text for part in wanted if part.whole)})
        beginnings = [(PARTS, part.text) for part in wanted if not part.whole]
        for word in words:
            beginning = long_beginning(word)
            if beginning:
                beginnings += [(field, beginning) for field in (TEXT, NAME) if not self._has(field, word)]
        self._look_up_prefixes(beginnings)

    def _has(self, field: int, word: Stems) -> bool:
        """Whether all kinds of entries have a form of a word."""
        counts = [self._counts[field, form] for form in word.forms]
        return all(map(any, zip(*counts, strict=True)))

    def _look_up(self, fields: Sequence[int], terms: Collection[str]) -> None:
        missing = {term for term in terms for field in fields if (field, term) not in self._counts}
        if not missing:
            return
        self._counts.update(dict.fromkeys([(field, term) for field in fields for term in missing], (0, 0, 0)))
        for field, term, *counts in self._ask(_COUNTS, (self._generation, list(fields), list(missing))):
            self._counts[field, term] = (counts[0], counts[1], counts[2])

    def _look_up_prefixes(self, beginnings: Iterable[tuple[int, str]]) -> None:
        missing = [one for one in dict.fromkeys(beginnings) if one not in self._with_prefix]
        if not missing:
            return
        self._with_prefix.update({one: [] for one in missing})
        fields, prefixes = zip(*missing, strict=True)
        asked = (list(fields), list(prefixes), self._generation, PARTS, MOST_PARTS)
        for field, prefix, term, *counts in self._ask(_WITH_PREFIX, asked):
            self._with_prefix[field, prefix].append((term, (counts[0], counts[1], counts[2])))


class KindVocabulary:
    """The `Vocabulary` of one kind of entries."""

    def __init__(self, terms: Terms, kind: int, entries: int, languages: tuple[str, ...]) -> None:
        """`kind` is the place of its counts among `Counts`; for the rest see `Vocabulary`."""
        self._terms = terms
        self._kind = kind
        self.entries = entries
        self.languages = languages

    def expect(self, words: Iterable[Stems], field: str) -> None:
        """See `Vocabulary`. What one kind is asked, the others will be, too."""
        self._terms.expect(words)

    def known(self, forms: Iterable[str], field: str) -> tuple[tuple[str, int], ...]:
        """See `Vocabulary`."""
        forms = list(forms)
        counts = self._terms.counts(FIELDS[field], forms)
        return tuple(
            [(form, of[self._kind]) for form, of in zip(forms, counts, strict=True) if of[self._kind]]
        )

    def with_prefix(self, field: str, prefix: str, limit: int | None = None) -> Sequence[tuple[str, int]]:
        """See `Vocabulary`."""
        found = self._terms.with_prefix(FIELDS[field], prefix)
        here = [(term, counts[self._kind]) for term, counts in found if counts[self._kind]]
        return sorted(here, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def beginnings(self, prefixes: Iterable[str], field: str) -> Collection[str]:
        """See `Vocabulary`."""
        return self._terms.beginnings(FIELDS[field], prefixes)
