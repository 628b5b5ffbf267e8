"""The house keeps its shape: few entries on a floor, and each package is entered by its face."""

import ast
from pathlib import Path

import grimp
import pytest

from places import ROOT

FLOORS = {"src/stackroom": 10, "indexer": 8, "indexer/pdf": 16}
MOST_LINES = 400


def entries(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "__pycache__")


def face(package: str) -> list[str] | None:
    """What a package's `__all__` names; None if it has none."""
    top = ROOT / ("src" if package.startswith("stackroom") else "")
    tree = ast.parse((top / Path(*package.split(".")) / "__init__.py").read_text(encoding="utf-8"))
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__":
            named: list[str] = ast.literal_eval(statement.value)
            return named
    return None


@pytest.mark.parametrize("floor", FLOORS)
def test_a_floor_has_few_entries(floor: str) -> None:
    assert len(entries(ROOT / floor)) <= FLOORS[floor], entries(ROOT / floor)


def test_no_module_is_long() -> None:
    modules = [path for floor in (*FLOORS, "tests") for path in (ROOT / floor).rglob("*.py")]
    lines = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules}
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}


def test_packages_are_entered_by_their_faces() -> None:
    graph = grimp.build_graph("stackroom", "indexer", include_external_packages=False)
    passed_by = set()
    for module in graph.modules:
        package, _, name = module.rpartition(".")
        named = face(package) if package and package not in ("stackroom", "indexer") else None
        for importer in graph.find_modules_that_directly_import(module):
            is_inside = importer.startswith(f"{package}.")
            if named is not None and not is_inside and name not in named:
                passed_by.add(f"{importer} -> {module}")
    assert passed_by == set()
