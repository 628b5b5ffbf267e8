"""The arguments of `stackroom service`; see `stackroom.cli.arguments`."""

import argparse

from stackroom.cli.shared_arguments import add_address, add_log, add_paths


def add_service(service: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """What can be done with the service. `common` has the arguments of all commands."""
    what = service.add_subparsers(metavar="ACTION", dest="action", required=True)
    install = what.add_parser(
        "install",
        help="start `up` now and at each login, by systemd or launchd; again after each upgrade",
        parents=[common],
    )
    add_paths(install)
    add_address(install)
    add_log(install)
    install.add_argument(
        "--print", action="store_true", help="only print the file that describes the service"
    )
    what.add_parser("remove", help="stop the service, and remove its file; all else stays", parents=[common])
    state = what.add_parser(
        "status", help="show how the service is; exits with 1 if it does not run", parents=[common]
    )
    state.add_argument("--json", action="store_true", help="print it as JSON")
