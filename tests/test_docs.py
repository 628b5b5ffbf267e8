"""The documentation holds together: what it names is there, pages are found, long ones begin with a list."""

import re
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

from stackroom.common.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]

# Where names in the tables of docs/architecture.md begin.
TOPS = ("indexer", "stackroom", "stackroom.reading")

# Longer pages begin with a list of their parts.
LONG = 80
# It is printed as a PDF, too, which has an outline.
PRINTED = ROOT / "docs" / "how-stackroom-works.md"


def prose(page: Path) -> str:
    """The text of a page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """The relative links of a page: the file each leads to, and the anchor there."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if not re.match(r"[a-z]+:", target):
            path, _, anchor = target.partition("#")
            yield (page.parent / path).resolve() if path else page, anchor


def headings(page: Path) -> list[tuple[int, str]]:
    """The level of each heading, and its anchor as GitHub makes it."""
    found = re.findall(r"^(#+) (.+)$", prose(page), flags=re.MULTILINE)
    return [(len(signs), re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")) for signs, text in found]


def test_links_lead_to_files_and_anchors_that_are_there() -> None:
    dead = [
        f"{page.relative_to(ROOT)}: {target.name}#{anchor}"
        for page in PAGES
        for target, anchor in links(page)
        if not target.exists() or (anchor and anchor not in [name for _, name in headings(target)])
    ]
    assert dead == []


def test_the_files_and_commands_that_pages_name_are_there() -> None:
    missing = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        files = re.findall(r"`([\w./-]+/[\w.-]+\.(?:py|sh|toml|csv|md))`", text)
        files += [
            f"{module.replace('.', '/')}.py" for module in re.findall(r"python -m (bench\.[\w.]*\w)", text)
        ]
        folders = (ROOT, ROOT / "src" / "stackroom", ROOT / "indexer", page.parent)
        missing += [(page.name, name) for name in files if not any((one / name).exists() for one in folders)]
    assert missing == []


def test_every_setting_has_its_line() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = [row.split("|")[1] for row in text.splitlines() if row.startswith("| `STACKROOM_")]
    named = re.findall(r"STACKROOM_\w+", " ".join(rows))
    assert sorted(named) == sorted(f"{PREFIX}{field.name.upper()}" for field in fields(Settings))


def test_every_page_is_found_from_the_readme() -> None:
    found, new = set[Path](), {README}
    while new:
        found |= new
        new = {target for page in new for target, _ in links(page) if target in PAGES} - found
    assert set(PAGES) - found == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_long_page_begins_with_a_list_of_its_parts(page: Path) -> None:
    if page in (README, PRINTED) or len(page.read_text(encoding="utf-8").splitlines()) <= LONG:
        return
    parts = [anchor for level, anchor in headings(page) if level == 2]
    assert [anchor for target, anchor in links(page) if target == page and anchor in parts] == parts


def test_the_three_ways_name_what_is_there() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    ways = text.partition("## The three ways through")[2].partition("\n## ")[0]
    steps = "\n".join(line for line in ways.splitlines() if line.startswith("|"))
    named = re.findall(r"`([a-z_]+(?:\.\w+)+)`", steps)
    assert len(named) > 20
    assert [name for name in named if not any(is_there(f"{top}.{name}") for top in TOPS)] == []


def is_there(name: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    module, *inside = name.split(".")
    found: object = import_module(module)
    for part in inside:
        module = f"{module}.{part}"
        if hasattr(found, part):
            found = getattr(found, part)
        elif isinstance(found, ModuleType) and find_spec(module):
            found = import_module(module)
        else:
            return False
    return True
