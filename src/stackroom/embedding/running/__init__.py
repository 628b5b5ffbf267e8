"""Runs models. All but `sentence_transformer` do without torch.

Its face: `prepared`, the `Embedder` of a prepared model, and what runs the files in a prepared folder.
"""

__all__ = ["compiled", "prepared", "sentence_transformer", "static"]
