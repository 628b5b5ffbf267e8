"""Everything that writing adds: PDFs in, catalogue rows out. Nothing here is imported by the server."""
