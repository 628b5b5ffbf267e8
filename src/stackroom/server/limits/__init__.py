"""What is refused: foreign names, broken requests, too many, too large, too slow.

Its face is all of it; `application` puts the layers around the tools.
"""

__all__ = ["call_limits", "connections", "host_names", "rates", "request_limits"]
