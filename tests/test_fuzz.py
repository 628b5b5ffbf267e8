"""Some seconds of what `make fuzz` does for minutes."""

import random

from fuzz_pdfs import mutate
from fuzz_queries import fuzz


def test_any_query_and_any_page_are_survived() -> None:
    assert fuzz(1) > 0


def test_damage_is_repeatable_and_damages() -> None:
    data = bytes(range(256)) * 9
    fuzzed = [mutate(data, [data], random.Random(seed)) for seed in range(50)]
    assert fuzzed == [mutate(data, [data], random.Random(seed)) for seed in range(50)]
    assert sum(each != data for each in fuzzed) > 45
