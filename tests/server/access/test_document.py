"""docs/security.md names a test for each threat: they are there."""

import re

from places import ROOT, TESTS


def test_the_tests_that_the_document_names_exist() -> None:
    document = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = re.findall(r"`(\w+|…): (\w+)`", document)
    file = ""
    for said, name in named:
        file = file if said == "…" else said
        found = [path.read_text(encoding="utf-8") for path in TESTS.rglob(f"test_{file}.py")]
        assert any(f"def test_{name}(" in text for text in found), (file, name)
    assert len(named) > 30
