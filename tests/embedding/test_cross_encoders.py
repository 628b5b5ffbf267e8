"""Cross-encoders of several architectures: prepared, held to their own scores and to a budget, refused."""

import itertools
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cross_encoders import ANSWERS, passage, with_prompt, write_random, write_trained
from fakes import OneModel
from sentences import PASSAGES, SENTENCES
from shelf import Shelf
from stackroom.catalog.catalog import Catalog
from stackroom.common.errors import ModelDamaged
from stackroom.embedding.embedder import Preparation
from stackroom.embedding.model_card import ModelCard
from stackroom.embedding.model_files import bundled_folder, find_model
from stackroom.embedding.preparing.failures import versions
from stackroom.embedding.preparing.trial import Choice
from stackroom.embedding.reranking.compiled_pairs import CompiledCrossEncoder
from stackroom.embedding.reranking.cross_encoder import LibraryCrossEncoder, load_cross_encoder
from stackroom.embedding.reranking.pair_conversion import Judge, convert, judged
from stackroom.embedding.reranking.pair_trial import agreement
from stackroom.embedding.reranking.reranker import Reranker
from stackroom.embedding.reranking.rerankers import ChosenReranker
from stackroom.indexes.words import WordIndex
from stackroom.reading.notices import ALL_WEAK
from stackroom.reading.reader import Reader
from zoo import SMALL, byte_pairs, sentencepiece, wordpiece

_BERT_PAIR, _ROBERTA_PAIR = "[CLS] $A [SEP] $B:1 [SEP]:1", "<s> $A </s> </s> $B </s>"
ARCHITECTURES: dict[str, Callable[[Path], Path]] = {
    "Bert": lambda folder: write_random(folder, "Bert", wordpiece(), _BERT_PAIR),
    "XLMRoberta, with a prompt": lambda folder: with_prompt(
        write_random(folder, "XLMRoberta", sentencepiece(), _ROBERTA_PAIR), "They sleep: "
    ),
    "ModernBert": lambda folder: write_random(
        folder, "ModernBert", byte_pairs(), _ROBERTA_PAIR, local_attention=16
    ),
}


def prepare(folder: Path, models: Path, judge: Judge = judged) -> Path:
    """Prepares a model in this process: another one would import torch anew, which takes five seconds."""
    digest = find_model(str(folder)).digest
    home = models / f"reranker-{digest[:16]}"
    home.mkdir(parents=True)
    with warnings.catch_warnings():  # as in that process
        warnings.simplefilter("ignore")
        convert(folder, digest, home, judge)
    return home


@pytest.mark.proved_once
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_random_ones_of_several_architectures(architecture: str, tmp_path: Path) -> None:
    folder = ARCHITECTURES[architecture](tmp_path / "files")
    home = prepare(folder, tmp_path / "models", lambda *_: Choice("fp32", ()))
    # The same scores as sentence-transformers', at all lengths.
    card = ModelCard.read(home)
    assert card is not None
    own = LibraryCrossEncoder(load_cross_encoder(folder))
    compiled = CompiledCrossEncoder(home, card, "fp32")
    texts = ["", *SENTENCES, *(text * 3 for text in PASSAGES)]
    expected, found = (
        np.array([one.score(one.pair(SENTENCES[0], text)) for text in texts]) for one in (own, compiled)
    )
    assert np.std(expected) > 0.01
    np.testing.assert_allclose(found, expected, atol=0.02)
    assert max(compiled.pair(SENTENCES[0], text).tokens for text in texts) == SMALL.limit
    assert card.query_prompt == ("They sleep: " if "prompt" in architecture else "")
    # Within the budget, by the clock of this thread. One in three, because the machine may be busy otherwise.
    reranker = Reranker(compiled, 20.0)
    reranker.measure()
    for number in (1, 20, 500):
        reread = [reranker.reread(text, (texts * 50)[:number]) for text in SENTENCES[:3]]
        assert max(len(one.scores) for one in reread) > number / 50
        assert min(one.milliseconds for one in reread) <= 20.0


