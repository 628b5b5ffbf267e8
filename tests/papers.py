"""What is in the small folder of papers that `tests/indexing` indexes, and indexing it."""

from pathlib import Path

from fakes import OneModel, WordHashEmbedder
from indexer.run.indexer import Indexer
from indexer.run.summary import Summary
from stackroom.common.settings import Settings

OTTERS = "Otters hold hands while they sleep, so that the current does not carry them apart."
BREAD = "Knead the dough for ten minutes and let it rest under a damp cloth until it has doubled."
TAXES = "The declaration of income is due at the end of July, unless an adviser files it for you."


def index(
    settings: Settings, embedder: WordHashEmbedder, *roots: Path, retry_failed: bool = False
) -> Summary:
    """One run of the indexer."""
    with Indexer(settings, OneModel(embedder)) as indexer:
        return indexer.run(roots, retry_failed=retry_failed)


def counts(summary: Summary) -> dict[str, int]:
    """What became of the files, without what became of none."""
    names = ("added", "changed", "moved", "removed", "unchanged", "failed")
    return {name: count for name in names if (count := getattr(summary, name))}
