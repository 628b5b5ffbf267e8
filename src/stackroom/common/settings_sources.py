"""Where the values of settings come from: the command line, the environment, a file `stackroom.toml`, or else
the defaults. `Settings.read` makes settings of them.
"""

import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_origin

import platformdirs

from stackroom.common.data_folder import CONFIG, MODELS, OURS
from stackroom.common.errors import SettingsError, reason_of

PREFIX = "STACKROOM_"

_WORDS = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(("0", "false", "no", "off"), False)

# In the environment one a line: blanks may be part of one. Other lists have blanks or commas between them.
_LINES = ("pdf_passwords", "exclude")
# The blank at the end of a prompt is part of it.
_AS_WRITTEN = ("query_prompt", "passage_prompt")
_SECRET = ("pdf_passwords", "store", "store_replica")

# The folder that was the default before people had one of their own, and is that of a checkout.
_HERE = Path("data")


@dataclass(frozen=True, slots=True)
class Given:
    """A value of a setting.

    Attributes:
        value: as `Settings` has it.
        source: whence it is, as messages name it: "--port", "STACKROOM_PORT", "port in /data/stackroom.toml".
        warning: what a person should know about that; mostly empty.
    """

    value: Any
    source: str
    warning: str = ""


def gather(
    kinds: Mapping[str, Any], environ: Mapping[str, str], overrides: Mapping[str, Any]
) -> dict[str, Given]:
    """The values that are given for settings: in `overrides`, else in the environment, else in the file.

    Those of the data folder, of the folder of models, and of the file if there is one, are always there.

    Args:
        kinds: the type of each setting, by its name.
        environ: the environment.
        overrides: of the command line; None is none. Its patterns for `exclude` are added to the others.

    Raises:
        SettingsError: a value has the wrong type, or the file can't be used.
    """
    patterns = tuple(overrides.get("exclude") or ())
    given = _of_environment(kinds, environ) | {
        name: Given(value, "--" + name.replace("_", "-"))
        for name, value in overrides.items()
        if value is not None and name != "exclude"
    }
    if "config" in given:
        given = _of_file(kinds, given["config"].value, in_data=False) | given
    if "data" not in given:
        given["data"] = _default_data()
    file = given["data"].value / CONFIG
    if "config" not in given and os.path.lexists(file):
        given = _of_file(kinds, file, in_data=True) | given
        given["config"] = Given(file, "the data folder's own")
    if "models_folder" not in given:
        given["models_folder"] = _default_models()
    if patterns:
        before = given.get("exclude", Given((), ""))
        source = " and ".join(filter(None, (before.source, "--exclude")))
        given["exclude"] = Given((*before.value, *patterns), source)
    return given


def _of_environment(kinds: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Given]:
    found = {}
    for name, kind in kinds.items():
        variable = PREFIX + name.upper()
        text = environ.get(variable, "")
        if not text.strip():
            continue
        if name in _LINES:
            value: Any = lines(text)
        elif get_origin(kind) is tuple:
            value = tuple(text.replace(",", " ").split())
        else:
            value = _parse(variable, text if name in _AS_WRITTEN else text.strip(), kind)
        found[name] = Given(value, variable)
    return found


def _parse(name: str, text: str, kind: Any) -> Any:
    if kind in (Path, Path | None):
        try:
            return Path(text).expanduser()
        except RuntimeError as error:  # ~name, of nobody here
            raise SettingsError(f"{name}={text!r} cannot be found: {error}") from error
    if kind is bool:
        if text.lower() not in _WORDS:
            raise SettingsError(f"{name}={text!r} is neither yes nor no.")
        return _WORDS[text.lower()]
    try:
        return {int: int, float: float}.get(kind, str)(text)
    except ValueError:
        raise SettingsError(f"{name}={text!r} is not a number.") from None


