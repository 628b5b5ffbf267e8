"""What this machine's processor computes fast."""

from functools import cache
from pathlib import Path
from typing import Literal

Precision = Literal["bf16", "int8", "fp32"]


def best_precision(*, queries: bool) -> Precision:
    """The precision that costs least here at a quality that is as good.

    Args:
        queries: of single short texts. Reading the weights is most of that work, and int8 ones are the
            smallest. For passages arithmetic counts, and bf16 beats int8 where the processor has it
            (docs/benchmarks.md has the figures).
    """
    features = _features()
    vnni = features & {"avx_vnni", "avx512_vnni"}
    bf16 = features & {"amx_bf16", "avx512_bf16"}
    if bf16 and not queries:
        return "bf16"
    return "int8" if vnni else "fp32"


@cache
def _features() -> frozenset[str]:
    # Only Linux tells in a file. Elsewhere fp32 is always right, and STACKROOM_PRECISION can say better.
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return frozenset()
    line = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return frozenset(line.partition(":")[2].split())
