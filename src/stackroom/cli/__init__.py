"""The command line: from arguments to an exit code. The only package that sees both wings.

Its face: `main.main`. Commands are in `commands/`, one file for each group of them.
"""

__all__ = ["main"]
