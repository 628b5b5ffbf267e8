"""How a program is called in the owner's lists: the ledger, and `stackroom clients`."""

_DOCTOR = "stackroom-doctor/"
"""What `stackroom doctor` sends as its User-Agent begins with this."""


def listed_name(name: str, user_agent: str) -> str:
    """`name`, or, if `stackroom doctor` plays who has it, a name that says so.

    Anybody can send such a header: that is why the other name stays in it.
    """
    if not user_agent.startswith(_DOCTOR) or name.startswith("Stackroom doctor"):
        return name
    return f"Stackroom doctor ({name})"
