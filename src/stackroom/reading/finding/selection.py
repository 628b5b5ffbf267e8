"""From a query to the passages that answer it: what its filters let through, ranked by all the evidence."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import Model
from stackroom.catalog.passage_ranges import PassageRange, PassageRanges
from stackroom.reading.finding.candidates import Asked, Candidate, Chosen, Indexes, best_first
from stackroom.reading.finding.document_table import DocumentTable, Rows
from stackroom.reading.finding.facets import count
from stackroom.reading.finding.ranking import similarity
from stackroom.reading.listing import Facets
from stackroom.reading.query.query import Query

# Passages taken from each index at first: at least 100, and at least two for each document asked for. With
# 64, the right page of long reports is shown for 1 question in 100 less; more than 128 bring nothing.
_PASSAGES, _PASSAGES_FOR_EACH = 100, 2

# Of words, so many of the best documents are ranked: who wants more of them asks with other words.
_DEEPEST = 500

# Similarity that a passage without any word of the query must exceed: on first halves, four in ten of those
# that answer nothing are below, and none of those that answer. Where a model finds unrelated texts alike, as
# E5 does, an answer in another language than the question may seem less alike than these: there the bound is
# lower by a share of that. See docs/quality.md.
_NEAR, _LOWER = 0.1, 0.4

# Passages whose texts are read for phrases and exclusions: 50 at a time, and 2,000 for one query.
_CHECKED_AT_ONCE, _MOST_CHECKED = 50, 2000


class Selected(NamedTuple):
    """What answers a query.

    Attributes:
        ranked: passages, the best first.
        left_out: of so many of the first documents among them nothing is to be shown.
        listed: if the query has nothing but filters, the first passages of all documents that they let
            through; else None.
    """

    ranked: list[Candidate]
    left_out: int
    listed: list[int] | None = None


NOTHING = Selected([], 0)


class Selection:
    """Chooses and ranks passages, from the catalogue as it is at one moment.

    Not thread-safe: whoever uses it holds the turn.
    """

    def __init__(
        self,
        catalog: Catalog,
        model: Model,
        indexes: Indexes,
        ranges: PassageRanges,
        table: DocumentTable,
    ) -> None:
        """Reads nothing yet.

        Args:
            catalog: in a snapshot, which lasts as long as the selection is used.
            model: whose passages are chosen from.
            indexes: of the same model.
            ranges: which passages belong to which document, for the same model.
            table: what documents can be chosen by, as far as it was read; the rest is read when a filter
                needs it.
        """
        self._catalog = catalog
        self._model = model
        self._indexes = indexes
        self._ranges = ranges
        self._table = table

    def selected(self, query: Query, asked: Asked, start: int, limit: int) -> Selected:
        """What answers a query; see `ranked` and `_listed`. The arguments are those of `Reader.answer`."""
        if query.text or not query.has_filters:
            return Selected(self.ranked(query, asked, min(start + limit, max(limit, _DEEPEST))), start)
        table = self._described(query)
        return self._listed(query, table, table.admitted(replace(query, ids=())), start, limit)

    def ranked(self, query: Query, asked: Asked, limit: int) -> list[Candidate]:
        """Passages of at least `limit` documents, if there are as many; the best first.

        Args:
            query: with its filters, phrases and exclusions; it has words.
            asked: the words and the vector of the same query.
            limit: how many documents are wanted; at least 1.
        """
        within = None
        if query.has_filters:
            table = self._described(query)
            # The ids are not compared: `_described` has looked the documents up by them, and a document that
            # took the place of another has an id of its own.
            within = self._chosen(table, table.admitted(replace(query, ids=())))
        if query.phrases or query.without:
            return self._checked(query, asked, limit, within)
        count = max(_PASSAGES, _PASSAGES_FOR_EACH * limit)
        ranked: list[Candidate] = []
        documents: set[PassageRange] = set()
        while len(documents) < min(limit, len(self._ranges if within is None else within)):
            # Each round leaves out the documents found so far, so that a book of 10,000 passages cannot crowd
            # out a letter of one.
            found = self._indexes.candidates(asked, count, within, sorted(documents))
            if not found:
                break
            ranked += found
            documents |= {candidate.range for candidate in found}
            count = _PASSAGES_FOR_EACH * limit  # few documents are missing
        return best_first(ranked) if within else _answers(ranked, asked)

    def _checked(self, query: Query, asked: Asked, limit: int, within: Chosen | None) -> list[Candidate]:
        """As `ranked`, of passages whose texts have the query's phrases, and nothing it excludes.

        Each round asks for four times as many candidates, until there are enough documents, or no more
        candidates, or `_MOST_CHECKED` texts were read.
        """
        checked: set[int] = set()
        ranked: list[Candidate] = []
        documents: set[PassageRange] = set()
        count = _PASSAGES
        while len(documents) < limit and len(checked) < _MOST_CHECKED:
            found = self._indexes.candidates(asked, count, within)
            new = [one for one in best_first(found) if one.passage not in checked]
            if not new:
                break
            for at in range(0, len(new), _CHECKED_AT_ONCE):
                some = new[at : at + _CHECKED_AT_ONCE]
                ids = [candidate.passage for candidate in some]
                checked.update(ids)
                passing = set(self._passing(query, ids))
                for candidate in some:
                    if candidate.passage in passing:
                        ranked.append(candidate)
                        documents.add(candidate.range)
                if len(documents) >= limit:
                    break
            count *= 4
        return best_first(ranked) if within else _answers(ranked, asked)

    def facets(self, firsts: Sequence[int], query: str) -> Facets:
        """Counts the documents with these first passages, which this query has found."""
        table = self._described(Query())
        return count([(table, table.rows(firsts))], query)

    def _listed(self, query: Query, table: DocumentTable, admitted: Rows, start: int, limit: int) -> Selected:
        """The answer to a query that has nothing but filters: a passage, without evidence, for each document
        they let through, the newest document first.

        It is the first passage that has nothing the query excludes. Documents that have no such passage are
        left out, as far as they were looked at: those after the ones wanted were not, and count.
        """
        newest = table.ordered(admitted, "newest")
        if not query.without:
            firsts = table.ranges(newest)[:, 0]
            shown = self._without_evidence(firsts[start : start + limit].tolist())
            return Selected(shown, 0, firsts.tolist())
        listed: dict[int, int] = {}  # first passage of the document → the one to show
        left = _MOST_CHECKED
        ranges = table.ranges(newest).tolist()
        rest: list[int] = []
        for number, (first, last) in enumerate(ranges, 1):
            for at in range(first, min(last + 1, first + left), _CHECKED_AT_ONCE):
                ids = range(at, min(last + 1, at + _CHECKED_AT_ONCE))
                left -= len(ids)
                passing = self._passing(query, ids)
                if passing:
                    listed[first] = passing[0]
                    break
            if left <= 0:
                break
            if len(listed) == start + limit:
                rest = [first for first, _ in ranges[number:]]
                break
        shown = self._without_evidence([*listed.values()][start : start + limit])
        return Selected(shown, 0, [*listed, *rest])

    def _passing(self, query: Query, passages: Sequence[int]) -> list[int]:
        """The passages whose texts have the query's phrases and nothing it excludes, in the order given."""
        texts = self._catalog.passages(passages)
        return [id_ for id_ in passages if id_ in texts and query.passes(texts[id_].text)]

    def _without_evidence(self, passages: Sequence[int]) -> list[Candidate]:
        numbers = self._catalog.page_numbers(passages)
        return [
            Candidate(id_, owner, numbers[id_])
            for id_ in passages
            if id_ in numbers and (owner := self._ranges.of(id_))
        ]

    def _described(self, query: Query) -> DocumentTable:
        """The documents to choose from: those with the query's ids, or all."""
        describe = partial(self._catalog.descriptions, self._model)
        if not query.ids:
            while not self._table.read_some(self._ranges.all, describe):
                pass
            return self._table
        entries = [entry for id_ in query.ids if (entry := self._catalog.document(id_))]
        found = {own for entry in entries if (own := self._catalog.passage_range(self._model, entry.key))}
        return DocumentTable([one for own in sorted(found) for one in describe(own.first, own.first)])

    def _chosen(self, table: DocumentTable, admitted: Rows) -> Chosen:
        """The admitted documents, by their passages or by those of all others.

        Of these two lists of documents, the shorter one is taken.
        """
        is_part = len(table) < len(self._ranges)  # then the table does not know all others
        if is_part or 2 * len(admitted) <= len(self._ranges):
            return Chosen(len(admitted), table.ranges(admitted))
        return Chosen(len(admitted), table.ranges(table.others(admitted)), others=True)


def _answers(found: Sequence[Candidate], asked: Asked) -> list[Candidate]:
    """The candidates for which anything speaks, the best first: a word of the query, or a meaning near it.

    Vectors always have nearest ones, also those of a query that the model can't read. Of documents that the
    query has chosen, even those are shown.
    """
    return best_first([one for one in found if _speaks(one, asked)])


def _speaks(one: Candidate, asked: Asked) -> bool:
    if one.words or one.page or one.document or one.name:
        return True
    if one.meaning is None:
        return False
    return similarity(one.meaning, asked.known, asked.unrelated) > _NEAR - _LOWER * asked.unrelated
