"""The workers that an indexer has its files read by: a connection to them, made when it is first needed."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.cluster.jobs import Order
from indexer.ocr.tesseract import FindOcr, find_tesseract
from indexer.run.account import Run
from indexer.run.held_folder import HeldFolder
from stackroom.catalog.entries import Model
from stackroom.common.errors import UsageError
from stackroom.common.settings import Settings
from stackroom.embedding.embedder import ModelSource

if TYPE_CHECKING:  # Dask is an extra, and takes half a second to load
    from indexer.cluster.dask_cluster import DaskCluster
    from indexer.run.spread import Spread


class Workers:
    """Workers of a cluster of Dask. Close them at the end."""

    def __init__(
        self,
        where: str | int,
        settings: Settings,
        models_of: Callable[[Settings], ModelSource],
        find_ocr: FindOcr = find_tesseract,
    ) -> None:
        """Connects to nothing yet.

        Args:
            where: see `DaskCluster`.
            settings: of the indexer.
            models_of: where workers have their embedders from: a function at the top of a module.
            find_ocr: finds their program for scans; likewise.

        Raises:
            UsageError: other machines can't write the store, which is a file.
        """
        if not isinstance(where, int) and isinstance(settings.truth, Path):
            raise UsageError(
                f"The workers of {where} cannot write into the file {settings.truth}: have the library in a "
                "database, with STACKROOM_STORE=postgresql://… here and for the workers (`stackroom move "
                "--to` takes it there); or use workers of this machine, with --cluster N."
            )
        self._where = where
        self._settings = settings
        self._models_of = models_of
        self._find_ocr = find_ocr
        self._stack = ExitStack()
        self._cluster: DaskCluster | None = None
        self._fit_for: bytes | None = None

    def close(self) -> None:
        """Ends the connection: what waits for a worker is cancelled."""
        self._cluster = self._fit_for = None
        self._stack.close()

    def spread(
        self,
        run: Run,
        held: HeldFolder,
        model: Model,
        passwords: tuple[str, ...],
        check: Callable[[], None],
    ) -> "Spread":
        """What hands out the jobs of a run.

        Args:
            run: told what became of each file.
            held: the data folder.
            model: whose passages documents are split into.
            passwords: to try.
            check: see `background`.

        Raises:
            ClusterUnusable: there is no cluster, or a worker is unfit.
            ExtraMissing: Dask is not installed.
        """
        from indexer.cluster.dask_cluster import DaskCluster, pickled
        from indexer.cluster.tasks import introduce
        from indexer.run.spread import Spread

        if self._cluster is None:
            self._cluster = self._stack.enter_context(DaskCluster(self._where))
        settings = self._settings
        order = Order(
            held.catalog.id(),
            model,
            settings if self._cluster.is_local else None,
            settings.compact,
            settings.ocr_languages,
            passwords,
            self._models_of,
            self._find_ocr,
        )
        if self._fit_for != pickled(order):
            self._cluster.refuse_unfit(introduce, pickled(order))
            self._fit_for = pickled(order)
        return Spread(run, held.publisher, self._cluster, order, check)


def workers_of(
    where: str | int | None, settings: Settings, models_of: Callable[[Settings], ModelSource]
) -> Workers | None:
    """The workers of the argument `--cluster`; None if there is none. Raises UsageError as `Workers`."""
    return None if where is None else Workers(where, settings, models_of)
