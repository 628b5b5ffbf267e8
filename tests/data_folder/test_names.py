"""Names of folders, files and documents: any that the system takes, also if they are not UTF-8."""

import os
from contextlib import closing
from pathlib import Path

import pytest

from commands import stackroom_here
from fakes import OneModel, WordHashEmbedder
from indexer.run.indexer import Indexer
from indexer.store.publisher import Publisher
from make_pdfs import write_pdf
from shelf import Shelf
from stackroom.catalog.catalog import Catalog
from stackroom.common.errors import (
    UnknownDocument,
)
from stackroom.common.settings import Settings


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    path = tmp_path / "50% of #1? & more ü" / "catalog.sqlite3"
    with closing(Publisher(path)) as publisher:
        publisher.add_library(tmp_path)
    with Catalog(path) as catalog:
        assert catalog.rows("SELECT root FROM libraries") == [(str(tmp_path),)]
    assert sorted(folder.name for folder in tmp_path.iterdir()) == [path.parent.name]


def test_names_and_ids_that_are_not_utf8(tmp_path: Path, shelf: Shelf, settings: Settings) -> None:
    strange = tmp_path / os.fsdecode(b"caf\xe9")
    try:
        strange.mkdir()
    except OSError:
        pytest.skip("this file system has only names in UTF-8")
    write_pdf(strange / "a.pdf", ["Otters."])
    commands = ["index", strange], ["watch", strange], ["fetch", "1", "--data", strange]
    for command in (*commands, ["serve", "--host", strange.name]):
        ran = stackroom_here(*command, **({} if "--data" in command else {"STACKROOM_DATA": "data"}))
        assert (ran.returncode, "not valid UTF-8" in ran.stderr) == (2, True), ran
    with Indexer(Settings.read({}, data=tmp_path / "new"), OneModel(WordHashEmbedder())) as indexer:
        summary = indexer.run([tmp_path])
        assert any("not valid UTF-8" in reason for reason in summary.unreadable.values())
    with closing(shelf.reader()) as reader:
        for wrong in ("\udce9", "a\ud800", "\udce9#p=1"):
            with pytest.raises(UnknownDocument):
                reader.fetch(wrong)
            with pytest.raises(UnknownDocument):
                reader.page(wrong, 1)
            reader.search(f"id:{wrong} otters")
    ran = stackroom_here("fetch", "\udce9", "--data", settings.data)
    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1)