def _of_file(kinds: Mapping[str, Any], file: Path, *, in_data: bool) -> dict[str, Given]:
    """The values in a file of settings; `in_data` says that it is the data folder's own.

    Raises:
        SettingsError: it can't be read or understood, or a key or value of it makes no sense.
    """
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise SettingsError(f"{file} is no file. Name a file of settings with --config.")
        content = tomllib.loads(file.read_text("utf-8-sig"))
    except OSError as error:
        raise SettingsError(
            f"The settings in {file} cannot be read: {reason_of(error)}. Correct that, or name another file "
            "with --config."
        ) from error
    except (ValueError, RecursionError) as error:  # not TOML, not UTF-8, or lists in lists without end
        raise SettingsError(f"{file} is not a file of settings in TOML: {error}.") from error
    known = [name for name in kinds if name != "config"]
    found = {}
    for name, value in content.items():
        source = f"{name} in {file}"
        if name not in known:
            near = get_close_matches(name.lower().replace("-", "_").removeprefix("stackroom_"), known, 1)
            hint = f" Did you mean {near[0]}?" if near else " docs/settings.md has all settings."
            raise SettingsError(f"There is no setting {source}.{hint}")
        if name == "data" and in_data:
            raise SettingsError(
                f"{source} makes no sense, because that is the data folder's own file. Name a data folder "
                "with --data or STACKROOM_DATA, or this file with --config."
            )
        found[name] = Given(_checked(source, name, value, kinds[name], file.parent), source)
    return found


def _checked(source: str, name: str, value: object, kind: Any, folder: Path) -> Any:
    """A value of a file as the setting has it. Raises SettingsError if it is of another type."""
    if kind is bool and isinstance(value, bool):
        return value
    if kind in (int, float) and isinstance(value, int | float) and not isinstance(value, bool):
        try:
            if kind is float or isinstance(value, int):
                return kind(value)
        except OverflowError:
            raise SettingsError(f"{source} is too large.") from None
    elif get_origin(kind) is tuple:
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
    elif kind in (Path, Path | None):
        if isinstance(value, str) and value.strip() and "\0" not in value:
            return folder / _parse(source, value, kind)
    elif kind not in (bool, int, float) and isinstance(value, str):
        return value if name in _AS_WRITTEN else value.strip()
    shown = "" if name in _SECRET else f", not {str(value)[:80]!r}"
    raise SettingsError(f"{source} must be {_kind_in_words(kind)}{shown}.")


def _kind_in_words(kind: Any) -> str:
    if kind in (Path, Path | None):
        return "a path in quotes"
    if get_origin(kind) is tuple:
        return 'a list of texts, such as ["one", "another"]'
    return {bool: "true or false", int: "a whole number", float: "a number"}.get(kind, "a text in quotes")


def _default_data() -> Given:
    """The data folder if none is named: that of a checkout, or the user's own."""
    own = own_folder()
    if _is_data_folder(_HERE):
        return Given(_HERE, "found in this folder")
    if own and (os.path.isdir(own) or can_be_written(own)):  # noqa: PTH112
        return Given(own, "your own")
    why = f"{own} cannot be written" if own else "you have no home folder"
    warning = f"The data folder is {_HERE.absolute()}, because {why}. Name another one with --data."
    return Given(_HERE, f"because {why}", warning)


def _is_data_folder(folder: Path) -> bool:
    """Whether a folder named "data" is for us: somebody else's would be filled with our files."""
    try:
        names = os.listdir(folder)  # noqa: PTH208  of a folder that is not there, too
    except OSError:
        return False
    return not names or not OURS.isdisjoint(names)


def _default_models() -> Given:
    """The folder through which data folders share prepared models: the user's own, if there can be one."""
    own = own_folder()
    return Given(own / MODELS, "your own") if own else Given(None, "because you have no home folder")


def own_folder() -> Path | None:
    """The data folder of this user, as the system has such folders; None if the user has no home."""
    found = platformdirs.user_data_path("stackroom", appauthor=False)
    return found if found.is_absolute() else None


def can_be_written(folder: Path) -> bool:
    """Whether a folder can be made or filled by us."""
    place = folder.absolute()
    while not os.path.lexists(place):
        place = place.parent
    return os.path.isdir(place) and os.access(place, os.W_OK | os.X_OK)  # noqa: PTH112


def lines(text: str) -> tuple[str, ...]:
    """The lines of a text that are not empty; what is not valid UTF-8 in it is replaced."""
    found = (line.removesuffix("\r") for line in text.encode(errors="replace").decode().split("\n"))
    return tuple(line for line in found if line)
