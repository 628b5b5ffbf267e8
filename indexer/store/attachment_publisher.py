"""Writes what is attached to documents: which attachments wait to be read, and what became of each."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from indexer.store.holding import let_go, log_names
from indexer.store.shared_publisher import SharedPublisher
from stackroom.catalog.entries import Location, Model, locations
from stackroom.common.documents import Attachment, Document, Passage
from stackroom.common.errors import ExtractionFailed
from stackroom.common.roots import Root, as_root

_AT = "WHERE container = ? AND page = ? AND number = ?"
_HELD = f"SELECT document FROM attachments {_AT}"  # noqa: S608


@dataclass(frozen=True, slots=True)
class WaitingAttachment:
    """An attachment that has to be read.

    Attributes:
        container: key of the document that it is attached to.
        attachment: what and where it is.
        file: a file that holds the container.
        reason: why it could not be read before; empty if it was not tried.
    """

    container: int
    attachment: Attachment
    file: Location
    reason: str


class AttachmentPublisher(SharedPublisher):
    """A writer's connection for what is attached to documents. Every method raises as a `Publisher`'s do."""

    def waiting_attachments(self) -> list[WaitingAttachment]:
        """The attachments of files that have to be read, those of one container together."""
        rows = self._rows(
            "SELECT a.container, a.page, a.number, a.name, coalesce(a.reason, ''),"
            " b.root, l.path, l.size, l.modified_ns FROM attachments a"
            " JOIN locations l ON l.document = a.container JOIN libraries b ON b.id = l.library_id"
            " WHERE a.state = 'waiting' ORDER BY a.container, a.page, a.number, l.modified_ns"
        )
        waiting: dict[tuple[int, int, int], WaitingAttachment] = {}
        for container, page, number, name, reason, root, *file in rows:
            attachment, place = Attachment(page, number, name, True), Location(as_root(root), *file)
            one = WaitingAttachment(container, attachment, place, reason)
            waiting.setdefault((container, page, number), one)  # the oldest of the files that hold it
        return list(waiting.values())

    def retry_attachments(self, kinds: Collection[str], only: Collection[Root] | None = None) -> None:
        """Makes those attachments wait again that could not be read for a reason of these kinds
        (FailureKind); with `only`, those of what these files hold.
        """
        failed = self._rows("SELECT DISTINCT container, failure FROM attachments WHERE state = 'failed'")
        with self._transaction() as db:
            db.executemany(
                "UPDATE attachments SET state = 'waiting'"
                " WHERE state = 'failed' AND container = ? AND failure = ?",
                [(key, kind) for key, kind in failed if kind in kinds and self._is_held(key, only)],
            )

    def _is_held(self, key: int, files: Collection[Root] | None) -> bool:
        """Whether one of these files holds the document with this key; None is for any."""
        return files is None or any(place.file in files for place in locations(self._rows, key))

    def publish_attached(
        self,
        container: int,
        attachment: Attachment,
        document: Document,
        passages: Sequence[Passage],
        model: Model,
        codes: Sequence[bytes | None] | None = None,
    ) -> bool:
        """Records what an attachment holds; the document is added, unless it is known.

        Its passages wait for their vectors, unless `codes` has these: see `document_rows.add_passages`.

        Returns:
            Whether it was added.
        """
        place = container, attachment.page, attachment.number
        with self._transaction() as db:
            held = db.execute(_HELD, place).fetchone()
            if held is None:
                return False  # the container was read again meanwhile, as another one's attachment
            known = db.execute(
                "SELECT key FROM documents WHERE id = ? AND extractor <> ''", (document.id,)
            ).fetchone()
            key = known[0] if known else self._add(db, document, passages, model, codes)
            db.execute(
                "UPDATE attachments SET state = 'read', document = ?, failure = NULL, reason = NULL " + _AT,  # noqa: S608
                (key, *place),
            )
            if known:
                log_names(db, key)
            if held[0] not in (None, key):
                let_go(db, held[0], key)
            return known is None

    def fail_attached(self, container: int, attachment: Attachment, error: ExtractionFailed) -> bool:
        """Records why an attachment could not be read; what it held before is removed.

        Returns:
            Whether that is a failure: what only might have been a PDF need not be one.
        """
        place = container, attachment.page, attachment.number
        is_other = error.kind == "not a pdf" and not attachment.name.casefold().endswith(".pdf")
        with self._transaction() as db:
            held = db.execute(_HELD, place).fetchone()
            db.execute(
                "UPDATE attachments SET state = ?, document = NULL, failure = ?, reason = ? " + _AT,  # noqa: S608
                ("other" if is_other else "failed", error.kind, str(error), *place),
            )
            if held and held[0] is not None:
                let_go(db, held[0])
        return not is_other
