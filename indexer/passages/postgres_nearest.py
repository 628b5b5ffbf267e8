"""Fills the table in which a store finds the nearest passages, and has pgvector make its graph of them.

All is made from the truth, whose log of changes is followed. Each transaction notes how far it has come, so
that a kill costs no more than the block at hand. One process does it at a time; the others leave it to that.
"""

import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import REPLACED, Change, Model
from stackroom.catalog.vector_codes import decode
from stackroom.common.postgres.binary import COPY_BEGIN, COPY_END, vector_rows
from stackroom.common.postgres.database import NEAREST, Database, Session
from stackroom.common.sql import Sql
from stackroom.embedding.embedder import Fingerprint

# Passages taken in by one transaction: what a kill can cost, and how long new ones wait behind others.
_AT_ONCE = 10_000

# So many rows are made at once: 1 MB.
_SENT_AT_ONCE = 1000

# From so many passages on, the graph is quicker than to compare them all.
_GRAPH_FROM = 10_000

# If less than this share of a model's passages is there, its graph is dropped, and made when all are there:
# that takes less than to add them to it one by one.
_BULK = 0.5

# So many passages are compared with each other to know how similar those are that have nothing in common.
_COMPARED = 400

# What the graph takes for a passage while it is made, beside its vector. What has no room makes it slower.
_BYTES_IN_GRAPH = 800

# Whoever has it and nothing to do lets it go within milliseconds; seconds between two looks for that.
_LOOKS, _PAUSE = 20, 0.05

_ALL = 2**63 - 1


@dataclass(frozen=True, slots=True)
class _State:
    """A row of `nearest_models`; see there."""

    change: int
    filled: int = 0
    passages: int = 0
    indexed: int = 0
    usual: float = 0.0
    spread: float = 0.0


class PostgresNearestWriter:
    """Brings the table up to date with the truth in the same database. Not thread-safe."""

    def __init__(self, database: Database, at_once: int = _AT_ONCE, graph_from: int = _GRAPH_FROM) -> None:
        """Connects to nothing yet.

        Args:
            database: of the store.
            at_once: most passages of one transaction.
            graph_from: from so many of a model's passages on, there is a graph of them.
        """
        self._database = database
        self._at_once = at_once
        self._graph_from = graph_from

    def follow(self, catalog: Catalog, *, is_last: bool = False) -> bool:
        """Takes in everything that was committed since the last time, of each model that is searched or will
        be, and makes graphs that are due. While another process is at it, that is left to it.

        Args:
            catalog: of the same store; nobody else may use this object meanwhile.
            is_last: whether nobody may call again soon. Then another process is trusted only if it is at work
                for long, so that it is sure to look again.

        Returns:
            Whether there was anything to do.

        Raises:
            StoreAway: the database can't be reached.
            CatalogUnusable: it refuses, or vectors in the truth are damaged.
        """
        is_news = False
        while self._step(catalog, _LOOKS if is_last else 1):
            is_news = True
        return is_news

    def _step(self, catalog: Catalog, looks: int) -> bool:
        """Some of the work, in one transaction. Returns whether there may be more."""
        with self._database.session() as session, session.errors(), session.raw.transaction():
            if not _locked(session, looks):
                return False
            # Only now, so that what is read of the truth is not older than what is in the table.
            with catalog.snapshot():
                models = _models(catalog)
                if _forget_others(session, [model for model, _ in models]):
                    return True
                tables = [
                    (_Table(session, catalog, model, self._at_once), is_replaced)
                    for model, is_replaced in models
                ]
                for table, _ in tables:
                    if table.follow():
                        return True
            for table, is_replaced in tables:
                is_wanted = not is_replaced and table.state.passages >= self._graph_from
                if table.fit_graph(is_wanted=is_wanted):
                    return True
        return False


