"""The tools `search` and `fetch`, and MCP in both of its revisions, over HTTP, SSE and stdio.

Its face: `tools.create_mcp`, `answers`, and the two ways to serve the tools, `transports` and `stdio`.
"""

__all__ = ["answers", "stdio", "tools", "transports"]
