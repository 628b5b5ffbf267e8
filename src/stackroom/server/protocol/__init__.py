"""The tools, and how they are spoken: MCP in both revisions, over HTTP, SSE and stdio.

Its face: `tools.create_mcp`, `answers`, and the two ways to serve them.
"""

__all__ = ["answers", "stdio", "tools", "transports"]
