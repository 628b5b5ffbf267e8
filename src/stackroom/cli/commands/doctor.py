"""The command that checks a running server: `doctor`."""

import argparse
import signal
import sys

from stackroom.cli.arguments import settings_of
from stackroom.cli.doctor import report
from stackroom.cli.exit_codes import INTERRUPTED, OK, SOMETHING_FAILED


def doctor(arguments: argparse.Namespace) -> int:
    # Unlike in other commands a signal raises an exception, so that the checks can give back their access.
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
