"""What a citation opens: a page of HTML with the picture of the PDF's page, and the PDF.

Its face: `pages.citation_routes`, and `pictures.Pictures`, which draws.
"""

__all__ = ["pages", "pictures"]
