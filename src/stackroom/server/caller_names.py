"""The name of a program in the owner's lists: in the ledger, and in `stackroom clients`."""

_DOCTOR = "stackroom-doctor/"
"""The beginning of the User-Agent that `stackroom doctor` sends."""


def listed_name(name: str, user_agent: str) -> str:
    """`name`; or, if `stackroom doctor` calls under that name, one such as "Stackroom doctor (ChatGPT)".

    Anybody can send doctor's User-Agent, so the result still holds `name`.
    """
    if not user_agent.startswith(_DOCTOR) or name.startswith("Stackroom doctor"):
        return name
    return f"Stackroom doctor ({name})"
