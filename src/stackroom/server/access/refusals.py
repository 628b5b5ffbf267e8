"""What a client is told when it asks for something it does not get."""


class Refused(Exception):
    """An OAuth error: `error` is one of the standard's codes, `str(refused)` says more to a developer.

    Neither ever holds a token, a code or a passphrase.
    """

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
