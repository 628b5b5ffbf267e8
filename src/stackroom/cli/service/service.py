"""What a service is to run: `stackroom up`, by this Python, with the settings that are given now."""

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stackroom import __version__
from stackroom.cli.shared_arguments import given_address
from stackroom.common.errors import ServiceFailed, UsageError
from stackroom.common.postgres.address import holds_password
from stackroom.common.programs import ask_program
from stackroom.common.roots import Root
from stackroom.common.settings import PREFIX, Settings
from stackroom.common.settings_sources import Given

# What decides, beside our settings, which programs (tesseract), packages, folders and models are found.
_KEPT = ("PATH", "PYTHONPATH", "XDG_DATA_HOME", "HF_HOME")

# A service starts in the home folder. Modules there must not be taken for ours.
_SAFE = {"PYTHONSAFEPATH": "1"}

_START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Service:
    """What is to be kept running.

    Attributes:
        command: the program, by its absolute path, and its arguments.
        environment: what it needs beside what the service manager gives to all.
        folders: absolute paths of what it writes to; the first is the data folder, which is there. All else
            it only reads.
        libraries: the folders (absolute paths), sources and PDFs to follow; none for all indexed ones.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    folders: tuple[Path, ...]
    libraries: tuple[Root, ...]


def planned(
    arguments: argparse.Namespace,
    given: Mapping[str, Given],
    settings: Settings,
    libraries: Sequence[Root],
    environ: Mapping[str, str],
) -> Service:
    """The service that follows these libraries, with the settings of this command line and environment.

    What is in files of settings is not written down: the service reads them itself, as they are then.

    Raises:
        UsageError: a password would be written where others may look for it.
        ServiceFailed: it can't be told which Python this is.
    """
    if not os.path.isabs(sys.executable or ""):  # noqa: PTH117
        raise ServiceFailed("It cannot be told which Python this is, so no service can be made that runs it.")
    command = [sys.executable, "-m", "stackroom", "up", f"--data={settings.data.absolute()}"]
    if "config" in given and settings.config and settings.config.parent != settings.data:
        command += [f"--config={settings.config.absolute()}"]
    command += [*given_address(arguments), *(["--log-json"] if arguments.log_json else [])]
    models = [settings.models_folder.absolute()] if settings.models_folder else []
    cache = Path(environ.get("HF_HOME") or "~/.cache/huggingface").expanduser().absolute()
    return Service(
        (*command, "--", *map(str, libraries)),
        _SAFE | {name: environ[name] for name in _KEPT if environ.get(name)} | dict(_of_us(given, environ)),
        (settings.data.absolute(), *models, cache),
        tuple(libraries),
    )


def _of_us(given: Mapping[str, Given], environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The settings that come from the environment, with paths made absolute."""
    for name, one in given.items():
        variable = PREFIX + name.upper()
        if one.source != variable or name in ("data", "config"):  # those are on the command line
            continue
        if name == "pdf_passwords":
            raise UsageError(
                f"{variable} would stand in the file of the service. Write the passwords into a file that "
                "only you can read, and name that with pdf_passwords_file in stackroom.toml."
            )
        if name in ("store", "store_replica") and holds_password(environ[variable]):
            raise UsageError(
                f"The password in {variable} would stand in the file of the service. Write it into "
                "~/.pgpass, where libpq looks for it, and leave it out of the URL."
            )
        is_path = isinstance(one.value, Path) or (isinstance(one.value, str) and os.path.isdir(one.value))  # noqa: PTH112
        yield variable, str(Path(one.value).absolute()) if is_path else environ[variable]


def refuse_what_does_not_start(service: Service) -> None:
    """Raises ServiceFailed if this Python has no Stackroom once it is started as a service would be."""
    program = service.command[:3]
    said = f"`{' '.join(program)} --version`, started as the service will be,"
    try:
        answer = ask_program(
            [*program, "--version"],
            seconds=_START_SECONDS,
            most_bytes=1000,
            environment={**service.environment, "HOME": str(Path.home())},
        )
    except OSError as error:
        raise ServiceFailed(f"{said} cannot be run: {error.strerror or error}.") from error
    if answer.output.decode(errors="replace").strip() != f"stackroom {__version__}":
        raise ServiceFailed(
            f"{said} does not answer {__version__}, but: "
            f"{(answer.output + answer.errors).decode(errors='replace')[-500:]!r}. "
            "Install Stackroom for this Python (docs/upkeep.md), and try again."
        )
