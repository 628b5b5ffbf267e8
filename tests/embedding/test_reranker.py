"""A reranker's budget of CPU time: what is begun, and what is left as it is."""

import math
from itertools import count

import pytest

from stackroom.common.errors import ModelDamaged
from stackroom.embedding.reranking.reranker import STEP, Costs, Pair, Reranker


class Slow:
    """A `CrossEncoder` and its clock: every token takes the same time. It gives every pair the same score."""

    runtime = "arithmetic"

    def __init__(self, milliseconds_a_token: float, limit: int = 512) -> None:
        self.milliseconds_a_token = milliseconds_a_token
        self.seconds = 0.0
        self.read: list[int] = []
        self._limit = limit

    def pair(self, query: str, passage: str) -> Pair:
        tokens = min(len((query + " " + passage).split()) + 3, self._limit)
        return Pair(min(STEP * math.ceil(tokens / STEP), self._limit), tokens)

    def score(self, pair: Pair) -> float:
        self.seconds += pair.tokens * self.milliseconds_a_token / 1000
        self.read.append(pair.features)
        return 2.0

    def clock(self) -> float:
        return self.seconds


def reranker(encoder: Slow, milliseconds: float) -> Reranker:
    made = Reranker(encoder, milliseconds, encoder.clock)
    made.measure()
    encoder.read.clear()
    return made


def words(number: int) -> str:
    return " ".join(["otter"] * number)


def test_as_many_are_read_as_the_budget_allows() -> None:
    encoder = Slow(0.1)
    made = reranker(encoder, 60)
    begun = encoder.seconds
    reread = made.reread(
        "where?", [words(150)] * 20
    )  # 160 tokens, so 16 ms each, of which 15 % are allowed for
    assert len(reread.scores) == len(encoder.read) == 3
    assert reread.milliseconds == pytest.approx(48) == pytest.approx(1000 * (encoder.seconds - begun))


@pytest.mark.parametrize("milliseconds", [1, 5, 17, 60, 500])
@pytest.mark.parametrize("lengths", [(200, 10, 400, 30), (5, 5, 5), (600,), ()])
def test_the_budget_is_never_passed(milliseconds: float, lengths: tuple[int, ...]) -> None:
    encoder = Slow(0.1)
    reread = reranker(encoder, milliseconds).reread("where?", [words(number) for number in lengths * 8])
    assert reread.milliseconds <= milliseconds


def test_what_is_dear_is_not_begun_nor_anything_after_it() -> None:
    encoder = Slow(0.1)
    reread = reranker(encoder, 30).reread("where?", [words(20), words(400), words(20)])
    assert len(reread.scores) == 1
    assert encoder.read == [24]


def test_what_was_slow_is_believed_at_once_and_forgotten_slowly() -> None:
    encoder = Slow(0.1)
    made = reranker(encoder, 60)
    usual = made.reach(160)
    encoder.milliseconds_a_token = 0.3  # others have the processor
    assert len(made.reread("where?", [words(150)] * 20).scores) == 1
    assert made.reach(160) == 1
    encoder.milliseconds_a_token = 0.1
    reached = [len(made.reread("where?", [words(150)] * 20).scores) for _ in range(12)]
    assert reached == sorted(reached)
    assert reached[-1] == usual


def test_one_bad_measurement_is_put_right() -> None:
    encoder = Slow(1.0)  # while it is loaded
    made = reranker(encoder, 60)
    encoder.milliseconds_a_token = 0.1
    assert made.reread("where?", [words(150)] * 20).scores == ()
    encoder.milliseconds_a_token = 0.1
    short = [len(made.reread("where?", [words(20)] * 20).scores) for _ in range(30)]
    assert short[-1] > 10
    slow = Slow(10.0)  # one that is slow at all times is never begun
    made = reranker(slow, 60)
    assert [made.reread("where?", [words(20)]).scores for _ in range(99)] == [()] * 99


def test_longer_ones_than_any_measured_are_taken_to_cost_more_for_each_token() -> None:
    costs = Costs()
    assert costs.estimate(10) == math.inf
    costs.learn(64, 10.0)
    costs.learn(256, 40.0)
    assert costs.estimate(128) == costs.estimate(256) < costs.estimate(512) / 3
    assert costs.estimate(64) < costs.estimate(65)


def test_measuring_ends_at_the_budget_and_at_the_limit() -> None:
    slow = Slow(10.0)
    assert Reranker(slow, 60, slow.clock).reach(64) == 0
    made = Reranker(slow, 60, slow.clock)
    made.measure()
    assert len(slow.read) == 3  # the shortest, which is over the budget
    assert made.reach(64) == 0
    short = Slow(0.1, limit=40)
    Reranker(short, 60, short.clock).measure()
    assert set(short.read) == {32, 40}


def test_what_the_model_says_is_a_probability() -> None:
    class Saying(Slow):
        says = iter([0.0] * 24 + [-1e9, -1.0, 0.0, 1.0, 1e9])

        def score(self, pair: Pair) -> float:
            return next(self.says)

    encoder = Saying(0.1)
    made = Reranker(encoder, 60, encoder.clock)
    made.measure()
    never, hardly, perhaps, rather, surely = made.reread("where?", [words(10)] * 5).scores
    assert 0 < never < 1e-9 < hardly < perhaps == 0.5 < rather < surely < 1
    assert hardly + rather == pytest.approx(1)


def test_what_is_no_number_is_refused() -> None:
    class Broken(Slow):
        numbers = count()

        def score(self, pair: Pair) -> float:
            return math.nan if next(self.numbers) > 30 else 1.0

    encoder = Broken(0.1)
    made = Reranker(encoder, 60, encoder.clock)
    made.measure()
    with pytest.raises(ModelDamaged, match="nan for a passage"):
        made.reread("where?", [words(10)] * 20)
