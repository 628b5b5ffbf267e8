"""What the server refuses: unknown host names, broken requests, and too many, too large or too slow ones.

Its face is all of it; `application` puts these layers around the tools.
"""

__all__ = ["call_limits", "connections", "host_names", "rates", "request_limits", "shared", "throttle"]
