"""Indexing into a database gives what indexing into files gives."""

from dataclasses import replace
from pathlib import Path

from everything import change_some, its_ocr, write_everything
from fakes import OneModel, WordHashEmbedder
from index_content import content
from indexer.run.indexer import Indexer
from indexer.upkeep.check import check
from indexer.upkeep.moving.move import complete, to_folder
from stackroom.common.settings import Settings

AWAY = "postgresql://127.0.0.1:1/nothing"


def test_everything_is_the_same(store_url: str, settings: Settings, tmp_path: Path) -> None:
    folder = write_everything(tmp_path / "papers")
    ocr = its_ocr(tmp_path / "ocr")
    # A replica may lag behind what the indexer commits, so it asks none.
    there = Settings.read({}, data=tmp_path / "beside", store=store_url, store_replica=AWAY)
    back = Settings.read({}, data=tmp_path / "back")
    for step in range(3):
        if step == 1:
            change_some(folder)
        found = []
        for each in (settings, there):
            with Indexer(each, OneModel(WordHashEmbedder()), ocr) as indexer:
                found.append(replace(indexer.run([folder], retry_failed=step == 2), seconds=0.0))
        assert found[0] == found[1]
    there = replace(there, store_replica="")
    assert check(there).damages == []
    to_folder(store_url, back)
    complete(back)
    assert content(back.data) == content(settings.data)
