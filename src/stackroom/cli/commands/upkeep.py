"""The commands that keep the index safe: `check`, `backup`, `restore` and `move`."""

import argparse
import json
import sys
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

from stackroom.cli.arguments import settings_of
from stackroom.cli.commands.indexing import tell_waiting
from stackroom.cli.exit_codes import OK, SOMETHING_FAILED, clean_up_when_interrupted
from stackroom.common.errors import UsageError
from stackroom.common.events import Events
from stackroom.common.postgres.address import SCHEMES, shown_url
from stackroom.common.settings import Settings


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
    if settings.store:
        raise UsageError(
            f"The library is in {shown_url(settings.store)}, and is backed up there: by `pg_dump "
            "--format=custom --schema=stackroom`, or by whoever runs the database. Or `stackroom move --to "
            "FOLDER` copies it into a data folder, of which this command makes a backup."
        )
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
    if settings.store:
        raise UsageError(
            f"The library is in {shown_url(settings.store)}; a backup becomes a data folder. Name another "
            "one with --data, and leave out STACKROOM_STORE; then `stackroom move --to URL` takes what was "
            "restored into an empty database."
        )

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


def move(arguments: argparse.Namespace) -> int:
    from indexer.store.turns import turn
    from indexer.upkeep.moving import move as moving
    from stackroom.cli.progress import ProgressDisplay
    from stackroom.cli.terminal import show_move
    from stackroom.server.access.carry_over import carry_over
    from stackroom.server.monitoring import ledger

    settings = settings_of(arguments)
    there = _settings_there(settings, arguments.to)
    busy = [there]
    if not there.store:
        is_same = settings.data.absolute() == there.data.absolute()
        busy = [settings] if is_same else [settings, there]
    events = Events(as_json=settings.log_json)
    with ExitStack() as stack:
        outcome = "what was moved is kept, and the same command goes on"
        stack.enter_context(clean_up_when_interrupted(events, lambda: outcome))
        for one in busy:
            stack.enter_context(turn(one, arguments.wait, tell_waiting(one)))
        display = stack.enter_context(ProgressDisplay(events, quiet=arguments.quiet))
        if there.store:
            moved = moving.to_database(settings, there.store, display.count)
        else:
            moved = moving.to_folder(settings.store, there, display.count)
        here = replace(settings, store="") if there.store else settings
        has_access = carry_over(here.sign_in, there.sign_in)
        ledger.carry_over(here.ledger_of_calls, there.ledger_of_calls)
        report = moving.complete(there, display.count)
    if arguments.json:
        print(json.dumps({**asdict(moved), "access": has_access, "check": asdict(report)}))
    else:
        show_move(asdict(moved), asdict(report), None if there.store else there.data, has_access=has_access)
    return SOMETHING_FAILED if report.damages else OK


def _settings_there(settings: Settings, to: str) -> Settings:
    """The settings of the place that a library is moved to. Raises UsageError if it is none."""
    scheme, mark, _ = to.partition("://")
    if scheme in SCHEMES and mark:
        return replace(settings, store=to, store_replica="")
    if mark:
        raise UsageError("--to takes a URL such as postgresql://user@host:5432/database, or a folder.")
    if not settings.store:
        raise UsageError(
            f"There is no database to move from: STACKROOM_STORE is not set. To move the library of "
            f"{settings.data} into one, name that: --to postgresql://user@host:5432/database."
        )
    return replace(settings, data=Path(to), store="", store_replica="")
