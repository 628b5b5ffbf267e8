"""Data folders share prepared models, and each has its own."""

import os
from pathlib import Path

import pytest

from stackroom.embedding.embedder import Preparation
from stackroom.embedding.model_files import BUNDLED_DIGEST
from stackroom.embedding.models import Models
from stackroom.embedding.preparing.sharing import home_of, link

NAME = BUNDLED_DIGEST[:16]


def files(folder: Path) -> dict[str, int]:
    """The files of a folder with their numbers, which hard links share."""
    found = (Path(place, name) for place, _, names in os.walk(folder) for name in names)
    return {str(file.relative_to(folder)): file.stat().st_ino for file in found}


def test_a_model_that_is_prepared_is_taken_by_links(prepared_models: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    link(prepared_models / NAME, shared / NAME)
    models = Models(tmp_path / "data" / "models", shared=shared)
    fingerprint = models.tokenizer("").fingerprint
    assert models.preparation(fingerprint) is Preparation.DONE
    assert models.load(fingerprint).embed_queries(["otters"]).shape == (1, 384)
    there, taken = files(shared / NAME), files(tmp_path / "data" / "models" / NAME)
    assert there.items() & taken.items() >= {(name, there[name]) for name in there if name.endswith(".bin")}
    assert any(name.endswith(".bin") for name in taken)


def test_what_the_shared_folder_lacks_is_needed(tmp_path: Path) -> None:
    models = Models(tmp_path / "models", shared=tmp_path / "shared")
    assert models.preparation(models.tokenizer("").fingerprint) is Preparation.NEEDED


def test_a_link_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "made" / "inner").mkdir(parents=True)
    (tmp_path / "made" / "inner" / "a").write_text("new")
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "left").write_text("old")
    link(tmp_path / "made", tmp_path / "there")
    assert files(tmp_path / "there") == files(tmp_path / "made")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made", "there"]


def test_a_folder_that_is_only_read_uses_what_is_shared(tmp_path: Path) -> None:
    barred = tmp_path / "file"  # below a file nobody can make a folder, not even root
    barred.touch()
    shared = tmp_path / "shared"
    assert home_of(barred / "models", shared, "m") == shared / "m"
    assert home_of(barred / "models", None, "m") == barred / "models" / "m"
    assert home_of(tmp_path / "models", shared, "m") == tmp_path / "models" / "m"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_of_its_own_stays_in_use_when_it_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "models" / "m").mkdir(parents=True)
    (tmp_path / "models").chmod(0o500)
    assert home_of(tmp_path / "models", tmp_path / "shared", "m") == tmp_path / "models" / "m"
