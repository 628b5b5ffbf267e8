"""The documents of the library as a list: also those that a search cannot find, because they have no text."""

from dataclasses import replace
from functools import partial
from heapq import merge
from itertools import islice
from operator import itemgetter

import numpy as np

from stackroom.catalog.document_lines import read_lines
from stackroom.reading.finding.document_table import DESCENDING, DocumentTable, Rows
from stackroom.reading.finding.facets import Documents, count, folder_tree
from stackroom.reading.in_memory import InMemory, Turn
from stackroom.reading.listing import Listing, Sort
from stackroom.reading.notices import taken_as_words
from stackroom.reading.query.folded_text import words
from stackroom.reading.query.parse import parse
from stackroom.reading.query.query import Query


class Browsing:
    """Lists documents. `Reader` has its method, and describes its arguments."""

    def __init__(self, turn: Turn) -> None:
        """Reads nothing yet. `turn` is for the catalogue."""
        self._turn = turn
        self._without_passages = DocumentTable()
        self._moment: tuple[int, int] | None = None  # the catalogue's version that they are of

    def documents(self, text: str, sort: Sort, start: int, limit: int) -> Listing:
        """See `Reader.documents`."""
        query = parse(text.encode(errors="replace").decode(), of_list=True)
        with self._turn.at_one_moment() as memory:
            successors = [(id_, self._turn.catalog.document(id_)) for id_ in query.ids]
            query = replace(query, ids=tuple(entry.id if entry else id_ for id_, entry in successors))
            chosen = [(table, _admitted(table, query)) for table in self._tables(memory)]
            keys = _in_order(chosen, sort, max(start, 0) + query.skip, max(limit, 0))
            return Listing(
                tuple(read_lines(self._turn.catalog, keys)),
                sum(len(rows) for _, rows in chosen),
                count(chosen, text),
                folder_tree(chosen),
                query.operators,
                taken_as_words(query.misread),
            )

    def _tables(self, memory: InMemory) -> tuple[DocumentTable, DocumentTable]:
        """All documents: those that have passages, and the others."""
        catalog = self._turn.catalog
        if memory.model:
            describe = partial(catalog.descriptions, memory.model)
            while not memory.table.read_some(memory.ranges.all, describe):
                pass
        version = catalog.version()
        if version != self._moment:
            self._without_passages = DocumentTable(catalog.descriptions_without_passages(memory.model))
            self._moment = version
        return memory.table, self._without_passages


def _admitted(table: DocumentTable, query: Query) -> Rows:
    """The documents that pass the query's filters, and are named with its words."""
    admitted = table.admitted(query)
    fitting = np.full(len(table), True)
    wanted = {words(one) for one in (*query.text.split(), *query.phrases)}
    unwanted = {words(one) for one in query.without}
    for phrase in wanted - {""}:
        fitting &= table.holding(phrase)
    for phrase in unwanted - {""}:
        fitting &= ~table.holding(phrase)
    passing: Rows = admitted[fitting[admitted]]
    return passing


def _in_order(chosen: Documents, sort: Sort, start: int, limit: int) -> list[int]:
    """The keys of `limit` of the documents, after the first `start`."""
    ordered = []
    for table, rows in chosen:
        first = table.ordered(rows, sort)[: start + limit]
        ordered.append(list(zip(table.sort_values(first, sort), table.keys(first), strict=True)))
    both = merge(*ordered, key=itemgetter(0), reverse=sort in DESCENDING)
    return [key for _, key in islice(both, start, start + limit)]
