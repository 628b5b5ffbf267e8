"""The arguments of all commands, and their help. What each command does is in `stackroom.cli.commands`."""

import argparse
import sys
from collections.abc import Sequence

from stackroom import __version__
from stackroom.cli.command_parser import CommandParser, grouped, path, positive, source
from stackroom.cli.help_texts import (
    COMMAND_GROUPS,
    COMPLETION,
    DESCRIPTION,
    DOCTOR,
    EPILOG,
    EVAL,
    MODELS,
    OPERATORS,
    TRY,
)
from stackroom.cli.service_arguments import add_service
from stackroom.cli.shared_arguments import (
    MODEL,
    add_address,
    add_cluster,
    add_log,
    add_parent,
    add_reading,
    add_wait,
)
from stackroom.common.settings import Settings
from stackroom.common.settings_sources import Given


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The arguments of one command, whose name is `command`. argparse itself exits with 2 on wrong use.

    Without a command it prints the help, and exits with 0.

    Args:
        argv: without the program's own name; None takes those of this process.
    """
    parser = command_parser()
    arguments = parser.parse_args(argv)
    if arguments.command is None:
        parser.print_help()
        sys.exit()
    return arguments


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The settings: from the environment or the file of settings, unless an argument says otherwise.

    Raises:
        SettingsError: a value is not one that the setting can have.
    """
    return Settings.of(given_settings(arguments))


