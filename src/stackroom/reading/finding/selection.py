"""From a query to the passages that answer it: what its filters let through, ranked by all the evidence."""

from dataclasses import replace
from functools import partial
from heapq import nlargest

import numpy as np

from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import Model
from stackroom.catalog.passage_ranges import PassageRange, PassageRanges
from stackroom.reading.finding.candidates import Asked, Chosen, Indexes
from stackroom.reading.finding.document_table import Descriptions, Rows
from stackroom.reading.finding.ranking import Evidence
from stackroom.reading.query.query import Query

# Passages taken from each ranking in one round: at least, and for each document asked for. From 32 on the
# first ten are the same.
_PASSAGES, _PASSAGES_FOR_EACH = 64, 2

# Passages whose texts are read for phrases and exclusions: so many at a time, and in all.
_CHECKED_AT_ONCE, _MOST_CHECKED = 50, 2000


class Selection:
    """Chooses and ranks the passages of one moment. Not thread-safe: its owner takes turns."""

    def __init__(
        self,
        catalog: Catalog,
        model: Model,
        indexes: Indexes,
        splits: PassageRanges,
        descriptions: Descriptions,
    ) -> None:
        self._catalog = catalog
        self._model = model
        self._indexes = indexes
        self._splits = splits
        self._descriptions = descriptions

    def ranked(self, query: Query, asked: Asked, limit: int) -> dict[int, Evidence]:
        """Passages of at least `limit` documents, if there are as many; the best first.

        A query that has nothing but filters gives for each document they let through, the newest first, the
        first passage that has nothing the query excludes; documents that have no such passage are left out.
        """
        within = None
        if query.has_filters:
            table = self._described(query)
            # Those with the ids are found; the id itself may be of one whose place they took.
            admitted = table.admitted(replace(query, ids=()))
            if not query.text:
                return self._listed(query, table, admitted, limit)
            within = self._chosen(table, admitted)
        count = max(_PASSAGES, _PASSAGES_FOR_EACH * limit)
        if query.phrases or query.without:
            return self._checked(query, asked, limit, within)
        ranked: dict[int, Evidence] = {}
        seen: set[PassageRange] = set()
        while len(seen) < min(limit, len(self._splits if within is None else within)):
            # Each round leaves out the documents that are found: a book of 10,000 passages hides no letter.
            found = self._indexes.candidates(asked, count, within, sorted(seen))
            if not found:
                break
            ranked |= found
            seen |= {split for id_ in found if (split := self._splits.of(id_))}
        return _best_first(ranked)

    def _checked(self, query: Query, asked: Asked, limit: int, within: Chosen | None) -> dict[int, Evidence]:
        """As `ranked`, of passages whose texts have the query's phrases, and nothing it excludes.

        More and more are looked at until there are enough, or no more have the words; or too many were read.
        """
        checked: set[int] = set()
        ranked: dict[int, Evidence] = {}
        documents: set[PassageRange] = set()
        count = _PASSAGES
        while len(documents) < limit and len(checked) < _MOST_CHECKED:
            found = self._indexes.candidates(asked, count, within)
            new = [id_ for id_ in found if id_ not in checked]
            if not new:
                break
            for at in range(0, len(new), _CHECKED_AT_ONCE):
                some = new[at : at + _CHECKED_AT_ONCE]
                places = self._catalog.passages(some)
                passing = [id_ for id_ in some if id_ in places and query.passes(places[id_].text)]
                checked.update(some)
                ranked |= {id_: found[id_] for id_ in passing}
                documents |= {split for id_ in passing if (split := self._splits.of(id_))}
                if len(documents) >= limit:
                    break
            count *= 4
        return _best_first(ranked)

    def _listed(self, query: Query, table: Descriptions, admitted: Rows, limit: int) -> dict[int, Evidence]:
        """See `ranked`."""
        nothing = Evidence(None, None, 0.0, None, 0.0, 0.0, 0.0)
        if not query.without:
            newest = nlargest(limit, admitted.tolist(), key=table.newest)
            return dict.fromkeys(table.ranges(np.array(newest, np.int64))[:, 0].tolist(), nothing)
        newest = sorted(admitted.tolist(), key=table.newest, reverse=True)
        listed: dict[int, Evidence] = {}
        left = _MOST_CHECKED
        for first, last in table.ranges(np.array(newest, np.int64)).tolist():
            for start in range(first, min(last + 1, first + left), _CHECKED_AT_ONCE):
                ids = range(start, min(last + 1, start + _CHECKED_AT_ONCE))
                left -= len(ids)
                places = self._catalog.passages(ids)
                passing = [id_ for id_ in ids if id_ in places and query.passes(places[id_].text)]
                if passing:
                    listed[passing[0]] = nothing
                    break
            if len(listed) == limit or left <= 0:
                break
        return listed

    def _described(self, query: Query) -> Descriptions:
        """The documents to choose from: those with the query's ids, or all."""
        describe = partial(self._catalog.descriptions, self._model)
        if not query.ids:
            while not self._descriptions.read_some(self._splits.all, describe):
                pass
            return self._descriptions
        records = [record for id_ in query.ids if (record := self._catalog.document(id_))]
        found = {
            split for record in records if (split := self._catalog.passage_range(self._model, record.key))
        }
        return Descriptions([one for split in sorted(found) for one in describe(split.first, split.first)])

    def _chosen(self, table: Descriptions, admitted: Rows) -> Chosen:
        chosen = table.ranges(admitted)
        if 2 * len(admitted) <= len(self._splits) or len(table) < len(self._splits):
            return Chosen(len(admitted), chosen)
        return Chosen(len(admitted), table.ranges(table.others(admitted)), others=True)


def _best_first(found: dict[int, Evidence]) -> dict[int, Evidence]:
    return dict(sorted(found.items(), key=lambda pair: (-pair[1].score, pair[0])))
