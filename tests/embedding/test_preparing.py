"""Preparing a model in a process of its own: what it says, how it fails, and when it is tried again."""

import json
import logging
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from bundled import BUNDLED
from stackroom.common.errors import ModelDamaged
from stackroom.common.events import STEPS
from stackroom.embedding.embedder import Preparation
from stackroom.embedding.model_card import ModelCard
from stackroom.embedding.model_files import (
    BUNDLED_DIGEST,
    ModelFiles,
)
from stackroom.embedding.models import Models
from stackroom.embedding.preparing import conversion


def test_why_a_model_cannot_be_prepared_is_told(tmp_path: Path) -> None:
    hapless = (sys.executable, "-c", "import sys; print('It had legs.'); sys.exit('It has none left.')")
    files = ModelFiles("a model", tmp_path, "digest")
    with pytest.raises(ModelDamaged, match=r"'a model' cannot be prepared\. It has none left\."):
        conversion.prepare(files, tmp_path / "models" / "digest", hapless)
    left = sorted(path.name for path in (tmp_path / "models").iterdir())
    assert left == ["digest.failed.json", "digest.lock"]


def _program(folder: Path, then: str) -> tuple[str, ...]:
    """What converts a model no further than `then`, and counts how often it was started."""
    return (sys.executable, "-c", f"import sys; print(file=open({str(folder / 'runs')!r}, 'a')); {then}")


_WRITES_A_CARD = (
    "import os, signal; from dataclasses import replace; from pathlib import Path;"
    "from stackroom.embedding.preparing.failures import versions;"
    "from stackroom.embedding.model_card import BUNDLED_CARD;"
    "card = replace(BUNDLED_CARD, problem='it never ended', versions=versions());"
    "card.write(Path(sys.argv[3]));"
)


def test_a_preparation_is_told_with_its_time_and_size(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, STEPS.name)
    files = ModelFiles("a model", tmp_path, "digest")
    conversion.prepare(files, tmp_path / "digest", _program(tmp_path, _WRITES_A_CARD))
    begun, done = [record.getMessage() for record in caplog.records if record.name == STEPS.name]
    assert begun == "The model a model is being prepared for this processor, once."
    assert re.fullmatch(r"The model is prepared: [\d.]+ s, [\d.]+ (bytes|kB)\.", done)
    conversion.prepare(files, tmp_path / "digest", _program(tmp_path, _WRITES_A_CARD))
    assert _runs(tmp_path) == 1
    assert len(caplog.records) == 2


def _runs(folder: Path) -> int:
    return len((folder / "runs").read_text().splitlines())


def test_what_cannot_be_prepared_is_not_tried_again_at_once(tmp_path: Path) -> None:
    files, home = ModelFiles("a model", tmp_path, "digest"), tmp_path / "models" / "digest"
    hapless = _program(tmp_path, "sys.exit('It has no legs.')")
    for _ in range(3):
        with pytest.raises(ModelDamaged, match=r"It has no legs\."):
            conversion.prepare(files, home, hapless)
    assert _runs(tmp_path) == 1
    note = home.with_suffix(".failed.json")
    with pytest.raises(ModelDamaged, match="It is tried again in 60 min, or once"):
        conversion.prepare(files, home, hapless)
    known = json.loads(note.read_text())
    for changed in ({"versions": "others"}, {"time": known["time"] - 4000}, {"time": known["time"] + 4000}):
        note.write_text(json.dumps(known | changed))
        with pytest.raises(ModelDamaged):
            conversion.prepare(files, home, hapless)
    note.write_text("{")
    with pytest.raises(ModelDamaged):
        conversion.prepare(files, home, hapless)
    assert _runs(tmp_path) == 5


@pytest.mark.skipif(os.name != "posix", reason="no signals end a process here")
def test_a_conversion_that_kills_its_process_leaves_the_model_to_its_own_library(tmp_path: Path) -> None:
    files, home = ModelFiles("a model", tmp_path, "digest"), tmp_path / "models" / "digest"
    killed = _program(tmp_path, _WRITES_A_CARD + "os.kill(os.getpid(), signal.SIGKILL)")
    for _ in range(3):
        assert conversion.prepare(files, home, killed).problem == "it never ended"
    assert _runs(tmp_path) == 1
    assert conversion.prepared(home)
    card = ModelCard.read(home)
    assert card is not None
    replace(card, versions="older ones").write(home)  # newer ones may do better
    assert conversion.prepared(home) is None
    assert conversion.prepare(files, home, killed).problem
    assert _runs(tmp_path) == 2


@pytest.mark.skipif(os.name != "posix", reason="no signals end a process here")
def test_one_that_was_stopped_is_no_failure(tmp_path: Path) -> None:
    files, home = ModelFiles("a model", tmp_path, "digest"), tmp_path / "models" / "digest"
    stopped = _program(tmp_path, _WRITES_A_CARD + "os.kill(os.getpid(), signal.SIGTERM)")
    for _ in range(2):
        with pytest.raises(ModelDamaged):
            conversion.prepare(files, home, stopped)
    assert _runs(tmp_path) == 2
    assert conversion.prepared(home) is None


def test_how_far_a_model_is_is_told_without_waiting(prepared_models: Path, tmp_path: Path) -> None:
    assert Models(prepared_models).preparation(BUNDLED) is Preparation.DONE
    models = Models(tmp_path / "models")
    assert models.preparation(BUNDLED) is Preparation.NEEDED
    assert not (tmp_path / "models").exists()
    (tmp_path / "models").mkdir()
    with FileLock(tmp_path / "models" / f"{BUNDLED_DIGEST[:16]}.lock"):
        assert models.preparation(BUNDLED) is Preparation.UNDER_WAY
    assert models.preparation(BUNDLED) is Preparation.NEEDED
