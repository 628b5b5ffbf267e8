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
        places = (FOLDER, FOLDER.parent, FOLDER.parents[1])
        path = next(path for place in places if (path := place / f"test_{file}.py").exists())
        assert f"def test_{name}(" in path.read_text(encoding="utf-8")
    assert len(named) > 30
