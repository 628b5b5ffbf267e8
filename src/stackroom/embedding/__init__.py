"""Passages and queries into vectors: the `Embedder` protocol, and what runs an open model behind it.

Its face: `embedder`, the protocols; `models.Models`, where embedders come from; `prompts.Prompts`.
What a list of models has to know: `model_files`, `model_card`.
`preparing` converts a model and tries what came of it, once; `running` runs it.
"""

__all__ = ["embedder", "model_card", "model_files", "models", "prompts"]
