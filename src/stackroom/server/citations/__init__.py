"""What the link of a citation opens: a page of HTML with a picture of the PDF's page, and the PDF itself.

Its face: `pages.citation_routes`, and `pictures.Pictures`, which draws the pictures.
"""

__all__ = ["pages", "pictures"]
