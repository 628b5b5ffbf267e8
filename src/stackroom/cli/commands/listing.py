"""The command that lists the documents: `list`."""

import argparse
import json
import sys
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING

from stackroom.cli.arguments import settings_of
from stackroom.cli.commands.searching import open_reader
from stackroom.cli.exit_codes import OK
from stackroom.common.errors import UsageError

if TYPE_CHECKING:
    from stackroom.reading.listing import DocumentLine


def list_documents(arguments: argparse.Namespace) -> int:
    query = " ".join(arguments.query)
    if arguments.folder is not None:
        query = f"{query} {_folder(arguments.folder)}"
    with closing(open_reader(settings_of(arguments))) as reader:
        listing = reader.documents(query, arguments.sort, limit=arguments.limit)
    if arguments.json:
        print(json.dumps(asdict(listing), ensure_ascii=False))
        return OK
    for notice in listing.notices:
        print(notice, file=sys.stderr)
    for line in listing.documents:
        print(_shown(line))
    shown, total = len(listing.documents), listing.total
    whole = f"{total} document{'s' * (total != 1)}"
    rest = "" if any(chip.kind == "skip" for chip in listing.operators) else f"; --limit {total} shows all"
    print(whole if shown == total else f"{shown} of {whole}{rest}")
    return OK


def _folder(name: str) -> str:
    """The filter for a folder, named as in a path. Raises UsageError if the name has no words."""
    from stackroom.reading.query.parse import parse

    written = 'folder:"' + " ".join(name.replace('"', " ").split()) + '"'
    if not parse(written).folders:
        raise UsageError(f"--folder {name!r} names no folder: give a part of its path, such as reports/2023.")
    return written


def _shown(line: "DocumentLine") -> str:
    """A document in two lines: its title; where it is, and how it was read."""
    from stackroom.cli.terminal import printable
    from stackroom.page.parts import ranges

    place = line.paths[0] if line.paths else ""
    about = [place, f"{line.pages} page{'s' * (line.pages != 1)}", line.language]
    if len(line.paths) > 1:
        about[0] += f" and {len(line.paths) - 1} more"
    if not line.has_text and not line.waiting_pages:
        about.append("no text found")
    if line.ocr_pages:
        about.append("read by OCR" if line.ocr_pages == line.pages else f"{line.ocr_pages} read by OCR")
    if line.waiting_pages:
        about.append(f"{line.waiting_pages} without text yet: OCR has not read them")
    if line.unread:
        pages = ranges(sorted({one.page for one in line.unread if one.page}))
        about.append(f"not all read{f' on {pages}' if pages else ''}")
    return f"{printable(line.title)}\n    {', '.join(printable(part) for part in about if part)}"
