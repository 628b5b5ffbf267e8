"""The workers that an indexer has its files read by: a connection to them, made when it is first needed."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.ocr.tesseract import FindOcr
from indexer.run.account import Run
from indexer.run.cluster.jobs import Order
from indexer.run.held_folder import HeldFolder
from stackroom.catalog.entries import Model
from stackroom.common.errors import UsageError
from stackroom.common.settings import Settings
from stackroom.embedding.embedder import ModelSource

if TYPE_CHECKING:  # Dask is an extra, and takes half a second to load
    from indexer.run.cluster.dask_cluster import DaskCluster
    from indexer.run.spread import Spread


class Workers:
    """Workers of a cluster of Dask. Close them at the end."""

    def __init__(
        self,
        where: str | int,
        models_of: Callable[[Settings], ModelSource],
    ) -> None:
        """Connects to nothing yet.

        Args:
            where: see `DaskCluster`.
            models_of: where workers have their embedders from: a function at the top of a module.
        """
        self._where = where
        self._models_of = models_of
        self._stack = ExitStack()
        self._cluster: DaskCluster | None = None
        self._fit_for = b""

    def refuse_a_file(self, settings: Settings) -> None:
        """Raises UsageError if the library is in a file, which workers on other machines can't write."""
        if not isinstance(self._where, int) and isinstance(settings.truth, Path):
            raise UsageError(
                f"The workers of {self._where} cannot write into the file {settings.truth}: have the library "
                "in a database, with STACKROOM_STORE=postgresql://… here and for the workers (`stackroom "
                "move --to` takes it there); or use workers of this machine, with --cluster N."
            )

    def close(self) -> None:
        """Ends the connection: what waits for a worker is cancelled."""
        if self._cluster and not self._cluster.is_local:  # those end anyway
            from indexer.run.cluster.tasks import leave

            self._cluster.tell_all(leave, self._fit_for)
        self._cluster, self._fit_for = None, b""
        self._stack.close()

    def spread(
        self,
        run: Run,
        held: HeldFolder,
        settings: Settings,
        find_ocr: FindOcr,
        model: Model,
        check: Callable[[], None],
    ) -> "Spread":
        """What hands out the jobs of a run.

        Args:
            run: told what became of each file.
            held: the data folder.
            settings: of the run, with the passwords to try.
            find_ocr: finds the workers' program for scans; can be pickled.
            model: whose passages documents are split into.
            check: see `background`.

        Raises:
            ClusterUnusable: there is no cluster, or a worker is unfit.
            ExtraMissing: Dask is not installed.
        """
        from indexer.run.cluster.dask_cluster import DaskCluster, pickled
        from indexer.run.cluster.tasks import introduce
        from indexer.run.spread import Spread

        if self._cluster is None:
            self._cluster = self._stack.enter_context(DaskCluster(self._where))
        order = Order(
            held.catalog.id(),
            model,
            settings if self._cluster.is_local else None,
            settings.compact,
            settings.ocr_languages,
            settings.pdf_passwords,
            self._models_of,
            find_ocr,
        )
        if self._fit_for != pickled(order):
            self._cluster.refuse_unfit(introduce, pickled(order))
            self._fit_for = pickled(order)
        return Spread(run, held.publisher, self._cluster, order, check)


def workers_of(where: str | int | None, models_of: Callable[[Settings], ModelSource]) -> Workers | None:
    """The workers of the argument `--cluster`; None if it was not given."""
    return None if where is None else Workers(where, models_of)
