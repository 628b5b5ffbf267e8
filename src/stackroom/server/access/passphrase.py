"""The owner's passphrase: how long it must be, and its hash, which is all that is stored."""

import base64
import hashlib
import hmac
import secrets
import unicodedata
from dataclasses import dataclass

from stackroom.common.errors import UsageError

SHORTEST = 12
"""In characters. The form limits tries, so even a weak passphrase of this length takes years to guess."""

# In characters. Nobody types more, and the server should not hash megabytes for a stranger.
LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Cost:
    """What one scrypt hash costs: 128 · 2**log_n · r bytes of memory, filled p times."""

    log_n: int
    r: int
    p: int


# Of the settings that OWASP calls equivalent, the one with 32 MiB: about a fifth of a second.
COST = Cost(log_n=15, r=8, p=3)


def check_new(passphrase: str) -> None:
    """Checks that a new passphrase may be used.

    Raises:
        UsageError: it is too short or too long. The message does not contain it.
    """
    if len(passphrase) < SHORTEST:
        raise UsageError(
            f"The passphrase has {len(passphrase)} characters and needs at least {SHORTEST}. "
            "Four or five unrelated words are easy to remember."
        )
    if len(passphrase) > LONGEST:
        raise UsageError(f"The passphrase is longer than {LONGEST} characters. Choose a shorter one.")


def hashed(passphrase: str, cost: Cost = COST) -> str:
    """What to store of a passphrase: cost, salt and hash in one string, all that `is_right` needs."""
    salt = secrets.token_bytes(16)
    parts = (salt, _scrypt(passphrase, salt, cost))
    return "$".join(
        [
            "scrypt",
            str(cost.log_n),
            str(cost.r),
            str(cost.p),
            *(base64.b64encode(part).decode() for part in parts),
        ]
    )


def is_right(passphrase: str, kept: str) -> bool:
    """Whether `passphrase` is the one that `hashed` made `kept` from."""
    _, log_n, r, p, salt, digest = kept.split("$")
    cost = Cost(int(log_n), int(r), int(p))
    found = _scrypt(passphrase[: LONGEST + 1], base64.b64decode(salt), cost)
    return hmac.compare_digest(found, base64.b64decode(digest))


def _scrypt(passphrase: str, salt: bytes, cost: Cost) -> bytes:
    # The same letter may be typed as one code point or as two.
    text = unicodedata.normalize("NFKC", passphrase).encode()
    memory = 128 * cost.r * (2**cost.log_n + cost.p + 2)
    return hashlib.scrypt(text, salt=salt, n=2**cost.log_n, r=cost.r, p=cost.p, maxmem=2 * memory)
