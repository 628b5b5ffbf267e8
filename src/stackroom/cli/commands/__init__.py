"""What the commands do: each function takes a command's arguments and returns its exit code.

`stackroom.cli.main` loads the module of the command that is given, and no other.
"""
