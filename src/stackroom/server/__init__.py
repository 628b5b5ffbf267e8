"""The server: the MCP tools and the HTTP application around them. Only files in here know FastMCP.

`application` runs it over HTTP, `protocol.stdio` over standard input and output.
"""
