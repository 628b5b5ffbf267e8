"""A parser of arguments that groups its commands, suggests one for a wrong one, and tells shells of paths."""

import argparse
import re
import shutil
import textwrap
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from stackroom.common.roots import Root, as_root

# What argparse says of a command that there is not; versions differ in how they quote those that there are.
_UNKNOWN = re.compile(
    r"argument (?:COMMAND|ACTION): invalid choice: '(.*?)'.*?\(choose from (.*)\)", re.DOTALL
)

# Where the summary of a command begins in its line.
_SUMMARY = 16


class CommandParser(argparse.ArgumentParser):
    """argparse's, as above. `help_page`, if it is given, is shown in place of the parser's own help."""

    help_page: argparse.ArgumentParser | None = None

    def add_argument(self, *names: str, **options: Any) -> argparse.Action:
        """As argparse; shells complete what is a `path`."""
        action = super().add_argument(*names, **options)
        if options.get("type") in (path, source):
            is_folder = options.get("metavar") in ("DIR", "DATA", "FOLDER")
            action.complete = "directory" if is_folder else "file"  # type: ignore[attr-defined]  # for shtab
        return action

    def format_help(self) -> str:
        """The help page, or the help that argparse makes."""
        return self.help_page.format_help() if self.help_page else super().format_help()

    def error(self, message: str) -> NoReturn:
        """Ends the process with code 2, as argparse does. For a wrong command suggests one that is near."""
        if unknown := _UNKNOWN.fullmatch(message):
            wrong, known = unknown.groups()
            near = get_close_matches(wrong.lower(), re.findall(r"[\w-]+", known), 1, 0.5)
            hint = f"Did you mean `{self.prog} {near[0]}`?" if near else f"`{self.prog} --help` lists all."
            message = f"there is no command {wrong!r}. {hint}"
        super().error(message)


def grouped(summaries: Mapping[str, str], groups: Mapping[str, Sequence[str]]) -> str:
    """The commands with their summaries, as lines below the titles of their groups.

    Args:
        summaries: of each command, in order.
        groups: title → commands, of which some may not be there. Commands of no group come last.
    """
    titled = {title: [name for name in names if name in summaries] for title, names in groups.items()}
    named = {name for names in titled.values() for name in names}
    titled["others"] = [name for name in summaries if name not in named]
    width = max(shutil.get_terminal_size().columns - 2, 2 * _SUMMARY)
    found = []
    for title, names in titled.items():
        if names:
            found.append(f"{title}:")
        for name in names:
            wrapped = textwrap.wrap(
                summaries[name],
                width,
                initial_indent=f"    {name} ".ljust(_SUMMARY),
                subsequent_indent=" " * _SUMMARY,
            )
            found += wrapped
    return "\n".join(found)


def path(text: str) -> Path:
    """The type of an argument that is a path."""
    if not text:  # a variable that is not set; Path would take it for the working directory
        raise argparse.ArgumentTypeError("the name is empty")
    return Path(text)


def source(text: str) -> Root:
    """The type of an argument that is a path, or the URL of a source."""
    found = as_root(text)
    return path(text) if isinstance(found, Path) else found


def cluster(text: str) -> str | int:
    """The type of an argument that is the address of a scheduler of Dask, or a number of workers."""
    if "://" in text:
        return text
    try:
        return positive(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither an address such as tcp://host:8786 nor a number of workers"
        ) from None


def positive(text: str) -> int:
    """The type of an argument that is a number of things, at least one."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not 1 or more")
    return number
