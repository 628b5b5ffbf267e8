"""Output for people in a terminal: tables, and how files, times and sizes are written."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from stackroom.catalog.status import NOT_READ, WHY_LEFT_OUT, KeptModel, NotRead, Status
from stackroom.common.amounts import counted, duration, size
from stackroom.embedding.prompts import Prompts
from stackroom.page.foreign_text import own_line

# Most formats that are named.
_FORMATS = 8

# Most files that a summary names under each heading.
_LISTED = 20


def show_status(
    status: Status,
    words: int,
    runtime: str,
    ocr_obstacle: str,
    warning: str = "",
    prompts: Prompts | None = None,
    reranker: str = "",
) -> None:
    """Prints what an index holds, and which files are not in it.

    Args:
        status: of the catalogue.
        words: how many passages can be found by their words.
        runtime: what runs the model.
        ocr_obstacle: why scans are not read; empty if they are read.
        warning: what is to be doubted about the model, or what it can't read; mostly empty.
        prompts: words before queries and passages; None if they are not known yet.
        reranker: which one there is, and what runs it; empty for none.
    """
    share = f", {status.index_bytes / status.text_bytes:.1f} times the text" if status.text_bytes else ""
    print(f"documents   {status.documents}")
    if status.attachments_read or status.attachments_waiting:
        wait = f", {_wait(status.attachments_waiting)} to be read" if status.attachments_waiting else ""
        print(f"  attached    {status.attachments_read} inside other PDFs{wait}")
    print(f"pages       {status.pages}")
    if status.scans_read or status.scans_waiting or status.scans_failed:
        wait = f", {_wait(status.scans_waiting)} for OCR" if status.scans_waiting else ""
        failed = f", {len(status.scans_failed)} could not be read" if status.scans_failed else ""
        print(f"  scans       {status.scans_read} read by OCR{wait}{failed}")
    if status.scans_waiting:
        print(f"              {ocr_obstacle or 'the next `stackroom index` reads them'}")
    print(f"passages    {status.passages}")
    print(f"  by words    {_part(words, status.passages)}")
    legible = status.passages - status.illegible
    illegible = status.illegible
    are = "is in a language" if illegible == 1 else "are in languages"
    beyond = f"; {illegible} more {are} that the model can't read" if illegible else ""
    print(f"  by meaning  {_part(legible - status.pending, legible)}{beyond}")
    print(f"text        {size(status.text_bytes)}")
    print(f"index       {size(status.index_bytes)}{share}")
    print(f"model       {status.model or 'none yet'}" + (f"\n            {runtime}" if status.model else ""))
    for line in warning.splitlines():
        print(f"            {line}")
    if prompts:
        print(f"  queries     {_prompt(prompts.query, prompts.query_from)}")
        print(f"  passages    {_prompt(prompts.passage, prompts.passage_from)}")
    if status.other_model:
        print(f"            {_kept(status.other_model)}")
    if reranker:
        print(f"reranker    {reranker}")
    print("libraries   " + ("\n            ".join(map(printable, status.libraries)) or "none yet"))
    for left_out in status.left_out:
        why = f"{WHY_LEFT_OUT[left_out.reason]} ({left_out.count})"
        print(f"\nleft out of {printable(left_out.root)}, {why}:")
        print(listed(dict.fromkeys(left_out.paths, "")))
        if left_out.count > len(left_out.paths):
            print(f"  … and {left_out.count - len(left_out.paths)} more")
    locked = [failure for failure in status.failures if failure.kind == "password"]
    others = [failure for failure in status.failures if failure.kind != "password"]
    for title, failures in (
        ("not indexed", others),
        ("could not be looked at", status.unreadable),
        ("scanned pages that could not be read", status.scans_failed),
        ("attached PDFs that could not be read", status.attachments_failed),
    ):
        if failures:
            print(f"\n{title} ({len(failures)}):")
        for failure in failures:
            print(f"  {printable(failure.path)}: {one_line(failure.reason)}")
    if locked:
        print(
            f"\nneeds a password ({len(locked)}): give it in STACKROOM_PDF_PASSWORDS, a line for each, or in "
            "the\nfile that STACKROOM_PDF_PASSWORDS_FILE names; the next `stackroom index` tries it:"
        )
    for failure in locked:
        print(f"  {printable(failure.path)}")
    if status.attachments_other:
        count = sum(len(attached.names) for attached in status.attachments_other)
        print(f"\nattached files that are no PDFs, so not searchable ({count}):")
    for attached in status.attachments_other:
        names = ", ".join(map(one_line, attached.names[:_LISTED]))
        more = f" and {len(attached.names) - _LISTED} more" if len(attached.names) > _LISTED else ""
        print(f"  {printable(attached.path)}: {names}{more}")
    if status.not_read:
        count = sum(one.count for one in status.not_read)
        print(f"\nin these files, but not read ({count}; --json has all):")
        print(_listed_unread(status.not_read))
    if status.without_text:
        print(f"\nwithout text, so not searchable ({len(status.without_text)}):")
    for path in status.without_text:
        print(f"  {printable(path)}")


def show_progress(progress: Mapping[str, Any]) -> None:
    """Prints how far the indexer at work is; the fields are those of `indexer.run.summary.Progress`."""
    left = progress["seconds_left"]
    counts = f"{progress['embedded']}/{counted(progress['passages'], 'passage')} embedded"
    if progress["scans"]:
        counts = f"{progress['scans_done']}/{counted(progress['scans'], 'scanned page')}, {counts}"
    elif progress["pages"]:
        files = f"{progress['files_done']}/{counted(progress['files'], 'file')}"
        counts = f"{files}, {counted(progress['pages'], 'page')}, {counts}"
    print(
        f"\nat work now ({progress['stage']}): {counts}"
        + ("" if left is None else f", about {duration(left)} left")
    )


def _kept(other: KeptModel) -> str:
    """What is kept beside the vectors that are searched, and what can be done with it."""
    if other.is_replaced:
        return f"the vectors of {other.name} are kept: `stackroom index --undo` goes back to them"
    return (
        f"being embedded anew with {other.name}: {other.embedded} of {counted(other.passages, 'passage')} so "
        "far;\n"
        "            `stackroom index --reembed` goes on, `stackroom index --undo` gives it up"
    )


def _prompt(prompt: str, source: str) -> str:
    words = f"begin with {json.dumps(prompt, ensure_ascii=False)}" if prompt else "as they are"
    return f"{words} ({source})" if source else words


def _listed_unread(not_read: Sequence[NotRead]) -> str:
    """What the files have that was not read, a line for each file and kind."""
    lines = []
    for one in not_read[:_LISTED]:
        where = f"page{'s' if one.count > 1 else ''} {one.pages}: " if one.pages else ""
        lines.append(f"  {printable(one.path)}: {where}{NOT_READ[one.kind]}")
    if len(not_read) > _LISTED:
        lines.append(f"  … and {len(not_read) - _LISTED} more")
    return "\n".join(lines)


def show_check(found: Mapping[str, Any], left: Mapping[str, Any], done: Sequence[str]) -> None:
    """Prints what a check found. Both reports have the fields of `indexer.upkeep.check.Report`.

    Args:
        found: the report before anything was repaired.
        left: the report after that; the same if nothing was repaired.
        done: what was repaired, a sentence each.
    """
    print(f"checked     {counted(found['documents'], 'document')}, {counted(found['passages'], 'passage')}")
    _show_damages("damaged", found)
    if done:
        print("\nrepaired:\n" + "\n".join(f"  {sentence}" for sentence in done))
        if left["damages"]:
            _show_damages("still damaged", left)
    elif found["damages"]:
        print("\n`stackroom check --repair` puts this right.")
    else:
        print("damaged     nothing")
    if left["pending"]:
        waiting = counted(left["pending"], "passage")
        print(f"waiting     {waiting} without a vector, which `stackroom index` makes")
    if left["words_behind"]:
        print(
            "waiting     the index of words lacks the last changes; `stackroom index` or --repair adds them"
        )
    if left["nearest_behind"]:
        print("waiting     the table of nearest passages lacks the last changes; `stackroom index` adds them")
    for name, title in (("new", "not indexed yet"), ("changed", "changed"), ("missing", "no longer there")):
        if left[name]:
            print(f"\n{title} ({len(left[name])}); `stackroom index` brings the index up to date:")
            print(listed(dict.fromkeys(left[name], ""), "--json has all"))
    if left["unreadable"]:
        print(f"\ncould not be looked at:\n{listed(left['unreadable'], '--json has all')}")


def show_move(
    moved: Mapping[str, Any], report: Mapping[str, Any], folder: Path | None, *, has_access: bool
) -> None:
    """Prints what was moved.

    Args:
        moved: the fields of `indexer.upkeep.moving.move.Moved`.
        report: those of `indexer.upkeep.check.Report`, about the library where it is now.
        folder: the data folder that it is in now; None if it is in a database.
        has_access: whether passphrase, clients and tokens were copied, too.
    """
    what = f"{counted(moved['documents'], 'document')}, {counted(moved['passages'], 'passage')}"
    print(f"{'there' if moved['was_there'] else 'moved':<12}{what}, to {printable(moved['target'])}")
    if has_access:
        print("            passphrase, clients and tokens are there, too")
    show_check(report, report, [])
    print(f"\n{printable(moved['source'])} is as it was. To use the library where it is now,")
    if folder is None:
        print("set STACKROOM_STORE to the URL of the database, or write it into stackroom.toml as `store`.")
    else:
        print(f"leave out STACKROOM_STORE, and name the data folder: --data {printable(str(folder))}")


def _show_damages(title: str, report: Mapping[str, Any]) -> None:
    if not report["damages"]:
        return
    print(f"\n{title} ({len(report['damages'])}):")
    for damage in report["damages"][:_LISTED]:
        files = report["files"].get(damage["document"]) or []
        print(f"  {''.join(f'{printable(file)}: ' for file in files[:1])}{one_line(damage['what'])}")
    if len(report["damages"]) > _LISTED:
        print(f"  … and {len(report['damages']) - _LISTED} more; --json has all")


def _part(count: int, whole: int) -> str:
    if count == whole:
        return "all"
    others = "the other waits" if whole - count == 1 else "the others wait"
    return f"{count}; {others} for `stackroom index` or `watch`"


def _wait(count: int) -> str:
    return f"{count} {'waits' if count == 1 else 'wait'}"


def show_calls(calls: Sequence[Mapping[str, Any]]) -> None:
    """Prints calls of the tools as a table. Each has the fields of `server.monitoring.ledger.Call`."""
    rows = [
        (
            _local_time(call["time"]),
            _short(call["client"], 32),
            call["tool"],
            _short(call["asked"], 48),
        )
        for call in calls
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row, call in zip(rows, calls, strict=True):
        cells = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(f"{cells}  {_returned(call)}")


def _local_time(text: str) -> str:
    try:
        return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return printable(text)


def _short(text: str, width: int) -> str:
    text = printable(text)
    return text if len(text) <= width else text[: width - 1] + "…"


def one_line(text: str) -> str:
    """Text from a PDF, or from a library that reads it, as one printable line of limited length."""
    return printable(own_line(text))


def _returned(call: Mapping[str, Any]) -> str:
    if call["error"]:
        return f"nothing: {_short(call['error'], 80)}"
    documents = call["documents"]
    if len(documents) == 1:
        what = f"{_short(documents[0]['title'], 48)}, p. {_short(documents[0]['pages'], 24)}"
    else:
        what = f"{counted(len(documents), 'document')}, {counted(call['pages'], 'page')}"
    return f"{what}; {counted(call['characters'], 'character')}"


def listed(entries: Mapping[str, str], rest: str = "`stackroom status` lists all") -> str:
    """Files with the reasons they are named for, a line each; an empty reason is left out.

    If there are many, only the first are listed; `rest` then says where to see all of them.
    """
    lines = [
        f"  {printable(path)}" + (f": {one_line(reason)}" if reason else "")
        for path, reason in islice(entries.items(), _LISTED)
    ]
    if len(entries) > _LISTED:
        lines.append(f"  … and {len(entries) - _LISTED} more; {rest}")
    return "\n".join(lines)


def other_formats(counts: Mapping[str, int]) -> str:
    """How many files have which format: "1 docx, 3 md files"; the most frequent ones, the others together.

    Args:
        counts: by the endings of names; "" for names that have none.
    """
    named = sorted(
        ((end, count) for end, count in counts.items() if end), key=lambda pair: (-pair[1], pair[0])
    )
    shown = dict(sorted(named[:_FORMATS]))
    parts = ", ".join(f"{count:,} {printable(ending)}" for ending, count in shown.items())
    total = sum(counts.values())
    rest = total - sum(shown.values())
    others = f"{rest:,} other" if rest else ""
    return f"{' and '.join(filter(None, (parts, others)))} {'file' if total == 1 else 'files'}"


def aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows of a table as lines; all have as many cells."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def printable(text: str) -> str:
    """`text` on one line and without control characters, which a terminal would obey."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