def test_one_that_has_learnt_what_words_and_meaning_cannot_see(tmp_path: Path, shelf: Shelf) -> None:
    folder = write_trained(tmp_path / "files")
    chosen = ChosenReranker(str(folder), tmp_path / "models", 60.0)
    assert chosen.preparation() is Preparation.NEEDED
    prepare(folder, tmp_path / "models")
    assert chosen.preparation() is Preparation.DONE
    assert "compiled; " in chosen.runtime()
    right = {}
    for number, (query, word) in enumerate(ANSWERS.items(), 1):
        right[query] = shelf.add(number, passage(word) + "\n", title="Here")
    models = shelf.reader()
    reader = Reader(Catalog(shelf.path), WordIndex(shelf.words), OneModel(shelf.embedder), reranker=chosen)
    before, after = (
        sum(one.search(f"which {query}")[0].document_id == id_ for query, id_ in right.items())
        for one in (models, reader)
    )
    assert (before, after) == (1, 4)
    for query in ANSWERS:
        answer = reader.answer(f"which {query}")
        assert answer.notices in ((), (ALL_WEAK,))
        assert len(answer.hits) == 4  # none is lost
        probabilities = [evidence.reranked or 0.0 for _, evidence in answer.hits]
        assert probabilities[0] > 0.9 > 0.1 > max(probabilities[1:])
    models.close()
    reader.close()


def test_one_that_cannot_be_compiled_is_run_by_its_own_library(tmp_path: Path) -> None:
    folder = ARCHITECTURES["Bert"](tmp_path / "files")
    own = LibraryCrossEncoder(load_cross_encoder(folder))
    long = own.pair("otters " * 100, PASSAGES[0] * 20)
    assert long.tokens == SMALL.limit
    scores = {
        own.score(own.pair(query, text)) for query, text in itertools.product(SENTENCES[:2], PASSAGES[:2])
    }
    assert len(scores) == 4
    chosen = ChosenReranker(str(folder), tmp_path / "models", 10_000.0)
    home = tmp_path / "models" / f"reranker-{find_model(str(folder)).digest[:16]}"
    home.mkdir(parents=True)
    ModelCard("", 1, 64, 64, problem="it wants what is not there", versions=versions()).write(home)
    assert "by sentence-transformers, because it could not be compiled: it wants" in chosen.runtime()
    reranker = chosen.load()
    assert reranker.runtime == own.runtime == "sentence-transformers fp32"
    assert len(set(reranker.reread(SENTENCES[0], PASSAGES[:5]).scores)) == 5


def test_other_kinds_are_refused_by_name(tmp_path: Path) -> None:
    labels = write_random(tmp_path / "labels", "Bert", wordpiece(), _BERT_PAIR, num_labels=3)
    with pytest.raises(ModelDamaged, match=r"into 3 kinds .* STACKROOM_RERANKER to a cross-encoder"):
        load_cross_encoder(labels)
    with pytest.raises(ModelDamaged, match=r"an embedding model: .* no reranker\. Set STACKROOM_RERANKER"):
        load_cross_encoder(bundled_folder())
    (tmp_path / "config_sentence_transformers.json").write_text('{"model_type": "SparseEncoder"}')
    (tmp_path / "modules.json").write_text("[]")
    with pytest.raises(ModelDamaged, match=r"a sparse encoder: .* no reranker"):
        load_cross_encoder(tmp_path)
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "config.json").write_text('{"architectures": ["BertModel"]}')
    with pytest.raises(ModelDamaged, match="is BertModel, which gives no score"):
        load_cross_encoder(plain)
    chosen = ChosenReranker(str(plain), tmp_path / "models", 60.0)
    with pytest.raises(ModelDamaged, match="is BertModel, which gives no score"):
        chosen.load()
    assert "not usable. The model in" in chosen.runtime()


def test_one_that_is_not_there_says_which_setting_names_it(tmp_path: Path) -> None:
    chosen = ChosenReranker("no such/name at all", tmp_path, 60.0)
    assert "not usable. There is no folder" in chosen.runtime()
    assert "STACKROOM_RERANKER" in chosen.runtime()
    # Asking how things stand downloads nothing.
    chosen = ChosenReranker("nobody/has-this-reranker", tmp_path, 60.0)
    assert chosen.preparation() is Preparation.NEEDED
    assert chosen.runtime() == "nobody/has-this-reranker: not downloaded yet"


def test_how_far_scores_agree() -> None:
    own = np.array([1.0, 2.0, 4.0])
    assert agreement(3 * own + 7, own) == pytest.approx(1)
    assert agreement(-own, own) == pytest.approx(-1)
    assert agreement(np.ones(3), np.ones(3)) == 1
    assert np.isnan(agreement(np.array([1.0, np.nan, 2.0]), own))
