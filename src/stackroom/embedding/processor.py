"""Which precisions this machine's processor computes fast."""

import platform
from collections.abc import Set
from functools import cache
from pathlib import Path
from typing import Literal

Precision = Literal["bf16", "int8", "fp32"]


def precisions(*, queries: bool) -> tuple[Precision, ...]:
    """The precisions that are worth while on this processor, the fastest first. fp32 always works.

    Args:
        queries: whether single short texts are embedded.
    """
    return _precisions(_features(), queries=queries)


def _precisions(features: Set[str], *, queries: bool) -> tuple[Precision, ...]:
    # For a query most of the work is reading the weights, and those of int8 are the smallest. For passages
    # arithmetic counts: with AMX bf16 is fastest; without, an instruction for int8 multiplies twice as many
    # numbers as one for bf16 (docs/benchmarks.md, "Against the plain stack", has what comes of it).
    found: list[Precision] = ["fp32"]
    if features & {"amx_bf16", "avx512_bf16"}:
        found.insert(0, "bf16")
    if features & {"avx_vnni", "avx512_vnni"}:
        found.insert(1 if "amx_bf16" in features and not queries else 0, "int8")
    return tuple(found)


def best_precision(*, queries: bool) -> Precision:
    """The fastest precision on this processor that finds as well as fp32."""
    return precisions(queries=queries)[0]


@cache
def processor() -> str:
    """What tells this processor from others that may compute otherwise."""
    return " ".join([platform.machine(), *sorted(_features())])


@cache
def _features() -> frozenset[str]:
    # Only Linux says it in a file. Elsewhere fp32 always works, and STACKROOM_PRECISION can choose a faster
    # one.
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return frozenset()
    line = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return frozenset(line.partition(":")[2].split())
