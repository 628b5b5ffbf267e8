"""Arguments that several commands have; see `stackroom.cli.arguments`."""

import argparse

from stackroom.cli.command_parser import cluster, source

WAIT_SECONDS = 600.0
"""How long a command waits for another one by default, in seconds."""

MODEL = (
    'an embedding model: "multilingual", a folder, or a hub name such as BAAI/bge-small-en-v1.5 (default: '
    "STACKROOM_MODEL, or that of the index; at first the bundled one, which reads English best)"
)
"""What `--model` takes."""


def add_paths(parser: argparse.ArgumentParser) -> None:
    """The folders, sources and PDFs to index."""
    parser.add_argument(
        "paths",
        nargs="*",
        type=source,
        metavar="PATH",
        help="a folder of PDFs, or a single PDF; or a source of them elsewhere: s3://BUCKET/FOLDER or "
        "webdav+https://HOST/FOLDER (default: all that were indexed before)",
    )


def add_reading(parser: argparse.ArgumentParser) -> None:
    """The folders and PDFs to index, and how."""
    add_paths(parser)
    parser.add_argument("--model", metavar="NAME", help=MODEL)
    parser.add_argument(
        "--exclude",
        action="append",
        metavar="PATTERN",
        help="leave out what matches this pattern, written as in .gitignore; may be repeated. It applies to "
        "this run only: to leave something out for good, use a file .stackroomignore in the folder, or "
        "STACKROOM_EXCLUDE",
    )
    parser.add_argument(
        "--follow-links",
        action="store_true",
        default=None,
        help="follow links that lead out of the folder, in this run only: a later run without it removes "
        "what they lead to from the index. STACKROOM_FOLLOW_LINKS=yes follows them always",
    )


def add_cluster(parser: argparse.ArgumentParser) -> None:
    """Who reads the files, if not this process."""
    parser.add_argument(
        "--cluster",
        type=cluster,
        metavar="ADDRESS|N",
        help="have the workers of a Dask cluster read, recognise and embed: those of a scheduler, such as "
        "tcp://host:8786 (the library must then be in a database: STACKROOM_STORE), or N processes of this "
        "machine, for a trial",
    )


def add_wait(parser: argparse.ArgumentParser) -> None:
    """How long to wait for another command."""
    parser.add_argument(
        "--wait",
        type=float,
        default=WAIT_SECONDS,
        metavar="SECONDS",
        help="how long to wait if another command is working in the data folder (default: %(default)g). "
        "`watch` and `up` let this command in, then continue",
    )


def add_parent(parser: argparse.ArgumentParser) -> None:
    """What `up` gives to the two commands that it starts: they end when their standard input does."""
    parser.add_argument("--with-parent", action="store_true", help=argparse.SUPPRESS)


def add_log(parser: argparse.ArgumentParser) -> None:
    """How to tell what happens."""
    parser.add_argument(
        "--log-json",
        action="store_true",
        default=None,
        help="tell what happens as JSON objects on standard error, one a line, instead of in words",
    )


def add_address(parser: argparse.ArgumentParser) -> None:
    """Where a server listens, and for whom."""
    parser.add_argument("--host", help="address to listen on (default: STACKROOM_HOST, or 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (default: STACKROOM_PORT, or 8000)")
    parser.add_argument(
        "--public-url",
        metavar="URL",
        help="where others find the server, such as the address of a tunnel; turns sign-in on "
        "(default: STACKROOM_PUBLIC_URL)",
    )
    parser.add_argument(
        "--allow-anonymous",
        action="store_true",
        default=None,
        help="serve without sign-in: anybody who reaches the server can read the whole library",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        metavar="NAME",
        help="answer also requests for this host name; may be repeated (default: STACKROOM_ALLOW_HOST). "
        "Not needed for this machine's own names, IP addresses and the host of --public-url; nor, if other "
        "machines can reach the server, for names that only a local network has, such as nas or nas.local",
    )
    parser.add_argument(
        "--calls-per-minute",
        type=int,
        metavar="N",
        help="most calls of each client in a minute, if other machines can reach the server; 0 for any "
        "number (default: STACKROOM_CALLS_PER_MINUTE, or 300)",
    )


def given_address(arguments: argparse.Namespace) -> list[str]:
    """Those of `add_address` that were given, for another command line."""
    values = ("host", "port", "public_url", "calls_per_minute")
    given = [(name, getattr(arguments, name)) for name in values if getattr(arguments, name) is not None]
    given += [("allow_host", name) for name in arguments.allow_host or ()]
    found = [f"--{name.replace('_', '-')}={value}" for name, value in given]
    return [*found, "--allow-anonymous"] if arguments.allow_anonymous else found
