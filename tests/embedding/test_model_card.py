"""The card of a prepared model, which says what it is without loading it."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from stackroom.embedding.model_card import BUNDLED_CARD, CARD, ModelCard
from stackroom.embedding.models import Models


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"digest": "x", "inputs": []}', '{"inputs": 1}'])
def test_a_card_that_can_t_be_read_is_none(tmp_path: Path, content: str) -> None:
    assert ModelCard.read(tmp_path) is None
    (tmp_path / CARD).write_text(content)
    assert ModelCard.read(tmp_path) is None
    assert Models(tmp_path.parent).runtime(tmp_path.name) == "not compiled yet"


def test_a_card_is_read_as_it_was_written(tmp_path: Path) -> None:
    card = replace(BUNDLED_CARD, inputs=("input_ids", "attention_mask"), problem="ein Problem: ß 文")
    card.write(tmp_path)
    assert ModelCard.read(tmp_path) == card
    (tmp_path / CARD).write_text(json.dumps({**asdict(card), "of_a_later_version": 1}))
    assert ModelCard.read(tmp_path) is None
    of_an_earlier_version = asdict(card)
    del of_an_earlier_version["warning"]
    (tmp_path / CARD).write_text(json.dumps(of_an_earlier_version))
    assert ModelCard.read(tmp_path) is None
