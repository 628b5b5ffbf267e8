"""Trains a small reranker on SciFact's training questions, from the bundled model's weights.

    python -m bench.train_reranker COLLECTION DATA TARGET

COLLECTION holds corpus.jsonl, queries.jsonl and qrels.train.tsv; DATA is an index of it, as `stackroom eval
COLLECTION --qrels COLLECTION/qrels.train.tsv --keep DATA` leaves it; TARGET, a folder for STACKROOM_RERANKER.
Takes some 13 CPU-minutes in one thread: run it with `nice`.

Each question is learnt with a passage of a relevant document and with others that the product itself found
for it (hard) or for other questions (easy). A quarter of the questions is left out, to choose by.
"""

import argparse
import random
import time
import zlib
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import torch
from sentence_transformers import CrossEncoder

from stackroom.catalog.catalog import Catalog
from stackroom.cli.evaluation.sets import EvaluationSet, Query, read_set
from stackroom.common.settings import Settings
from stackroom.embedding.embedder import Preparation
from stackroom.embedding.model_files import bundled_folder
from stackroom.embedding.models import Models
from stackroom.embedding.reranking.reranker import Pair, Reranker
from stackroom.indexes.words import WordIndex
from stackroom.reading.reader import Reader

# Of the bundled model's six layers, so that a passage costs half.
LAYERS = 3
# Tokens of a question and a passage: while it learns, and when it is used.
TOKENS_LEARNT, TOKENS = 128, 160
# Questions at a time, and times of that.
QUESTIONS, STEPS = 8, 320
# Wrong passages of a question: (hard, easy) in the first quarter of the steps, then after it.
WRONG = ((1, 3), (3, 1))
RATE = 2e-4
# A right passage counts twice in the second loss, because there are fewer.
RIGHT = 2.0


class Example(NamedTuple):
    """A question, the passage that answers it, and others that the product found for it."""

    question: str
    right: str
    wrong: tuple[str, ...]


def main() -> None:
    """Trains, and saves the model."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.train_reranker",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("collection", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    asked = read_set(arguments.collection, qrels=arguments.collection / "qrels.train.tsv")
    examples = read_examples(asked, arguments.data)
    print(f"{len(examples)} examples", flush=True)
    model = train(examples)
    model.save_pretrained(str(arguments.target))


def left_out(question: Query) -> bool:
    """Whether a question is not learnt, but kept to choose by: a quarter of them, always the same."""
    return zlib.crc32(question.text.encode()) // 2 % 4 == 0


class Recorder:
    """A reranker that notes which passages it is asked to read; and its own `RerankerSource`."""

    runtime = "none"

    def __init__(self) -> None:
        self.passages: list[str] = []

    def preparation(self) -> Preparation:
        return Preparation.DONE

    def load(self) -> Reranker:
        reranker = Reranker(self, 1e9)
        reranker.measure()
        return reranker

    def pair(self, query: str, passage: str) -> Pair:
        return Pair(1, passage)

    def score(self, pair: Pair) -> float:
        self.passages.append(pair.features)
        return 0.0


def read_examples(asked: EvaluationSet, data: Path) -> list[Example]:
    """What is learnt: for each question and relevant document that the product finds, an example."""
    settings = Settings.read(data=data.resolve())
    models = Models(settings.models, settings.precision, queries=True)
    recorder, examples = Recorder(), []
    with (
        Catalog(settings.catalog) as catalog,
        closing(
            Reader(Catalog(settings.catalog), WordIndex(settings.words), models, reranker=recorder)
        ) as reader,
    ):
        names = {id_: path for path, id_ in catalog.holdings(asked.root).items()}
        reader.warm()
        reader.warm_reranker()
        for question in asked.queries:
            if left_out(question):
                continue
            recorder.passages.clear()
            ranked = reader.rankings(question.text)["fused"]
            # Each document has one page, of which the best passage is read: in the order of the documents.
            documents = dict.fromkeys(names[one.document_id] for one in ranked)
            read = list(zip(documents, recorder.passages, strict=False))
            wrong = tuple(text for name, text in read if question.relevant.get(name, 0) <= 0)
            rights = [text for name, text in read if question.relevant.get(name, 0) > 0]
            examples += [Example(question.text, right, wrong) for right in rights]
    return examples


def train(examples: Sequence[Example]) -> CrossEncoder:
    """A cross-encoder that has learnt the examples; the same each time, on the same machine."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    chance = random.Random(0)
    model = _untrained()
    learnt = [one for one in model.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(learnt, lr=RATE, weight_decay=0.01)
    # Up in a tenth of the steps, then down to nothing.
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / (STEPS * 0.1), max(0.0, (STEPS - step) / (STEPS * 0.9)))
    )
    others = [text for example in examples for text in example.wrong]
    waiting: list[Example] = []
    begun = time.process_time()
    for step in range(1, STEPS + 1):
        hard, easy = WRONG[0 if step < STEPS // 4 else 1]
        pairs = []
        for _ in range(QUESTIONS):
            if not waiting:
                waiting = list(examples)
                chance.shuffle(waiting)
            one = waiting.pop()
            some = chance.sample(one.wrong, min(hard, len(one.wrong)))
            some += [chance.choice(others) for _ in range(hard + easy - len(some))]
            pairs += [(one.question, text) for text in (one.right, *some)]
        loss = _loss(model, pairs, 1 + hard + easy)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(learnt, 1.0)
        optimizer.step()
        rate.step()
        optimizer.zero_grad()
        if step % 20 == 0:
            print(f"step {step}: loss {loss.item():.3f}, {time.process_time() - begun:.0f} CPU-s", flush=True)
    model.eval()
    return model


def _untrained() -> CrossEncoder:
    model: CrossEncoder = CrossEncoder(
        str(bundled_folder()), num_labels=1, device="cpu", local_files_only=True, max_length=TOKENS
    )
    bert: Any = model.model
    bert.bert.encoder.layer = bert.bert.encoder.layer[:LAYERS]
    bert.config.num_hidden_layers = LAYERS
    with torch.no_grad():  # the bundled model has never seen a second text
        bert.bert.embeddings.token_type_embeddings.weight[1] += 0.02 * torch.randn(bert.config.hidden_size)
    # Most of the weights; they know the words already.
    bert.bert.embeddings.word_embeddings.weight.requires_grad = False
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    model.train()
    return model


def _loss(model: CrossEncoder, pairs: Sequence[tuple[str, str]], width: int) -> torch.Tensor:
    """Of each `width` pairs the first is right: it is to be first, and probable; the others are not."""
    questions, passages = zip(*pairs, strict=True)
    batch = model.tokenizer(
        list(questions),
        list(passages),
        padding=True,
        truncation=True,
        max_length=TOKENS_LEARNT,
        return_tensors="pt",
    )
    transformer: Any = model.model
    scores = transformer(**batch).logits.reshape(-1, width)
    truth = torch.zeros_like(scores)
    truth[:, 0] = 1
    first = -torch.log_softmax(scores, 1)[:, 0].mean()
    weight = torch.tensor(RIGHT)
    probable = torch.nn.functional.binary_cross_entropy_with_logits(scores, truth, pos_weight=weight)
    return first + probable


if __name__ == "__main__":
    main()
