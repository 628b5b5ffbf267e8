"""The commands that keep the index safe: `check`, `backup` and `restore`."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from stackroom.cli.arguments import settings_of
from stackroom.cli.commands.indexing import tell_waiting
from stackroom.cli.exit_codes import OK, SOMETHING_FAILED, clean_up_when_interrupted
from stackroom.common.errors import UsageError
from stackroom.common.events import Events


def check(arguments: argparse.Namespace) -> int:
    from indexer.store.turns import turn
    from indexer.upkeep import check as examination
    from indexer.upkeep.repair import repair
    from stackroom.cli.progress import ProgressDisplay
    from stackroom.cli.terminal import show_check
    from stackroom.embedding.models import Models

    settings = settings_of(arguments)
    done: list[str] = []
    with (
        turn(settings, arguments.wait, tell_waiting(settings)),
        ProgressDisplay(Events(), quiet=arguments.quiet) as display,
    ):
        report = found = examination.check(settings, display.count)
        if arguments.repair:
            done = repair(settings, Models.of(settings), found, display.count)
            report = examination.check(settings, display.count) if done else found
    if arguments.json:
        print(json.dumps({**asdict(report), "found": asdict(found)["damages"], "repaired": done}))
    else:
        show_check(asdict(found), asdict(report), done)
    return SOMETHING_FAILED if report.damages else OK


def backup(arguments: argparse.Namespace) -> int:
    from indexer.upkeep.backup import back_up
    from indexer.upkeep.kept_backups import Kept, back_up_into
    from stackroom.common.amounts import counted, size

    settings = settings_of(arguments)
    if arguments.keep and not arguments.to:
        raise UsageError("--keep is for the backups of a folder: name that with --to, in place of a file.")

    def outcome() -> str:
        is_made = arguments.file and arguments.file.exists()
        return "the backup is complete" if is_made else "no backup was made"

    with clean_up_when_interrupted(Events(as_json=settings.log_json), outcome):
        if arguments.to:
            made = back_up_into(settings, arguments.to, arguments.keep)
        else:
            made = Kept(arguments.file, back_up(settings, arguments.file), ())
    contents = made.contents
    if arguments.json:
        removed = [str(old) for old in made.removed]
        print(json.dumps({"file": str(made.file), **asdict(contents), "removed": removed}))
    elif arguments.file or sys.stdout.isatty():
        files = counted(len(contents.files), "file")
        print(f"{made.file}: {size(sum(contents.files.values()))} in {files}.")
        print(
            "Whoever can read it can read the library. `stackroom restore` puts it into an empty data folder."
        )
        for old in made.removed:
            print(f"{old} is removed.")
    if contents.damage:
        text = (
            f"{made.file} is a backup of a damaged catalogue: {contents.damage}. `stackroom check --repair` "
            "repairs it. Keep the backups before this one."
        )
        Events(as_json=settings.log_json).tell("damaged", f"stackroom: {text}", "error", message=text)
    return SOMETHING_FAILED if contents.damage else OK


def restore(arguments: argparse.Namespace) -> int:
    from indexer.store.migrate import migrate
    from indexer.upkeep import backup as archive

    settings = settings_of(arguments)

    is_unpacked = False

    def prepare(catalog: Path) -> None:
        nonlocal is_unpacked
        is_unpacked = True
        migrate(catalog)

    def outcome() -> str:
        if is_unpacked and settings.catalog.exists():
            return "the backup is restored; `stackroom index` makes the index of words"
        return "nothing was restored"

    with clean_up_when_interrupted(Events(as_json=settings.log_json), outcome):
        contents = archive.restore(settings, arguments.file, prepare)
    print(f"Restored into {settings.data}: the backup of {contents.created}.")
    print("`stackroom search` and `serve` work now; `stackroom index` reads what has changed since.")
    return OK
