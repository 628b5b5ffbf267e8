"""Which precision this machine's processor computes fast."""

from functools import cache
from pathlib import Path
from typing import Literal

Precision = Literal["bf16", "int8", "fp32"]


def best_precision(*, queries: bool) -> Precision:
    """The fastest precision on this processor that finds as well as fp32.

    Args:
        queries: whether single short texts are embedded. Then most of the work is reading the weights, and
            those of int8 are the smallest. For passages arithmetic counts, and bf16 is faster than int8 where
            the processor has it (docs/benchmarks.md has the numbers).
    """
    features = _features()
    vnni = features & {"avx_vnni", "avx512_vnni"}
    bf16 = features & {"amx_bf16", "avx512_bf16"}
    if bf16 and not queries:
        return "bf16"
    return "int8" if vnni else "fp32"


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
