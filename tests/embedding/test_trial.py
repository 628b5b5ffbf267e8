"""A runtime that dies, is late or computes nonsense is found out in a process of its own, and passed over."""

import json
import os
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from bundled import BUNDLED
from stackroom.embedding.model_card import BUNDLED_CARD, TOKENIZER
from stackroom.embedding.model_files import BUNDLED_DIGEST, bundled_folder
from stackroom.embedding.models import Models
from stackroom.embedding.preparing.trial import (
    SAMPLES,
    TRIALS,
    choose,
    known_choice,
    least_cosine,
    write_samples,
)
from stackroom.embedding.processor import Precision
from stackroom.embedding.running.static import TABLE

ALL: tuple[Precision, ...] = ("bf16", "int8", "fp32")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="no signals end a process here")


def _program(folder: Path, **answers: str) -> tuple[str, ...]:
    """A stand-in for a trial: for each precision a statement, and a line in a file for each start."""
    count = f"print(sys.argv[2], file=open({str(folder / 'runs')!r}, 'a'))"
    return (sys.executable, "-c", f"import os, signal, sys; {count}; exec({answers!r}[sys.argv[2]])")


_DIES = "os.kill(os.getpid(), signal.SIGKILL)"


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (_DIES, r"ends the process that runs it \(SIGKILL\)"),
        ("sys.exit('no memory')", r"ends the process that runs it \(code 1: no memory\)"),
        ("print('NaN')", r"no numbers \(NaN\)"),
        ("print(.9)", r"not the model's own \(cosine 0\.9000\)"),
        ("print('otters')", "did not say"),
    ],
)
def test_what_fails_is_passed_over_and_told(tmp_path: Path, statement: str, said: str) -> None:
    program = _program(tmp_path, bf16=statement, int8="print(.99)", fp32="print(1.0)")
    choice = choose(tmp_path, ALL, program)
    assert choice.precision == "int8"
    (problem,) = choice.problems
    assert re.search(f"in bf16 it .*{said}", problem)
    assert known_choice(tmp_path, ALL) == choice
    assert choose(tmp_path, ALL, program) == choice  # and neither is tried again
    assert (tmp_path / "runs").read_text().split() == ["bf16", "int8"]


def test_if_nothing_passes_there_is_no_precision(tmp_path: Path) -> None:
    program = _program(tmp_path, bf16=_DIES, int8="print(.98)", fp32="print(.998)")
    choice = choose(tmp_path, ALL, program)
    assert choice.precision is None
    assert len(choice.problems) == 3


def test_a_trial_that_somebody_stopped_says_nothing(tmp_path: Path) -> None:
    program = _program(tmp_path, fp32="os.kill(os.getpid(), signal.SIGTERM)")
    for _ in range(2):
        assert choose(tmp_path, ["fp32"], program).precision is None
    assert not (tmp_path / TRIALS).exists()
    assert (tmp_path / "runs").read_text().split() == ["fp32", "fp32"]


def test_with_other_versions_or_on_another_processor_it_is_tried_again(tmp_path: Path) -> None:
    program = _program(tmp_path, bf16=_DIES, fp32="print(1)")
    assert choose(tmp_path, ["bf16", "fp32"], program).precision == "fp32"
    trials = json.loads((tmp_path / TRIALS).read_text())
    (tmp_path / TRIALS).write_text(json.dumps({"others": next(iter(trials.values()))}))
    assert known_choice(tmp_path, ["bf16", "fp32"]).precision == "bf16"  # hoped
    assert choose(tmp_path, ["fp32"], program).precision == "fp32"
    assert set(json.loads((tmp_path / TRIALS).read_text())) == {"others", *trials}
    (tmp_path / TRIALS).write_text("{")
    assert choose(tmp_path, ["bf16", "fp32"], program).precision == "fp32"
    assert (tmp_path / "runs").read_text().split() == ["bf16", "fp32", "fp32", "bf16", "fp32"]


def test_a_model_goes_on_in_the_next_precision(prepared_models: Path, tmp_path: Path) -> None:
    home = tmp_path / BUNDLED_DIGEST[:16]
    shutil.copytree(prepared_models / home.name, home, copy_function=os.link)
    (home / TRIALS).unlink()
    choose(home, ALL, _program(tmp_path, bf16=_DIES, int8=_DIES, fp32="print(1)"))
    for models in (Models(tmp_path), Models(tmp_path, "int8"), Models(tmp_path, queries=True)):
        assert models.load(BUNDLED).runtime == "OpenVINO fp32"
    told = Models(tmp_path, "int8").runtime(BUNDLED_DIGEST)
    assert told.startswith("compiled; fp32 on this processor, because in int8 it ends the process")


@pytest.mark.proved_once
def test_without_any_it_is_run_by_its_own_library(prepared_models: Path, tmp_path: Path) -> None:
    home = tmp_path / BUNDLED_DIGEST[:16]
    shutil.copytree(prepared_models / home.name, home, copy_function=os.link)
    (home / TRIALS).unlink()
    choose(home, ALL, _program(tmp_path, bf16=_DIES, int8=_DIES, fp32="print('NaN')"))
    models = Models(tmp_path)
    assert models.load(BUNDLED).runtime == "sentence-transformers fp32"
    told = models.runtime(BUNDLED_DIGEST)
    assert told.startswith("run by sentence-transformers, because OpenVINO can't run it: in ")
    assert "in fp32 it gives vectors that are no numbers (NaN)" in told


def test_the_trial_itself_tells_own_vectors_from_others(tmp_path: Path) -> None:
    shutil.copy(bundled_folder() / TOKENIZER, tmp_path)
    BUNDLED_CARD.write(tmp_path)
    table = np.random.default_rng(1).standard_normal((30522, 8)).astype(np.float32)
    np.save(tmp_path / TABLE, table)
    own = table[7592 : 7592 + 1]  # of "hello"
    own = own / np.linalg.norm(own)
    write_samples(tmp_path, ["hello", "hello hello"], np.concatenate([own, own]))
    assert least_cosine(tmp_path, "fp32") > 0.9999
    assert choose(tmp_path, ALL).precision == "fp32"  # the real program
    write_samples(tmp_path, ["hello", "hello hello"], np.concatenate([own, -own]))
    assert least_cosine(tmp_path, "fp32") < -0.9999
    assert (tmp_path / SAMPLES).exists()
