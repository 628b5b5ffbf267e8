"""The commands: each function takes the arguments of one command and returns its exit code.

`stackroom.cli.main` loads the module of the command that is given, and no other.
"""
