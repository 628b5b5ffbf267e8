"""The precision that a model is run in is a setting, and is told."""

from pathlib import Path

import pytest

from bundled import BUNDLED
from stackroom.common.errors import SettingsError
from stackroom.common.settings import Settings
from stackroom.embedding.model_files import (
    BUNDLED_DIGEST,
)
from stackroom.embedding.models import Models
from stackroom.embedding.processor import _precisions, best_precision


def test_what_runs_a_model_is_told(prepared_models: Path, tmp_path: Path) -> None:
    assert Models(tmp_path).runtime(BUNDLED_DIGEST) == "not compiled yet"
    models = Models(prepared_models, "fp32")
    assert models.runtime(BUNDLED_DIGEST) == "compiled; fp32 on this processor"
    for queries in (True, False):
        models = Models(prepared_models, queries=queries)
        best = best_precision(queries=queries)
        assert models.runtime(BUNDLED_DIGEST) == f"compiled; {best} on this processor"
        assert models.load(BUNDLED).runtime == f"OpenVINO {best}"


@pytest.mark.parametrize(
    ("features", "passages", "queries"),
    [
        ("avx2", "fp32", "fp32"),
        ("avx2 avx_vnni", "int8 fp32", "int8 fp32"),
        ("avx512_vnni", "int8 fp32", "int8 fp32"),
        ("avx512_vnni avx512_bf16", "int8 bf16 fp32", "int8 bf16 fp32"),
        ("avx512_vnni avx512_bf16 amx_bf16 amx_int8", "bf16 int8 fp32", "int8 bf16 fp32"),
    ],
)
def test_processors_have_their_fastest_precision_first(features: str, passages: str, queries: str) -> None:
    for order, of_queries in ((passages, False), (queries, True)):
        assert _precisions(set(features.split()), queries=of_queries) == tuple(order.split())


@pytest.mark.parametrize("value", ["fp16", "FP32", "float32", "8", "bf16,int8"])
def test_another_precision_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="STACKROOM_PRECISION must be bf16, int8 or fp32"):
        Settings.read({"STACKROOM_PRECISION": value})


@pytest.mark.parametrize("value", ["", "bf16", "int8", "fp32"])
def test_a_precision_is_taken(value: str) -> None:
    assert Settings.read({"STACKROOM_PRECISION": value}).precision == value
