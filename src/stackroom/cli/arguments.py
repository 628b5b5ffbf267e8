"""What the command line accepts. What each command does is in `stackroom.cli.commands`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from stackroom import __version__
from stackroom.common.settings import Settings

WAIT_SECONDS = 600.0
"""How long a command waits for another one, if nothing else is said."""

_DESCRIPTION = """\
Search and fetch for a private folder of PDFs, on this machine alone.

  stackroom index ~/Papers       read the PDFs of a folder into the index
  stackroom serve                answer search and fetch to an MCP client
  stackroom up ~/Papers          both at once, and follow the folder as it changes
  stackroom search "a question"  try it out here
  stackroom doctor               check a running server before you go live
  stackroom eval ~/Questions     measure how much is found
"""

_OPERATORS = """\
operators, anywhere in the query (in a shell, put the whole query in single quotes):
  "exact phrase"       the passage has these words, in this order
  -word  -"a phrase"   the passage has them not
  title:word  author:name  folder:name  id:document
  after:2023  before:2024-05  lang:de
An operator that makes no sense is taken for words. A query that begins with a minus comes after `--`.
"""

_EVAL = """\
Measure how much is found: index a set of documents with known answers, ask all its questions, and count what
comes back by matching words, by nearest meaning, and by both fused, which is what `search` answers with.

DIR holds one of

  corpus.jsonl, queries.jsonl and qrels.tsv    a collection as BEIR has them. Measured: nDCG@10, Recall@100
                                               and MRR@10 of documents
  PDFs, in it or in pdfs/, named by the ids    the same. The queries and judgments may lie elsewhere:
  of a collection                              --queries FILE --qrels FILE
  PDFs and questions.jsonl or questions.csv    questions about one PDF each. Measured: how often that PDF,
                                               and the right page, is among the first 1, 5 and 10

For questions of your own, make a CSV file whose first line is `question,pdf,page`; the page is counted from 1
and may be left empty. Then: stackroom eval ~/Papers --questions mine.csv --keep ~/papers-eval

