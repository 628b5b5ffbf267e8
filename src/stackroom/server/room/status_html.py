"""What is shown of the state of the library: values for the template status.html; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path

from stackroom.catalog.status import NOT_READ, WHY_LEFT_OUT, Failure, KeptModel, Status
from stackroom.common.amounts import counted, size
from stackroom.common.characters.languages import shown_language
from stackroom.page.foreign_text import own_line

# Most entries of a list. `stackroom status` has all.
_LISTED = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, with what is said of it. `key` is what a button sends to try it again; empty for no button."""

    name: str
    said: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of files.

    Attributes:
        id: for links to it.
        title: of the list.
        hint: what to do about it; empty if there is nothing to say.
        entries: at most a hundred.
        count: of all.
        is_open: whether it is shown at once.
    """

    id: str
    title: str
    hint: str
    entries: tuple[Entry, ...]
    count: int
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class StatusPage:
    """Everything that is shown, but for what the indexer does now.

    Attributes:
        figures: pairs of a name and what is said of it.
        waiting: sentences about what waits.
        lists: of files that are not, or not wholly, in the index.
        failed: how many things could not be read, and may be tried again.
        libraries: their names.
    """

    figures: tuple[tuple[str, str], ...]
    waiting: tuple[str, ...]
    lists: tuple[Listed, ...]
    failed: int
    libraries: tuple[str, ...]


def status_page(status: Status, runtime: str, warning: str, reranker: str) -> StatusPage:
    """The values.

    Args:
        status: of the catalogue.
        runtime: what runs the model.
        warning: what is to be doubted about the model; mostly empty.
        reranker: which one there is, and what runs it; empty for none.
    """
    figures = [
        ("Documents", _documents(status)),
        ("Pages", _pages(status)),
        ("Passages", _passages(status)),
        ("Sizes", f"text {size(status.text_bytes)}, index {size(status.index_bytes)}"),
        ("Model", " · ".join(filter(None, (_model(status.model), runtime if status.model else "", warning)))),
        *([("Other model", _other_model(status.other_model))] if status.other_model else []),
        *([("Reranker", reranker)] if reranker else []),
    ]
    return StatusPage(
        tuple(figures),
        tuple(_waiting(status)),
        tuple(one for one in _lists(status) if one.count),
        len(status.retriable),
        tuple(own_line(Path(root).name or root) for root in status.libraries),
    )


def name_below(path: str, libraries: Sequence[str]) -> str:
    """A file's name for people, from its library's own name on: no folder above the library is told.

    `path` may also be that of an attachment, as `stackroom.catalog.entries.shown_path` gives it.
    """
    attached = next((root for root in libraries if f", in {root}" in path), None)
    if attached is not None:
        name, _, rest = path.partition(f", in {attached}")
        return f"{own_line(name)}, in {name_below(attached + rest, libraries)}"
    within = [root for root in libraries if path == root or path.startswith(f"{root.rstrip('/')}/")]
    if not within:
        return own_line(Path(path).name)
    root = max(within, key=len)
    return own_line(f"{Path(root).name}{path[len(root.rstrip('/')) :]}".lstrip("/"))


def key_of(path: str) -> str:
    """What stands for a path in a form. The server looks only for those of files that it lists."""
    return sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def with_key(failures: Iterable[Failure], key: str) -> Failure | None:
    """A failure of the file that `key` stands for; None if there is none."""
    return next((failure for failure in failures if key_of(failure.file) == key), None)


def _documents(status: Status) -> str:
    inside = f", {status.attachments_read:,} of them inside other PDFs" if status.attachments_read else ""
    return f"{status.documents:,}{inside}"


def _pages(status: Status) -> str:
    scans = f", {status.scans_read:,} of them scans that were read by OCR" if status.scans_read else ""
    return f"{status.pages:,}{scans}"


def _passages(status: Status) -> str:
    found = status.passages - status.illegible - status.pending
    meaning = "all" if found == status.passages else f"{found:,}"
    if not status.illegible:
        return f"{status.passages:,}, {meaning} of them found by meaning, too"
    codes = islice(status.illegible_languages, 10)
    languages = ", ".join(shown_language(code) or "not known" for code in codes)
    return (
        f"{status.passages:,}, {meaning} of them found by meaning, too; {status.illegible:,} "
        f"{'is' if status.illegible == 1 else 'are'} in "
        f"languages that the model can't read ({languages})"
    )


def _model(name: str | None) -> str:
    if name is None:
        return "none yet"
    return own_line(Path(name).name if Path(name).is_absolute() else name)


def _other_model(other: KeptModel) -> str:
    name = _model(other.name)
    if other.is_replaced:
        return f"the vectors of {name} are kept: `stackroom index --undo` goes back to them"
    return (
        f"being embedded anew with {name}: {other.embedded:,} of {other.passages:,} passages so far; "
        "`stackroom index --reembed` goes on, `stackroom index --undo` gives it up"
    )


def _waiting(status: Status) -> Iterable[str]:
    if status.pending:
        yield f"{_waits(status.pending, 'passage')} to be embedded; the words can be found already."
    if status.scans_waiting:
        yield (
            f"{_waits(status.scans_waiting, 'scanned page')} for OCR, which the next run does if tesseract "
            "is installed."
        )
    if status.attachments_waiting:
        yield f"{_waits(status.attachments_waiting, 'attached PDF')} to be read."


def _waits(count: int, noun: str) -> str:
    return f"{counted(count, noun)} {'waits' if count == 1 else 'wait'}"


def _lists(status: Status) -> Iterable[Listed]:
    locked = [failure for failure in status.failures if failure.kind == "password"]
    others = [failure for failure in status.failures if failure.kind != "password"]
    roots, retriable = status.libraries, frozenset(status.retriable)

    def failures(found: Sequence[Failure]) -> tuple[Entry, ...]:
        # One button for a file, of which many pages may have failed.
        firsts = {one.file: one for one in reversed(found) if one in retriable}
        return tuple(
            Entry(
                name_below(one.path, roots),
                own_line(one.reason),
                key_of(one.file) if firsts.get(one.file) is one else "",
            )
            for one in found[:_LISTED]
        )

    yield Listed("failed", "Not indexed", "", failures(others), len(others), is_open=True)
    hint = "Write their passwords into the file that STACKROOM_PDF_PASSWORDS_FILE names, a line for each."
    yield Listed("locked", "Need a password", hint, failures(locked), len(locked), is_open=True)
    hint = "The index keeps what it has of them, and each run looks again."
    unreadable = status.unreadable
    yield Listed("away", "Could not be looked at", hint, failures(unreadable), len(unreadable), is_open=True)
    scans = status.scans_failed
    yield Listed("scans", "Scanned pages that could not be read", "", failures(scans), len(scans))
    attached = status.attachments_failed
    yield Listed("attached", "Attached PDFs that could not be read", "", failures(attached), len(attached))
    not_read = tuple(
        Entry(
            name_below(one.path, roots),
            (f"page{'s' if one.count > 1 else ''} {one.pages}: " if one.pages else "") + NOT_READ[one.kind],
        )
        for one in status.not_read[:_LISTED]
    )
    yield Listed("unread", "In these files, but not read", "", not_read, len(status.not_read))
    without = tuple(Entry(name_below(path, roots)) for path in status.without_text[:_LISTED])
    yield Listed("empty", "Without text, so not searchable", "", without, len(status.without_text))
    other = tuple(
        Entry(name_below(one.path, roots), ", ".join(own_line(name) for name in islice(one.names, 20)))
        for one in status.attachments_other[:_LISTED]
    )
    title = "Have attached files that are no PDFs, so not searchable"
    yield Listed("others", title, "", other, len(status.attachments_other))
    for number, left_out in enumerate(status.left_out):
        title = f"Left out of {own_line(Path(left_out.root).name)}, {WHY_LEFT_OUT[left_out.reason]}"
        entries = tuple(Entry(own_line(path)) for path in left_out.paths[:_LISTED])
        yield Listed(f"left-out-{number}", title, "", entries, left_out.count)