class _Table:
    """The rows of one model, in a transaction of their own and a snapshot of the truth."""

    def __init__(self, session: Session, catalog: Catalog, model: Model, at_once: int) -> None:
        self._session = session
        self._catalog = catalog
        self._model = model
        self._at_once = at_once
        found = session.execute(
            "SELECT change, filled, passages, indexed, usual, spread FROM nearest_models WHERE model = ?",
            (model.id,),
        ).fetchone()
        self.state = _State(*found) if found else _State(change=catalog.last_change())

    def follow(self) -> bool:
        """Takes in what was committed, or the next block of it. Returns whether there was anything."""
        newest = self._catalog.last_change()
        if self.state.change == newest and self.state.filled == _ALL:
            return False
        if self._is_best_made_anew():
            return self.fit_graph(is_wanted=False)
        changes = self._catalog.changes_since(self.state.change)
        if changes is None:
            self._remove_strangers()
            self._keep(filled=0)
        else:
            self._take_in(changes)
        if self.state.filled < _ALL:
            self._fill()
        self._keep(change=newest)
        return True

    def fit_graph(self, *, is_wanted: bool) -> bool:
        """Makes the graph if it is wanted, or drops it if it is not. Returns whether it did either."""
        if bool(self.state.indexed) == is_wanted:
            return False
        run = self._session.execute
        graph, dimensions = _graph_of(self._model.id), self._model.fingerprint.dimensions
        if is_wanted:
            self._make_room()
            # Searches go on meanwhile. Only we write, so that there is nothing to wait for it.
            run(
                f"CREATE INDEX {graph} ON nearest USING hnsw"
                f" ((vector::halfvec({dimensions})) halfvec_ip_ops) WHERE model = {self._model.id}"
            )
            run("ANALYZE nearest")
            self._look_how_similar()
        else:
            run(f"DROP INDEX IF EXISTS {graph}")
        self._keep(indexed=self.state.passages if is_wanted else 0)
        return True

    def _look_how_similar(self) -> None:
        """Notes how similar passages of different documents are, some 400 of them."""
        usual, spread = self._session.execute(
            "WITH sample AS (SELECT document, vector FROM nearest WHERE model = ?1 AND passage % ?2 = 0"
            " LIMIT ?3) SELECT coalesce(-avg(p), 0), coalesce(stddev(p), 0) FROM (SELECT"
            " a.vector <#> b.vector AS p FROM sample a JOIN sample b ON a.document < b.document) pairs",
            (self._model.id, self.state.passages // _COMPARED + 1, 2 * _COMPARED),
        ).fetchone()
        self._keep(usual=usual, spread=spread)

    def _make_room(self) -> None:
        """Lets the server use as much memory for the graph as it needs, but no more than its administrator
        gave it for shared buffers, or for this.
        """
        needed = self.state.passages * (2 * self._model.fingerprint.dimensions + _BYTES_IN_GRAPH)
        allowed, shared = self._session.execute(
            "SELECT pg_size_bytes(current_setting('maintenance_work_mem')),"
            " pg_size_bytes(current_setting('shared_buffers'))"
        ).fetchone()
        if needed > allowed < shared:
            # Not for parallel workers: they would have it in a kind of memory of which containers lack much.
            self._session.execute(
                "SELECT set_config('maintenance_work_mem', ?, true),"
                " set_config('max_parallel_maintenance_workers', '0', true)",
                (f"{min(needed, shared) // 1024}kB",),
            )

    def _is_best_made_anew(self) -> bool:
        if not self.state.indexed or self.state.filled == _ALL:
            return False
        ((wanted,),) = self._catalog.rows(
            "SELECT coalesce(sum(last - first + 1), 0) FROM splits WHERE model = ?", (self._model.id,)
        )
        return bool(self.state.passages < _BULK * wanted)

    def _take_in(self, changes: Sequence[Change]) -> None:
        embedded = []
        for change in changes:
            if change.kind == "removed":
                self._remove("passage BETWEEN ? AND ?", (change.first, change.last))
            elif change.kind == "embedded" and change.first <= self.state.filled:
                embedded.append((change.first, min(change.last, self.state.filled)))
        if sum(last - first + 1 for first, last in embedded) > self._at_once:
            self._keep(filled=min(first for first, _ in embedded) - 1)
        else:
            for first, last in embedded:
                self._add(*self._catalog.vectors(self._model, first, last))

    def _fill(self) -> None:
        """Takes in the next passages after those that are there."""
        ids, codes = self._catalog.vectors(self._model, self.state.filled + 1, most=self._at_once)
        self._add(ids, codes)
        self._keep(filled=ids[-1] if len(ids) == self._at_once else _ALL)

    def _add(self, ids: Sequence[int], codes: Sequence[bytes]) -> None:
        """Adds those of these vectors that are not there yet; the ids ascend."""
        there: list[tuple[int]] = []
        if ids:
            there = self._session.execute(
                "SELECT passage FROM nearest WHERE passage BETWEEN ? AND ?", (ids[0], ids[-1])
            ).fetchall()
        new = np.flatnonzero(~np.isin(ids, [row[0] for row in there]))
        if not len(new):
            return
        passages = np.array(ids, np.int64)[new]
        documents = self._documents(passages)
        with self._session.raw.cursor().copy("COPY nearest FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(COPY_BEGIN)
            for start in range(0, len(new), _SENT_AT_ONCE):
                some = slice(start, start + _SENT_AT_ONCE)
                vectors = decode([codes[row] for row in new[some]], self._model.fingerprint.dimensions)
                copy.write(vector_rows(passages[some], documents[some], self._model.id, vectors))
            copy.write(COPY_END)
        self._keep(passages=self.state.passages + len(new))

    def _documents(self, passages: NDArray[np.int64]) -> NDArray[np.int64]:
        """The key of the document of each of these passages."""
        splits = self._catalog.rows(
            "SELECT first, document FROM splits WHERE first BETWEEN"
            " (SELECT max(first) FROM splits WHERE first <= ?) AND ? ORDER BY first",
            (int(passages[0]), int(passages[-1])),
        )
        firsts, keys = np.array(splits, np.int64).T
        documents: NDArray[np.int64] = keys[np.searchsorted(firsts, passages, side="right") - 1]
        return documents

    def _remove_strangers(self) -> None:
        """Removes what is not in the truth any more, because nobody can tell what was removed."""
        self._remove(
            "NOT EXISTS (SELECT 1 FROM splits s WHERE s.last >= passage"
            " AND s.first = (SELECT max(first) FROM splits WHERE first <= passage))",
            (),
        )

    def _remove(self, which: str, parameters: Sequence[object]) -> None:
        gone = self._session.execute(
            f"DELETE FROM nearest WHERE model = {self._model.id} AND {which}",  # noqa: S608
            parameters,
        )
        self._keep(passages=self.state.passages - gone.rowcount)

    def _keep(self, **changed: Any) -> None:
        self.state = replace(self.state, **changed)
        self._session.execute(
            "INSERT INTO nearest_models (model, change, filled, passages, indexed, usual, spread)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (model) DO UPDATE SET change = excluded.change,"
            " filled = excluded.filled, passages = excluded.passages, indexed = excluded.indexed,"
            " usual = excluded.usual, spread = excluded.spread",
            (self._model.id, *astuple(self.state)),
        )


def _locked(session: Session, looks: int) -> bool:
    """Takes the lock for the transaction, unless somebody has it each time that we look."""
    for look in range(looks):
        if look:
            time.sleep(_PAUSE)
        if session.execute("SELECT pg_try_advisory_xact_lock(?)", (NEAREST,)).fetchone()[0]:
            return True
    return False


def _models(catalog: Catalog) -> list[tuple[Model, bool]]:
    """All models, and of each whether another one has replaced it."""
    rows = catalog.rows(
        "SELECT id, name, digest, dimensions, passage_tokens, current FROM models ORDER BY id", ()
    )
    return [(Model(id_, Fingerprint(*about)), standing == REPLACED) for id_, *about, standing in rows]


def forget_all(session: Sql) -> None:
    """Removes all rows and graphs, in a transaction of the caller's: the next `follow` makes them anew."""
    _forget_others(session, [])


def _forget_others(session: Sql, models: Sequence[Model]) -> bool:
    """Removes the rows of models that the truth does not have any more. Returns whether there were any."""
    known = {model.id for model in models}
    others = [id_ for (id_,) in session.execute("SELECT model FROM nearest_models") if id_ not in known]
    for model in others:
        session.execute(f"DROP INDEX IF EXISTS {_graph_of(model)}")
        for table in ("nearest", "nearest_models"):
            session.execute(f"DELETE FROM {table} WHERE model = ?", (model,))  # noqa: S608
    return bool(others)


def _graph_of(model: int) -> str:
    return f"nearest_graph_{model}"
