"""Stackroom: search and fetch for a private folder of PDFs. This package is everything that reading needs."""

__version__ = "0.1.0"