def given_settings(arguments: argparse.Namespace) -> dict[str, Given]:
    """The values of the settings that are not the defaults, with their sources. Raises SettingsError."""
    given = vars(arguments)
    return Settings.given(
        data=given.get("data"),
        config=given.get("config"),
        model=given.get("model"),
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


def command_parser() -> CommandParser:
    """The parser of all commands."""
    common = CommandParser(add_help=False)
    common.add_argument(
        "--data",
        type=path,
        metavar="DIR",
        default=argparse.SUPPRESS,
        help="the data folder (default: STACKROOM_DATA, or data/ in a checkout, or your own; `stackroom "
        "status` says which)",
    )
    common.add_argument(
        "--config",
        type=path,
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="a file of settings (default: STACKROOM_CONFIG, or stackroom.toml in the data folder)",
    )
    top = CommandParser(add_help=False, parents=[common])
    top.add_argument("--version", action="version", version=f"stackroom {__version__}")
    parser = CommandParser(prog="stackroom", parents=[top])
    commands = parser.add_subparsers(metavar="COMMAND", dest="command")
    summaries: dict[str, str] = {}

    def add(name: str, summary: str) -> argparse.ArgumentParser:
        summaries[name] = summary
        return commands.add_parser(
            name, help=summary, description=summary[0].upper() + summary[1:] + ".", parents=[common]
        )

    index = add("index", "read PDFs into the index; files that have not changed are skipped")
    add_reading(index)
    add_log(index)
    index.add_argument("--json", action="store_true", help="print a summary as JSON at the end")
    index.add_argument("--quiet", "-q", action="store_true", help="do not show progress")
    index.add_argument(
        "--retry", action="store_true", help="also try the files again that could not be read before"
    )
    index.add_argument(
        "--strict",
        action="store_true",
        help="exit with code 1 also if a file failed that had failed before and has not changed",
    )
    add_cluster(index)
    add_wait(index)
    add_parent(index)
    anew = index.add_mutually_exclusive_group()
    anew.add_argument(
        "--retry-only",
        action="store_true",
        help="try again what could not be read before (files, scanned pages, attached PDFs), and leave all "
        "else as it is; PATH may also be a file or folder inside one that was indexed",
    )
    anew.add_argument(
        "--reembed",
        action="store_true",
        help="make new vectors of the whole library with the model of --model or STACKROOM_MODEL, then "
        "search with that; if it is interrupted, the next --reembed goes on",
    )
    anew.add_argument(
        "--undo",
        action="store_true",
        help="take --reembed back, finished or not, and do nothing else; possible until `index`, `watch` or "
        "`up` is started after it was finished",
    )

    watch = add("watch", "index, then follow the folders as they change, until Ctrl-C")
    add_reading(watch)
    add_cluster(watch)
    add_log(watch)
    watch.add_argument("--quiet", "-q", action="store_true", help="do not show progress")
    add_parent(watch)

    serve = add("serve", "answer search and fetch to MCP clients, until Ctrl-C")
    add_address(serve)
    add_log(serve)
    add_parent(serve)
    serve.add_argument(
        "--transport",
        choices=["http", "stdio"],
        default="http",
        help="http: streamable HTTP at /mcp, and SSE at /sse for older clients (default); stdio: for a "
        "client that starts the server itself",
    )

    up = add("up", "watch and serve together, until Ctrl-C")
    add_reading(up)
    add_address(up)
    add_log(up)

    service = add("service", "have this system keep `up` running: install, look after and remove a service")
    add_service(service, common)

    search = add("search", "find the documents that answer a question or contain these words")
    search.formatter_class = argparse.RawDescriptionHelpFormatter
    search.epilog = OPERATORS
    search.add_argument("query", nargs="+", metavar="QUERY", help="a question, or words; see below")
    search.add_argument("--limit", type=positive, default=10, metavar="N", help="most results (default: 10)")
    search.add_argument(
        "--explain", action="store_true", help="show the scores behind the order of the results"
    )
    search.add_argument("--json", action="store_true", help="print the JSON that the search tool returns")
    search.add_argument(
        "--open",
        action="store_true",
        help="open the page of the first result in the browser; `stackroom serve` must be running",
    )

    list_ = add("list", "list the documents of the library, with how they were read")
    list_.formatter_class = argparse.RawDescriptionHelpFormatter
    list_.epilog = OPERATORS
    list_.add_argument(
        "query", nargs="*", metavar="QUERY", help="words of titles, authors and file names, and filters"
    )
    list_.add_argument("--folder", metavar="NAME", help="only those in this folder, or below it")
    list_.add_argument(
        "--sort",
        choices=["title", "newest", "indexed", "pages"],
        default="title",
        help="by title (default); or first the newest, those indexed last, the longest",
    )
    list_.add_argument("--limit", type=positive, default=50, metavar="N", help="most lines (default: 50)")
    list_.add_argument("--json", action="store_true", help="print them as JSON, with counts")

    passphrase = add("passphrase", "set the passphrase that lets clients and browsers in")
    passphrase.epilog = (
        "Asks for it twice, or, without a terminal, reads the first line of standard input. A new passphrase "
        "signs out all clients and browsers; tokens of programs still work."
    )

    token = add("token", "make, list and revoke tokens for programs that cannot open a browser")
    actions = token.add_subparsers(metavar="ACTION", dest="action", required=True)
    for action, summary in (("new", "make a token and show it once"), ("revoke", "end a token at once")):
        one = actions.add_parser(action, help=summary, parents=[common])
        one.add_argument("name", metavar="NAME", help="your name for the program")
        if action == "new":
            one.add_argument("--json", action="store_true", help="print it as JSON")
    every = actions.add_parser("list", help="show all tokens and when they were last used", parents=[common])
    every.add_argument("--json", action="store_true", help="print them as JSON")

    clients = add("clients", "show who has access (clients, browsers, tokens), or end it")
    clients.set_defaults(action="list")
    clients.add_argument("--json", action="store_true", default=False, help="print them as JSON")
    choices = clients.add_subparsers(metavar="ACTION", dest="action")
    end = choices.add_parser(
        "revoke", help="end the access of one client, browser or token at once", parents=[common]
    )
    end.add_argument("id", metavar="ID", help="as the list shows it")

    fetch = add("fetch", "print the whole text of a document")
    fetch.add_argument("id", metavar="ID", help="as a search result gives it")
    fetch.add_argument("--json", action="store_true", help="print the JSON that the fetch tool returns")

    status = add("status", "show what the index holds and which files could not be read")
    status.add_argument("--json", action="store_true", help="print it as JSON")

    check = add("check", "check that the index is not damaged and agrees with the files")
    check.add_argument(
        "--repair",
        action="store_true",
        help="rebuild what can be made from the texts; remove damaged documents, so that `index` reads their "
        "files again",
    )
    check.add_argument("--json", action="store_true", help="print what was found as JSON")
    check.add_argument("--quiet", "-q", action="store_true", help="do not show progress")
    add_wait(check)

    backup = add(
        "backup", "copy everything that cannot be made again into one file; other commands may run meanwhile"
    )
    where = backup.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "file", nargs="?", type=path, metavar="FILE", help="the tar file to make; must not exist yet"
    )
    where.add_argument(
        "--to",
        type=path,
        metavar="DIR",
        help="make one in this folder, named by its time; for cron: says nothing if all is well, unless it "
        "is on a terminal",
    )
    backup.add_argument(
        "--keep",
        type=positive,
        metavar="N",
        help="with --to: then remove the oldest backups of this data folder there, beyond N",
    )
    backup.add_argument("--json", action="store_true", help="print what was done as JSON")

    restore = add("restore", "put a backup into a data folder that has no index yet")
    restore.add_argument("file", type=path, metavar="FILE", help="made by `stackroom backup`")

    move = add("move", "move the library into a database of PostgreSQL, or from there into a data folder")
    move.epilog = (
        "Nothing is read or embedded again. The library is copied, compared row by row and checked; where it "
        "was, it stays as it was. If the command is stopped, the same command goes on."
    )
    move.add_argument(
        "--to",
        required=True,
        metavar="URL|DIR",
        help="postgresql://user@host:5432/database moves the library of the data folder into that database, "
        "which must be empty; a folder moves that of STACKROOM_STORE there, as a new data folder",
    )
    move.add_argument("--json", action="store_true", help="print what was done as JSON")
    move.add_argument("--quiet", "-q", action="store_true", help="do not show progress")
    add_wait(move)

    log = add("log", "show what clients asked and what they got, the newest last")
    log.add_argument("--limit", type=positive, default=20, metavar="N", help="most calls (default: 20)")
    log.add_argument("--json", action="store_true", help="print them as JSON, with all documents and pages")

    doctor = add(
        "doctor", "check a running server before you go live, by calling it as ChatGPT and Claude do"
    )
    doctor.formatter_class = argparse.RawDescriptionHelpFormatter
    doctor.epilog = DOCTOR
    doctor.add_argument(
        "url",
        nargs="?",
        default="",
        metavar="URL",
        help="the server's URL, such as the address of a tunnel (default: the running server of the data "
        "folder, and STACKROOM_PUBLIC_URL)",
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

    evaluate = add("eval", "measure how well questions with known answers are answered")
    evaluate.formatter_class = argparse.RawDescriptionHelpFormatter
    evaluate.description = EVAL
    evaluate.add_argument(
        "folder", type=path, metavar="DIR", help="the set of documents and questions, see above"
    )
    evaluate.add_argument("--model", metavar="NAME", help=MODEL)
    evaluate.add_argument("--queries", type=path, metavar="FILE", help="JSON lines with _id and text")
    evaluate.add_argument(
        "--qrels",
        type=path,
        metavar="FILE",
        help="judgments: query-id, corpus-id and score in each line, with tabs between",
    )
    evaluate.add_argument(
        "--questions", type=path, metavar="FILE", help="CSV, or JSON lines: question, pdf, page"
    )
    evaluate.add_argument(
        "--half",
        type=int,
        choices=(1, 2),
        help="ask only one half of the questions, always the same half: use one to tune settings, and the "
        "other to report figures",
    )
    evaluate.add_argument(
        "--keep",
        type=path,
        metavar="DATA",
        help="keep the index in this data folder, which must be for this set only; the next run reuses it",
    )
    evaluate.add_argument("--json", action="store_true", help="print the figures as JSON")
    evaluate.add_argument("--quiet", "-q", action="store_true", help="do not show progress")

    models = add("models", "show the embedding models that are here, and recommended ones; or try one")
    models.formatter_class = argparse.RawDescriptionHelpFormatter
    models.description = MODELS
    models.set_defaults(action="list")
    models.add_argument(
        "--folder",
        action="append",
        type=path,
        default=[],
        metavar="DIR",
        help="list the model in DIR as well",
    )
    models.add_argument("--json", action="store_true", default=False, help="print them as JSON")
    models.add_argument("--quiet", "-q", action="store_true", default=False, help="do not show progress")
    tries = models.add_subparsers(metavar="ACTION", dest="action")
    attempt = tries.add_parser("try", help="measure a model on documents of your own", parents=[common])
    attempt.formatter_class = argparse.RawDescriptionHelpFormatter
    attempt.description = TRY
    attempt.add_argument("name", metavar="NAME", help="a folder, or a name such as BAAI/bge-small-en-v1.5")
    attempt.add_argument("folder", type=path, metavar="FOLDER", help="a folder of PDFs")
    attempt.add_argument(
        "--passages",
        type=positive,
        default=1000,
        metavar="N",
        help="take a sample of about so many passages (default: %(default)s); more take longer and tell more",
    )
    attempt.add_argument("--json", action="store_true", help="print the figures as JSON")
    attempt.add_argument("--quiet", "-q", action="store_true", help="do not show progress")

    forget = add("forget", "remove a folder from the index; its files stay where they are")
    forget.add_argument(
        "path", type=source, metavar="PATH", help="a folder, source or PDF that was given to `index`"
    )
    add_wait(forget)

    completion = add("completion", "print what makes a shell complete these commands")
    completion.formatter_class = argparse.RawDescriptionHelpFormatter
    completion.epilog = COMPLETION
    completion.add_argument(
        "shell", choices=("bash", "zsh", "fish"), metavar="SHELL", help="bash, zsh or fish"
    )

    parser.help_page = argparse.ArgumentParser(
        prog="stackroom",
        usage="stackroom COMMAND [options]",
        description=f"{DESCRIPTION}\n{grouped(summaries, COMMAND_GROUPS)}",
        epilog=EPILOG,
        parents=[top],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser
