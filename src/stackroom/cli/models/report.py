"""The list of models, as a table for people and as JSON."""

import json
import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby

from stackroom.cli.models.present import Present
from stackroom.cli.models.recommended import Recommended
from stackroom.cli.terminal import aligned, printable

_WIDTH = 108

_HERE = """\
*: the model of your library. Dimensions: of a vector. Tokens: most that it reads of a text. CPU-ms: CPU time
of a passage of 190 tokens on this processor; `stackroom models try NAME FOLDER` prepares and measures others.

Recommended, from the hub (`models try` and `index --reembed` download them):"""


def list_as_json(here: Sequence[Present], others: Sequence[Recommended], source: str) -> str:
    """One JSON object."""
    content = {
        "here": [asdict(model) for model in here],
        "recommended": [asdict(model) for model in others],
        "source": source,
    }
    return json.dumps(content, ensure_ascii=False)


def list_as_table(here: Sequence[Present], others: Sequence[Recommended], source: str) -> str:
    """Lines of text. `source` says where the figures of `others` are from."""
    usable = [model for model in here if model.digest]
    rows = [("", "", "dimensions", "tokens", "CPU-ms", "licence", "")]
    rows += [
        (
            "*" if model.is_used else "",
            printable(model.name),
            str(model.dimensions or ""),
            str(model.most_tokens or ""),
            f"{model.cpu_ms:.1f}" if model.cpu_ms else "",
            model.licence,
            printable(model.runtime),
        )
        for model in usable
    ]
    lines = ["On this machine:", *aligned(rows)]
    lines += [f"  {printable(model.name)}: {printable(model.runtime)}" for model in here if not model.digest]
    lines += ["", _HERE]
    rows = [("", "", "millions", "dimensions", "tokens", "licence", "published nDCG@10")]
    for languages, group in groupby(others, lambda model: model.languages):
        rows.append((languages, "", "", "", "", "", ""))
        rows += [
            (
                "",
                model.name,
                f"{model.parameters / 1e6:.0f}",
                str(model.dimensions),
                str(model.most_tokens),
                model.licence,
                model.scores,
            )
            for model in group
        ]
    lines += _grouped(rows)
    return "\n".join([*lines, "", textwrap.fill(source, _WIDTH)])


def _grouped(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Aligned rows, in which those with a first cell alone are headings."""
    table = aligned([row[1:] for row in rows])
    return [row[0] or f"  {line}" for row, line in zip(rows, table, strict=True)]
