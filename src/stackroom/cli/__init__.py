"""The command line: from arguments to an exit code. The only package that uses both stackroom and indexer.

Its face: `main.main`. Commands are in `commands/`, one file for each group of them.
"""

__all__ = ["main"]