Your own index is not touched: another one is made in a temporary folder, with the model of STACKROOM_MODEL.
Of the data folder only the compiled model is used.
"""

_DOCTOR = """\
Checks how the server is reached, who gets in, both revisions of MCP, the tools, and what they answer. If it
has sign-in, it asks for the passphrase, signs in as ChatGPT, Claude and Claude Code do, and then ends what
it was given. Exit code 0: nothing failed; 1: something did.
"""

_EPILOG = """\
exit codes: 0 all is well; 1 something failed; 2 wrong use; 130 interrupted. `index` gives 1 if a file or
folder could not be read that had not failed before, `index --strict` if any could not (`stackroom status`
lists them); `check` if something is damaged; `watch`, `serve` and `up` end with 0 on SIGTERM
environment: STACKROOM_DATA, STACKROOM_MODEL and others; the README has the table
"""


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The arguments of one command, whose name is `command`. argparse itself exits with 2 on wrong use.

    Args:
        argv: without the program's own name; None takes those of this process.
    """
    return _parser().parse_args(argv)


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The settings, with what the command line says of them. Raises SettingsError if one makes no sense."""
    given = vars(arguments)
    return Settings.read(
        data=given.get("data"),
        host=given.get("host"),
        port=given.get("port"),
        public_url=given.get("public_url"),
        allow_anonymous=given.get("allow_anonymous"),
        allow_host=given.get("allow_host"),
        calls_per_minute=given.get("calls_per_minute"),
        log_json=given.get("log_json"),
        exclude=given.get("exclude"),
        follow_links=given.get("follow_links"),
    )


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--data",
        type=_path,
        metavar="DIR",
        default=argparse.SUPPRESS,
        help="the data folder (default: STACKROOM_DATA, or data/ in the working directory)",
    )
    parser = argparse.ArgumentParser(
        prog="stackroom",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        parents=[common],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"stackroom {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)

    def add(name: str, summary: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name, help=summary, description=summary[0].upper() + summary[1:] + ".", parents=[common]
        )

    index = add("index", "read PDFs into the index; what has not changed costs nothing")
    _add_paths(index)
    _add_log(index)
    index.add_argument("--json", action="store_true", help="print a summary as JSON at the end")
    index.add_argument("--quiet", "-q", action="store_true", help="no progress")
    index.add_argument("--retry", action="store_true", help="try files again that could not be read before")
    index.add_argument(
        "--strict",
        action="store_true",
        help="exit code 1 also for files that failed before and are unchanged",
    )
    _add_wait(index)
    index.add_argument(
        "--reembed",
        action="store_true",
        help="embed the whole library with the model of STACKROOM_MODEL and switch to it",
    )

    watch = add("watch", "index, then follow the folders as they change, until Ctrl-C")
    _add_paths(watch)
    _add_log(watch)
    watch.add_argument("--quiet", "-q", action="store_true", help="no progress")
    _add_parent(watch)

    serve = add("serve", "answer search and fetch to MCP clients, until Ctrl-C")
    _add_address(serve)
    _add_log(serve)
    _add_parent(serve)
    serve.add_argument(
        "--transport",
        choices=["http", "stdio"],
        default="http",
        help="http: streamable HTTP at /mcp, and SSE at /sse for older clients (default); stdio: for a "
        "client that starts the server itself",
    )

    up = add("up", "watch and serve together, until Ctrl-C")
    _add_paths(up)
    _add_address(up)
    _add_log(up)

    search = add("search", "find the documents that answer a question or hold these words")
    search.formatter_class = argparse.RawDescriptionHelpFormatter
    search.epilog = _OPERATORS
    search.add_argument("query", nargs="+", metavar="QUERY")
    search.add_argument("--limit", type=_positive, default=10, metavar="N", help="most results (default: 10)")
    search.add_argument("--explain", action="store_true", help="say why each result stands where it does")
    search.add_argument("--json", action="store_true", help="print what the search tool returns")

    passphrase = add("passphrase", "set the passphrase that lets clients and browsers in")
    passphrase.epilog = (
        "Asks twice, or reads the first line of standard input. Changing it signs everybody out."
    )

    token = add("token", "make, list and revoke tokens for programs that cannot open a browser")
    actions = token.add_subparsers(metavar="ACTION", dest="action", required=True)
    for action, summary in (("new", "make a token and show it, once"), ("revoke", "end a token at once")):
        one = actions.add_parser(action, help=summary, parents=[common])
        one.add_argument("name", metavar="NAME", help="what you call it")
        if action == "new":
            one.add_argument("--json", action="store_true", help="print it as JSON")
    every = actions.add_parser("list", help="show all tokens and when they were used", parents=[common])
    every.add_argument("--json", action="store_true", help="print them as JSON")

    clients = add("clients", "show who has access: clients, browsers and tokens; and end it")
    clients.set_defaults(action="list")
    clients.add_argument("--json", action="store_true", default=False, help="print them as JSON")
    choices = clients.add_subparsers(metavar="ACTION", dest="action")
    end = choices.add_parser("revoke", help="end one's access at once", parents=[common])
    end.add_argument("id", metavar="ID", help="as the list shows it")

    fetch = add("fetch", "print the whole text of a document")
    fetch.add_argument("id", metavar="ID", help="as a search result gives it")
    fetch.add_argument("--json", action="store_true", help="print what the fetch tool returns")

    status = add("status", "show what the index holds and which files could not be read")
    status.add_argument("--json", action="store_true", help="print it as JSON")

    check = add("check", "check that everything the index holds is sound, and agrees with the files")
    check.add_argument(
        "--repair",
        action="store_true",
        help="make again what is derived; remove damaged documents, so that `index` reads them anew",
    )
    check.add_argument("--json", action="store_true", help="print what was found as JSON")
    check.add_argument("--quiet", "-q", action="store_true", help="no progress")
    _add_wait(check)

    backup = add("backup", "copy everything that cannot be made again into one file, while all else runs")
    backup.add_argument("file", type=_path, metavar="FILE", help="to make, a tar file; must not exist yet")

    restore = add("restore", "put a backup into a data folder that has no index yet")
    restore.add_argument("file", type=_path, metavar="FILE", help="made by `stackroom backup`")

    log = add("log", "show what was asked and what was answered, the newest last")
    log.add_argument("--limit", type=_positive, default=20, metavar="N", help="most calls (default: 20)")
    log.add_argument("--json", action="store_true", help="print them as JSON, with all documents and pages")

    doctor = add("doctor", "play ChatGPT and Claude against a running server, before you go live")
    doctor.formatter_class = argparse.RawDescriptionHelpFormatter
    doctor.epilog = _DOCTOR
    doctor.add_argument(
        "url",
        nargs="?",
        default="",
        metavar="URL",
        help="of the server, such as the address of a tunnel (default: the server of the data folder, and "
        "STACKROOM_PUBLIC_URL)",
    )
    doctor.add_argument("--token", default="", help="call the tools with this token, without signing in")
    doctor.add_argument(
        "--passphrase-stdin", action="store_true", help="read the passphrase from standard input"
    )
    doctor.add_argument(
        "--query",
        default="What are these documents about?",
        metavar="TEXT",
        help="search for this (default: %(default)s)",
    )
    doctor.add_argument("--json", action="store_true", help="print the findings as JSON")

    evaluate = add("eval", "measure how much is found, on questions with known answers")
    evaluate.formatter_class = argparse.RawDescriptionHelpFormatter
    evaluate.description = _EVAL
    evaluate.add_argument("folder", type=_path, metavar="DIR", help="the set, see above")
    evaluate.add_argument("--queries", type=_path, metavar="FILE", help="JSON lines with _id and text")
    evaluate.add_argument(
        "--qrels", type=_path, metavar="FILE", help="query-id, corpus-id and score, with tabs between"
    )
    evaluate.add_argument(
        "--questions", type=_path, metavar="FILE", help="CSV, or JSON lines: question, pdf, page"
    )
    evaluate.add_argument(
        "--half",
        type=int,
        choices=(1, 2),
        help="ask one half of the questions, always the same ones: choose on one, report on the other",
    )
    evaluate.add_argument(
        "--keep",
        type=_path,
        metavar="DATA",
        help="keep the index in this folder, for this set alone; the next run goes on with it",
    )
    evaluate.add_argument("--json", action="store_true", help="print the figures as JSON")
    evaluate.add_argument("--quiet", "-q", action="store_true", help="no progress")

    forget = add("forget", "remove a folder from the index; its files stay where they are")
    forget.add_argument("path", type=_path, metavar="PATH")
    _add_wait(forget)
    return parser


def _add_paths(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        nargs="*",
        type=_path,
        metavar="PATH",
        help="a folder of PDFs, or a single PDF (default: all that were indexed before)",
    )
    parser.add_argument(
        "--exclude",
        action="append",
        metavar="PATTERN",
        help="leave out what fits this pattern, as .gitignore has them; may be repeated. It counts for this "
        "run: what is to stay out goes into a file .stackroomignore in the folder, or STACKROOM_EXCLUDE",
    )
    parser.add_argument(
        "--follow-links",
        action="store_true",
        default=None,
        help="follow links that lead out of the folder. It counts for this run: one without it removes what "
        "is behind them from the index; STACKROOM_FOLLOW_LINKS=yes makes it last",
    )


def _add_wait(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--wait",
        type=float,
        default=WAIT_SECONDS,
        metavar="SECONDS",
        help="how long to wait if another command is at work in the data folder; `watch` and `up` let this "
        "one in and then go on (default: %(default)g)",
    )


def _add_parent(parser: argparse.ArgumentParser) -> None:
    # For `up`: the half that it starts ends when its standard input does.
    parser.add_argument("--with-parent", action="store_true", help=argparse.SUPPRESS)


def _add_log(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--log-json",
        action="store_true",
        default=None,
        help="tell what happens as JSON objects on standard error, one a line, instead of in words",
    )


def _add_address(parser: argparse.ArgumentParser) -> None:
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
        "This machine's own names, that of --public-url and IP addresses need none, nor, if others on the "
        "network can reach the server, names that only a local network has, such as nas or nas.local",
    )
    parser.add_argument(
        "--calls-per-minute",
        type=int,
        metavar="N",
        help="most calls in a minute for each client, if others can reach the server; 0 for any number "
        "(default: STACKROOM_CALLS_PER_MINUTE, or 300)",
    )


def _path(text: str) -> Path:
    if not text:  # a variable that is not set; Path would take it for the working directory
        raise argparse.ArgumentTypeError("the name is empty")
    return Path(text)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not 1 or more")
    return number
