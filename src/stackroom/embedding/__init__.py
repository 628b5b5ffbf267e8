"""Passages and queries into vectors: the `Embedder` protocol, and what runs an open model behind it.

Its face: `embedder`, the protocols, and `models.Models`, where embedders come from. `preparing` converts a
model and tries what came of it, once; `running` runs it.
"""

__all__ = ["embedder", "models"]
