"""What Stackroom stands on: writes the tables of docs/dependencies.md (`python -m bench.dependencies`).

Reasons are the comments of pyproject.toml. Versions, licences and sizes are those of the environment that
runs this, which needs all extras. The newest releases, and for which systems they have wheels, are what
`uv lock` finds; so it needs uv, and a network.
"""

import json
import re
import subprocess
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import canonicalize_name, parse_wheel_filename

from stackroom.embedding.model_files import bundled_folder

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = ROOT / "pyproject.toml"
PAGE = ROOT / "docs" / "dependencies.md"
_BEGIN, _END = "<!-- made by bench/dependencies.py -->", "<!-- end of what is made -->"

CORE = "core"

Need = tuple[str, str]
"""A package's name, and one of its extras or nothing."""


def _glibc(newest: int, machine: str) -> list[str]:
    """The tags of wheels that run with glibc 2.`newest`."""
    names = [*(f"manylinux_2_{minor}" for minor in range(newest, 4, -1)), "manylinux2014", "manylinux2010"]
    return [f"{name}_{machine}" for name in names]


PYTHONS = ((3, 11), (3, 12), (3, 13), (3, 14))

# By name: sys_platform, platform_machine, and the platform tags of wheels that run there.
SYSTEMS = {
    "Linux x86-64, glibc 2.28": ("linux", "x86_64", _glibc(28, "x86_64")),
    "Linux arm64, glibc 2.35": ("linux", "aarch64", _glibc(35, "aarch64")),
    "macOS 14, arm64": ("darwin", "arm64", [*mac_platforms((14, 0), "arm64")]),
    "Windows x86-64": ("win32", "AMD64", ["win_amd64"]),
}


@dataclass(frozen=True, slots=True)
class Dependency:
    """A direct dependency: as pyproject.toml requires it, whose it is (`CORE` or an extra), and why."""

    requirement: Requirement
    extra: str
    reason: str

    @property
    def name(self) -> str:
        """As pyproject.toml writes it."""
        return self.requirement.name


def direct_dependencies(pyproject: str) -> list[Dependency]:
    """The dependencies that the text of a pyproject.toml declares, with its comments as reasons.

    A comment is of all entries after it up to the next comment; one at the end of a line is of that line.
    An extra in one line has the comment above it. Our own extras among an extra's entries are left out.
    """
    project = tomllib.loads(pyproject)["project"]
    extras = {CORE: project["dependencies"], **project["optional-dependencies"]}
    return [
        Dependency(requirement, extra, _reason(pyproject, extra, entry))
        for extra, entries in extras.items()
        for entry in entries
        if (requirement := Requirement(entry)).name != project["name"]
    ]


def _reason(pyproject: str, extra: str, entry: str) -> str:
    key = "dependencies" if extra == CORE else re.escape(extra)
    array = re.search(rf"((?:^#.*\n)*)^{key} = \[(?:.+\]$|\n((?:.+\n)*?)\]$)", pyproject, re.MULTILINE)
    if array is None:
        raise ValueError(f"{PYPROJECT} has no array {extra}")
    if array[2] is None:
        return _sentence(array[1])
    comment, was_entry = "", False
    for line in array[2].splitlines():
        if line.strip().startswith("#"):
            comment, was_entry = ("" if was_entry else comment) + line + "\n", False
        elif line.strip().startswith(f'"{entry}"'):
            return _sentence(line.partition('",')[2] or comment)
        elif line.strip():
            was_entry = True
    raise ValueError(f"{entry} is not on a line of its own in {PYPROJECT}")


def _sentence(comment: str) -> str:
    text = " ".join(line.strip(" #") for line in comment.splitlines())
    return text[:1].upper() + text[1:].rstrip(".")


