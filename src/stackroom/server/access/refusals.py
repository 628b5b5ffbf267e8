"""The error that a client gets when its request is refused."""


class Refused(Exception):
    """An OAuth error: `error` is one of the standard's codes, `str(refused)` explains it to a developer.

    Neither may contain a token, a code or a passphrase.
    """

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
