"""Prepares a model, once: refuses what is none, converts its files, and tries what came of it.

Its face: `conversion` does it all, `trial` says what was found, `kinds` what a folder holds; `export`,
`failures`, `sharing` and `soundness` serve rerankers, too. `known` and `bert` prepare the bundled model and
the multilingual one without torch.
"""

__all__ = ["conversion", "export", "failures", "kinds", "sharing", "soundness", "trial"]