def main() -> None:
    """Puts new tables into the page."""
    dependencies = direct_dependencies(PYPROJECT.read_text(encoding="utf-8"))
    locked = _lock(dependencies)
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(_BEGIN)
    made = "\n\n".join(
        [*_tables_of_dependencies(dependencies, locked), _table_of_wheels(dependencies, locked)]
    )
    PAGE.write_text(f"{before}{_BEGIN}\n\n{made}\n\n{_END}{rest.partition(_END)[2]}", encoding="utf-8")


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _tables_of_dependencies(dependencies: list[Dependency], locked: "Lock") -> Iterator[str]:
    """A heading and a table for each extra, the largest first."""
    core = _with_what_it_brings(one.name for one in dependencies if one.extra == CORE)
    for extra in dict.fromkeys(one.extra for one in dependencies):
        ours = [one for one in dependencies if one.extra == extra]
        others_have = set() if extra == CORE else core
        whole = _with_what_it_brings(one.name for one in ours) - others_have
        rows = []
        for one in ours:
            rest = _with_what_it_brings(other.name for other in ours if other is not one)
            only = _with_what_it_brings([one.name]) - rest - others_have | {canonicalize_name(one.name)}
            found = distribution(one.name)
            sizes = [f"{_megabytes(names):.1f}" for names in ([one.name], only)]
            cells = [f"`{one.name}`", found.version, *sizes, _licence(found)]
            rows.append([*cells, locked.newest(one.name), one.reason])
        rows.sort(key=lambda row: -float(row[3]))
        total = f"{_megabytes(whole):,.0f} MB in {len(whole)} {'package' if len(whole) == 1 else 'packages'}"
        if extra == CORE:
            folders = (ROOT / "src" / "stackroom", ROOT / "indexer", bundled_folder())
            own = sum(_folder_bytes(folder) for folder in folders) / 1e6
            total += f", and {own:.0f} MB of Stackroom itself, most of it the bundled model"
        else:
            total += " beyond the core"
        yield f"### {extra}\n\n{total}."
        yield _table(
            ["package", "version", "MB", "with what only it brings", "licence", "newest release", "reason"],
            rows,
        )


def _with_what_it_brings(names: Iterable[str]) -> set[str]:
    """Canonical names of installed packages that these need, themselves included."""
    found: set[str] = set()

    def needs(name: str, extra: str) -> Iterator[Need]:
        with suppress(PackageNotFoundError):  # it is for another system
            package = distribution(name)
            found.add(canonicalize_name(name))
            for requirement in map(Requirement, package.requires or ()):
                if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                    yield from ((requirement.name, wanted) for wanted in ("", *requirement.extras))

    _all_needed([(name, "") for name in names], needs)
    return found


def _all_needed(first: Iterable[Need], needs: Callable[[str, str], Iterable[Need]]) -> set[Need]:
    """These, what they need, what that needs, and so on."""
    todo, seen = list(first), set[Need]()
    while todo:
        one = todo.pop()
        if one not in seen:
            seen.add(one)
            todo += needs(*one)
    return seen


def _megabytes(names: Iterable[str]) -> float:
    """The size of their files in MB (10^6 bytes), without what Python compiles."""
    return sum(_package_bytes(distribution(name)) for name in names) / 1e6


def _package_bytes(package: Distribution) -> int:
    paths = [Path(str(file.locate())) for file in package.files or () if file.suffix != ".pyc"]
    return sum(path.stat().st_size for path in paths if path.is_file())


def _folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")


def _licence(package: Distribution) -> str:
    """As an SPDX expression if the package gives one, else the names it is classified under."""
    metadata = package.metadata
    if expression := metadata.get_all("License-Expression"):
        return str(expression[0])
    classified = [
        line.rpartition(" :: ")[2].removesuffix(" License")
        for line in metadata.get_all("Classifier") or ()
        if line.startswith("License :: ") and line != "License :: OSI Approved"
    ]
    return ", ".join(classified) or str((metadata.get_all("License") or ["not said"])[0]).partition("\n")[0]


