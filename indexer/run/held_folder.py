"""The data folder that an indexer holds: its lock, and what is open in it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager

from indexer.ocr.scan_publisher import ScanPublisher
from indexer.passages import another_time
from indexer.passages.embed import Embedding
from indexer.passages.writers import follow_nearest, words_writer
from indexer.run.summary import Summary
from indexer.store.migrate import Upgrade, migrate
from indexer.store.shrink import Shrunk, shrink
from stackroom.catalog.catalog import Catalog
from stackroom.catalog.entries import Model
from stackroom.common.errors import CatalogMissing, CatalogUnusable
from stackroom.common.settings import Settings
from stackroom.common.sqlite_file import identity
from stackroom.embedding.embedder import Embedder


class HeldFolder:
    """A data folder, open for its one writer.

    The owner may delete the index while we follow folders, or its drive may go away and come back. So each
    piece of work begins with `in_use`, which opens the folder again if it is not the same any more.

    Attributes:
        publisher: writes the catalogue.
        catalog: reads it.
        embedding: gives passages their vectors, in a thread.
        openings: how often the folder was opened. Between two openings, somebody else may have changed
            anything in it.
    """

    publisher: ScanPublisher
    catalog: Catalog
    embedding: Embedding

    def __init__(
        self,
        settings: Settings,
        take_hold: Callable[[Settings], AbstractContextManager[None]],
        load: Callable[[Model], Embedder],
    ) -> None:
        """Opens nothing yet; the arguments are those of `Indexer` and of `Embedding`."""
        self.openings = 0
        self._settings = settings
        self._take_hold = take_hold
        self._load = load
        self._stack = ExitStack()
        self._is_sound = False
        self._lock: tuple[int, int] | None = None

    def open(self) -> Upgrade | None:
        """Takes the folder's lock and opens the catalogue.

        Returns:
            The upgrade of an older catalogue; None if none was needed.

        Raises:
            AlreadyRunning: another indexer has it.
            CatalogError: the catalogue can't be opened, or the drive it was on is away.
        """
        self._refuse_to_begin_on_another_drive()
        with ExitStack() as stack:
            stack.enter_context(self._take_hold(self._settings))
            upgrade = migrate(self._settings.truth)
            self.publisher = ScanPublisher(self._settings.truth, compact=self._settings.compact)
            stack.callback(self.publisher.close)
            self.catalog = stack.enter_context(Catalog(self._settings.truth))
            if not self._settings.store:
                another_time.remove(self.catalog, self._settings.words, self._settings.vector_lists)
            self.embedding = Embedding(self._settings, self._load)
            stack.callback(self.embedding.close)
            self._stack = stack.pop_all()
        self._lock = self._lock_now()
        self._is_sound = self._lock is not None  # it is None if the folder was deleted this very moment
        self.openings += 1
        return upgrade

    def close(self) -> None:
        """Closes what is open, and releases the lock."""
        self._is_sound = False
        self._stack.close()

    def finish_work(self, leave_off: Callable[[], bool] = lambda: False) -> None:
        """Brings what is derived from the catalogue up to date with it, and rid of what was removed.

        `leave_off` says whether the rest of the latter, which may take a minute, is for the next time.
        """
        with closing(words_writer(self._settings)) as writer:
            writer.follow(self.catalog)
            while writer.is_rewriting() and not leave_off():
                writer.follow(self.catalog)
            writer.join()
        follow_nearest(self._settings, self.catalog)

    def shrink(self) -> Shrunk:
        """Makes the catalogue's file smaller, if it has become too large for what is in it.

        Not while passages wait for vectors: these are written beside us, and need the room. A database sees
        to that by itself.
        """
        if self._settings.store:
            return Shrunk()
        return Shrunk() if self.publisher.is_any_pending() else shrink(self._settings.catalog)

    def sum_up(self, summary: Summary, leave_off: Callable[[], bool]) -> None:
        """Completes a summary with what is left for later; if that is nothing, makes the catalogue smaller.

        Args:
            summary: of a run that is done.
            leave_off: see `finish_work`.
        """
        if current := self.publisher.current_model():
            summary.waiting_passages = self.publisher.pending_count(current)
        other = self.publisher.other_model()
        if other and not other.is_replaced:
            summary.unfinished_model = other.model.fingerprint.name
        if not (summary.waiting_files or leave_off()):
            shrunk = self.shrink()
            summary.freed_bytes, summary.shrink_obstacle = shrunk.freed, shrunk.obstacle

    def is_current(self) -> bool:
        """Whether the files that we have open are still those in the data folder. Cheap."""
        return self._is_sound and self.publisher.is_there() and self._lock_now() == self._lock

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Runs the block on the data folder as it is now. After an error the next block opens it again."""
        if not self.is_current():
            self.close()
            self.open()
        try:
            yield
        except CatalogUnusable:
            self._is_sound = False
            raise
        except CatalogMissing as error:  # a background thread found no catalogue to open
            self._is_sound = False
            raise CatalogUnusable(f"{error} It was there a moment ago.") from error

    def _refuse_to_begin_on_another_drive(self) -> None:
        """Raises CatalogUnusable if the folder's drive is away.

        Otherwise a new index would be begun on the drive that holds the mount point.
        """
        try:
            there = self._settings.index.absolute()
            if self._lock is None or there.exists():
                return
            while not there.exists():
                there = there.parent
            is_away = there.stat().st_dev != self._lock[0]
        except OSError:
            is_away = True
        if is_away:
            raise CatalogUnusable(
                f"The folder {self._settings.index} is not there, and its drive seems to be away. Connect it "
                "again; or, if the folder was moved, start Stackroom again."
            )

    def _lock_now(self) -> tuple[int, int] | None:
        try:
            return identity(self._settings.indexer_lock)
        except OSError:
            return None
