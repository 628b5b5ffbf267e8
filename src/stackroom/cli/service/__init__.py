"""Running `stackroom up` for years: as a service of the user, of systemd or of launchd.

Its face: `service` says what is to run; `managers` finds who runs it here.
"""

__all__ = ["managers", "service"]
