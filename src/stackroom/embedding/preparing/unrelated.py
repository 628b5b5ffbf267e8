"""How alike a model finds texts that have nothing to do with each other.

Cosine similarities of some models lie close together: E5's are .75 to .95, where MiniLM's are 0 to .7.
Weighed as they are, meaning would hardly count beside words. So what is measured here is taken as 0: see
`stackroom.reading.finding.ranking`.
"""

import json
from pathlib import Path

import numpy as np

from stackroom.embedding.embedder import Embedder

# For each of nine languages six pairs of a question and a passage that answers it, each pair on a subject of
# its own: glaciers, rents, bread, bicycles, medicine, computers.
_TEXTS = Path(__file__).with_name("unrelated.json")

# The share of a language's letters that the model must know. Between texts that it can't read, it sees little
# difference.
_READ = 0.6

# Less is nothing. It is .06 for MiniLM, which the weights of the ranking were chosen with: its similarities
# are weighed as they are.
_LEAST = 0.1


def unrelated_cosine(embedder: Embedder) -> float:
    """The mean cosine similarity of questions and passages on different subjects, in the language in which it
    is lowest: the one that the model tells apart best. From 0 to below 1; 0 if it is below 0.1.
    """
    found = []
    for pairs in json.loads(_TEXTS.read_text(encoding="utf-8")).values():
        questions, passages = zip(*pairs, strict=True)
        if embedder.known_share(" ".join(passages)) < _READ:
            continue
        cosines = embedder.embed_queries(questions) @ embedder.embed_passages(passages).T
        found.append(float(cosines[~np.eye(len(pairs), dtype=bool)].mean()))
    lowest = min(found, default=0.0)
    return round(lowest, 3) if lowest >= _LEAST else 0.0
