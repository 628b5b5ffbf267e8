"""Which settings apply, and where each comes from: for `stackroom status`."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from stackroom.cli.terminal import printable
from stackroom.common.amounts import counted
from stackroom.common.postgres.address import shown_url
from stackroom.common.settings import Settings
from stackroom.common.settings_sources import Given

_FOLDERS = {"data": "data folder", "models_folder": "shared in"}


def in_effect(given: Mapping[str, Given], settings: Settings) -> dict[str, dict[str, Any]]:
    """The folders, and the settings that are not the defaults: the "value" and source ("from") of each.

    Args:
        given: the values with their sources.
        settings: what was made of them.

    Returns:
        Values as JSON has them, paths absolute; of passwords only how many there are.
    """
    defaults = {setting.name: setting.default for setting in fields(Settings)}
    return {
        name: {
            "value": _shown(name, getattr(settings, name)),
            "from": given[name].source.removeprefix(f"{name} in "),
        }
        for name in sorted(given, key=[*_FOLDERS, *defaults].index)
        if name in _FOLDERS or getattr(settings, name) != defaults[name]
    }


def _shown(name: str, value: Any) -> Any:
    if name == "pdf_passwords":
        return counted(len(value), "password")
    if name in ("store", "store_replica"):
        return shown_url(value)
    if name == "models_folder" and value is None:
        return "nowhere"
    if isinstance(value, Path):
        return str(value.absolute())
    return list(value) if isinstance(value, tuple) else value


def show_settings(settings: Mapping[str, Mapping[str, Any]]) -> None:
    """Prints what `in_effect` gives, the folders first."""
    title = "settings"
    for name, one in settings.items():
        value = one["value"]
        text = ", ".join(value) if isinstance(value, list) else str(value)
        if name in _FOLDERS:
            print(f"{_FOLDERS[name]:<12}{printable(text)} ({one['from']})")
        else:
            print(f"{title:<12}{name} = {printable(text)} ({one['from']})")
            title = ""
