"""Numbers in addresses."""

_MOST_DIGITS = 9


def number_in(text: str, otherwise: int = 0) -> int:
    """The number that `text` is, of at most nine digits; `otherwise` if it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else otherwise
