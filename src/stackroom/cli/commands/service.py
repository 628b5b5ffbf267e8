"""The command that has the system keep `up` running: `service`."""

import argparse
import json
import os
from dataclasses import asdict

from stackroom.cli.arguments import given_settings, settings_of
from stackroom.cli.commands.indexing import print_upgrade, tell_waiting
from stackroom.cli.exit_codes import OK, SOMETHING_FAILED
from stackroom.cli.library_roots import library_roots
from stackroom.cli.service.managers import Manager, ServiceState, manager_here
from stackroom.cli.service.service import planned, refuse_what_does_not_start
from stackroom.cli.shared_arguments import WAIT_SECONDS
from stackroom.common.roots import RemotePath, as_root


def service(arguments: argparse.Namespace) -> int:
    manager = manager_here()
    if arguments.action == "install":
        return _install(arguments, manager)
    if arguments.action == "remove":
        was_there = manager.remove()
        print("The service is removed." if was_there else "There was no service.", end=" ")
        print("The data folder and the PDFs stay as they are.")
        return OK
    state = manager.state()
    if arguments.json:
        print(json.dumps(asdict(state), ensure_ascii=False))
    else:
        _show(state)
    return OK if state.running else SOMETHING_FAILED


def _install(arguments: argparse.Namespace, manager: Manager) -> int:
    from indexer.store.migrate import migrate
    from indexer.store.turns import refuse_second_watcher, turn
    from stackroom.catalog.catalog import Catalog
    from stackroom.catalog.status import read_status

    settings = settings_of(arguments)
    given = given_settings(arguments)
    if arguments.print:
        libraries = [
            path if isinstance(path, RemotePath) else path.expanduser().absolute() for path in arguments.paths
        ]
        print(manager.text(planned(arguments, given, settings, libraries, os.environ)), end="")
        return OK
    libraries = library_roots(arguments.paths, []) if arguments.paths else []
    what = planned(arguments, given, settings, libraries, os.environ)
    refuse_what_does_not_start(what)
    manager.stop()  # the version before, perhaps
    refuse_second_watcher(settings)
    with turn(settings, WAIT_SECONDS, tell_waiting(settings)):
        print_upgrade(migrate(settings.truth))
    if not libraries:
        with Catalog(settings.truth) as catalog:
            library_roots([], [as_root(root) for root in read_status(catalog).libraries])
    manager.install(what)
    state = manager.state()
    print(f"Stackroom runs as a service of {state.manager}, and starts when you log in: {state.file}")
    if state.stays_after_logout is False:
        print("To have it run without you, from the start of the system: loginctl enable-linger")
    print(f"What it says: {state.log}")
    print("How it is: stackroom service status. To take it away: stackroom service remove")
    return OK


def _show(state: ServiceState) -> None:
    if not state.installed:
        print("There is no service. `stackroom service install FOLDER` makes one.")
        return
    print(f"state       {state.state}" + (f", process {state.pid}" if state.pid else ""))
    if state.doing:
        print(f"doing       {state.doing}")
    print(f"starts      {'at login' if state.starts_at_login else 'when it is started by hand'}", end="")
    print({True: ", and with the system", False: "; ends at logout", None: ""}[state.stays_after_logout])
    print(f"restarts    {state.restarts}")
    print(f"file        {state.file}")
    print(f"what it says: {state.log}")