class Lock:
    """The newest packages that pyproject.toml allows, as `uv lock` finds them for all systems."""

    def __init__(self, text: str) -> None:
        """From the text of a uv.lock."""
        self._packages: dict[str, list[dict[str, Any]]] = {}
        for package in tomllib.loads(text)["package"]:
            self._packages.setdefault(package["name"], []).append(package)

    def newest(self, name: str) -> str:
        """The newest release of a package and its month: "2.1.0, 2026-09"."""
        package = self._packages[canonicalize_name(name)][-1]
        files = [*package.get("wheels", []), *filter(None, [package.get("sdist")])]
        return f"{package['version']}, {max(file['upload-time'] for file in files)[:7]}"

    def wheels(self, roots: Iterable[Requirement], system: str, python: tuple[int, int]) -> str:
        """How many packages these are, with all that they bring, and which have no wheel: "94, not `a`".

        `system` is a key of `SYSTEMS`.
        """
        platform, machine, platform_tags = SYSTEMS[system]
        tags = {
            *cpython_tags(python, platforms=platform_tags),
            *compatible_tags(python, platforms=platform_tags),
        }
        environment = {
            **{name: str(value) for name, value in default_environment().items()},
            "sys_platform": platform,
            "platform_system": {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}[platform],
            "os_name": "nt" if platform == "win32" else "posix",
            "platform_machine": machine,
            "python_version": f"{python[0]}.{python[1]}",
            "python_full_version": f"{python[0]}.{python[1]}.0",
        }
        closure = self._closure(roots, environment)
        lack = [f"`{name}`" for name in sorted(closure) if not tags & self._wheel_tags(name, environment)]
        return f"{len(closure)}, not {', '.join(lack)}" if lack else str(len(closure))

    def _closure(self, roots: Iterable[Requirement], environment: Mapping[str, str]) -> set[str]:
        first = [
            (str(canonicalize_name(root.name)), extra)
            for root in roots
            if root.marker is None or root.marker.evaluate(dict(environment))
            for extra in ("", *root.extras)
        ]

        def needs(name: str, extra: str) -> Iterator[Need]:
            for package in self._chosen(name, environment):
                of_extras = package.get("optional-dependencies", {})
                for need in of_extras.get(extra, []) if extra else package.get("dependencies", []):
                    if _applies(need.get("marker"), environment):
                        yield from ((need["name"], wanted) for wanted in ("", *need.get("extra", [])))

        return {name for name, _ in _all_needed(first, needs)}

    def _chosen(self, name: str, environment: Mapping[str, str]) -> list[dict[str, Any]]:
        """A package may be locked in several versions, each for some environments."""
        return [
            package
            for package in self._packages[name]
            if any(_applies(marker, environment) for marker in package.get("resolution-markers", [None]))
        ]

    def _wheel_tags(self, name: str, environment: Mapping[str, str]) -> set[Tag]:
        return {
            tag
            for package in self._chosen(name, environment)
            for wheel in package.get("wheels", [])
            for tag in parse_wheel_filename(wheel["url"].rpartition("/")[2])[3]
        }


def _applies(marker: str | None, environment: Mapping[str, str]) -> bool:
    return marker is None or Marker(marker).evaluate(dict(environment))


def _lock(dependencies: Iterable[Dependency]) -> Lock:
    """Has uv resolve them all, for all systems, in a project of its own."""
    entries = json.dumps([str(one.requirement) for one in dependencies])
    with TemporaryDirectory() as folder:
        project = '[project]\nname = "of-stackroom"\nversion = "0"\nrequires-python = ">=3.11"\n'
        Path(folder, "pyproject.toml").write_text(f"{project}dependencies = {entries}\n", encoding="utf-8")
        subprocess.run(["uv", "lock", "--quiet", "--directory", folder], check=True)  # noqa: S607  on the path
        return Lock(Path(folder, "uv.lock").read_text(encoding="utf-8"))


def _table_of_wheels(dependencies: list[Dependency], locked: Lock) -> str:
    extras = list(dict.fromkeys(one.extra for one in dependencies))
    rows = []
    for system in SYSTEMS:
        row = [system]
        for extra in extras:
            roots = [one.requirement for one in dependencies if one.extra == extra]
            found = {f"{python[0]}.{python[1]}": locked.wheels(roots, system, python) for python in PYTHONS}
            alike = len(set(found.values())) == 1
            row.append(
                found["3.11"] if alike else "; ".join(f"{python}: {count}" for python, count in found.items())
            )
        rows.append(row)
    return "## Wheels\n\n" + _table(["system", *extras], rows)


if __name__ == "__main__":
    main()
