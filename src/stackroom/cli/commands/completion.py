"""The command that makes a shell complete the others: `completion`."""

import argparse

from stackroom.cli.arguments import command_parser
from stackroom.cli.exit_codes import OK


def completion(arguments: argparse.Namespace) -> int:
    import shtab

    print(shtab.complete(command_parser(), shell=arguments.shell))
    return OK
