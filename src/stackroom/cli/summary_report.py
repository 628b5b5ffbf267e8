"""What a run has done, in words."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from stackroom.common.amounts import duration
from stackroom.common.events import Events

if TYPE_CHECKING:
    from indexer.run.summary import Summary


def tell_summary(events: Events, summary: "Summary", before: str = "") -> None:
    """Reports what a run has done. `before` stands before the first line for people."""
    from stackroom.cli.terminal import listed, other_formats
    from stackroom.common.amounts import counted, size

    def waiting(count: int, noun: str) -> str:
        return f"{counted(count, noun)} {'waits' if count == 1 else 'wait'}"

    counts = {
        "added": summary.added,
        "changed": summary.changed,
        "moved": summary.moved,
        "removed": summary.removed,
        "unchanged": summary.unchanged,
        "failed": summary.failed,
    }
    what = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "no PDFs found"
    read, embedded = counted(summary.pages, "page"), counted(summary.embedded_passages, "passage")
    work = f"{read} read, {embedded} embedded"
    if not summary.pages and not summary.embedded_passages:
        work = "nothing to embed"
    lines = [f"{before}{what}; {work}, {duration(summary.seconds)}"]
    if summary.recognised or summary.unrecognised:
        failed = f", {summary.unrecognised} could not be read" if summary.unrecognised else ""
        lines.append(f"{counted(summary.recognised, 'scanned page')} read by OCR{failed}")
    if summary.attachments:
        lines.append(f"{counted(summary.attachments, 'PDF')} inside others read")
    if summary.waiting_files:
        lines.append(f"{waiting(summary.waiting_files, 'file')} to be read.")
    if summary.waiting_passages:
        lines.append(
            f"{waiting(summary.waiting_passages, 'passage')} to be embedded; words can be found already."
        )
    if summary.waiting_scans:
        obstacle = summary.ocr_obstacle or "the next run goes on"
        lines.append(f"{waiting(summary.waiting_scans, 'scanned page')} for OCR: {obstacle}.")
    if summary.unfinished_model:
        lines.append(
            f"The library is half embedded anew, with {summary.unfinished_model}: `stackroom index "
            "--reembed` goes on, `stackroom index --undo` gives it up."
        )
    if summary.freed_bytes:
        lines.append(
            f"The index is {size(summary.freed_bytes)} smaller: what was removed had left room in it."
        )
    if summary.shrink_obstacle:
        lines.append(f"The index is larger than it need be: {summary.shrink_obstacle}.")
    for title, entries in (
        ("Not indexed:", summary.failures),
        ("Could not be looked at:", summary.unreadable),
        ("No text found, so not searchable:", dict.fromkeys(summary.without_text, "")),
    ):
        if entries:
            lines.append(f"{title}\n{listed(entries)}")
    if summary.failed > len(summary.failures):
        earlier = summary.failed - len(summary.failures)
        lines.append(
            f"{counted(earlier, 'unchanged file')} failed before: see `stackroom status`; --retry tries anew."
        )
    if summary.left_out:
        what = counted(summary.left_out, "link, folder or PDF", "links, folders or PDFs")
        lines.append(f"{what} left out: see `stackroom status`.")
    if summary.other_formats:
        lines.append(f"{other_formats(summary.other_formats)} left out: only PDFs are read.")
    level = "warning" if summary.newly_failed else "info"
    events.tell("indexed", "\n".join(lines), level, **asdict(summary))
