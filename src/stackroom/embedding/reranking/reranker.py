"""What the rest of Stackroom knows of a reranker: two protocols; and how its work is kept within a budget."""

import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from stackroom.common.errors import ModelDamaged
from stackroom.embedding.embedder import Preparation

STEP = 32
"""Costs are known for lengths in steps of so many tokens, and pairs are filled up to one: each new length
costs the runtime half as much again as one that it has seen."""

# Lengths are measured up to this one when a model is loaded. A passage has up to 190 tokens, its title and
# a question some 50.
_MEASURED_TOKENS = 256

# The same pair takes now more, now less: so much more than it last took is allowed for.
_MARGIN = 1.15

# A cost that was high once, because others had the processor, falls by this share of the difference later.
_FALL = 0.1


class Pair(NamedTuple):
    """A query and a passage as a model reads them together.

    Attributes:
        tokens: how many the model computes.
        features: what it takes; known to the model alone.
    """

    tokens: int
    features: Any


class CrossEncoder(Protocol):
    """A model that reads a query and a passage together. One thread at a time may use it."""

    @property
    def runtime(self) -> str:
        """What runs the model, and in which precision, for people: "OpenVINO int8"."""
        ...

    def pair(self, query: str, passage: str) -> Pair:
        """The tokens of both. What is over the model's limit is cut."""
        ...

    def score(self, pair: Pair) -> float:
        """How well the passage answers the query, as the model's last layer says it: any number, the higher
        the better; 0 is in doubt.

        Works in the thread that calls it, so that its CPU time is that thread's.
        """
        ...


class Reread(NamedTuple):
    """What a reranker says about the first passages of a list.

    Attributes:
        scores: of as many passages as the budget allowed, in their order: how probable it is that they answer
            the query, 0 to 1.
        milliseconds: CPU time that it took.
    """

    scores: tuple[float, ...]
    milliseconds: float


NOTHING_READ = Reread((), 0.0)
"""Where there is no reranker."""


class Costs:
    """How many CPU-milliseconds a pair of so many tokens takes, from what was measured."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._high: dict[int, float] = {}  # by length in steps: what to reckon with
        self._least: dict[int, float] = {}  # by the same: the least that was ever measured

    def learn(self, tokens: int, milliseconds: float) -> None:
        """Takes note of what a pair of `tokens` tokens took. What is dear is believed at once."""
        step = _steps(tokens)
        high = self._high.get(step, milliseconds)
        self._high[step] = max(milliseconds, high + _FALL * (milliseconds - high))
        self._least[step] = min(milliseconds, self._least.get(step, milliseconds))

    def estimate(self, tokens: int) -> float:
        """CPU-milliseconds that a pair of `tokens` tokens will hardly exceed; infinite if nothing is known.

        Longer pairs than any measured cost more for each token the longer they are: attention compares all of
        them with each other.
        """
        step = _steps(tokens)
        known = self._known(step)
        if known is None:
            return math.inf
        return _MARGIN * self._high[known] * max(1.0, step / known) ** 2

    def doubt(self, tokens: int) -> None:
        """Reckons with less for a pair that was found too dear, down to the least that was ever measured.

        Else one bad measurement, by which nothing fits any more, would never be put right.
        """
        known = self._known(_steps(tokens))
        if known is not None:
            self._high[known] += _FALL * (self._least[known] - self._high[known])

    def _known(self, step: int) -> int | None:
        """The next longer length that was measured; the longest if there is none."""
        return min((one for one in self._high if one >= step), default=max(self._high, default=None))


def _steps(tokens: int) -> int:
    return max(1, math.ceil(tokens / STEP))


class Reranker:
    """Has a cross-encoder read passages within a budget of CPU time. Several threads may use it."""

    def __init__(
        self, encoder: CrossEncoder, milliseconds: float, clock: Callable[[], float] = time.thread_time
    ) -> None:
        """Measures nothing yet; before `measure` was called, nothing fits the budget.

        Args:
            encoder: the model.
            milliseconds: CPU time that the passages of one query may take.
            clock: seconds of CPU time of the thread that calls it.
        """
        self._encoder = encoder
        self._milliseconds = milliseconds
        self._clock = clock
        self._costs = Costs()
        self._turn = threading.Lock()

    @property
    def runtime(self) -> str:
        """See `CrossEncoder`."""
        return self._encoder.runtime

    def measure(self) -> None:
        """Finds out what pairs cost, from short ones to long ones; stops at what is far over the budget."""
        by_length: dict[int, Pair] = {}
        with self._turn:
            for words in range(0, _MEASURED_TOKENS, STEP // 8):
                pair = self._encoder.pair("otter", " on" * words)
                by_length[_steps(pair.tokens)] = pair
            for pair in by_length.values():
                self._score(pair, learn=False)  # the first of a length takes longer than any later one
                self._score(pair)
                self._score(pair)
                if self._costs.estimate(pair.tokens) > 2 * self._milliseconds:
                    return

    def reach(self, tokens: int) -> int:
        """How many passages that come to `tokens` tokens with their query fit the budget."""
        return int(self._milliseconds / self._costs.estimate(tokens))

    def reread(self, query: str, passages: Sequence[str]) -> Reread:
        """Scores the first passages, as many as the budget allows.

        One whose cost would exceed what is left of it is not begun, nor any after it.

        Raises:
            ModelDamaged: the model gives no number.
        """
        scores: list[float] = []
        with self._turn:
            begun = self._clock()
            spent = 0.0
            for passage in passages:
                pair = self._encoder.pair(query, passage)
                spent = 1000 * (self._clock() - begun)
                if spent + self._costs.estimate(pair.tokens) > self._milliseconds:
                    self._costs.doubt(pair.tokens)
                    break
                scores.append(self._score(pair))
                spent = 1000 * (self._clock() - begun)
        return Reread(tuple(scores), spent)

    def _score(self, pair: Pair, *, learn: bool = True) -> float:
        before = self._clock()
        score = self._encoder.score(pair)
        if learn:
            self._costs.learn(pair.tokens, 1000 * (self._clock() - before))
        if not math.isfinite(score):
            raise ModelDamaged(
                f"The reranker gives {score} for a passage, which is no score. Choose another one with "
                "STACKROOM_RERANKER, or unset it."
            )
        # Rerankers are trained so that this is a probability. What is beyond 30 is as sure as can be.
        return 1 / (1 + math.exp(-max(-30.0, min(score, 30.0))))


class RerankerSource(Protocol):
    """Where the chosen reranker comes from. Both methods raise ModelError if it can't be had."""

    def preparation(self) -> Preparation:
        """Whether it is prepared, so that `load` is fast. Cheap once it has been found, and never waits."""
        ...

    def load(self) -> Reranker:
        """The reranker, ready to run and measured. Prepares it first if that has not been done."""
        ...
