"""From a query to the passages that answer it: what its filters let through, ranked by all the evidence."""

from dataclasses import replace

from stackroom.candidates import Asked, Indexes
from stackroom.catalog import Catalog
from stackroom.query import Query
from stackroom.ranking import Evidence
from stackroom.records import Model
from stackroom.splits import Split, Splits

# Passages taken from each ranking in one round: at least, and for each document asked for. From 32 on the
# first ten are the same.
_PASSAGES, _PASSAGES_FOR_EACH = 64, 2

# Passages whose texts are read for phrases and exclusions: so many at a time, and in all.
_CHECKED_AT_ONCE, _MOST_CHECKED = 50, 2000


class Selection:
    """Chooses and ranks the passages of one moment. Not thread-safe: its owner takes turns."""

    def __init__(self, catalog: Catalog, model: Model, indexes: Indexes, splits: Splits) -> None:
        self._catalog = catalog
        self._model = model
        self._indexes = indexes
        self._splits = splits

    def ranked(self, query: Query, asked: Asked, limit: int) -> dict[int, Evidence]:
        """Passages of at least `limit` documents, if there are as many; the best first.

        A query that has nothing but filters gives the first passage of each document they let through, the
        newest document first.
        """
        within = self._admitted(query)
        if query.only_filters:
            nothing = Evidence(None, None, 0.0, None, 0.0, 0.0, 0.0)
            return {split.first: nothing for split in within or ()}
        count = max(_PASSAGES, _PASSAGES_FOR_EACH * limit)
        if query.phrases or query.without:
            return self._checked(query, asked, limit, within)
        ranked: dict[int, Evidence] = {}
        seen: set[Split] = set()
        while len(seen) < min(limit, len(self._splits if within is None else within)):
            # Each round leaves out the documents that are found: a book of 10,000 passages hides no letter.
            found = self._indexes.candidates(asked, count, within, sorted(seen))
            if not found:
                break
            ranked |= found
            seen |= {split for id_ in found if (split := self._splits.of(id_))}
        return _best_first(ranked)

    def _checked(
        self, query: Query, asked: Asked, limit: int, within: list[Split] | None
    ) -> dict[int, Evidence]:
        """As `ranked`, of passages whose texts have the query's phrases, and nothing it excludes.

        More and more are looked at until there are enough, or no more have the words; or too many were read.
        """
        checked: set[int] = set()
        ranked: dict[int, Evidence] = {}
        documents: set[Split] = set()
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

    def _admitted(self, query: Query) -> list[Split] | None:
        """The documents that a query's filters let through, in the order of indexing; None means all.

        Those of a query without words are the newest first, and an excluded word must not be in their titles.
        """
        if not query.has_filters:
            return None
        current = [record.id for id_ in query.ids if (record := self._catalog.document(id_))]
        query = replace(query, ids=tuple(current) or query.ids)
        admitted = [
            found
            for found in self._catalog.descriptions(self._model)
            if (not query.only_filters or query.passes(found.title))
            and query.admits(
                title=found.title,
                author=found.author,
                paths=found.paths,
                created=found.created,
                modified=found.modified,
                language=found.language,
                id=found.id,
            )
        ]
        if query.only_filters:
            admitted.sort(key=lambda found: max(found.created, found.modified), reverse=True)
        return [found.split for found in admitted]


def _best_first(found: dict[int, Evidence]) -> dict[int, Evidence]:
    return dict(sorted(found.items(), key=lambda pair: (-pair[1].score, pair[0])))
