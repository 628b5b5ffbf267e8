"""Writes the catalogue's models: the one that is searched, and the one whose vectors are kept beside it."""

from indexer.store.catalog_writer import CatalogWriter
from indexer.store.document_rows import log_change, remove_passages
from stackroom.catalog.entries import (
    CURRENT,
    REPLACED,
    UNFINISHED,
    Model,
    OtherModel,
    current_model,
    other_model,
    pending_count,
)
from stackroom.embedding.embedder import Fingerprint


class ModelPublisher(CatalogWriter):
    """Writes models; see `Publisher`."""

    def current_model(self) -> Model | None:
        """The model whose vectors are searched."""
        return current_model(self._rows)

    def add_model(self, fingerprint: Fingerprint) -> Model:
        """The catalogue's entry of a model, made if needed; the very first one is current at once."""
        with self._transaction() as db:
            found = db.execute(
                "SELECT id FROM models WHERE digest = ? AND dimensions = ? AND passage_tokens = ?",
                (fingerprint.digest, fingerprint.dimensions, fingerprint.passage_tokens),
            ).fetchone()
            if found:
                return Model(found[0], fingerprint)
            first = db.execute("SELECT 1 FROM models").fetchone() is None
            added = db.execute(
                "INSERT INTO models (name, digest, dimensions, passage_tokens, current)"
                " VALUES (?, ?, ?, ?, ?) RETURNING id",
                (
                    fingerprint.name,
                    fingerprint.digest,
                    fingerprint.dimensions,
                    fingerprint.passage_tokens,
                    CURRENT if first else UNFINISHED,
                ),
            )
            return Model(int(added.fetchone()[0]), fingerprint)

    def other_model(self) -> OtherModel | None:
        """The model whose vectors are kept beside those that are searched."""
        return other_model(self._rows)

    def switch_model(self, model: Model) -> None:
        """Makes `model` the one that is searched, if it is not; the vectors of the one before are kept."""
        current = self.current_model()
        if current and model.id == current.id:
            return
        with self._transaction() as db:
            db.execute("UPDATE models SET current = ? WHERE current = ?", (REPLACED, CURRENT))
            db.execute("UPDATE models SET current = ? WHERE id = ?", (CURRENT, model.id))
            log_change(db, "model", 0, 0)

    def forget_other_models(self, keep: Model | None = None) -> None:
        """Removes all models but the one that is searched and `keep`, with their passages and vectors."""
        with self._transaction() as db:
            others = db.execute(
                "SELECT id FROM models WHERE current <> ? AND id <> ?", (CURRENT, keep.id if keep else 0)
            )
            for (model,) in others.fetchall():
                splits = db.execute("SELECT first, last FROM splits WHERE model = ?", (model,)).fetchall()
                for first, last in splits:
                    remove_passages(db, first, last)
                db.execute("DELETE FROM models WHERE id = ?", (model,))

    def is_any_pending(self) -> bool:
        """Whether passages wait for their vectors, of whatever model."""
        return bool(self._rows("SELECT 1 FROM pending LIMIT 1"))

    def pending_count(self, model: Model) -> int:
        """How many passages of a model wait for a vector."""
        return pending_count(self._rows, model)
