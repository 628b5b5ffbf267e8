"""Turns passages and queries into vectors: the `Embedder` protocol, and what runs an open model behind it.

Other packages use `embedder` (the protocols), `models.Models` (where embedders come from) and `model_files`.
"""
