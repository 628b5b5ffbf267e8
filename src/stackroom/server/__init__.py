"""Serving: the MCP tools and the HTTP application around them. Only files in here know FastMCP.

Its face: `application.serve_http`, `protocol.stdio.serve_stdio`, `protocol.answers`, `address`, the ledger
in `monitoring`; and `access`, sign-in.
"""

__all__ = ["address", "application"]
