"""docs/security.md names a test for each threat: they are there."""

import re
from pathlib import Path

FOLDER = Path(__file__).parent


def test_the_tests_that_the_document_names_exist() -> None:
    document = (FOLDER.parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
    named = re.findall(r"`(\w+|…): (\w+)`", document)
    file = ""
    for said, name in named:
        file = file if said == "…" else said
        path = FOLDER / f"test_{file}.py"
        path = path if path.exists() else FOLDER.parent / path.name
        assert f"def test_{name}(" in path.read_text(encoding="utf-8")
    assert len(named) > 30
