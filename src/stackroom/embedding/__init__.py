"""Passages and queries into vectors: the `Embedder` protocol, and what runs an open model behind it."""
