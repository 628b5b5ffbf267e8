"""Fusing two rankings; pure functions."""

from collections.abc import Sequence

# Of reciprocal rank fusion: how slowly a rank's worth falls. 60 is what its authors found best, over many
# collections (Cormack, Clarke and Büttcher, SIGIR 2009).
_K = 60


def fuse(rankings: Sequence[Sequence[int]], after: int = 0) -> list[tuple[int, float]]:
    """Several rankings of the same kind of things as one, by reciprocal rank.

    Args:
        rankings: each with the best first.
        after: how many ranks go before the first, for rankings that continue earlier ones.

    Returns:
        Pairs (thing, score), the best first, equal ones by the thing. A score is between 0 and 1, which is
        to be first in every ranking. What a ranking lacks comes just after its last: not to be among the
        three passages that have a rare word says less than not to be among sixty.
    """
    scores = dict.fromkeys((thing for ranking in rankings for thing in ranking), 0.0)
    for ranking in rankings:
        ranks = {thing: rank for rank, thing in enumerate(ranking, after + 1)}
        for thing in scores:
            rank = ranks.get(thing, after + len(ranking) + 1)
            scores[thing] += (_K + 1) / (_K + rank) / len(rankings)
    # Rounded, because sums of the same numbers in another order may differ in the last digit.
    return sorted(scores.items(), key=lambda pair: (-round(pair[1], 12), pair[0]))
