"""Serving: the MCP tools and the HTTP application around them. Only files in here know FastMCP."""
