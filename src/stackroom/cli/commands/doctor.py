"""Checking a running server: `doctor`."""

import argparse
import signal
import sys

from stackroom.cli.arguments import settings_of
from stackroom.cli.doctor import report
from stackroom.cli.exit_codes import INTERRUPTED, OK, SOMETHING_FAILED


def doctor(arguments: argparse.Namespace) -> int:
    # As an exception, unlike elsewhere: the access that it was given has to be given back.
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.default_int_handler)
    try:
        fine = report.doctor(
            settings_of(arguments),
            arguments.url,
            arguments.query,
            token=arguments.token,
            passphrase_on_stdin=arguments.passphrase_stdin,
            as_json=arguments.json,
        )
    except KeyboardInterrupt:
        print("\nstackroom: stopped; the access that was given for the checks is ended", file=sys.stderr)
        return INTERRUPTED
    return OK if fine else SOMETHING_FAILED
