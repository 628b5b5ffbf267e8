"""Sign-in for one owner: an OAuth 2.1 authorization server, tokens for programs, and the browser's session.

Its face: `auth_provider`, where the server takes hold of it, and `store`, which has all that must survive a
restart; `carry_over`, for a library that is moved; `clients`, `grants` and `passphrase` are what it is made
of. `passphrase_form` reads forms of other pages, too, which raises what `refusals` has.
"""

__all__ = [
    "auth_provider",
    "carry_over",
    "clients",
    "grants",
    "passphrase",
    "passphrase_form",
    "refusals",
    "store",
]
